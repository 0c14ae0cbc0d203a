"""Each misfortune does what its name says, and no more: one probe each, and none without (a fault may be only on paper)."""

import typing
from collections.abc import Awaitable, Callable

import pytest
import trio

from cluster import steps
from cluster.member import OutcomeUnknown
from cluster.sim.run import BROKEN, HELD, MISTAKE, Outcome, play, run
from cluster.sim.world import GaveUp, Misuse, World
from cluster.time_units import HOUR, MILLISECOND, SECOND
from cluster.trace import BecameCandidate, Crashed, Delivered, Failed, Lost, Recovered, Started, Stepped, Voted
from tests.sim.vocabulary import Add, Adder, Word, member_of

Probe = Callable[[World], Awaitable[None]]
PROBES: dict[type, Probe] = {}


def shows(kind: type) -> Callable[[Probe], Probe]:
    """Enter a probe for a kind of fault."""

    def enter(probe: Probe) -> Probe:
        PROBES[kind] = probe
        return probe

    return enter


async def three(world: World) -> str:
    """A, B and C are up and one leads: return it."""
    world.start("ABC", Adder)
    return await world.elected()


def words(world: World, node: str) -> list[tuple[str, str]]:
    """What the program on a node has heard, and from whom."""
    heard: list[tuple[str, str]] = world[node].application.heard
    return heard


def say(world: World, node: str, *listeners: str, word: str = "hello") -> None:
    """Let a node send a word to others."""
    for listener in listeners:
        member_of(world, node).send(listener, Word(word))


# ---- nodes ----


@shows(steps.Crash)
async def a_crash_ends_a_node_and_its_memory(world: World) -> None:
    leader = await three(world)
    follower = "ABC".replace(leader, "")[0]
    application = world[follower].application
    world.crash(follower)
    assert (world[follower].up, world[follower].role, world[follower].state) == (False, "down", None)
    say(world, leader, follower)
    lost = await world.seen(Lost, node=follower, message="Word")
    assert lost.note.why == "down"
    world.crash(follower)
    assert len(world.history.of(Crashed)) == 1, "who is down cannot crash"
    world.restart(follower)
    await world.settled()
    assert world[follower].application is not application
    assert words(world, follower) == []


@shows(steps.Restart)
async def a_restart_begins_a_new_life_from_the_disk(world: World) -> None:
    leader = await three(world)
    await world.ask(leader, Add(5))
    await world.settled()
    term = world[leader].term
    world.restart(leader)
    assert not world[leader].up, "it comes up as the next thing"
    await world.seen(Started, node=leader)
    assert [event.note.incarnation for event in world.history.of(Started, leader)] == [1, 2]
    assert world[leader].term >= term
    await world.elected()
    await world.settled()
    assert [world[name].state for name in "ABC"] == [5, 5, 5]


@shows(steps.Pause)
async def a_paused_node_stands_still_and_is_deposed(world: World) -> None:
    leader = await three(world)
    others = "ABC".replace(leader, "")
    await world.settled()
    world.pause(leader)
    before, monotonic = len(world.history), member_of(world, leader).monotonic()
    say(world, others[0], leader)
    await world.elected(other_than=leader)
    await trio.sleep(5)
    assert not [event for event in world.history.events[before:] if event.node == leader], "it does nothing at all"
    assert world[leader].role == "leader", "it does not know yet"
    assert member_of(world, leader).monotonic() - monotonic > 5 * SECOND, "its clocks go on"


@shows(steps.Resume)
async def a_resumed_node_handles_what_came_meanwhile(world: World) -> None:
    leader = await three(world)
    other = "ABC".replace(leader, "")[0]
    world.pause(other)
    say(world, leader, other, word="while you were away")
    await trio.sleep(30)
    assert words(world, other) == []
    world.resume(other)
    await trio.sleep(0.001)
    assert words(world, other) == [(leader, "while you were away")]
    await world.settled()
    world.resume(other)  # nothing happens to who is awake


# ---- links ----


@shows(steps.Cut)
async def nothing_passes_a_cut_not_even_what_is_on_its_way(world: World) -> None:
    await three(world)
    say(world, "A", "B", "C")
    world.cut("A", "B")
    say(world, "A", "B")
    say(world, "B", "A")
    await trio.sleep(1)
    assert (words(world, "A"), words(world, "B"), words(world, "C")) == ([], [], [("A", "hello")])
    lost = [event for event in world.history.of(Lost) if event.note.message == "Word"]
    assert sorted((event.node, event.note.why) for event in lost) == [("A", "cut"), ("B", "cut"), ("B", "cut")]


