"""The work of `unkindness explore` and its output as lines. The caller prints them and supplies the clock."""

from collections.abc import Callable
from typing import Any

from scenarios.explore.bounds import MOST, Bounds, BoundsError
from scenarios.explore.promises import PROMISES
from scenarios.explore.search import Level, Search, SearchResult
from scenarios.explore.story import follow, pasteable, story_lines
from scenarios.zoo import Bug, bug_named, planted

VERDICTS = {"exhausted": "held", "depth": "held", "states": "inconclusive", "broken": "broken", "stopped": "stopped"}
"""The verdict of a search in the words that every command uses."""
SEARCHED = ("cluster.raft", "cluster.storage")
"""The packages that a search runs: a bug planted in any other cannot be met."""


def is_met(bug: Bug) -> bool:
    """Whether a search can meet a bug: it runs the core and a disk, and makes no snapshots."""
    return bug.target.startswith(SEARCHED) and bug.change.__module__ != "scenarios.zoo.snapshots"


def bug_to_plant(name: str | None) -> Bug | None:
    """The bug of that name. BoundsError unless it is one that a search can meet; UnknownBug if there is none."""
    if name is None:
        return None
    found = bug_named(name)
    if not is_met(found):
        only = f"a search steps only {' and '.join(SEARCHED)}, and takes no snapshots"
        module, _, _ = found.target.partition(":")
        text = f"{name} is planted in {module}, and {only}"
        raise BoundsError(f"{text}: play {found.strikes} with it")
    return found


def batch_for(bug: Bug | None) -> int | None:
    """Entries in one append as the bug needs it; None: the default."""
    timing = bug.under.get("timing") if bug is not None else None
    return timing.batch if timing is not None else None


def perform(
    bounds: Bounds,
    bug: Bug | None,
    depth: int,
    states: int,
    say: Callable[[str], None] | None,
    clock: Callable[[], float],
) -> tuple[SearchResult, list[str], float]:
    """Search; return what was found, the story's lines if a promise broke, and the seconds the search took.

    With `say` every complete depth gets a line. Ctrl-C ends the search and keeps what it covered.
    """
    if depth < 0 or states < 0:
        raise BoundsError(f"{min(depth, states)} bounds nothing: give a depth or a number of states of 1 or more")
    name = bug.name if bug is not None else None
    with planted(name):
        search, began = Search(bounds), clock()
        try:
            found = search.run(_speaker(say), depth, states)
        except KeyboardInterrupt:
            found = search.found("stopped")
        seconds = clock() - began
        if found.broken is None:
            return found, [], seconds
        followed = follow(bounds, found.way)
        lines = [*story_lines(followed), "", *pasteable(bounds, found.way, name)]
    return found, lines, seconds


def _speaker(say: Callable[[str], None] | None) -> Callable[[Level], None] | None:
    if say is None:
        return None
    total = 0

    def each_level(level: Level) -> None:
        nonlocal total
        total += level.distinct
        say(f"depth {level.depth:3}  {level.distinct:11,} states  {total:11,} in all")

    return each_level


def again(bounds: Bounds, bug: Bug | None, depth: int, states: int) -> str:
    """The command line that repeats the search."""
    words = ["unkindness explore"]
    words += [f"--{each} {getattr(bounds, each)}" for each in ("nodes", "terms", "entries")]
    defaults = Bounds()
    for each in ("crashes", "drops", "duplicates", "beats", "changes", "reads", "outside"):
        if getattr(bounds, each) != getattr(defaults, each):
            words.append(f"--{each} {getattr(bounds, each)}")
    words += [f"--{each.replace('_', '-')}" for each in ("pairs", "rachis", "instant_disk") if getattr(bounds, each)]
    if bounds.batch != batch_for(bug):
        words.append(f"--batch {bounds.batch}")
    words += [f"--bug {bug.name}"] if bug is not None else []
    words += [f"--depth {depth}"] if depth else []
    words += [f"--states {states}"] if states != MOST else []
    return " ".join(words)


def verdict_lines(found: SearchResult, seconds: float, command: str) -> list[str]:
    """The end of a search in a few lines."""
    promises, depth = len(PROMISES), found.depth
    match found.verdict:
        case "exhausted":
            first = f"held: {promises} promises in every state within the bounds"
        case "depth":
            first = f"held: {promises} promises in every state of at most {depth} steps"
        case "states":
            first = f"inconclusive: {promises} promises held in every state of less than {depth} steps; there are more"
        case "stopped":
            first = f"stopped: nothing broken so far, and everything of at most {depth - 1} steps is covered"
        case _:
            assert found.broken is not None
            first = f"broken: {found.broken.promise}: {found.broken.text}"
    renamed = f" ({found.full:,} with every renaming of the nodes)" if found.bounds.alike else ""
    lines = [
        first,
        f"  states   {found.distinct:,}{renamed}, by {found.generated:,} steps; depth {depth}",
        f"  rate     {found.distinct / max(seconds, 1e-6):,.0f} states a second, {seconds:.1f} s",
    ]
    if found.verdict == "states":
        lines.append(
            "  further  --states N with more of them, about half a kilobyte each, or 0 for no end; or narrower bounds"
        )
    if found.broken is not None:
        lines.insert(1, f"  promise  {PROMISES[found.broken.promise]}")
    return [*lines, f"  again    {command}"]


def as_fields(found: SearchResult, story: list[str], seconds: float, command: str) -> dict[str, Any]:
    """The same as one JSON object; all but `seconds` is determined by the command."""
    broken = found.broken
    return {
        "verdict": VERDICTS[found.verdict],
        "why": found.verdict,
        "promise": broken.promise if broken is not None else None,
        "text": broken.text if broken is not None else None,
        "states": found.distinct,
        "states_with_renamings": found.full,
        "steps": found.generated,
        "depth": found.depth,
        "levels": [level.distinct for level in found.levels],
        "way": [repr(action) for action in found.way],
        "story": [line.strip() for line in story[: len(found.way)]],
        "seconds": round(seconds, 3),
        "again": command,
    }
