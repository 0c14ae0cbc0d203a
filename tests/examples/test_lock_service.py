"""The lock service under Hypothesis, as its owner would test it: a machine with rules of its own, and weather over a story."""

import ast
import re
from contextlib import suppress
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, Phase, given, reproduce_failure, seed, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.stateful import rule, run_state_machine_as_test

from cluster.checks import Violation
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.sim.errors import NodeIsDown
from cluster.sim.world import World
from cluster.steps import Weather
from scenarios import run
from scenarios.strategies import WorldMachine, seeds, weather
from tests.examples.lock_service import ForgetsTokens, GiveBack, Locks, Save, Take, locks_are_linearizable

CLIENTS, NODES = st.sampled_from(("Ann", "Bob")), st.sampled_from("ABC")


class Watched(Locks):
    """The service with its promise in every run."""

    def watchers(self, places: Any) -> Any:
        return (locks_are_linearizable(),)


class WatchedWithoutMemory(Watched, ForgetsTokens):
    """And with a bug."""


class LockMachine(WorldMachine):
    """Clients take, give back and write, with tokens that may be old."""

    application = Watched

    @rule(node=NODES, client=CLIENTS)
    def take(self, node: str, client: str) -> None:
        with suppress(Refused):
            self.ask(node, Take("door", client))

    @rule(node=NODES, token=st.integers(1, 3))
    def give_back(self, node: str, token: int) -> None:
        with suppress(Refused):
            self.ask(node, GiveBack("door", token))

    @rule(node=NODES, token=st.integers(1, 3))
    def save(self, node: str, token: int) -> None:
        with suppress(Refused):
            self.ask(node, Save("door", token, "late"))


FEW = settings(
    max_examples=30,
    stateful_step_count=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_the_service_holds_whatever_its_clients_do() -> None:
    """Under faults, by rules in any order."""
    run_state_machine_as_test(LockMachine, settings=settings(FEW, max_examples=10))


def test_a_machine_catches_a_bug() -> None:
    """And prints its rules; the exception has its world, from which the plugin tells the smallest story."""

    class Machine(LockMachine):
        application = WatchedWithoutMemory

    with pytest.raises(Violation, match="linearizability") as raised:
        run_state_machine_as_test(Machine, settings=settings(FEW, phases=(Phase.generate,)))
    assert raised.value.world.names == ("A", "B", "C")  # type: ignore[attr-defined]
    rules = [line for note in raised.value.__notes__ for line in note.splitlines() if line.startswith("state.")]
    assert 4 <= len(rules) <= 16, rules


def test_a_failure_of_a_machine_comes_again() -> None:
    """From Hypothesis's example database, and by the line that it prints: `@reproduce_failure(…)`."""

    class Machine(LockMachine):
        application = WatchedWithoutMemory

    kept = settings(FEW, derandomize=False, database=InMemoryExampleDatabase(), print_blob=True)
    with pytest.raises(Violation) as first:
        run_state_machine_as_test(seed(1)(Machine), settings=settings(kept, phases=(Phase.generate,)))
    with pytest.raises(Violation) as again:
        run_state_machine_as_test(Machine, settings=settings(kept, phases=(Phase.reuse,)))
    assert str(again.value) == str(first.value)
    printed = re.search(r"@reproduce_failure\('(\S+)', (b'\S+')\)", "\n".join(first.value.__notes__))
    assert printed is not None
    reproduced = reproduce_failure(printed[1], ast.literal_eval(printed[2]))(Machine)
    with pytest.raises(Violation) as once_more:
        run_state_machine_as_test(reproduced, settings=FEW)
    assert str(once_more.value) == str(first.value)


async def clients(world: World, service: type[Locks], gusts: Weather) -> None:
    """Ann and Bob want one door in any weather, and whoever got it writes some time later."""

    async def client(name: str) -> None:
        while True:
            await trio.sleep(0.2)
            node = next((each for each in world.names if world[each].up), "")
            if not node:
                continue
            with suppress(Refused, NoLeader, OutcomeUnknown, NodeIsDown):
                token = await world.ask(node, Take("door", name))
                await trio.sleep(0.1)
                await world.ask(node, Save("door", token, name))
                await world.ask(node, GiveBack("door", token))

    world.start("ABC", service)
    await world.elected()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client, "Ann")
        nursery.start_soon(client, "Bob")
        await world.suffer(gusts)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    world.mend()
    await world.elected(within=20)


@given(seed=seeds(), gusts=weather("ABC", 6))
@settings(max_examples=15, deadline=None)
def test_the_service_holds_in_any_weather(seed: int, gusts: Weather) -> None:
    """A story with weather of Hypothesis': the promise of the service is watched in it."""

    async def story(world: World) -> None:
        await clients(world, Watched, gusts)

    run(story, seed)


def test_weather_shrinks_to_nothing_where_it_does_not_matter() -> None:
    """A bug that breaks under a clear sky has no gust in its smallest example."""
    told: list[Weather] = []

    @given(seed=st.just(3), gusts=weather("ABC", 6))
    @settings(FEW, phases=(Phase.generate, Phase.shrink))
    def property(seed: int, gusts: Weather) -> None:
        async def story(world: World) -> None:
            await clients(world, WatchedWithoutMemory, gusts)

        try:
            run(story, seed)
        except Violation:
            told.append(gusts)
            raise

    with pytest.raises(Violation):
        property()
    assert told[-1] == ()
