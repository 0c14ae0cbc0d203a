"""One life of a node on its machine: what a crash leaves, what a pause holds back, what a program may do."""

import pytest
import trio

from cluster.member import Member, OutcomeUnknown, Refused
from cluster.sim.disk import DiskModel
from cluster.sim.run import HELD, MISTAKE, Outcome, play, run
from cluster.sim.world import World
from cluster.time_units import MILLISECOND, SECOND
from cluster.trace import Crashed, Failed, Lost, Note, Started
from tests.sim.vocabulary import Add, Adder, Gossip, Noted, Word, member_of


def told(outcome: Outcome, kind: type[Note], node: str = "") -> list[str]:
    """What events of a kind say."""
    return [e.note.text() for e in outcome.history.of(kind, node)]


# ---- a crash ----


async def speaks_when_dying(member: Member) -> None:
    """A program whose `finally` tries all it has to be heard once more."""
    try:
        await member.disk.write("kept", b"before")
        await member.sleep(1_000 * SECOND)
    finally:
        member.send("B", Word(f"last words of life {member.incarnation}"))
        member.note(Noted("last words"))
        member.stir()
        member.every(SECOND, lambda number: 0)
        member.spawn(member.sleep, 1)
        with trio.CancelScope(shield=True), trio.move_on_after(1):
            await member.disk.write("kept", b"after")
        with trio.CancelScope(shield=True), trio.move_on_after(1):
            await member.propose(Add(1))


def test_a_crash_and_a_restart_in_one_breath_leak_no_last_words() -> None:
    """The plug belongs to one life: what the dead still try reaches nobody, though the machine is up again at once."""

    async def story(world: World) -> None:
        world.start("AB", lambda: Adder(speaks_when_dying))
        await world.settled()
        await trio.sleep(5)
        world.crash("A")
        world.restart("A")
        await world.settled()
        await trio.sleep(5)
        assert world["B"].application.heard == []
        assert [world[name].state for name in "AB"] == [0, 0]
        assert await member_of(world, "A").disk.read("kept") == b"before"

    outcome = run(story)
    assert told(outcome, Noted) == []
    assert told(outcome, Started, "A") == ["starts", "starts again"]


def test_who_is_started_and_crashed_in_one_breath_is_down() -> None:
    """The last verb counts, also when the node had no time to come up between the two."""

    async def story(world: World) -> None:
        world.start("ABC")
        world.crash("A")
        await world.elected()
        assert not world["A"].up
        world.restart("A")
        world.crash("A")
        world.restart("B")
        await world.elected()
        await trio.sleep(5)
        assert [world[name].up for name in "ABC"] == [False, True, True]

    outcome = run(story)
    assert told(outcome, Started, "A") == []
    assert told(outcome, Crashed) == ["crashes"]


def test_each_life_has_an_application_a_number_and_luck_of_its_own() -> None:
    """A restart builds a new application; its dice by the same name roll differently, the same in every run."""
    rolls = list[tuple[int, float]]()

    async def program(member: Member) -> None:
        rolls.append((member.incarnation, member.dice("copy", 1).random()))

    async def story(world: World) -> None:
        world.start("A", lambda: Adder(program))
        await trio.sleep(1)
        world.restart("A")
        await trio.sleep(1)

    run(story)
    run(story)
    assert [life for life, _ in rolls] == [1, 2, 1, 2]
    assert rolls[:2] == rolls[2:]
    assert rolls[0][1] != rolls[1][1]


