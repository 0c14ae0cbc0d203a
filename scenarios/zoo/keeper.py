"""Does a bug get caught? Plays the story that strikes it, seed by seed, until its promise breaks."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from cluster.sim.run import HELD, Outcome, Story, play
from cluster.value import value
from scenarios.gallery import load
from scenarios.zoo import OF_THE_STORY, Bug, planted
from scenarios.zoo.known import BOUNDS, SEARCH, STATES, tries
from scenarios.zoo.night import night
from scenarios.zoo.pantry import pantry
from scenarios.zoo.storm import crowd, drought, storm

SIZES = ("ABC", "ABCDE")
"""Some bugs cannot hurt three nodes."""
KEEPERS: dict[str, dict[str, Story]] = {
    SEARCH: {},
    "storm": {names: storm(names) for names in SIZES},
    "drought": {names: drought(names) for names in SIZES},
    "crowd": {"ABC": crowd("ABC"), "ABCDE": crowd("ABCDE", "F")},
    "night": {names: night(names) for names in SIZES},
    "pantry": {"ABC": pantry},
}
"""By nodes, stories for any seed. They assert nothing: only a promise counts there."""


@value
class CaughtBug:
    """One run in which a promise broke."""

    names: str
    """The nodes; empty for a story of the gallery."""
    seed: int
    promise: str
    """That broke, or the name of the error."""
    text: str
    events: int
    """How long the history is up to there."""


@value
class Proof:
    """What became of a bug within its budget, and of the core as it is in the very same runs."""

    bug: str
    strike: CaughtBug | None
    """None: it escaped."""
    runs: int
    """With the bug, the one that struck included; of a search, states."""
    events: int
    """In all of them; of a search, steps."""
    others: tuple[CaughtBug, ...]
    """What else broke before."""
    clean: str
    """What the core without the bug broke in the same runs; empty, as it must be."""
    seconds: float


def striking(strikes: str) -> list[tuple[str, Story, str]]:
    """The stories of a striker that is no search: nodes, story, rules."""
    if strikes in KEEPERS:
        return [(names, story, "unkindness") for names, story in KEEPERS[strikes].items()]
    loaded = load(strikes)
    return [("", loaded.story, loaded.rules)]


def attempt(
    story: Story, rules: str, seed: int, bug: Bug | None, folder: Path, under: Mapping[str, Any] | None = None
) -> Outcome:
    """One run, with the bug if there is one, its files below `folder`; in the bug's own world, or that of `under`."""
    if under is None:
        under = bug.under if bug is not None else {}
    with planted(bug.name) if bug is not None else nullcontext():
        return play(story, seed, places={"backups": str(folder)}, options={"rules": rules}, **under)


def struck(bug: Bug, names: str, seed: int) -> tuple[Outcome, CaughtBug | None]:
    """One run with the bug, and what broke in it."""
    story, rules = _of_size(bug, names)
    with TemporaryDirectory(prefix="unkindness-") as folder:
        outcome = attempt(story, rules, seed, bug, Path(folder))
    failure = outcome.failure
    if failure is None:
        return outcome, None
    promise = getattr(failure, "promise", None)
    if promise is None and isinstance(failure, AssertionError) and bug.strikes not in KEEPERS:
        promise = OF_THE_STORY
    return outcome, CaughtBug(names, seed, promise or type(failure).__name__, str(failure), len(outcome.history))


def shortest(bug: Bug, seeds: Iterable[int]) -> CaughtBug | None:
    """The strike with the fewest events before it, of all runs with these seeds; None if its promise broke in none."""
    sizes = [names for names, _, _ in striking(bug.strikes)]
    strikes = [struck(bug, names, seed)[1] for seed in seeds for names in sizes]
    of_its_own = [strike for strike in strikes if strike is not None and strike.promise == bug.breaks]
    return min(of_its_own, key=lambda strike: strike.events, default=None)


def hunt(bug: Bug, runs: Iterable[tuple[str, int]]) -> Proof:
    """Let the bug strike in these runs, of nodes and seed, until its promise breaks. Nothing is played without it."""
    from time import perf_counter

    began, played, events = perf_counter(), 0, 0
    others: list[CaughtBug] = []
    strike: CaughtBug | None = None
    for played, (names, seed) in enumerate(runs, 1):  # noqa: B007  # their count is told below
        outcome, strike = struck(bug, names, seed)
        events += len(outcome.history)
        if strike is not None and strike.promise == bug.breaks:
            break
        if strike is not None:
            others.append(strike)
            strike = None
    return Proof(bug.name, strike, played, events, tuple(others), "", perf_counter() - began)


def prove(bug: Bug, runs: Iterable[tuple[str, int]] | None = None) -> Proof:
    """Let the bug strike: in the runs of its budget, or in these. Then play the same without it."""
    from time import perf_counter

    began = perf_counter()
    if bug.strikes == SEARCH:
        return _searched(bug)
    chosen = list(tries(bug, tuple(names for names, _, _ in striking(bug.strikes))) if runs is None else runs)
    proof = hunt(bug, chosen)
    clean = next((said for names, seed in chosen[: proof.runs] if (said := _unharmed(bug, names, seed))), "")
    return attrs.evolve(proof, clean=clean, seconds=perf_counter() - began)


def _searched(bug: Bug) -> Proof:
    """The same by a search: with the bug, and without it to the same depth."""
    from time import perf_counter

    from scenarios.explore.search import Search

    began, bounds = perf_counter(), BOUNDS[bug.name]
    with planted(bug.name):
        found = Search(bounds).run(states=STATES)
    broken, strike = found.broken, None  # type: Any, CaughtBug | None
    if broken is not None:
        strike = CaughtBug(bounds.names, 0, broken.promise, broken.text, found.depth)
    clean = Search(bounds).run(depth=found.depth)
    said = "" if clean.broken is None else f"a search of {bounds}: {clean.broken.promise}: {clean.broken.text}"
    others = (strike,) if strike is not None and strike.promise != bug.breaks else ()
    if others:
        strike = None
    return Proof(bug.name, strike, found.distinct, found.generated, others, said, perf_counter() - began)


def _unharmed(bug: Bug, names: str, seed: int) -> str:
    """What breaks in the bug's world without the bug; empty if nothing does."""
    story, rules = _of_size(bug, names)
    with TemporaryDirectory(prefix="unkindness-") as folder:
        outcome = attempt(story, rules, seed, None, Path(folder), bug.under)
    return "" if outcome.verdict == HELD else f"seed {seed} on {names or bug.strikes}: {outcome.failure}"


def _of_size(bug: Bug, names: str) -> tuple[Story, str]:
    return next((story, rules) for size, story, rules in striking(bug.strikes) if size == names)