@shows(steps.CutOneWay)
async def the_other_direction_of_a_one_way_cut_stays(world: World) -> None:
    await three(world)
    world.cut_one_way("A", "B")
    say(world, "A", "B")
    say(world, "B", "A")
    await trio.sleep(1)
    assert (words(world, "A"), words(world, "B")) == ([("B", "hello")], [])


@shows(steps.Split)
async def a_split_parts_groups_and_leaves_the_rest_alone(world: World) -> None:
    world.start("ABCDE", Adder)
    await world.elected()
    world.split("AB", "CD")
    for node in "ABCDE":
        say(world, node, *"ABCDE".replace(node, ""), word=node)
    await trio.sleep(1)
    heard = {node: "".join(sorted(word for _, word in words(world, node))) for node in "ABCDE"}
    assert heard == {"A": "BE", "B": "AE", "C": "DE", "D": "CE", "E": "ABCD"}


@shows(steps.Heal)
async def healing_ends_cuts_and_only_cuts(world: World) -> None:
    await three(world)
    world.cut("A", "B")
    world.cut_one_way("B", "C")
    world.hold("C", "A")
    world.heal()
    say(world, "A", "B")
    say(world, "B", "C")
    say(world, "C", "A")
    await trio.sleep(1)
    assert (words(world, "A"), words(world, "B"), words(world, "C")) == ([], [("A", "hello")], [("B", "hello")])


@shows(steps.Hold)
async def what_is_held_waits_and_is_not_lost(world: World) -> None:
    await three(world)
    say(world, "A", "B", word="on its way")
    world.hold("A", "B")
    say(world, "A", "B", word="later")
    say(world, "B", "A")
    await trio.sleep(10)
    assert (words(world, "A"), words(world, "B")) == ([("B", "hello")], [])
    assert not [event for event in world.history.of(Lost) if event.note.message == "Word"]


@shows(steps.Release)
async def what_was_held_lands_in_its_order(world: World) -> None:
    await three(world)
    world.hold("A", "B")
    for number in range(5):
        say(world, "A", "B", word=str(number))
    await trio.sleep(10)
    assert words(world, "B") == []
    world.release("A", "B")
    assert [word for _, word in words(world, "B")] == ["0", "1", "2", "3", "4"]
    say(world, "A", "B", word="free")
    await trio.sleep(1)
    assert words(world, "B")[-1] == ("A", "free")
    world.release("A", "B")  # nothing is held


@shows(steps.Rewire)
async def rewired_links_behave_otherwise(world: World) -> None:
    await three(world)

    async def heard(count: int = 200) -> tuple[list[int], list[float]]:
        """Numbers in the order of arrival, and how many ms each took."""
        begun = len(world.history)
        for number in range(count):
            say(world, "A", "B", word=str(number))
        await trio.sleep(20)
        landed = [event for event in world.history.of(Delivered) if event.seq > begun]
        arrived = [event for event in landed if event.note.message == "Word"]
        numbers = [int(word) for _, word in words(world, "B")]
        words(world, "B").clear()
        return numbers, [(event.t - event.note.sent) / MILLISECOND for event in arrived]

    in_order = list(range(200))
    world.rewire(latency=50 * MILLISECOND, jitter=0)
    numbers, took = await heard()
    assert numbers == in_order
    assert min(took) == 50
    assert max(took) < 50.3, "each lands at least 1 µs after the one before"

    world.rewire(jitter=100 * MILLISECOND)
    numbers, took = await heard()
    assert numbers == in_order
    assert 50 < min(took) < max(took) < 151
    assert max(took) > 145

    world.rewire(ordered=False)
    numbers, took = await heard()
    assert numbers != in_order
    assert sorted(numbers) == in_order
    assert min(took) < 60
    assert max(took) > 140

    world.rewire(jitter=0, ordered=True, delay_chance=0.2, delay=3 * SECOND)
    numbers, took = await heard()
    assert sorted(numbers) == in_order
    assert 20 < sum(each >= 3_050 for each in took) < 60
    assert sum(each < 51 for each in took) == 200 - sum(each >= 3_050 for each in took)

    world.rewire(delay_chance=0.0, loss=0.3)
    numbers, _ = await heard()
    assert 110 < len(numbers) < 170
    assert numbers == sorted(set(numbers))

    world.rewire(loss=0.0, duplicate=0.3)
    numbers, _ = await heard()
    assert 230 < len(numbers) < 290
    assert sorted(set(numbers)) == in_order

    world.rewire(duplicate=0.0)
    assert (await heard())[0] == in_order


