"""Snapshots in a whole cluster: state and sessions survive, who slept comes back, clients get their answers, disks stay small."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.member import BadApplication, OutcomeUnknown, Overloaded, Refused
from cluster.proposals import Sessions
from cluster.raft.configuration import Configuration
from cluster.raft.messages import Request
from cluster.raft.timing import Compaction, Timing
from cluster.sim.network import Wire
from cluster.sim.run import HELD, Outcome, play, run
from cluster.sim.world import World
from cluster.snapshot_codec import IMAGE_WORDS, Due, packed
from cluster.steps import Crash, Weather
from cluster.storage import FILE
from cluster.trace import Answered, Compacted, Delivered, Note, Restored, SnapshotInstalled, SnapshotSent, SnapshotTaken
from cluster.wire import Codec
from scenarios.register import Get, Put, Register
from scenarios.strategies import LONG_GAPS, seeds, weather
from tests.sim.test_quiet import same
from tests.sim.vocabulary import Add, Adder, member_of

N = TypeVar("N", bound=Note)
OFTEN = Timing(compaction=Compaction(entries=8, growth=0, margin=2, part=64))
BUDGET = settings().max_examples // 5


def noted(outcome: Outcome | World, kind: type[N]) -> list[N]:
    """The notes of a kind, in order."""
    return [event.note for event in outcome.history.of(kind)]


async def elected(world: World) -> str:
    """A fresh cluster of adders that has a leader."""
    world.start("ABC", Adder)
    return await world.elected()


# ---- when ----


def indices(commands: Iterable[bytes], policy: Compaction, sizes: Sequence[int] = ()) -> list[int]:
    """Where snapshots of these sizes are due."""
    due, taken = Due(policy), list[int]()
    for index, command in enumerate(commands, 1):
        if due.after(index, command):
            due.taken(index, sizes[len(taken)] if len(taken) < len(sizes) else 0)
            taken.append(index)
    return taken


@pytest.mark.parametrize(
    ("commands", "policy", "sizes", "expected"),
    [
        ([b""] * 10, Compaction(entries=4, growth=0), [], [4, 8]),
        ([b"xx"] * 10, Compaction(entries=100, size=5), [], [3, 6, 9]),
        ([b"xxxxxxxx"] * 3, Compaction(entries=100, size=5), [], [1, 2, 3]),
        ([b"x"] * 12, Compaction(entries=2), [5], [2, 7, 9, 11]),
        ([b"x"] * 12, Compaction(entries=2, growth=2), [5], [2, 12]),
        ([b"x"] * 8, Compaction(entries=2, growth=0), [5], [2, 4, 6, 8]),
    ],
    ids=["entries", "bytes", "large commands", "a large state", "a larger one", "however large"],
)
def test_when_a_snapshot_is_due(
    commands: list[bytes], policy: Compaction, sizes: list[int], expected: list[int]
) -> None:
    """After so many entries or bytes, and as many bytes as the last snapshot had (dissertation, 5.1.3)."""
    assert indices(commands, policy, sizes) == expected


def test_every_node_takes_the_same_snapshots() -> None:
    """At the same entries with the same bytes, whatever came in which batch, and also who restarts in between."""

    async def story(world: World) -> None:
        leader = await elected(world)
        member = member_of(world, leader)
        other = next(name for name in "ABC" if name != leader)
        for number in range(40):
            await member.propose(Add(number))
            if number in (9, 21):
                world.restart(other)
        await world.settled()

    outcome = run(story, timing=OFTEN)
    taken = noted(outcome, SnapshotTaken)
    assert sorted({note.index for note in taken}) == [8, 16, 24, 32, 40]
    assert len({(note.index, note.digest, note.size) for note in taken}) == 5
    assert len(taken) >= 15


def test_a_snapshot_names_the_members_of_its_own_entry() -> None:
    """Also on a node that hears of two changes, and that both are committed, in one message: its snapshot lies between them."""

    async def story(world: World) -> None:
        leader = await elected(world)
        member = member_of(world, leader)
        behind = next(name for name in "ABC" if name != leader)
        world.isolate(behind)
        await member.propose(Add(2))
        await member.propose(Add(3))
        world.join("D", watcher=True)
        await world.joined("D", watcher=True)
        for number in (5, 6, 7):
            await member.propose(Add(number))
        world.join("E", watcher=True)
        await world.joined("E", watcher=True)
        world.heal()
        await world.settled()

        node = world.slots[behind].node
        assert node is not None
        snapshot = node.raft.snapshot
        assert snapshot is not None
        assert (snapshot.index, snapshot.configuration) == (6, Configuration.of("ABC", "D"))
        assert node.raft.configuration == Configuration.of("ABC", "DE")

    run(story, timing=Timing(compaction=Compaction(entries=6, growth=0, margin=100, part=64)))


def test_a_state_that_does_not_travel_is_named() -> None:
    """When its first snapshot or sample is due: loudly, with the class."""

    class Odd:
        pass

    with pytest.raises(BadApplication, match=r"the application's state cannot be kept in a snapshot: .*Odd"):
        packed(Codec(IMAGE_WORDS), Odd(), Sessions())


# ---- what survives ----


def test_a_node_comes_back_from_its_snapshot_and_the_log_behind_it() -> None:
    """Alone, without a word from anybody: as far as it knew the log to be committed."""

    async def story(world: World) -> None:
        leader = await elected(world)
        member = member_of(world, leader)
        for _ in range(21):
            await member.propose(Add(1))
        await trio.sleep(1)
        for name in "ABC":
            world.crash(name)
        world.restart("B")
        await trio.sleep(0.1)
        assert (world["B"].state, world["B"].applied) == (21, 22)

    outcome = run(story, timing=OFTEN)
    assert [note.index for note in noted(outcome, Restored)] == [16]


def test_a_file_stays_small() -> None:
    """However long the history: a snapshot, the margin, and what came since."""
    sizes = dict[int, int]()

    async def story(world: World) -> None:
        leader = await elected(world)
        member = member_of(world, leader)
        for number in range(300):
            await member.propose(Add(1))
            if number in (100, 299):
                sizes[number] = max(len(slot.disk.files[FILE]) for slot in world.slots.values())

    run(story, timing=OFTEN)
    assert sizes[299] < 1.5 * sizes[100] < 3_000


def test_a_retry_after_its_entry_was_compacted_is_not_applied_again() -> None:
    """Zoo K1: what was applied is part of the snapshot, so a retry that comes after it is known, by whoever leads."""

    async def story(world: World) -> None:
        first = await elected(world)
        asking = next(name for name in "ABC" if name != first)
        member = member_of(world, asking)
        world.hold(first, asking)  # it is taken, and the asker never hears so
        async with trio.open_nursery() as nursery:
            nursery.start_soon(member.propose, Add(100))
            await trio.sleep(0.05)
            busy = member_of(world, first)
            for _ in range(30):
                await busy.propose(Add(1))
            assert noted(world, Compacted), "its entry is gone"
            world.crash(first)
            world.cut(first, asking)
            await world.elected(other_than=first)
        await trio.sleep(2)
        assert {world[name].state for name in "ABC" if name != first} == {130}

    run(story, timing=OFTEN)


def test_a_proposer_finds_its_answer_in_an_installed_snapshot() -> None:
    """The entry never reached it; the answer did, in the sessions of the snapshot: it need not time out."""
    answers = list[int]()

    async def story(world: World) -> None:
        leader = await elected(world)
        asking = next(name for name in "ABC" if name != leader)
        member = member_of(world, asking)
        world.cut_one_way(leader, asking)  # it asks, and hears nothing more

        async def ask() -> None:
            answers.append(await member.propose(Add(7)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(0.03)
            busy = member_of(world, leader)
            for _ in range(30):
                await busy.propose(Add(1))
            world.heal()

    outcome = run(story, timing=OFTEN)
    assert answers == [7]
    assert [note.outcome for note in noted(outcome, Answered)].count("applied") == 31
    assert len(noted(outcome, SnapshotInstalled)) == 1


def test_refusals_are_kept_as_what_they_say() -> None:
    """A refused command stays refused for whoever asks again, in the same words."""

    async def story(world: World) -> None:
        leader = await elected(world)
        member = member_of(world, leader)
        with pytest.raises(Refused):
            await member.propose(Add(-1))
        for _ in range(20):
            await member.propose(Add(1))
        world.restart(leader)
        await world.elected()
        node = world.slots[leader].node
        assert node is not None
        known = node.apply_loop.sessions.answer(Request(f"{leader}#1", 1, 1))
        assert known is not None

    run(story, timing=attrs.evolve(OFTEN, operation=60_000_000))


# ---- who comes back by a snapshot ----


@pytest.mark.parametrize("part", [1, 16, 1 << 16])
@pytest.mark.parametrize("wire", [Wire(), Wire(loss=0.2), Wire(duplicate=0.5), Wire(ordered=False, jitter=40_000)])
def test_a_snapshot_arrives_over_any_wire(part: int, wire: Wire) -> None:
    """Byte by byte or as a whole, with parts that are lost, doubled, out of order; and of no more messages than needed."""

    async def story(world: World) -> None:
        leader = await elected(world)
        sleeper = next(name for name in "ABC" if name != leader)
        world.crash(sleeper)
        member = member_of(world, leader)
        for _ in range(20):
            await member.propose(Add(1))
        world.restart(sleeper)
        await world.until(lambda: world[sleeper].state == 20, within=60)

    timing = attrs.evolve(OFTEN, compaction=attrs.evolve(OFTEN.compaction, part=part))
    outcome = run(story, 3, timing=timing, wire=wire)
    installed = noted(outcome, SnapshotInstalled)
    assert installed
    sent = noted(outcome, SnapshotSent)
    assert installed[-1].parts == sent[-1].parts == -(-sent[-1].size // part)


def test_a_new_leader_goes_on_where_the_old_one_stopped() -> None:
    """Their snapshots are the same bytes, so what the follower holds of the one counts for the other."""

    async def story(world: World) -> None:
        world.start("ABCDE", Adder)
        leader = await world.elected()
        sleeper = next(name for name in "ABCDE" if name != leader)
        world.crash(sleeper)
        member = member_of(world, leader)
        for _ in range(16):
            await member.propose(Add(1))
        await trio.sleep(0.2)
        world.restart(sleeper)
        await world.seen(SnapshotSent)
        await trio.sleep(0.1)  # some parts are there
        world.crash(leader)
        await world.elected(other_than=leader)
        await world.until(lambda: world[sleeper].state == 16, within=30)

    timing = attrs.evolve(OFTEN, compaction=attrs.evolve(OFTEN.compaction, part=1))
    outcome = run(story, timing=timing)
    sent = noted(outcome, SnapshotSent)
    arrived = [note for note in noted(outcome, Delivered) if note.message == "InstallSnapshot"]
    assert [note.parts for note in sent] == [17, 17], "each began at the start"
    assert len(arrived) <= 18, "and the second one hears at once how much is there"


# ---- what waits to be committed ----


def test_a_leader_that_has_too_much_to_commit_says_so_at_once() -> None:
    """Definite, to its own programs and to others': what, how big, and what to do; it did not happen."""
    texts = list[str]()

    async def story(world: World) -> None:
        leader = await elected(world)
        others = [name for name in "ABC" if name != leader]
        world.crash(others[0])
        for _ in range(2):
            world.cut_one_way(others[1], leader)  # it forwards... nothing is acknowledged any more
        member = member_of(world, leader)
        async with trio.open_nursery() as nursery:

            async def first() -> None:
                with pytest.raises(OutcomeUnknown):
                    await member.propose(Add(1), within=100_000)

            nursery.start_soon(first)
            await trio.sleep(0.01)
            with pytest.raises(Overloaded) as refusal:
                await member.propose(Add(2))
            texts.append(str(refusal.value))
            nursery.cancel_scope.cancel()
        await trio.sleep(0.2)

    timing = attrs.evolve(OFTEN, uncommitted_bytes=4)
    outcome = run(story, timing=timing)
    assert texts[0].startswith(
        "the leader did not take Add of 3 bytes: 3 bytes wait to be committed, and it lets 4 wait"
    )
    assert "ask again when some are" in texts[0]
    assert "too much" in [note.outcome for note in noted(outcome, Answered)]


