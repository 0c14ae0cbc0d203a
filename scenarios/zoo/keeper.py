"""Does a bug get caught? Plays the story that strikes it, seed by seed, until its promise breaks."""

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from cluster.sim.run import Outcome, Story, play
from cluster.value import value
from scenarios.gallery import load
from scenarios.zoo import OF_THE_STORY, Bug, planted
from scenarios.zoo.crowd import crowd
from scenarios.zoo.night import night
from scenarios.zoo.pantry import pantry
from scenarios.zoo.storm import storm

SIZES = ("ABC", "ABCDE")
"""Some bugs cannot hurt three nodes."""


@value
class Strike:
    """One run in which a promise broke."""

    names: str
    """The nodes; empty for a story of the gallery."""
    seed: int
    promise: str
    """That broke, or the name of the error."""
    text: str


def striking(strikes: str) -> list[tuple[str, Story, str]]:
    """The stories of a striker: nodes, story, rules."""
    match strikes:
        case "storm":
            return [(names, storm(names), "unkindness") for names in SIZES]
        case "crowd":
            return [("ABC", crowd("ABC"), "unkindness"), ("ABCDE", crowd("ABCDE", "F"), "unkindness")]
        case "night":
            return [(names, night(names), "unkindness") for names in SIZES]
        case "pantry":
            return [("ABC", pantry, "unkindness")]
        case name:
            tale = load(name)
            return [("", tale.story, tale.rules)]


def attempt(story: Story, rules: str, seed: int, bug: Bug | None, folder: Path) -> Outcome:
    """One run, with the bug if there is one, its files below `folder`."""
    under = bug.under if bug is not None else {}
    with planted(bug.name) if bug is not None else nullcontext():
        return play(story, seed, places={"backups": str(folder)}, options={"rules": rules}, **under)


def hunt(bug: Bug, seeds: Iterable[int]) -> tuple[Strike | None, list[Strike]]:
    """The first strike that breaks the bug's own promise, and whatever else broke before it."""
    others: list[Strike] = []
    for seed in seeds:
        for names, story, rules in striking(bug.strikes):
            with TemporaryDirectory(prefix="unkindness-") as folder:
                failure = attempt(story, rules, seed, bug, Path(folder)).failure
            if failure is None:
                continue
            promise = getattr(failure, "promise", None)
            if (
                promise is None
                and isinstance(failure, AssertionError)
                and bug.strikes not in ("storm", "crowd", "night", "pantry")
            ):
                promise = OF_THE_STORY
            strike = Strike(names, seed, promise or type(failure).__name__, str(failure))
            if strike.promise == bug.breaks:
                return strike, others
            others.append(strike)
    return None, others
