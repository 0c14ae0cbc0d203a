"""One seed of a hunt: it is played in whatever process, and what came of it is a small value that can be sent back."""

from time import process_time
from typing import TYPE_CHECKING

import attrs

from cluster.sim.errors import Misuse, OutOfBudget
from cluster.sim.run import INCONCLUSIVE, STOPPED
from cluster.trace import Failed, Stepped
from cluster.value import value
from scenarios.gallery import LoadedStory
from scenarios.hunt.cause import Cause, cause_of
from scenarios.hunt.processor_time import TOO_LONG, SeedTookTooLong, limited_cpu
from scenarios.hunt.seen_states import FaultCell, SeenStates
from scenarios.inspect.result import RunRequest, verdict_of
from scenarios.kept_run import perform, story_of

if TYPE_CHECKING:
    from cluster.sim.run import Outcome
    from cluster.sim.world import World


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
    cells: tuple[FaultCell, ...] = ()
    """Which faults hit which roles in which phases, sorted."""
    marks: tuple[str, ...] = ()
    """The rare moments and the marks of the story's own that were seen, sorted."""
    missed: tuple[str, ...] = ()
    """The marks of the story's own that were not."""
    is_of_a_node: bool = False
    """Whether it ended with an error that the application raised on a node: what a hunt looks for, and no mistake of the story's."""


NOT_FINISHED = Break(Cause(f"{INCONCLUSIVE}, {SeedTookTooLong.__name__}", ""), TOO_LONG, 0)
"""What is told of a seed whose processor time was used up."""


def play_seeds(request: RunRequest, seeds: tuple[int, ...]) -> tuple[PlayedSeed, ...]:
    """Play the request with each of these seeds, in this process. KeyboardInterrupt if Ctrl-C arrives here."""
    loaded = story_of(request)
    return tuple(play_seed(loaded, attrs.evolve(request, seed=seed)) for seed in seeds)


def play_seed(loaded: LoadedStory, request: RunRequest) -> PlayedSeed:
    """Play one run."""
    began = process_time()
    seen, worlds = SeenStates(), list["World"]()

    def follow(world: "World") -> None:
        worlds.append(world)
        world.history.watch(seen)

    with limited_cpu() as processor_time:
        outcome = perform(loaded, request, follow=follow, stop_asked=lambda: processor_time.is_over)
    if outcome.verdict == STOPPED and not processor_time.is_over:
        raise KeyboardInterrupt
    (world,) = worlds
    failed = outcome.history.of(Failed)
    return PlayedSeed(
        seed=request.seed,
        verdict=INCONCLUSIVE if outcome.verdict == STOPPED else verdict_of(outcome, loaded),
        breaks=breaks_of(outcome, loaded) if outcome.verdict != STOPPED else (NOT_FINISHED,),
        events=len(outcome.history),
        messages=outcome.messages,
        cpu_seconds=process_time() - began,
        cells=tuple(sorted(seen.cells, key=lambda cell: (cell.fault, cell.role, cell.phase))),
        marks=tuple(sorted(seen.moments | {name for name, is_seen in world.marks.items() if is_seen})),
        missed=outcome.unseen,
        is_of_a_node=bool(failed) and failed[-1].note.error.startswith(f"{type(outcome.failure).__name__}: "),
    )


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
            if not isinstance(failure, AssertionError | Misuse | OutOfBudget | type(None)):
                text = f"{type(failure).__name__}: {text}"  # of a KeyError the text is the key alone
            found.append(Break(cause, text, sum(each <= seq for each in stepped)))
    return tuple(found)