def test_a_forwarded_command_is_refused_as_definitely() -> None:
    """The leader's word travels back to who asked."""

    async def story(world: World) -> None:
        leader = await elected(world)
        asking, silent = [name for name in "ABC" if name != leader]
        world.crash(silent)
        world.slow_disk(asking, 10_000)  # what it takes is not acknowledged; what it says is
        member = member_of(world, leader)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(member.propose, Add(1))
            await trio.sleep(0.05)
            with pytest.raises(Overloaded, match="the leader did not take Add of 3 bytes"):
                await member_of(world, asking).propose(Add(2))
            nursery.cancel_scope.cancel()

    run(story, timing=attrs.evolve(OFTEN, uncommitted_bytes=4))


# ---- weather and quiet time ----


@settings(max_examples=BUDGET)
@given(seed=seeds(), gusts=weather("ABC", 8), margin=st.integers(0, 4), part=st.sampled_from((8, 1 << 16)))
def test_any_weather_over_logs_that_are_compacted_again_and_again(
    seed: int, gusts: Weather, margin: int, part: int
) -> None:
    """Every promise holds, and in the calm at the end all have one state."""
    timing = Timing(compaction=Compaction(entries=3, growth=0, margin=margin, part=part))

    async def story(world: World) -> None:
        world.start("ABC", Register)

        async def write() -> None:
            for number in range(60):
                await trio.sleep(0.03)
                name = "ABC"[number % 3]
                if world[name].up:
                    with trio.move_on_after(0.3):
                        try:
                            await world.ask(name, Put(f"x{number % 5}", number))
                        except (OutcomeUnknown, TimeoutError):
                            continue

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            await world.suffer(gusts)
        world.mend()
        await world.ask(await world.elected(within=30), Get("x1"))
        await world.settled(within=30)
        assert len({repr(world[name].state) for name in "ABC"}) == 1

    outcome = play(story, seed, timing=timing)
    assert (outcome.verdict, outcome.failure) == (HELD, None)