# ---- clocks ----


@shows(steps.JumpClock)
async def a_jump_moves_the_wall_clock_only(world: World) -> None:
    await three(world)
    member = member_of(world, "A")
    wall, monotonic, leader = member.wall(), member.monotonic(), world["A"].leader
    world.jump_clock("A", -2 * HOUR)
    assert (member.wall() - wall, member.monotonic() - monotonic) == (-2 * HOUR, 0)
    await trio.sleep(5)
    assert world["A"].leader == leader
    world.restart("A")
    await world.settled()
    assert member_of(world, "A").wall() - member_of(world, "B").wall() == -2 * HOUR, "the battery survives a crash"


@shows(steps.Drift)
async def a_drifting_node_gains_on_both_clocks(world: World) -> None:
    await three(world)
    member, other = member_of(world, "A"), member_of(world, "B")
    world.drift("A", 2_000)
    await trio.sleep(1_000)
    assert member.monotonic() - other.monotonic() == 2 * SECOND
    assert member.wall() - other.wall() == 2 * SECOND
    world.drift("A", 0)
    await trio.sleep(1_000)
    assert member.monotonic() - other.monotonic() == 2 * SECOND, "what was gained stays"


@shows(steps.Zone)
async def a_node_lives_in_its_zone(world: World) -> None:
    await three(world)
    world.zone("A", "Asia/Kathmandu")
    assert member_of(world, "A").zone.key == "Asia/Kathmandu"
    assert member_of(world, "B").zone.key == "UTC"
    world.restart("A")
    await world.settled()
    assert member_of(world, "A").zone.key == "Asia/Kathmandu"


# ---- disks ----


@shows(steps.SlowDisk)
async def a_slow_disk_takes_its_time(world: World) -> None:
    await three(world)

    async def takes(node: str) -> int:
        before = member_of(world, node).monotonic()
        await member_of(world, node).disk.write("file", b"content")
        return member_of(world, node).monotonic() - before

    usual = await takes("A")
    assert usual < MILLISECOND
    world.slow_disk("A", 1_000)
    assert 500 * MILLISECOND <= await takes("A") < 1_000 * MILLISECOND
    assert await takes("B") < MILLISECOND
    world.slow_disk("A", 1)
    await trio.sleep(2)  # what has begun takes as long as it takes
    assert await takes("A") < MILLISECOND


@shows(steps.FullDisk)
async def a_full_disk_takes_nothing_and_stops_its_node(world: World) -> None:
    leader = await three(world)
    follower, other = sorted({"A", "B", "C"} - {leader})
    await member_of(world, follower).disk.write("file", b"old")
    world.full_disk(follower)
    with world.expecting(OSError):
        await member_of(world, follower).disk.write("file", b"new")
    assert await member_of(world, follower).disk.read("file") == b"old"
    assert world[follower].up, "a program's file is the program's worry"
    await world.ask(other, Add(1))
    await trio.sleep(1)
    failed, crashed = world.history.of(Failed, follower)[0], world.history.of(Crashed, follower)[0]
    assert "no space left" in failed.note.text()
    assert failed.t == crashed.t, "what is not durable must not be promised: the node stops at once"
    world.full_disk(follower, False)
    world.restart(follower)
    await world.settled()
    assert world[follower].state == 1


@shows(steps.Short)
async def a_node_knows_what_it_is_short_of(world: World) -> None:
    await three(world)
    world.short("A", "memory")
    world.short("A", "cpu credits")
    world.restart("A")
    await world.settled()
    assert member_of(world, "A").short_of == ("cpu credits", "memory"), "a restart does not change the machine"
    assert member_of(world, "B").short_of == ()
    world.short("A", "memory", False)
    assert member_of(world, "A").short_of == ("cpu credits",)
    with world.expecting(steps.Impossible):
        world.short("A", "patience")
    world.mend()
    assert member_of(world, "A").short_of == ()


@shows(steps.FailSync)
async def a_sync_that_fails_stops_the_node(world: World) -> None:
    leader = await three(world)
    world.fail_sync(leader)
    with world.expecting(OutcomeUnknown, GaveUp):
        await world.ask(leader, Add(1))
    await world.elected(other_than=leader)
    assert not world[leader].up
    assert world.history.of(Failed, leader)
    world.restart(leader)
    await world.settled()