def test_what_was_not_synced_may_be_lost_and_the_rest_is_not() -> None:
    """A vote, a term and a log come back from the disk; what was applied is applied again, aloud to nobody."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        leader = await world.elected()
        for _ in range(5):
            await world.ask(leader, Add(1))
        await world.settled()
        term = world[leader].term
        for name in "ABC":
            world.crash(name)
        for name in "ABC":
            world.restart(name)
        await world.elected()
        await world.settled()
        assert [world[name].state for name in "ABC"] == [5, 5, 5]
        assert world["A"].term > term

    run(story)


# ---- a client's question ----


def test_who_asks_a_node_that_crashes_learns_that_the_outcome_is_unknown() -> None:
    """Before it began, while it waits, and while it is paused: the answer comes at the crash, and names both."""

    async def story(world: World) -> None:
        async def ask(told: list[str]) -> None:
            with pytest.raises(OutcomeUnknown) as unknown:
                await world.ask("A", Add(1))
            told.append(str(unknown.value))

        told = list[str]()
        world.start("ABC", Adder)
        await world.settled()
        world.isolate("A")
        await trio.sleep(5)
        async with trio.open_nursery() as nursery:  # it waits for a leader
            nursery.start_soon(ask, told)
            await trio.sleep(1)
            world.crash("A")
        world.restart("A")
        await trio.sleep(1)
        async with trio.open_nursery() as nursery:  # it had no time to begin
            nursery.start_soon(ask, told)
            await trio.lowlevel.checkpoint()
            world.crash("A")
        world.restart("A")
        await trio.sleep(1)
        world.pause("A")
        async with trio.open_nursery() as nursery:  # it cannot even begin
            nursery.start_soon(ask, told)
            await trio.sleep(1)
            world.crash("A")
        assert told == ["node A crashed before it answered Add(amount=1): look before you ask again"] * 3

    run(story)


def test_a_client_sees_what_the_application_raises() -> None:
    """Refused comes through as it is, and is no failure of the run."""

    async def story(world: World) -> None:
        world.start("A", Adder)
        await world.elected()
        with pytest.raises(Refused, match="-1 cannot be added: add 0 or more"):
            await world.ask("A", Add(-1))
        assert world["A"].state == 0

    assert run(story).verdict == HELD


# ---- a pause ----


def test_a_paused_nodes_disk_tells_it_nothing() -> None:
    """A vote that becomes durable during the pause is given after it: a node that stands still sends nothing."""

    async def story(world: World) -> None:
        world.start("ABC")
        paused = await world.until(lambda: next((name for name in "ABC" if world.slots[name].disk.pending), ""))
        world.pause(paused)
        before = len(world.history)
        await trio.sleep(3)
        assert not [event for event in world.history.events[before:] if event.node == paused]
        world.resume(paused)
        await world.settled()

    for seed in range(1, 6):
        run(story, seed, disk=DiskModel(sync_latency=20 * MILLISECOND))


def test_a_pause_holds_every_kind_of_waiting() -> None:
    """Sleeps, waits for a change, files and work outside: none goes on before the node does."""
    done = list[tuple[str, float]]()

    async def story(world: World) -> None:
        async def program(member: Member) -> None:
            async def sleeps() -> None:
                await member.sleep(SECOND)
                done.append(("sleep", world.now))

            async def waits() -> None:
                await member.changed(member.version, until=member.wall() + SECOND)
                done.append(("wall", world.now))

            async def writes() -> None:
                await member.disk.write("file", b"")
                done.append(("disk", world.now))

            async def uploads() -> None:
                await member.outside(lambda: None, SECOND)
                done.append(("outside", world.now))

            await member.sleep(SECOND)
            for each in (sleeps, waits, writes, uploads):
                member.spawn(each)

        world.start("A", lambda: Adder(program))
        await trio.sleep(1.0001)
        world.pause("A")
        await trio.sleep(10)
        assert done == []
        world.resume("A")
        await trio.sleep(1)

    run(story, disk=DiskModel(sync_latency=MILLISECOND))
    assert sorted(done) == [("disk", 11.0001), ("outside", 11.0001), ("sleep", 11.0001), ("wall", 11.0001)]


def test_a_crash_ends_a_pause() -> None:
    """What was held back is gone, and the next life is awake; who is down cannot be paused."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        await world.settled()
        world.pause("A")
        member_of(world, "B").send("A", Word("hello"))
        await trio.sleep(1)
        world.crash("A")
        world.pause("A")
        world.restart("A")
        await world.settled()
        assert world["A"].application.heard == []

    run(story)


