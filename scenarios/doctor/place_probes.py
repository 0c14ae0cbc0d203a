"""Probes of `disturb`: each trouble of a place for files, as a backup meets it, and what another application makes of one."""

from typing import ClassVar

from backup.destinations.faults import (
    Cutting,
    Disconnected,
    Filling,
    Full,
    Losing,
    ReadOnly,
    Refusing,
    Silent,
    Slow,
    Trouble,
    Well,
)
from backup.notes import BackupFailed
from cluster import steps
from cluster.sim.world import Misuse, World
from cluster.time_units import hours
from cluster.trace import Crashed
from scenarios.backups import FOLDER, Task, backups
from scenarios.doctor.adder import Add, Adder
from scenarios.doctor.probes import Probe, shows


class Ailing(Adder):
    """An application with surroundings of its own."""

    troubles: ClassVar[list[tuple[str, object]]] = []

    def disturb(self, node: str, trouble: object) -> None:
        """Begin a trouble."""
        if trouble == Add(0):
            raise ValueError("this is no trouble")
        self.troubles.append((node, trouble))

    def mend(self) -> None:
        """End them all."""
        self.troubles.clear()


@shows("disturb")
async def a_trouble_reaches_the_application(world: World) -> None:
    Ailing.troubles.clear()
    world.start("ABC", Ailing)
    leader = await world.elected()
    world.when(Crashed, steps.Disturb("", Add(2)))
    world.crash(leader)
    world.disturb(leader, Add(1))
    await world.elected()
    assert Ailing.troubles == [(leader, Add(1)), (leader, Add(2))], "who is down has surroundings too"
    with world.expecting(Misuse):
        world.disturb(leader, Add(0))
    world.mend()
    assert Ailing.troubles == []


async def hourly(world: World) -> Task:
    """A task of a database with five documents, on one node, that has run once."""
    shop = await backups(world).shop("A", documents=5, members="A")
    task = await shop.define(full="0 * * * *")
    await task.ran()
    return task


async def failed(world: World, task: Task, trouble: Trouble) -> str:
    """Let the next run of the task meet a trouble, and return why it failed."""
    world.disturb("A", trouble)
    run = await task.ran(within=hours(2))
    assert run.outcome == "failed", f"{trouble}: {run.outcome}"
    return world.history.of(BackupFailed)[-1].note.text()


def fails(trouble: Trouble, why: str) -> Probe:
    """A probe: under the trouble a run fails for this reason, and nothing that it left counts as a backup."""

    async def probe(world: World) -> None:
        task = await hourly(world)
        assert why in await failed(world, task, trouble)
        world.disturb("A", Well(FOLDER))
        assert (await task.ran()).outcome == "written"
        assert (await task.restore_newest("Copy")).compared()

    return probe


for kind, reason in (
    (Full, "no space is left"),
    (Refusing, "permission is denied"),
    (Silent, "does not answer"),
    (ReadOnly, "can only be read"),
    (Disconnected, "the connection is lost"),
    (Losing, "there is no such file"),
    (Cutting, "is cut short"),
):
    shows(kind.__name__)(fails(kind(FOLDER), reason))


@shows("Filling")
async def a_place_fills(world: World) -> None:
    task = await hourly(world)
    assert "no space is left" in await failed(world, task, Filling(FOLDER, room=1_000))
    world.disturb("A", Filling(FOLDER, room=1_000_000))
    assert (await task.ran()).outcome == "written"
    assert (await task.restore_newest("Copy")).compared()


@shows("Slow")
async def a_slow_place_takes_its_time(world: World) -> None:
    task = await hourly(world)
    usual = world.now - task.runs[-1].t / 1_000_000
    world.disturb("A", Slow(FOLDER, 2_000))
    run = await task.ran()
    assert run.outcome == "written"
    assert world.now - run.t / 1_000_000 > 100 * usual


@shows("Well")
async def a_place_is_well_again(world: World) -> None:
    task = await hourly(world)
    await failed(world, task, Full(FOLDER))
    world.disturb("A", Well(FOLDER))
    assert (await task.ran()).outcome == "written"
