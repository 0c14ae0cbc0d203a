"""One hunt from the first seed to the report: what broke before is played first, and what breaks is shrunk and kept.

Progress is shown, and Ctrl-C keeps what was found. Never here: how a lot of seeds is played.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from time import monotonic

import attrs

from cluster.sim.run import BROKEN, MISTAKE
from cluster.value import value
from scenarios.gallery import StoryError, load
from scenarios.hunt.broken_run import broken_run
from scenarios.hunt.engine import results
from scenarios.hunt.machines import Machines
from scenarios.hunt.played_seed import PlayedSeed, play_seed, play_seeds
from scenarios.hunt.regressions import keep, regressions_of
from scenarios.hunt.report import FAILED, FoundCause, Report, findings_of, report_of, unplayable
from scenarios.hunt.seeds import Seeds
from scenarios.hunt.shrink import shrink_run
from scenarios.inspect.result import RunRequest
from scenarios.kept_run import asked

REDRAWN_EVERY = 1.0
"""The wall seconds between two lines of progress."""


@value
class Hunted:
    """What a hunt came to."""

    report: Report
    is_interrupted: bool
    """Whether Ctrl-C ended it."""


class Hunt:
    """Many seeds of one request."""

    def __init__(
        self,
        request: RunRequest,
        seeds: Seeds,
        wall_seconds: float | None,
        machines: Machines,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`wall_seconds`: how long seeds are handed out; None: all of them are. `say` gets a line of progress every second."""
        self._request, self._seeds, self._machines = request, seeds, machines
        self._limit = wall_seconds
        self._say = say
        self._played: list[PlayedSeed] = []
        self._unplayable: list[FoundCause] = []
        self._began = self._shown = monotonic()

    def run(self) -> Hunted:
        """Play what was found before, then the seeds, then make small and keep what is new.

        StoryError if the first seed shows that the story cannot be played.
        """
        findings: list[FoundCause] = []
        interrupted = False
        try:
            findings += self._found_before()
            for each in self._results():
                self._played.append(each)
                self._show()
        except KeyboardInterrupt:
            interrupted = True
        report = report_of(self._played, self._request, monotonic() - self._began, self._seeds.number())
        known = {each.cause for each in findings}
        for new in report.findings:
            finding = attrs.evolve(new, known=new.cause in known)
            if not interrupted and not finding.known:
                try:
                    finding = self._followed_up(finding)
                except KeyboardInterrupt:
                    interrupted = True
            findings.append(finding)
        others = (*self._unplayable, *report.others)
        return Hunted(attrs.evolve(report, findings=tuple(findings), others=others), interrupted)

    def _found_before(self) -> list[FoundCause]:
        """What still breaks of what was kept; nothing of it is played with a bug, which would break everything.

        What cannot be played any more is among the findings without a verdict, and stops nothing.
        """
        found: list[FoundCause] = []
        if self._request.bug is not None:
            return found
        for path in regressions_of(self._request.story):
            try:
                loaded = load(str(path))
                request = asked(loaded, None, None, None, None, self._request.keep_going)
                played = play_seed(loaded, request)
            except StoryError as error:
                self._unplayable.append(unplayable(self._request, str(path), str(error)))
                continue
            found += [
                attrs.evolve(each, known=True, kept=str(path))
                for each in findings_of([played], request)
                if each.verdict in FAILED
            ]
        return found

    def _followed_up(self, finding: FoundCause) -> FoundCause:
        """The finding with its smallest run, kept as a story; unless a bug is planted, whose findings are nobody's."""
        shrunk, notes = None, list[str]()
        if finding.verdict == BROKEN:
            try:
                broken = broken_run(finding.request)
                if broken.cause == finding.cause:
                    shrunk = shrink_run(broken)
                else:  # with --keep-going: the run breaks another promise before this one
                    notes.append(f"not made smaller: {broken.cause.promise} breaks first in that run")
            except StoryError as error:
                notes.append(f"not made smaller: {error}")
        if shrunk is not None:
            finding = attrs.evolve(finding, steps=len(shrunk.after.moments), text=shrunk.text, shrunk=shrunk.story)
        kept = ""
        if self._request.bug is None:
            try:
                kept = str(keep(finding.request, finding.cause, shrunk))
            except StoryError as error:
                notes.append(str(error))
        return attrs.evolve(finding, kept=kept, notes=tuple(notes))

    def _results(self) -> Iterator[PlayedSeed]:
        """The first seed is played here: a mistake of the story's shows in it, before any process is started."""
        seeds = iter(self._seeds.all())
        (first,) = play_seeds(self._request, (next(seeds),))
        if first.verdict == MISTAKE and not first.is_of_a_node:
            raise StoryError(f"{first.breaks[0].text} (seed {first.seed})")
        return chain((first,), results(self._machines, self._request, seeds, self._enough))

    def _enough(self) -> bool:
        return self._limit is not None and monotonic() - self._began > self._limit

    def _show(self) -> None:
        now = monotonic()
        if now - self._shown < REDRAWN_EVERY:
            return
        self._shown = now
        done, wanted, took = len(self._played), self._seeds.number(), now - self._began
        found = sum(bool(each.breaks) for each in self._played)
        left = [(wanted - done) * took / done] if wanted is not None else []
        left += [self._limit - took] if self._limit is not None else []
        rest = f", about {max(0, min(left)):,.0f} s left" if left else ""
        share = f" of {wanted:,}" if wanted is not None else ""
        line = f"{done:,}{share} seeds, {done / took * 60:,.0f} a minute, {found:,} broke something{rest}"
        self._say(line)
