"""Promises of a user's own about time, over a lock service: each kept, and each broken by a bug that is told in a sentence."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import trio

from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.sim.run import BROKEN, HELD, INCONCLUSIVE, MISTAKE, Outcome, play
from cluster.sim.world import World
from cluster.trace import BecameLeader
from tests.examples.lock_service import (
    LEASE,
    Ended,
    EndsByTheWallClock,
    ForgetsTokens,
    Granted,
    HasNoFence,
    Locks,
    NeverEnds,
    Save,
    Take,
    locks_are_linearizable,
)

Promise = Callable[[World], None]


async def a_day_of_the_locks(world: World, service: type[Locks], promise: Promise) -> None:
    """Two clients want one lock; the first is silent until its lease is over, and then writes all the same."""
    world.watch(locks_are_linearizable())
    world.start("ABC", service)
    leader = await world.elected()
    promise(world)
    token = await world.ask(leader, Take("door", "Ann"))
    await world.ask(leader, Save("door", token, "by Ann"))
    with suppress(Refused):
        await world.ask(leader, Take("door", "Bob"))
    await trio.sleep(0.5)
    world.jump_clock(leader, 3_600)
    await trio.sleep(1.5)
    with suppress(Refused):
        await world.ask(leader, Take("door", "Bob"))
    await trio.sleep(LEASE)
    with suppress(Refused, NoLeader, OutcomeUnknown):
        await world.ask(leader, Take("door", "Bob"))
    with suppress(Refused):
        await world.ask(leader, Save("door", token, "by Ann, late"))
    await trio.sleep(LEASE * 3)


def played(service: type[Locks], promise: Promise = lambda world: None) -> Outcome:
    return play(partial(a_day_of_the_locks, service=service, promise=promise), 3)


def leases_end(world: World) -> None:
    world.leads_to("a lease ends", Granted, Ended, within=LEASE + 1, alike=("lock", "token"))


def leases_last(world: World) -> None:
    """A lease is not over before its time by the clock of the leader: nobody else is granted the lock."""
    granted: dict[int, float] = {}

    def lasts() -> bool:
        for event in world.history.of(Granted):
            granted.setdefault(event.note.token, event.t / 1e6)
        ended = {event.note.token: event.t / 1e6 for event in world.history.of(Ended)}
        return all(ended[token] - granted[token] >= LEASE for token in ended)

    world.always("a lease lasts", lasts)


@pytest.mark.parametrize("promise", [leases_end, leases_last])
def test_the_service_keeps_its_promises(promise: Promise) -> None:
    """Leases end and last, and its clients cannot tell it from one copy."""
    outcome = played(Locks, promise)
    assert outcome.verdict == HELD, outcome.failure
    assert len(outcome.history.of(Granted, "A")) == 2


@pytest.mark.parametrize(
    ("service", "promise", "says"),
    [
        (
            NeverEnds,
            leases_end,
            "a lease ends: 00:00:00.",
        ),
        (EndsByTheWallClock, leases_last, "a lease lasts: not so at 00:00:0"),
        (ForgetsTokens, leases_last, "linearizability: no order of the operations on 'door' fits: Take("),
        (HasNoFence, leases_last, "linearizability: no order of the operations on 'door' fits: Save("),
    ],
)
def test_each_bug_is_caught_by_a_promise(service: type[Locks], promise: Promise, says: str) -> None:
    """And told in one sentence."""
    outcome = played(service, promise)
    assert outcome.verdict == BROKEN
    assert str(outcome.failure).startswith(says)


def test_what_has_to_follow_is_named_with_what_it_had_to_follow() -> None:
    """Cause with node, event and time, duration and clock."""
    outcome = played(NeverEnds, leases_end)
    text = str(outcome.failure)
    assert " grants door to Ann, token 1 (event " in text
    assert "and what has to follow did not within 6 s of true time: now it is 00:00:" in text


# ---- by which clock ----


async def slow_leader(world: World, by_clock_of: str, drift: int) -> None:
    """The leader's clocks are slow, so that its leases take longer than they should."""
    world.start("ABC", Locks)
    leader = await world.elected()
    world.drift(leader, drift)
    world.leads_to("a lease ends", Granted, Ended, within=LEASE + 0.5, alike=("lock",), by_clock_of=by_clock_of)
    await world.ask(leader, Take("door", "Ann"))
    await trio.sleep(LEASE * 3)


@pytest.mark.parametrize(
    ("by_clock_of", "drift", "verdict"),
    [
        ("", 0, HELD),
        ("", -100_000, BROKEN),
        ("leader", -100_000, HELD),
        ("its own", 0, HELD),
        ("its own", -100_000, BROKEN),
    ],
)
def test_a_node_that_is_late_by_true_time_is_not_by_its_own(by_clock_of: str, drift: int, verdict: str) -> None:
    """A clock that loses a tenth: five and a half seconds and more are five for it, but not for the nodes that hear of it."""
    outcome = play(partial(slow_leader, by_clock_of=by_clock_of, drift=drift), 3)
    assert outcome.verdict == verdict, outcome.failure