@shows(steps.FlipBit)
async def a_damaged_log_is_refused_and_not_repaired(world: World) -> None:
    leader = await three(world)
    for _ in range(5):
        await world.ask(leader, Add(1))
    follower = "ABC".replace(leader, "")[0]
    await world.settled()
    world.crash(follower)
    world.flip_bit(follower, "raft.log", 20, 3)
    world.restart(follower)
    failed = await world.seen(Failed, node=follower)
    assert "raft.log at byte" in failed.note.text()
    await trio.sleep(5)
    assert not world[follower].up, "it stays down: silence would be worse"
    with pytest.raises(Misuse, match="no bit 3 of byte 1000000"):
        world.flip_bit(follower, "raft.log", 1_000_000, 3)


@shows(steps.Wipe)
async def a_wiped_disk_is_empty(world: World) -> None:
    leader = await three(world)
    await world.ask(leader, Add(1))
    await world.settled()
    follower = "ABC".replace(leader, "")[0]
    world.wipe(follower)
    assert not world[follower].up
    world.restart(follower)
    recovered = await world.seen(Recovered, node=follower)
    assert recovered.note.text() == "starts with an empty disk"
    await world.settled()
    assert world[follower].state == 1, "the others bring it up to date"


class Ailing(Adder):
    """An application with surroundings of its own."""

    troubles: typing.ClassVar[list[tuple[str, object]]] = []

    def disturb(self, node: str, trouble: object) -> None:
        if trouble == Add(0):
            raise ValueError("this is no trouble")
        self.troubles.append((node, trouble))

    def mend(self) -> None:
        self.troubles.clear()


@shows(steps.Disturb)
async def a_trouble_reaches_the_application(world: World) -> None:
    Ailing.troubles.clear()
    world.start("ABC", Ailing)
    leader = await world.elected()
    world.when(Crashed, steps.Disturb("", Add(2)))
    world.crash(leader)
    world.disturb(leader, Add(1))
    await world.elected()
    assert Ailing.troubles == [(leader, Add(1)), (leader, Add(2))], "who is down has surroundings too"
    with pytest.raises(Misuse, match="this is no trouble"):
        world.disturb(leader, Add(0))
    world.mend()
    assert Ailing.troubles == []


def test_an_application_without_surroundings_has_no_troubles() -> None:
    """It is the story that is wrong."""

    async def story(world: World) -> None:
        world.start("A", Adder)
        with pytest.raises(Misuse, match="Adder knows no troubles"):
            world.disturb("A", Add(1))

    run(story)


def test_what_is_no_application_is_refused_at_the_start() -> None:
    """The methods that have defaults are inherited; one error says from where."""

    async def story(world: World) -> None:
        with pytest.raises(Misuse, match="Member is no application: let it inherit from"):
            world.start("A", Member)  # type: ignore[type-var]  # that is the mistake
        world.start("A", Adder)

    class Member:
        """It has nothing of an application."""

    run(story)


def test_every_step_has_its_method() -> None:
    """The table of effects holds each class of steps, and nothing else."""

    async def story(world: World) -> None:
        world.start("A", Adder)
        assert set(world._effects) == set(typing.get_args(steps.Step))

    run(story)


def test_every_fault_has_a_probe() -> None:
    """What a user can ask for is shown to happen."""
    assert set(PROBES) == set(typing.get_args(steps.Fault))


@pytest.mark.parametrize("skipping", [True, False], ids=["skipping", "not skipping"])
@pytest.mark.parametrize("fault", PROBES, ids=lambda fault: fault.__name__)
def test_a_fault_shows_its_effect(fault: type, skipping: bool) -> None:
    """Its probe holds, and the fault was really applied in it."""
    outcome = run(PROBES[fault], skipping=skipping)
    assert outcome.verdict == HELD
    assert any(isinstance(event.note.step, fault) for event in outcome.history.of(Stepped))


# ---- what is no fault of one kind ----


async def everything_goes_wrong(world: World) -> None:
    world.start("ABCDE", Adder)
    await world.elected()
    world.crash("A")
    world.pause("B")
    world.full_disk("C")
    world.slow_disk("D", 1_000)
    world.drift("D", 900)
    world.cut("D", "E")
    world.hold("E", "C")
    world.rewire(loss=1.0, latency=2 * SECOND)
    world.when(BecameCandidate, steps.Crash(""), count=3)
    await trio.sleep(3)


