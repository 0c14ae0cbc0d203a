"""What a hunt found: findings by cause, whatever the number of workers and the order in which seeds were done."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from cluster.sim.run import BROKEN, BUG, HELD, INCONCLUSIVE, MISTAKE
from cluster.value import value
from scenarios.hunt.cause import Cause
from scenarios.hunt.coverage import Coverage, coverage_of
from scenarios.hunt.engine import DIED
from scenarios.hunt.played_seed import Break, PlayedSeed
from scenarios.inspect.result import RunRequest

FAILED = (BROKEN, BUG, DIED)
"""The verdicts of seeds that found something."""
SHOWN = 8
"""How many seeds of a finding are listed for people."""


@value
class FoundCause:
    """All seeds that one cause broke."""

    cause: Cause
    seeds: tuple[int, ...]
    """In order."""
    text: str
    """What was said of it in the run of `request`."""
    steps: int
    """The steps of the story up to the break in that run, or in the smallest one that was found."""
    request: RunRequest
    """The run with the fewest steps up to the break; that with the lowest seed of several."""
    verdict: str
    """How that run ended."""
    known: bool = False
    """Whether a hunt has found this cause before, and kept it."""
    kept: str = ""
    """The path of the story in which it is kept; empty: it is not."""
    notes: tuple[str, ...] = ()
    """Why it is not smaller, or not kept, where that is so."""
    shrunk: str = ""
    """The text of the smallest story that breaks the same; empty: there is none."""

    @property
    def run(self) -> str:
        """The run as every command takes it."""
        return f"{self.request.story}@{self.request.seed}"

    def fields(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {
            "promise": self.cause.promise,
            "place": self.cause.place,
            "text": self.text,
            "seeds": self.seeds,
            "verdict": self.verdict,
            "known": self.known,
            "kept": self.kept,
            "notes": self.notes,
            "run": self.run,
            "command": self.request.command(),
            "steps": self.steps,
        }


@value
class Report:
    """All that was played, and what it found."""

    request: RunRequest
    seeds: int
    held: int
    broke: int
    """How many seeds found something."""
    events: int
    messages: int
    cpu_seconds: float
    wall_seconds: float
    findings: tuple[FoundCause, ...]
    """What was found before first; then those of most seeds first."""
    others: tuple[FoundCause, ...]
    """Runs without a verdict: inconclusive, or a mistake of the story on some seeds."""
    unplayed: int | None
    """How many of the seeds that were asked for were not played; None if there was no end to reach."""
    coverage: tuple[tuple[str, Coverage], ...]
    """By story: what was reached."""

    @property
    def rate(self) -> float:
        """Seeds a wall minute."""
        return self.seeds / self.wall_seconds * 60 if self.wall_seconds else 0.0

    def fields(self) -> dict[str, Any]:
        """The report as JSON."""
        return self.request.fields() | {
            "stories": [story for story, _ in self.coverage],
            "seeds": self.seeds,
            "held": self.held,
            "broke": self.broke,
            "unplayed": self.unplayed,
            "events": self.events,
            "messages": self.messages,
            "cpu_seconds": round(self.cpu_seconds, 3),
            "wall_seconds": round(self.wall_seconds, 3),
            "rate": round(self.rate, 1),
            "findings": [each.fields() for each in self.findings],
            "others": [each.fields() for each in self.others],
            "coverage": {story: each.fields() for story, each in self.coverage},
        }


def findings_of(played: Iterable[PlayedSeed], request: RunRequest) -> list[FoundCause]:
    """One finding for each cause, those of most seeds first."""
    by_cause: dict[Cause, list[tuple[int, Break, str]]] = {}
    for each in sorted(played, key=lambda one: one.seed):
        for broke in each.breaks:
            by_cause.setdefault(broke.cause, []).append((each.seed, broke, each.verdict))
    found = []
    for cause, runs in by_cause.items():
        seed, broke, verdict = min(runs, key=lambda run: (run[1].steps, run[0]))
        finding = FoundCause(
            cause,
            tuple(each for each, _, _ in runs),
            broke.text,
            broke.steps,
            attrs.evolve(request, seed=seed),
            verdict,
        )
        found.append(finding)
    return sorted(found, key=lambda each: (-len(each.seeds), each.cause.promise, each.cause.place))


def unplayable(request: RunRequest, kept: str, text: str) -> FoundCause:
    """A kept story that cannot be played any more: take it away, or mend it."""
    cause = Cause(f"{MISTAKE}, a kept story", kept)
    return FoundCause(cause, (request.seed,), text, 0, request, MISTAKE, known=True, kept=kept)


def report_of(played: Iterable[PlayedSeed], request: RunRequest, wall_seconds: float, wanted: int | None) -> Report:
    """The report of what was played; `wanted`: how many seeds were asked for, None without an end.

    A run that never saw a mark of `World.sometimes` has held, if another seed saw it: some run should, and not each.
    """
    played = list(played)
    seen = {name for each in played for name in each.marks}
    played = [
        attrs.evolve(each, verdict=HELD, breaks=())
        if each.verdict == INCONCLUSIVE and each.missed and seen.issuperset(each.missed)
        else each
        for each in played
    ]
    found = findings_of(played, request)
    return Report(
        request=request,
        seeds=len(played),
        held=sum(each.verdict == HELD for each in played),
        broke=sum(each.verdict in FAILED for each in played),
        events=sum(each.events for each in played),
        messages=sum(each.messages for each in played),
        cpu_seconds=sum(each.cpu_seconds for each in played),
        wall_seconds=wall_seconds,
        findings=tuple(each for each in found if each.verdict in FAILED),
        others=tuple(each for each in found if each.verdict not in FAILED),
        unplayed=None if wanted is None else wanted - len(played),
        coverage=((request.story, coverage_of(played)),),
    )


def joined(reports: Sequence[Report]) -> Report:
    """What several stories came to, as one; the request is that of the first."""
    unplayed = [each.unplayed for each in reports]

    def total(field: str) -> Any:
        return sum(getattr(each, field) for each in reports)

    counted = ("seeds", "held", "broke", "events", "messages", "cpu_seconds", "wall_seconds")
    return attrs.evolve(
        reports[0],
        findings=tuple(found for each in reports for found in each.findings),
        others=tuple(found for each in reports for found in each.others),
        unplayed=None if None in unplayed else sum(number or 0 for number in unplayed),
        coverage=tuple(of_story for each in reports for of_story in each.coverage),
        **{field: total(field) for field in counted},
    )


def report_lines(report: Report) -> Iterator[str]:
    """The report for people."""
    for each in report.findings:
        yield from _finding_lines(each)
        if each.shrunk:
            yield from (f"    {line}".rstrip() for line in each.shrunk.splitlines() if line)
        yield ""
    for each in report.others:
        yield from _finding_lines(each)
        yield ""
    count = len({each.cause for each in report.findings})
    causes = {1: "1 cause"}.get(count, f"{count} causes")
    verdict = f"{report.broke:,} broke something, of {causes}" if report.broke else "none broke a promise"
    yield f"{report.seeds:,} seeds of {report.request.story} played: {verdict}"
    if report.unplayed:
        yield f"  {report.unplayed:,} of those asked for were not played"
    yield f"  {report.events:,} events and {report.messages:,} messages in {report.cpu_seconds:,.1f} CPU seconds"
    for _, reached in report.coverage:
        yield from reached.lines()
    yield f"  {report.rate:,.0f} seeds a wall minute, {report.seeds / max(report.cpu_seconds, 1e-9) * 60:,.0f} a CPU minute"


def _finding_lines(finding: FoundCause) -> Iterator[str]:
    place = f", in {finding.cause.place}" if finding.cause.place else ""
    yield f"{finding.verdict}{', as before' if finding.known else ''}: {finding.cause.promise}{place}"
    yield f"  {finding.text}"
    shown = ", ".join(map(str, finding.seeds[:SHOWN]))
    more = f" and {len(finding.seeds) - SHOWN:,} more" if len(finding.seeds) > SHOWN else ""
    yield f"  {len(finding.seeds):,} {'seed' if len(finding.seeds) == 1 else 'seeds'}: {shown}{more}"
    yield f"  again    {finding.request.command()}"
    if finding.kept:
        yield f"  kept in  {finding.kept}"
    for note in finding.notes:
        yield f"  note     {note}"
