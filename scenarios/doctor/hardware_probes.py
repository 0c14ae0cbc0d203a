"""Probes of clocks, disks and memory."""

import trio

from cluster import steps
from cluster.member import OutcomeUnknown
from cluster.sim.world import GaveUp, Misuse, World
from cluster.time_units import HOUR, MILLISECOND, SECOND, hours
from cluster.trace import Crashed, Failed, Recovered
from scenarios.doctor.adder import Add, member_of, three
from scenarios.doctor.probes import shows


@shows("jump_clock")
async def a_jump_moves_the_wall_clock_only(world: World) -> None:
    await three(world)
    member = member_of(world, "A")
    wall, monotonic, leader = member.wall(), member.monotonic(), world["A"].leader
    world.jump_clock("A", -hours(2))
    assert (member.wall() - wall, member.monotonic() - monotonic) == (-2 * HOUR, 0)
    await trio.sleep(5)
    assert world["A"].leader == leader
    world.restart("A")
    await world.settled()
    assert member_of(world, "A").wall() - member_of(world, "B").wall() == -2 * HOUR, "the battery survives a crash"


@shows("drift")
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


@shows("freeze_clock")
async def a_frozen_wall_clock_waits_and_goes_on(world: World) -> None:
    await three(world)
    member, other = member_of(world, "A"), member_of(world, "B")
    wall, monotonic = member.wall(), member.monotonic()
    world.freeze_clock("A")
    await trio.sleep(100)
    assert (member.wall() - wall, member.monotonic() - monotonic) == (0, 100 * SECOND)
    world.jump_clock("A", 5)
    assert member.wall() - wall == 5 * SECOND, "it can be set as well"
    world.freeze_clock("A", False)
    await trio.sleep(10)
    assert member.wall() - wall == 15 * SECOND
    assert member.wall() - other.wall() == -95 * SECOND, "what it has missed is missed"


@shows("zone")
async def a_node_lives_in_its_zone(world: World) -> None:
    await three(world)
    world.zone("A", "Asia/Kathmandu")
    assert member_of(world, "A").zone.key == "Asia/Kathmandu"
    assert member_of(world, "B").zone.key == "UTC"
    world.restart("A")
    await world.settled()
    assert member_of(world, "A").zone.key == "Asia/Kathmandu"


@shows("slow_disk")
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


@shows("full_disk")
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


@shows("short")
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


@shows("fail_sync")
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


@shows("fail_read")
async def a_disk_that_cannot_be_read_keeps_its_node_down_once(world: World) -> None:
    leader = await three(world)
    follower = "ABC".replace(leader, "")[0]
    await world.ask(leader, Add(1))
    await world.settled()
    world.fail_read(follower)
    assert world[follower].up, "nothing is read while it runs"
    world.restart(follower)
    failed = await world.seen(Failed, node=follower)
    assert "gives an error" in failed.note.text()
    await trio.sleep(5)
    assert not world[follower].up
    world.restart(follower)
    await world.settled()
    assert world[follower].state == 1


@shows("misdirect")
async def a_write_that_goes_astray_is_refused_at_the_next_start(world: World) -> None:
    leader = await three(world)
    for _ in range(5):
        await world.ask(leader, Add(1))
    await world.settled()
    follower = "ABC".replace(leader, "")[0]
    world.misdirect(follower)
    await world.ask(leader, Add(1))
    await world.settled()
    assert world[follower].state == 6, "a node that runs does not read its log"
    world.restart(follower)
    failed = await world.seen(Failed, node=follower)
    assert "raft.log at byte" in failed.note.text()
    await trio.sleep(5)
    assert not world[follower].up, "it stays down: silence would be worse"


@shows("roll_back")
async def a_disk_that_is_rolled_back_holds_what_was_there_at_the_start(world: World) -> None:
    leader = await three(world)
    await world.ask(leader, Add(1))
    await world.settled()
    follower = "ABC".replace(leader, "")[0]
    world.restart(follower)
    await world.settled()
    length = world.history.of(Recovered, follower)[-1].note.index
    await world.ask(leader, Add(2))
    await world.settled()
    world.roll_back(follower)
    assert not world[follower].up
    world.restart(follower)
    recovered = await world.seen(Recovered, node=follower)
    assert recovered.note.index == length
    await world.settled()
    assert world[follower].state == 3, "the others bring it up to date"


@shows("flip_bit")
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
    with world.expecting(Misuse):
        world.flip_bit(follower, "raft.log", 1_000_000, 3)


@shows("wipe")
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
