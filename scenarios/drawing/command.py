"""`unkindness draw`: the run and the window to draw, and the errors of wrong arguments. The run is played (again) and drawn.

Never here: the contents of a diagram, and how it looks.
"""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from cluster.checks import Violation
from cluster.sim.run import BROKEN
from cluster.time_units import clock_text
from scenarios.drawing.backups_only import backups_only, backups_svg
from scenarios.drawing.from_history import picture
from scenarios.drawing.picture import Breach, Picture
from scenarios.drawing.svg import MOST_NODES, svg
from scenarios.inspect.known_paths import KnownPaths
from scenarios.inspect.moment import true_time
from scenarios.inspect.played_run import PlayedRun, played
from scenarios.inspect.result import summary
from scenarios.kept_run import ReplayError

if TYPE_CHECKING:
    from cluster.sim.run import Outcome

MOST = 450
"""The largest `size` of a picture that can be read at once."""
SHOWN = 30
"""How many names of nodes an error lists."""


def draw(
    run: str,
    *,
    bug: str | None = None,
    rules: str | None = None,
    start: str = "",
    until: str = "",
    nodes: str = "",
    only: str = "",
) -> str:
    """The SVG of the run that RUN names. `only="backups"`: no logs and no messages. Raises ReplayError, StoryError, Diverged."""
    if only not in ("", "backups"):
        raise ReplayError(f"--only {only}: only backups can be drawn alone, so say --only backups")
    found = played(run, bug, rules)
    if found.seq is not None:
        raise ReplayError(f"{run!r} names an event: leave the number away, and give --from and --to")
    words = ["unkindness", "draw", run, *(["--bug", bug] if bug else []), *(["--rules", rules] if rules else [])]
    words += [*(["--from", start] if start else []), *(["--to", until] if until else [])]
    words += ["--nodes", nodes] if nodes else []
    words += ["--only", only] if only else []
    return draw_played(found, start, until, nodes, command=shlex.join(words), only=only)


def draw_played(
    found: PlayedRun, start: str = "", until: str = "", nodes: str = "", *, command: str = "", only: str = ""
) -> str:
    """The SVG of a run that was played; `command` stands below it. Raises ReplayError."""
    outcome, known = found.outcome, KnownPaths.of(found.loaded)
    title = found.loaded.lesson
    names = among(outcome.names, nodes)
    between, broke = window(outcome, start, until), breach(found)
    if only:
        told = _told(backups_only(outcome.history, names, *between, title=title, command=command, breach=broke), known)
        if not told.runs and not told.turns:
            span = f"from {clock_text(told.start)} to {clock_text(told.until)}"
            raise ReplayError(f"{span} nobody owns or runs a backup task in {found.run}: leave --only backups away")
        return backups_svg(told)
    drawn = _told(picture(outcome.history, names, *between, title=title, command=command, breach=broke), known)
    return svg(not_too_much(drawn, outcome, names))


def _told(drawn: Picture, known: KnownPaths) -> Picture:
    """The picture without the folders of this machine in what it says."""
    sentences = tuple(attrs.evolve(each, text=known.without(each.text)) for each in drawn.sentences)
    broke = drawn.breach and attrs.evolve(drawn.breach, text=known.without(drawn.breach.text))
    title, command = known.without(drawn.title), known.without(drawn.command)
    return attrs.evolve(drawn, title=title, command=command, sentences=sentences, breach=broke)


def among(names: Sequence[str], wanted: str) -> tuple[str, ...]:
    """The nodes to draw, in the order of the run: `ABC` are three, `AA,AB` two. ReplayError for an unknown one."""
    listed = wanted.split(",") if "," in wanted else [wanted] if wanted in names else list(wanted)
    for name in listed:
        if name not in names:
            known = " ".join([*names[:SHOWN], *(["…", names[-1]] if len(names) > SHOWN else [])])
            raise ReplayError(f"there is no node {name!r} in this run: --nodes takes some of {known}, as ABC or AA,AB")
    chosen = tuple(name for name in names if not listed or name in listed)
    if len(chosen) > MOST_NODES:
        few = ("" if all(len(name) == 1 for name in names[:3]) else ",").join(names[:3])
        raise ReplayError(f"{len(chosen)} nodes do not fit: name at most {MOST_NODES}, as --nodes {few}")
    return chosen


def window(outcome: "Outcome", start: str, until: str) -> tuple[int, int]:
    """The window in true µs; the whole run if neither end is given."""
    events = outcome.history.events
    first, last = true_time(start) if start else 0, true_time(until) if until else events[-1].t
    if start and not until and first >= last:
        raise ReplayError(f"--from {start}: the run ends at {clock_text(last)}, so give an earlier time")
    if first >= last:
        raise ReplayError(f"from {clock_text(first)} to {clock_text(last)} there is no time: let --to be after --from")
    inside = [event.t for event in events if first <= event.t <= last]
    if not inside:
        before = max((event.t for event in events if event.t < first), default=0)
        after = min((event.t for event in events if event.t > last), default=events[-1].t)
        raise ReplayError(
            f"nothing happens from {clock_text(first)} to {clock_text(last)}: the events next to it are at "
            f"{clock_text(before)} and {clock_text(after)}, so move --from or --to there"
        )
    return first, last


def not_too_much(drawn: Picture, outcome: "Outcome", names: Sequence[str]) -> Picture:
    """The picture itself, if it is small enough to be read. ReplayError says how large it is and how large it may be."""
    if drawn.size() <= MOST:
        return drawn
    low, high = drawn.start, drawn.until
    while high - low > 1_000:
        middle = (low + high) // 2
        if picture(outcome.history, names, drawn.start, middle).size() <= MOST:
            low = middle
        else:
            high = middle
    until = clock_text(low // 1_000 * 1_000)
    raise ReplayError(
        f"from {clock_text(drawn.start)} to {clock_text(drawn.until)} there are {drawn.size():,} things to draw, and "
        f"{MOST} can be read: narrow it, for example by --to {until}, or by fewer --nodes"
    )


def breach(found: PlayedRun) -> Breach | None:
    """The promise or assertion that broke the run; None if none did."""
    outcome = found.outcome
    if outcome.verdict != BROKEN:
        return None
    result = summary(outcome, found.request, found.loaded)
    first = result.violations[0]
    node = outcome.history.events[first.seq - 1].node if isinstance(outcome.failure, Violation) else ""
    text = first.text.partition(f" ({found.loaded.source}")[0]
    return Breach(first.t, node, f"{first.promise}: {text}")
