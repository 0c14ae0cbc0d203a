"""The output of `unkindness zoo` as lines: the bugs, one of them at work, the proof that each is caught. It prints nothing."""

import shlex
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from cluster.sim.timeline import render
from scenarios.explore import command as search_command
from scenarios.explore.bounds import MOST
from scenarios.gallery import StoryError
from scenarios.zoo import Bug, all_bugs, bug_named
from scenarios.zoo.keeper import KEEPERS, CaughtBug, Proof, prove, shortest, striking, struck
from scenarios.zoo.known import BOUNDS, SEARCH, budget, tries
from scenarios.zoo.rows import rows_of

LINES = 40
"""The number of timeline lines shown; a longer timeline loses its beginning."""


# ---- the residents ----


def table() -> list[str]:
    """The zoo as a table, a line for each bug: numbers, name, promise, what exposes it, what is wrong."""
    rows = [("row", "bug", "breaks", "struck by", "what is wrong")]
    rows += [(rows_of(bug.name), bug.name, bug.breaks, bug.strikes, bug.says) for bug in all_bugs()]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join([f"{text:{width}}" for text, width in zip(row, widths, strict=False)] + [row[4]]).rstrip()
        for row in rows
    ]


def as_fields() -> list[dict[str, Any]]:
    """The zoo as JSON."""
    return [
        {
            "bug": bug.name,
            "rows": rows_of(bug.name).replace("-", "").split(),
            "breaks": bug.breaks,
            "strikes": bug.strikes,
            "says": bug.says,
            "source": bug.source,
        }
        for bug in all_bugs()
    ]


# ---- one at work ----


def show(bug: Bug, seed: int | None) -> tuple[CaughtBug | None, list[str]]:
    """Plant a bug and show it at work: in the known run, or the first run that shows it; only at `seed` if one is given."""
    if bug.strikes == SEARCH:
        return _found(bug, seed)
    sizes = tuple(names for names, _, _ in striking(bug.strikes))
    runs = tries(bug, sizes) if seed is None else ((names, seed) for names in sizes)
    for names, number in runs:
        strike, lines = _shown(bug, names, number)
        if strike is not None:
            return strike, lines
    where = f"in {budget(bug)} seeds" if seed is None else f"at seed {seed}"
    return None, [*about(bug), "", f"held: {bug.strikes} did not break {bug.breaks} {where}"]


def shorten(bug: Bug, seeds: int) -> tuple[CaughtBug | None, list[str]]:
    """Plant a bug, play that many seeds, and show the run in which its promise breaks soonest."""
    if bug.strikes == SEARCH:
        raise StoryError(
            f"--shorten {seeds} means nothing to {bug.name}: what a search finds is the shortest way there is"
        )
    if seeds < 1:
        raise StoryError(f"--shorten {seeds} tries nothing: give it 1 seed at least")
    strike = shortest(bug, range(1, seeds + 1))
    if strike is None:
        return None, [*about(bug), "", f"held: {bug.strikes} did not break {bug.breaks} in {seeds} seeds"]
    return _shown(bug, strike.names, strike.seed)


def _shown(bug: Bug, names: str, seed: int) -> tuple[CaughtBug | None, list[str]]:
    outcome, strike = struck(bug, names, seed)
    if strike is None or strike.promise != bug.breaks:
        return None, []
    drawn = render(outcome.history, outcome.names)
    return strike, [*about(bug), "", *_shortened(drawn), "", *_ended(bug, strike)]


def _found(bug: Bug, seed: int | None) -> tuple[CaughtBug | None, list[str]]:
    """Show the shortest way that a search finds."""
    from time import perf_counter

    if seed is not None:
        raise StoryError(
            f"--seed {seed} means nothing to {bug.name}: a search finds it, which has no luck. Leave it out"
        )
    bounds = BOUNDS[bug.name]
    found, story, seconds = search_command.perform(bounds, bug, 0, budget(bug), None, perf_counter)
    command = search_command.again(bounds, bug, 0, MOST)
    lines = [*about(bug), "", *story[: len(found.way)], "", *search_command.verdict_lines(found, seconds, command)]
    if found.broken is None:
        return None, lines
    return CaughtBug(bounds.names, 0, found.broken.promise, found.broken.text, found.depth), lines