@settings(max_examples=max(3, BUDGET // 6))
@given(seed=seeds(), gusts=weather("ABC", 4, gaps=LONG_GAPS))
def test_quiet_time_is_the_same_with_snapshots(seed: int, gusts: Weather) -> None:
    """With skipping and without: equal histories and equal beliefs, snapshots among them."""
    same("ABC", (*gusts,), seed, Adder, timing=OFTEN)
    same("ABC", (*gusts,), seed, Busy, timing=OFTEN)


class Busy(Adder):
    """Writes now and then, so that snapshots fall into quiet times."""

    def __init__(self) -> None:
        super().__init__(write_now_and_then)


async def write_now_and_then(member: Any) -> None:
    while True:
        await member.sleep(9_000_000)
        if member.leading:
            try:
                await member.propose(Add(1), within=1_000_000)
            except (OutcomeUnknown, TimeoutError):
                continue


def test_a_crash_in_the_middle_of_it_all() -> None:
    """Crashes keyed to each kind of note that a snapshot leaves, at whichever node: everybody agrees afterwards."""
    for kind in (SnapshotTaken, Compacted, SnapshotSent, SnapshotInstalled, Restored):
        for count in (1, 2):

            async def story(world: World, kind: type[Note] = kind, count: int = count) -> None:
                leader = await elected(world)
                sleeper = next(name for name in "ABC" if name != leader)
                world.crash(sleeper)
                world.when(kind, Crash(""), count=count)
                number = 0
                with trio.fail_after(60):
                    while number < 30:
                        up = [name for name in "ABC" if world[name].up]
                        if len(up) < 2:
                            world.restart(next(name for name in "ABC" if not world[name].up))
                        try:
                            with trio.move_on_after(1):
                                await world.ask(up[0], Add(1))
                        except (OutcomeUnknown, TimeoutError):
                            continue
                        number += 1
                        if number == 20:
                            world.restart(sleeper)
                world.mend()
                await world.elected(within=20)
                await world.settled(within=20)
                assert len({world[name].state for name in "ABC"}) == 1

            outcome = play(story, 5, timing=OFTEN)
            assert (outcome.verdict, outcome.failure) == (HELD, None), (kind, count)
