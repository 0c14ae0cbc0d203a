"""Users and misfortune against a plain model of what must be restorable: any steps, then calm, then every task restores.

The machine is data: a list of steps (scenarios/backup_model.py) is drawn, played and shrunk as one, and printed as a story.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from cluster.sim.run import run
from cluster.sim.world import World
from cluster.steps import Crash, Restart
from cluster.time_units import SECOND
from scenarios.backup_model import (
    Define,
    DocumentModel,
    Edit,
    Erase,
    Later,
    Now,
    Once,
    Remove,
    Stop,
    Strike,
    Switch,
    Wait,
    Write,
    as_story,
    play_steps,
)
from scenarios.strategies import check, model_steps, seeds, story_of
from scenarios.zoo import planted

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
SEARCH = settings(
    max_examples=80,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=QUIET,
    report_multiple_bugs=False,
)
EVERYTHING = (
    Define(),
    Write(1, 3, "a"),
    Now(0),
    Wait(61),
    Later(0, 90),
    Define(1, "B"),
    Strike(Crash("A")),
    Write(2, 4, "b"),
    Erase(1),
    Once(),
    Edit(0, 2),
    Switch(1, on=False),
    Stop(0),
    Wait(31),
    Define(3),
    Remove(2),
)


def played(story: tuple[Any, ...], seed: int = 1) -> None:
    """Play the steps; a failure says the story."""
    check(as_story(story, seed), seed)


def test_every_step_can_be_done() -> None:
    """A story with each of them holds."""
    played(EVERYTHING)


def test_the_printed_story_is_the_same_story() -> None:
    """Pasted, it does the same to the last event."""

    async def direct(world: World) -> None:
        await play_steps(world, EVERYTHING)

    text = as_story(EVERYTHING, 5)
    assert "SEED = 5" in text
    assert run(story_of(text), 5).digest == run(direct, 5).digest


def test_the_model_takes_what_may_have_happened_for_possible() -> None:
    """The control of the model: an answer settles a document, and what nobody answered leaves both."""
    model = DocumentModel()
    model.unknown("orders/1", "a")
    assert model.documents == {"orders/1": {None, "a"}}
    model.answered("orders/1", "b")
    model.unknown("orders/1", None)
    assert model.documents == {"orders/1": {"b", None}}


@settings(max_examples=6, deadline=None, suppress_health_check=QUIET)
@given(story=model_steps(), seed=seeds())
def test_whatever_users_do_their_backups_restore(story: tuple[Any, ...], seed: int) -> None:
    """A small budget; the large one is below."""
    played(story, seed)


@pytest.mark.campaign
@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(story=model_steps(25), seed=seeds())
def test_whatever_users_do_at_length_their_backups_restore(story: tuple[Any, ...], seed: int) -> None:
    """Many stories, twice as long."""
    played(story, seed)


@pytest.mark.parametrize(
    ("bug", "promise"),
    [
        ("incremental-starts-one-too-late", "restored"),
        ("fails-for-no-reason", "no place or key was to blame"),
        ("waits-for-the-occurrence-after-next", "every backup happens"),
    ],
)
def test_the_machine_finds_planted_bugs(bug: str, promise: str) -> None:
    """A search finds a story that breaks the promise; its text comes with the failure, and tells it again."""

    @SEARCH
    @given(story=model_steps(8))
    def search(story: tuple[Any, ...]) -> None:
        played(story)

    with planted(bug), pytest.raises(AssertionError, match=promise) as found:
        search()
    notes, end = "\n".join(found.value.__notes__), "await play_steps(world, STEPS)\n"
    text = notes[notes.index('"""After') : notes.index(end) + len(end)]
    with planted(bug), pytest.raises(AssertionError, match=promise):
        run(story_of(text), 1)
    run(story_of(text), 1)


def test_a_node_deletes_what_it_holds() -> None:
    """A document that another node took a moment ago, and has not sent yet, outlives its deletion here (19.1)."""
    steps = (Define(), Write(1, 3, "a"), Strike(Restart("A")), Erase(1))

    async def story(world: World) -> None:
        await play_steps(world, steps)

    run(story, 1)


def test_a_step_that_cannot_be_done_is_passed_over() -> None:
    """Nobody is up, or there is no such task: the story goes on, as a user's day does."""

    async def story(world: World) -> None:
        await play_steps(
            world, (Remove(0), Strike(Crash("A")), Strike(Crash("B")), Strike(Crash("C")), Write(1, 2, "a"), Once())
        )

    outcome = run(story, 3)
    assert outcome.history.events[-1].t > 7 * 3_600 * SECOND
