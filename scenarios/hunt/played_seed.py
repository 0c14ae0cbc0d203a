"""One seed of a hunt: it is played in whatever process, and what came of it is a small value that can be sent back."""

from time import process_time
from typing import TYPE_CHECKING

import attrs

from cluster.sim.run import STOPPED
from cluster.trace import Stepped
from cluster.value import value
from scenarios.gallery import LoadedStory
from scenarios.hunt.cause import Cause, cause_of
from scenarios.inspect.result import RunRequest, verdict_of
from scenarios.kept_run import perform, story_of

if TYPE_CHECKING:
    from cluster.sim.run import Outcome


@value
class Break:
    """One thing that broke in a run."""

    cause: Cause
    text: str
    """What was said of it, in one line."""
    steps: int
    """The number of steps of the story up to there, those of clients too."""


@value
class PlayedSeed:
    """What came of one seed."""

    seed: int
    verdict: str
    breaks: tuple[Break, ...]
    """In order; more than one only if the run went on after the first."""
    events: int
    messages: int
    cpu_seconds: float
    """Of the process that played it."""


def play_seeds(request: RunRequest, seeds: tuple[int, ...]) -> tuple[PlayedSeed, ...]:
    """Play the request with each of these seeds, in this process. KeyboardInterrupt if Ctrl-C arrives here."""
    loaded = story_of(request)
    return tuple(play_seed(loaded, attrs.evolve(request, seed=seed)) for seed in seeds)


def play_seed(loaded: LoadedStory, request: RunRequest) -> PlayedSeed:
    """Play one run."""
    began = process_time()
    outcome = perform(loaded, request)
    if outcome.verdict == STOPPED:
        raise KeyboardInterrupt
    played = breaks_of(outcome, loaded)
    verdict = verdict_of(outcome, loaded)
    return PlayedSeed(request.seed, verdict, played, len(outcome.history), outcome.messages, process_time() - began)


def breaks_of(outcome: "Outcome", loaded: LoadedStory) -> tuple[Break, ...]:
    """Everything that broke in a run, in order."""
    told: list[tuple[BaseException | None, int]] = [(each.failure, each.seq) for each in outcome.broken]
    told = told or [(outcome.failure, len(outcome.history))]
    stepped = [event.seq for event in outcome.history.of(Stepped)]
    found = []
    for failure, seq in told:
        cause = cause_of(failure, outcome, loaded)
        if cause is not None:
            text = " ".join(str(failure).split()) if failure is not None else cause.promise
            found.append(Break(cause, text, sum(each <= seq for each in stepped)))
    return tuple(found)
