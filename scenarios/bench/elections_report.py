"""The elections as tables for people and as data: our figures beside the published, the difference, pass or miss in words.

Nothing is run or judged here, and nothing is printed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from cluster.value import value
from scenarios.bench.elections import ElectionRow, ElectionRunner, Theory, distance
from scenarios.bench.elections_lines import (
    MEAN,
    PARTS,
    RARE,
    STANDARD_ERRORS,
    THEORY_TITLE,
    THEORY_TRIALS,
    Experiment,
    Limits,
)


@value
class Section:
    """The results of one experiment."""

    key: str
    text: tuple[str, ...]
    rows: tuple[ElectionRow, ...]
    """The rows beside published figures; empty for the comparison with formulas."""
    data: list[dict[str, Any]]
    judged: int
    """How many lines have limits."""
    missed: int


def sections(runner: ElectionRunner, trials: int | None = None) -> Iterator[Section]:
    """Run each experiment and yield it as soon as it is done; `trials` overrides the number of trials for each line."""
    for part in PARTS:
        rows = tuple(runner.part(part, trials))
        text = tuple(part_lines(part, rows, trials or part.trials))
        judged, missed = sum([row.judged for row in rows]), sum([bool(row.misses) for row in rows])
        yield Section(part.key, text, rows, [row_data(row) for row in rows], judged, missed)
    arithmetic = runner.theory(trials)
    text = tuple(theory_lines(arithmetic, trials or THEORY_TRIALS))
    missed = sum([bool(row.misses) for row in arithmetic])
    yield Section("theory", text, (), [theory_data(row) for row in arithmetic], len(arithmetic), missed)


def row_data(row: ElectionRow) -> dict[str, Any]:
    """A row for JSON; times in ms."""
    ours, published = row.ours, row.line.published
    return {
        "line": row.line.name,
        "ours": {"mean": ours.mean, "median": ours.median, "messages": ours.messages, "split": ours.split},
        "published": {"mean": published.mean, "median": published.median, "messages": published.messages},
        "distance": distance(ours, published),
        "judged": row.judged,
        "misses": list(row.misses),
    }


def theory_data(row: Theory) -> dict[str, Any]:
    """A row of the comparison with formulas, for JSON; times in units of the base timeout."""
    return {
        "line": row.split.name,
        "ours": {"split": row.ours.split, "mean": row.mean},
        "formula": {"split": row.split.split_chance, "mean": row.split.expected},
        "judged": True,
        "misses": list(row.misses),
    }


def off(ours: float, theirs: float) -> str:
    """A relative difference in words."""
    return f"{ours / theirs - 1:+7.1%}"


def verdict(judged: bool, misses: Sequence[str]) -> str:
    """The last column of a row: pass, or what is missed."""
    if misses:
        return "MISS: " + "; ".join(misses)
    return "pass" if judged else ""


def allowed(limits: Sequence[Limits]) -> str:
    """The limits that the rows of a part are held to, in words."""
    said = []
    for what in ("distance", "median", "mean", "messages"):
        found = sorted({getattr(each, what) for each in limits} - {None})
        if found:
            unit = " or ".join(f"{value:.2f}" if what == "distance" else f"{value:.0%}" for value in found)
            said.append(f"{what} {unit}")
    return "allowed: " + ", ".join(said) if said else "shown, not judged"


def part_lines(part: Experiment, rows: Sequence[ElectionRow], trials: int) -> Iterator[str]:
    """One experiment as lines. `trials` is the number of elections for each line."""
    counted = any(row.line.published.messages is not None for row in rows)
    width = max(len(row.line.name) for row in rows)
    yield f"{part.key}: {part.title}"
    yield f"  {trials:,} elections a line, ms; {allowed([row.line.limits for row in rows])}"
    head = f"  {'':{width}}     mean  published   apart    median  published   apart  distance"
    yield head + ("  messages  published" if counted else "")
    for row in rows:
        ours, theirs = row.ours, row.line.published
        text = (
            f"  {row.line.name:{width}} {ours.mean:8.1f}   {theirs.mean:8.1f} {off(ours.mean, theirs.mean)}"
            f"  {ours.median:8.1f}   {theirs.median:8.1f} {off(ours.median, theirs.median)}"
            f"     {distance(ours, theirs):.3f}"
        )
        if counted and theirs.messages is not None:
            text += f"     {ours.messages:5.1f}      {theirs.messages:5.1f}"
        yield f"{text}  {verdict(row.judged, row.misses)}".rstrip()


def theory_lines(rows: Sequence[Theory], trials: int) -> Iterator[str]:
    """The comparison with formulas as lines."""
    width = max(len(row.split.name) for row in rows)
    yield f"theory: {THEORY_TITLE}"
    yield (
        f"  {trials:,} elections a line; allowed: {STANDARD_ERRORS:g} standard errors for the share of split votes,"
        f" {MEAN:.0%} for the mean up to latency {RARE:g}"
    )
    yield f"  {'':{width}}    split    chance  errors      mean   formula   apart"
    for row in rows:
        split = row.split
        yield (
            f"  {split.name:{width}}   {row.ours.split:.4f}    {split.split_chance:.4f}  {row.errors:+6.1f}"
            f"    {row.mean:6.3f}    {split.expected:6.3f} {off(row.mean, split.expected)}"
            f"  {verdict(True, row.misses)}"
        )