def test_mending_ends_every_misfortune() -> None:
    """Whatever there was: all nodes are up, every link is as at the start, no armed fault strikes any more."""

    async def story(world: World) -> None:
        await everything_goes_wrong(world)
        world.mend()
        await world.elected(within=20)
        await world.settled()
        assert [world[name].up for name in "ABCDE"] == [True] * 5
        assert {link.wire for link in world.network.links.values()} == {world.wire}
        assert not any(link.cut or link.held for link in world.network.links.values())
        crashes = len(world.history.of(Crashed))
        world.crash(await world.elected())
        await world.elected()
        assert len(world.history.of(Crashed)) == crashes + 1

    run(story)


def test_a_fault_that_struck_in_the_very_instant_of_mending_is_mended_too() -> None:
    """The event has come, and the world is mended before its fault has happened: nobody crashes afterwards."""

    async def story(world: World) -> None:
        leader = await three(world)
        world.when(Delivered, steps.Crash(""))
        world.hold("A", "B")
        say(world, "A", "B")
        await trio.sleep(1)
        world.when(Delivered, steps.Crash("B"), node="B")
        world.release("A", "B")  # its event, now
        world.mend()
        await trio.sleep(10)
        assert world[leader].leader

    outcome = run(story)
    crashes = outcome.history.of(Crashed)
    mended = [event.t for event in outcome.history.events if "the sky clears" in event.note.text()]
    assert not [crash for crash in crashes if crash.t >= mended[0]]


def test_a_fault_strikes_at_its_event_and_only_once() -> None:
    """At the second vote from now, whoever gives it; named by an empty node. The vote is what led to it."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        world.when(Voted, steps.Restart(""), count=2)
        await world.elected()
        await trio.sleep(10)

    history = run(story).history
    votes, crashes = history.of(Voted), history.of(Crashed)
    assert [(crash.t, crash.node) for crash in crashes] == [(votes[1].t, votes[1].node)]
    stepped = history.events[crashes[0].cause - 1]
    assert history.events[stepped.cause - 1] == votes[1]


def test_a_fault_may_wait_for_one_nodes_event() -> None:
    """`node` counts only that node's events, and the fault may befall another."""

    async def story(world: World) -> None:
        await three(world)
        await trio.sleep(1)
        world.when(Delivered, steps.Crash("C"), node="B", count=1)
        say(world, "A", "C")
        await trio.sleep(1)
        assert world["C"].up
        say(world, "A", "B")
        await trio.sleep(1)
        assert not world["C"].up

    run(story)


WRONG = {
    "an unknown node": (lambda world: world.crash("Z"), "there is no node 'Z'; nodes are A, B, C"),
    "no node": (lambda world: world.crash(""), "there is no node ''; nodes are A, B, C"),
    "an unknown peer": (lambda world: world.cut("A", "Z"), "there is no node 'Z'; nodes are A, B, C"),
    "itself": (lambda world: world.cut("A", "A"), "there is no link from A to itself: name two nodes"),
    "an unknown group": (lambda world: world.split("AZ", "B"), "there is no node 'Z'; nodes are A, B, C"),
    "an unknown node at an event": (
        lambda world: world.when(Voted, steps.Crash("Z")),
        "there is no node 'Z'; nodes are A, B, C",
    ),
    "a second start": (lambda world: world.start("A"), "the world has started with A, B, C: start once, then"),
}


@pytest.mark.parametrize(("wrong", "says"), WRONG.values(), ids=WRONG)
def test_a_step_that_cannot_be_is_the_storys_mistake(wrong: Callable[[World], None], says: str) -> None:
    """It is told at once, names what there is, and nothing of it happened."""

    async def story(world: World) -> None:
        world.start("ABC", Adder)
        wrong(world)

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, Misuse)
    assert says in str(outcome.failure)
    assert [event.note.text() for event in outcome.history.events] == ["A, B and C start"]


def test_a_probe_would_notice_a_fault_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with faults that are only recorded, every probe fails."""
    real = World._apply

    def only_start(self: World, step: steps.Step) -> None:
        if isinstance(step, steps.Start | steps.Ask):
            real(self, step)

    monkeypatch.setattr(World, "_apply", only_start)
    outcomes: dict[str, Outcome] = {fault.__name__: play(probe) for fault, probe in PROBES.items()}
    assert {name for name, outcome in outcomes.items() if outcome.verdict == HELD} == set()
    assert {outcome.verdict for outcome in outcomes.values()} <= {BROKEN, MISTAKE}, "none is a bug, none inconclusive"