def test_the_clock_of_a_named_node_counts() -> None:
    """Here of another node, which is right."""

    async def story(world: World) -> None:
        world.start("ABC", Locks)
        leader = await world.elected()
        other = next(name for name in world.names if name != leader)
        world.drift(leader, -100_000)
        world.leads_to("a lease ends", Granted, Ended, within=LEASE + 0.5, by_clock_of=other)
        world.eventually("a lease ends", Ended, within=LEASE + 0.5, by_clock_of=leader)
        await world.ask(leader, Take("door", "Ann"))
        await trio.sleep(LEASE * 3)

    outcome = play(story, 3)
    assert outcome.verdict == BROKEN
    assert "s by the clock of " in str(outcome.failure)


# ---- eventually, always ----


def told(promise: Promise, sleep: float = 10) -> Outcome:
    async def story(world: World) -> None:
        world.start("ABC")
        promise(world)
        await trio.sleep(sleep)
        world.say("still here")
        await trio.sleep(0.001)

    return play(story, 1)


@pytest.mark.parametrize(
    ("promise", "verdict", "says"),
    [
        (lambda world: world.eventually("a leader", BecameLeader, within=2), HELD, ""),
        (lambda world: world.eventually("a leader", BecameLeader), HELD, ""),
        (lambda world: world.eventually("term 1", lambda: world["A"].term, within=2), HELD, ""),
        (
            lambda world: world.eventually("a leader", BecameLeader, within=0.01),
            BROKEN,
            "a leader: not so within 0.01 s from 00:00:00.000 on: now it is 00:00:00.",
        ),
        (
            lambda world: world.eventually("term 7", lambda: world["A"].term == 7),
            BROKEN,
            "term 7: it never was, and the story is over",
        ),
        (
            lambda world: world.eventually("term 7", lambda: world["A"].term == 7, within=60),
            INCONCLUSIVE,
            "term 7: the story ended at 00:00:10.001, and there was time left: let it go on for longer",
        ),
        (
            lambda world: world.eventually("term 7", lambda: world["A"].term == 7, within=5),
            BROKEN,
            "term 7: not so within 5 s from 00:00:00.000 on",
        ),
        (lambda world: world.always("an early term", lambda: world["A"].term < 5), HELD, ""),
        (
            lambda world: world.always("no term", lambda: world["A"].term == 0),
            BROKEN,
            "no term: not so at 00:00:00.",
        ),
        (
            lambda world: world.leads_to(
                "who leads is followed", lambda: world["A"].term, lambda: world["A"].leader, 1
            ),
            HELD,
            "",
        ),
        (
            lambda world: world.leads_to(
                "a term makes term 9", lambda: world["A"].term, lambda: world["A"].term == 9, 1
            ),
            BROKEN,
            "a term makes term 9: 00:00:00.",
        ),
        (
            lambda world: world.leads_to("later", BecameLeader, lambda: False, 60),
            HELD,
            "",
        ),
        (lambda world: world.always("a slip", lambda: world["Q"].term == 0), MISTAKE, "there is no node 'Q'"),
        (
            lambda world: world.leads_to("a slip", BecameLeader, lambda: True, 1, alike=("term",)),
            MISTAKE,
            "leads_to: only events have fields that can be alike (term): name two kinds",
        ),
        (
            lambda world: world.leads_to("a slip", lambda: True, lambda: True, 1, by_clock_of="its own"),
            MISTAKE,
            "leads_to: what is asked of the world happens at no node",
        ),
        (
            lambda world: world.leads_to("a slip", BecameLeader, BecameLeader, 1, alike=("trem",)),
            MISTAKE,
            "leads_to: BecameLeader has no field 'trem': its fields are term, votes",
        ),
        (lambda world: world.eventually("a slip", BecameLeader, within=-1), MISTAKE, "eventually: within is -1"),
    ],
)
def test_a_promise_is_judged_in_both_directions(promise: Any, verdict: str, says: str) -> None:
    """Kept, broken, without a verdict as its time is not over, and a slip told as one."""
    outcome = told(promise)
    assert outcome.verdict == verdict, outcome.failure
    assert says in str(outcome.failure)


def test_a_lateness_in_quiet_time_is_told_at_the_end() -> None:
    """Nothing happens for a day: who looks only at events must not forget the time."""
    outcome = told(lambda world: world.leads_to("a second leader", BecameLeader, lambda: False, 3_600), 86_400)
    assert outcome.verdict == BROKEN
    assert "a second leader" in str(outcome.failure)


def test_promises_do_not_change_a_run() -> None:
    """Whether they watch or not, the digest is the same, with quiet time skipped."""
    promises = told(lambda world: world.always("a term", lambda: world["A"].term < 5), 86_400)
    assert promises.digest == told(lambda world: None, 86_400).digest
