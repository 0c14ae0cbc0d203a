"""The proof that a bug is caught: the story that exposes it is played, seed by seed, until its promise breaks."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from backup.checks.secrets import KeysStaySecret
from cluster.sim.run import HELD, Outcome, Story, play
from cluster.value import value
from scenarios.gallery import load
from scenarios.inspect.result import summary
from scenarios.kept_run import TRACE, asked, keep, secret_shown
from scenarios.zoo import OF_THE_STORY, Bug, planted
from scenarios.zoo.known import BOUNDS, SEARCH, STATES, tries
from scenarios.zoo.night import night
from scenarios.zoo.pantry import pantry
from scenarios.zoo.storm import crowd, drought, storm

SIZES = ("ABC", "ABCDE")
"""The clusters that keepers play with; some bugs cannot harm three nodes."""
KEEPERS: dict[str, dict[str, Story]] = {
    SEARCH: {},
    "storm": {names: storm(names) for names in SIZES},
    "drought": {names: drought(names) for names in SIZES},
    "crowd": {"ABC": crowd("ABC"), "ABCDE": crowd("ABCDE", "F")},
    "night": {names: night(names) for names in SIZES},
    "pantry": {"ABC": pantry},
}
"""The keepers: stories for any seed, by name and nodes. They assert nothing: only a broken promise counts."""


@value
class CaughtBug:
    """One run in which a promise broke."""

    names: str
    """The nodes; empty for a story of the gallery."""
    seed: int
    promise: str
    """The promise that broke, or the class name of another error."""
    text: str
    events: int
    """The number of events up to there."""


@value
class Proof:
    """The result of planting a bug within its budget, and of playing the same runs without it."""

    bug: str
    strike: CaughtBug | None
    """The run in which the bug broke its promise; None: it escaped."""
    runs: int
    """Runs with the bug, including the one that caught it; states, if a search was used."""
    events: int
    """Events in all of these runs; steps, if a search was used."""
    others: tuple[CaughtBug, ...]
    """Runs before it in which something else broke."""
    clean: str
    """What broke in the same runs without the bug; empty, as it must be."""
    seconds: float


def striking(strikes: str) -> list[tuple[str, Story, str]]:
    """The stories that expose a bug, for anything but a search: nodes, story, rules."""
    if strikes in KEEPERS:
        return [(names, story, "unkindness") for names, story in KEEPERS[strikes].items()]
    loaded = load(strikes)
    return [("", loaded.story, loaded.rules)]


def attempt(
    story: Story, rules: str, seed: int, bug: Bug | None, folder: Path, under: Mapping[str, Any] | None = None
) -> Outcome:
    """Play one run, with the bug if one is given, in the bug's world or that of `under`; files go below `folder`."""
    if under is None:
        under = bug.under if bug is not None else {}
    with planted(bug.name) if bug is not None else nullcontext():
        return play(story, seed, places={"backups": str(folder)}, options={"rules": rules}, **under)


def struck(bug: Bug, names: str, seed: int) -> tuple[Outcome, CaughtBug | None]:
    """Play one run with the bug; return the outcome, and what broke in it."""
    story, rules = _of_size(bug, names)
    with TemporaryDirectory(prefix="unkindness-") as folder:
        outcome = attempt(story, rules, seed, bug, Path(folder))
        with planted(bug.name):
            shown = _shown_when_kept(bug, outcome, seed, Path(folder))
    failure = outcome.failure
    if failure is None:
        events = len(outcome.history)
        return outcome, CaughtBug(names, seed, bug.breaks, shown, events) if shown else None
    promise = getattr(failure, "promise", None)
    if promise is None and isinstance(failure, AssertionError) and bug.strikes not in KEEPERS:
        promise = OF_THE_STORY
    return outcome, CaughtBug(names, seed, promise or type(failure).__name__, str(failure), len(outcome.history))


def shortest(bug: Bug, seeds: Iterable[int]) -> CaughtBug | None:
    """The caught run with the fewest events, of all runs with these seeds; None if the bug's promise broke in none."""
    sizes = [names for names, _, _ in striking(bug.strikes)]
    strikes = [struck(bug, names, seed)[1] for seed in seeds for names in sizes]
    of_its_own = [strike for strike in strikes if strike is not None and strike.promise == bug.breaks]
    return min(of_its_own, key=lambda strike: strike.events, default=None)


def hunt(bug: Bug, runs: Iterable[tuple[str, int]]) -> Proof:
    """Play these runs (nodes and seed) with the bug until its promise breaks. Nothing is played without the bug."""
    from time import perf_counter

    began, played, events = perf_counter(), 0, 0
    others: list[CaughtBug] = []
    strike: CaughtBug | None = None
    for played, (names, seed) in enumerate(runs, 1):  # noqa: B007  # the count is used below
        outcome, strike = struck(bug, names, seed)
        events += len(outcome.history)
        if strike is not None and strike.promise == bug.breaks:
            break
        if strike is not None:
            others.append(strike)
            strike = None
    return Proof(bug.name, strike, played, events, tuple(others), "", perf_counter() - began)


def prove(bug: Bug, runs: Iterable[tuple[str, int]] | None = None) -> Proof:
    """Play the runs of its budget, or those given, with the bug until its promise breaks; then the same without it."""
    from time import perf_counter

    began = perf_counter()
    if bug.strikes == SEARCH:
        return _searched(bug)
    chosen = list(tries(bug, tuple(names for names, _, _ in striking(bug.strikes))) if runs is None else runs)
    proof = hunt(bug, chosen)
    clean = next((said for names, seed in chosen[: proof.runs] if (said := _unharmed(bug, names, seed))), "")
    return attrs.evolve(proof, clean=clean, seconds=perf_counter() - began)


def _searched(bug: Bug) -> Proof:
    """The proof by a search: with the bug, and then without it to the same depth."""
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
        shown = _shown_when_kept(bug, outcome, seed, Path(folder))
    return shown if outcome.verdict == HELD else f"seed {seed} on {names or bug.strikes}: {outcome.failure}"


def _shown_when_kept(bug: Bug, outcome: Outcome, seed: int, folder: Path) -> str:
    """What a run of the gallery that held shows of a secret once it is kept, for a bug that may show one; empty: nothing."""
    if bug.breaks != KeysStaySecret.promise or outcome.verdict != HELD or bug.strikes in KEEPERS:
        return ""
    loaded = load(bug.strikes)
    keep(folder, summary(outcome, asked(loaded, seed, None, None, None), loaded), outcome, loaded)
    return secret_shown(folder / TRACE, outcome)


def _of_size(bug: Bug, names: str) -> tuple[Story, str]:
    return next((story, rules) for size, story, rules in striking(bug.strikes) if size == names)