def test_who_is_paused_while_it_starts_starts_when_it_is_resumed() -> None:
    """Restart and pause in one breath: not a step before the resume."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        await world.settled()
        world.restart("A")
        world.pause("A")
        before = len(world.history)
        await trio.sleep(5)
        assert {type(event.note) for event in world.history.events[before:] if event.node == "A"} == {Lost}
        world.resume("A")
        await world.settled()
        assert world["A"].up

    run(story)


# ---- programs ----


def test_a_programs_error_is_told_with_its_place() -> None:
    """The run ends with the error itself; the trace says on which node, and when."""

    async def program(member: Member) -> None:
        await member.sleep(2 * SECOND)
        if member.name == "B":
            raise LookupError("no such thing")

    async def story(world: World) -> None:
        world.start("ABC", lambda: Adder(program))
        await trio.sleep(10)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, LookupError)
    assert outcome.failure.__notes__ == ["on node B, at 00:00:02.000"]
    assert told(outcome, Failed, "B") == ["program failed: LookupError: no such thing"]
    assert outcome.virtual_seconds == 2


def test_what_follows_a_write_has_the_cause_of_the_write() -> None:
    """Whatever else happens while a file is written, a program goes on with the cause that it had."""

    async def program(member: Member) -> None:
        while not member.state:
            await member.changed(member.version)
        member.note(Noted("before"))
        await member.disk.write("file", b"")
        member.note(Noted("after"))

    async def story(world: World) -> None:
        world.start("ABC", lambda: Adder(program))
        leader = await world.elected()
        for node in "ABC".replace(leader, ""):
            world.slow_disk(node, 300)
        await world.ask(leader, Add(1))
        await trio.sleep(2)

    events = run(story, disk=DiskModel(sync_latency=MILLISECOND)).history.events
    causes = {
        node: [each.cause for each in events if each.node == node and isinstance(each.note, Noted)] for node in "ABC"
    }
    assert all(before == after > 0 for before, after in causes.values()), causes


def test_programs_start_and_wake_in_one_order() -> None:
    """Ten programs that all wait for one change go on in the order in which they began to wait, however trio shuffles."""

    async def program(member: Member) -> None:
        async def wait(number: int) -> None:
            await member.changed(member.version)
            member.note(Noted(str(number)))

        await member.sleep(2 * SECOND)
        for number in range(10):
            member.spawn(wait, number)
        await member.sleep(SECOND)
        member.stir()

    async def story(world: World) -> None:
        world.start("A", lambda: Adder(program))
        await trio.sleep(10)

    for shuffle in range(4):
        assert told(play(story, shuffle=shuffle), Noted) == [f"says {number}" for number in range(10)]


def test_periodic_talk_stands_on_a_grid_of_its_own() -> None:
    """Numbers follow each other, each at its instant; after a pause only the newest is said."""
    said = list[tuple[int, int]]()

    async def program(member: Member) -> None:
        def act(number: int) -> int:
            said.append((number, member.monotonic()))
            return 0

        member.every(SECOND, act)

    async def story(world: World) -> None:
        world.start("A", lambda: Adder(program))
        await trio.sleep(5)
        world.pause("A")
        await trio.sleep(10.5)
        world.resume("A")
        await trio.sleep(5)

    run(story)
    phase, pause, resume = said[0][1], 5 * SECOND, 15 * SECOND + SECOND // 2
    due = {number: number * SECOND + phase for number in range(21) if number * SECOND + phase <= resume + 5 * SECOND}
    late = min(number for number, at in due.items() if pause < at <= resume)
    assert said == [
        (number, resume if number == late else at) for number, at in due.items() if number <= late or at > resume
    ]


def test_a_grid_says_each_number_once_whatever_happens_to_the_clock() -> None:
    """The clock is set in the very instant of a number: it is not said again."""
    said = list[int]()

    async def story(world: World) -> None:
        async def program(member: Member) -> None:
            def act(number: int) -> int:
                said.append(number)
                return 0

            member.every(SECOND, act)

        world.start("A", lambda: Adder(program))
        await trio.sleep(0.1)
        node = world.slots["A"].node
        assert node is not None
        grid = node.grids[0]
        await trio.sleep((5 * SECOND + grid.phase) / SECOND - world.now)
        assert said == [0, 1, 2, 3, 4, 5]
        world.jump_clock("A", 0.000_007)
        world.drift("A", 100)
        await trio.sleep(3)

    run(story)
    assert said == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_gossip_is_what_it_says() -> None:
    """The application of the quiet tests hears each epoch and each silence."""

    async def story(world: World) -> None:
        world.start("ABC", Gossip)
        await world.elected()
        await trio.sleep(100)
        world.crash("C")
        await trio.sleep(10)
        world.restart("C")
        await trio.sleep(10)

    said = told(run(story), Noted, "A")
    assert said.count("says C is in epoch 0") == 1
    assert said.count("says C is in epoch 1") == 1
    assert said[-2:] == ["says C is silent", "says C is back"]
