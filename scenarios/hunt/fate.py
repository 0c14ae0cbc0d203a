"""When did a break become inevitable? The run is played again up to a moment, and goes on from there with other luck.

The steps are the same, faults and clients; only what is left to luck differs: which messages are lost and how long they take, how
long writes take, and when nodes lose patience. Never here: drawing.
"""

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from cluster.time_units import SECOND, clock_text
from cluster.value import value
from scenarios.gallery import StoryError
from scenarios.hunt.broken_run import BrokenRun, broken_run_named
from scenarios.hunt.cause import Cause
from scenarios.hunt.recorded_steps import OtherLuck, RecordedSteps, TimedStep
from scenarios.inspect.result import RunRequest

MOMENTS, TRIES = 16, 20
"""How many moments are tried, and how often each, if nothing else is said."""
CERTAIN = 0.95
"""The share from which on a break is called inevitable."""
LINGERING = 0.2
"""How much longer than the run a try goes on, as a share of it: with other luck the same may break later."""


@value
class Chance:
    """How often the promise broke when luck changed at a moment."""

    at: int
    """The true time in µs from which luck was another."""
    tries: int
    broke: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.broke / self.tries


@value
class Fate:
    """How likely the break was, moment by moment."""

    request: RunRequest
    cause: Cause
    broke_at: int
    """The true time of the break in µs."""
    chances: tuple[Chance, ...]
    """In the order of time."""

    def inevitable_from(self) -> int | None:
        """The first moment from which on it broke nearly always; None if there is none before the break."""
        found = None
        for each in reversed(self.chances):
            if each.share < CERTAIN:
                break
            found = each.at
        return found if found != self.broke_at else None

    def fields(self) -> dict[str, Any]:
        """The fate as JSON; times in seconds."""
        certain = self.inevitable_from()
        return self.request.fields() | {
            "promise": self.cause.promise,
            "place": self.cause.place,
            "broke_at": self.broke_at / SECOND,
            "inevitable_from": None if certain is None else certain / SECOND,
            "moments": [{"at": each.at / SECOND, "tries": each.tries, "broke": each.broke} for each in self.chances],
        }


def fate(
    run: str,
    bug: str | None,
    rules: str | None,
    moments: int = MOMENTS,
    tries: int = TRIES,
    say: Callable[[str], None] = lambda _: None,
) -> Fate:
    """Ask of the run that RUN names. `say` gets a line for each moment. StoryError for a run that holds, and for wrong numbers."""
    for option, count in (("--moments", moments), ("--tries", tries)):
        if count < 1:
            raise StoryError(f"{option} {count} asks nothing: give 1 at least")
    broken = broken_run_named(run, bug, rules)
    say(f"{broken.cause.promise}, broken at {clock_text(broken.broke_at)} after the start")
    say(HEADING)
    chances = []
    for at in instants(broken.steps, broken.broke_at, moments):
        chances.append(chance(broken, at, tries))
        say(chance_line(chances[-1]))
    return Fate(broken.request, broken.cause, broken.broke_at, tuple(chances))


def instants(steps: RecordedSteps, broke_at: int, moments: int) -> list[int]:
    """When luck changes, in µs: the start, and then just before as many of the steps, evenly chosen, and the break.

    Steps are where fates turn. Where there are few, the longest waits are halved until there are enough.
    """
    times = sorted({0, broke_at, *(each.at for each in steps.moments if each.at <= broke_at)})
    while len(times) < moments:
        longest = max(range(len(times) - 1), key=lambda place: times[place + 1] - times[place], default=None)
        if longest is None or times[longest + 1] - times[longest] < 2:
            break
        times.insert(longest + 1, (times[longest] + times[longest + 1]) // 2)
    if moments == 1:
        return times[:1]
    chosen = [times[round(place * (len(times) - 1) / (moments - 1))] for place in range(moments)]
    return sorted(set(chosen))


def chance(broken: BrokenRun, at: int, tries: int) -> Chance:
    """Play on from a moment with so many kinds of other luck."""
    until = broken.steps.until + round(broken.broke_at * LINGERING)
    earlier = [each for each in broken.steps.moments if each.at < at]
    later = broken.steps.moments[len(earlier) :]
    broke = 0
    for number in range(1, tries + 1):
        other = TimedStep(at, OtherLuck(broken.request.seed + number))
        moments = (*earlier, other, *later)
        broke += broken.player.breaks(attrs.evolve(broken.steps, moments=moments, until=until)) is not None
    return Chance(at, tries, broke)


HEADING = "luck is another from    tries  breaks"


def chance_line(each: Chance) -> str:
    """One moment: virtual time, tries, share that breaks."""
    return f"{clock_text(each.at):>21}  {each.tries:7,}  {each.share:6.0%}  {'#' * round(each.share * 20)}"


def fate_lines(found: Fate) -> Iterator[str]:
    """What the moments come to."""
    certain = found.inevitable_from()
    yield ""
    if certain is None:
        yield "it was never certain: up to the break, other luck often saved it"
    elif certain == found.chances[0].at:
        yield "it was certain from the start: these steps break the promise whatever luck does"
    else:
        yield f"inevitable from {clock_text(certain)} on: from there it broke at least {CERTAIN:.0%} of the time"
    yield f"  of       {found.request.command()}"