def about(bug: Bug) -> list[str]:
    """The description of a bug: what is wrong, where it was seen, what it breaks."""
    places = [target.replace(":", ".") for target in (bug.target, *[target for target, _ in bug.guards])]
    return [
        f"{bug.name}: {bug.says}.",
        f"  source   {bug.source}",
        f"  breaks   {bug.breaks}",
        f"  planted  in {' and '.join(places)}",
    ]


def _shortened(drawn: list[str]) -> list[str]:
    if len(drawn) <= LINES + 1:
        return drawn
    return [drawn[0], f"… {len(drawn) - LINES - 1} lines", *drawn[-LINES:]]


def _ended(bug: Bug, strike: CaughtBug) -> list[str]:
    text = strike.text.removeprefix(f"{strike.promise}: ")
    where = f"{bug.strikes} on {strike.names}" if strike.names else bug.strikes
    return [
        f"broken: {strike.promise}: {text}",
        f"  struck   by {where}, seed {strike.seed}, event {strike.events}",
        f"  again    {again(bug, strike)}",
    ]


def again(bug: Bug, strike: CaughtBug) -> str:
    """The command that repeats the run: `run` for a story, `zoo` for a keeper's."""
    words = ["unkindness", "zoo", bug.name, "--seed", str(strike.seed)]
    if bug.strikes not in KEEPERS:
        words = ["unkindness", "run", bug.strikes, "--seed", str(strike.seed), "--bug", bug.name]
    return shlex.join(words)


# ---- the proof ----


def proofs(names: tuple[str, ...], processes: int | None) -> Iterator[Proof]:
    """One proof for each bug, in this order, computed by that many processes; None: one per processor."""
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_proof, names)


def _proof(name: str) -> Proof:
    return prove(bug_named(name))


def heading() -> str:
    """The heading of the proofs. A search counts states and steps instead of runs and events."""
    return f"{'bug':42} {'struck by':40} {'runs':>9} {'events':>9} {'seconds':>7}"


def proof_line(proof: Proof) -> str:
    """The bug, its runs and the budget, events and time; what is wrong if it escaped."""
    bug = bug_named(proof.bug)
    given = budget(bug) if bug.strikes == SEARCH else budget(bug) * len(striking(bug.strikes))
    strike = proof.strike
    where = bug.strikes
    if strike is not None and where in KEEPERS:
        where += f" on {strike.names}" + (f", seed {strike.seed}" if where != SEARCH else "")
    runs = f"{proof.runs}/{given}"
    line = f"{proof.bug:42} {where:40} {runs:>9} {proof.events:9,} {proof.seconds:7.1f}"
    if strike is None:
        line += f"  ESCAPED: {bug.breaks} held; broken was {', '.join(sorted({each.promise for each in proof.others})) or 'nothing'}"
    if proof.clean:
        line += f"  NO BUG NEEDED: {proof.clean}"
    return line


def is_caught(proof: Proof) -> bool:
    """Whether the bug was caught, and nothing broke without it."""
    return proof.strike is not None and not proof.clean


def last_lines(found: list[Proof], seconds: float) -> list[str]:
    """The totals of all proofs."""
    caught = sum(map(is_caught, found))
    searched = [proof for proof in found if bug_named(proof.bug).strikes == SEARCH]
    played = [proof for proof in found if proof not in searched]
    runs, events = sum(proof.runs for proof in played), sum(proof.events for proof in played)
    states = sum(proof.runs for proof in searched)
    first = f"{caught} of {len(found)} bugs caught by the promise they break, and nothing without them in the same runs"
    return [
        first,
        f"  with a bug planted: {runs:,} runs, {events:,} events, {states:,} states of searches; {seconds:.0f} s in all",
    ]
