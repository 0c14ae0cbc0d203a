"""Deletions are forgotten once nobody needs them, and the watcher knows who may: histories that keep that promise or break it."""

import attrs
import pytest
import trio

from backup.checks.deletions import DeletionsForgotten
from backup.checks.model import Model
from backup.notes import (
    BackupStarted,
    DatabaseCreated,
    DeletionsKept,
    FarewellSaid,
    OwnerChanged,
    StatusStored,
    TaskDefined,
    TaskRemoved,
    TombstonesCleaned,
    TopologyChanged,
    ValueTombstonesCleaned,
)
from backup.record.rules import rules_named
from cluster.checks import Violation, Watcher
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.steps import Ask, Cut, SlowDisk
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, minutes
from cluster.trace import BecameLeader, Committed, Crashed, Happened, Note, Started, Stepped
from scenarios.backups import backups
from scenarios.zoo import replaced

Told = tuple[int, str, Note]
"""True time, node, note."""

DEFINED = TaskDefined(2, "Shop", 2, "Daily", "0 0 * * *", "0 * * * *", "", False, False, 0, ("/b",), "defined")
BEGIN: tuple[Told, ...] = (
    *[(0, node, Started(1)) for node in "ABC"],
    (0, "A", BecameLeader(1, 2, 0, 0)),
    (1, "A", Committed(9, 1)),
    (1, "A", DatabaseCreated(1, "Shop", ("A", "B", "C"))),
    (1, "A", DEFINED),
    (1, "A", OwnerChanged(3, "Shop", 2, "", "B", "NonExistingResponsibleNode", "7.8.3", (), "nobody had it")),
)
AT = DAY + HOUR
LATER = AT + 16 * MINUTE, "", Stepped(Ask("A", None))


def keeps(by: str, node: str = "A", *, of: str = "", task: int = 0, values: bool = False) -> Told:
    """A node tells why it keeps deletions, an hour after the first midnight."""
    return AT, node, DeletionsKept("Shop", values, by, of, task)


def ran(at: int, node: str) -> Told:
    """A full began there."""
    return at, node, BackupStarted("Shop", 2, at, at, True, "backups", "folder", "file", 1, "print")


def heard(at: int, on: str, by: str, index: int) -> Told:
    """A node applies the report of a full that began a second before."""
    return at + SECOND, on, StatusStored(index, "Shop", 2, by, at, True, 1, "", True)


def shown(*told: Told) -> None:
    """Show the watcher the beginning, these events in the order of their times, and something later."""
    model = Model()
    watchers: list[Watcher] = [model, DeletionsForgotten(model, rules_named("unkindness"))]
    for seq, (t, node, note) in enumerate((*BEGIN, *sorted((*told, LATER), key=lambda each: each[0])), 1):
        for watcher in watchers:
            see = dict(watcher.sees()).get(type(note))
            if see is not None:
                see(Happened(seq, t, node, 0, note))


OUT = TopologyChanged(4, "Shop", ("A", "B", "C"), (), (), ("A", "B"), (), (), "C left")
CHAIN_OF_A = ran(5 * MINUTE, "A")
"""A backed it up; now B is responsible."""
MISSED = ran(DAY, "B"), heard(DAY, "A", "B", 5)
"""A's next full was due when B ran that, and A knows."""


@pytest.mark.parametrize(
    ("kept", "before"),
    [
        (keeps("COPY", of="B"), ()),
        (keeps("FAREWELL", of="C"), ((5, "A", OUT),)),
        (keeps("DISABLED", task=2), ()),
        (keeps("DISABLED", task=2, values=True), ()),
        (keeps("NEVER_FULL", task=2, values=True), ()),
        (keeps("FIRST_RUN", task=2), ()),
        (keeps("CHAIN", task=2), ((5, "A", TaskRemoved(4, "Shop", 2)),)),
        (keeps("CHAIN", task=2), (CHAIN_OF_A, *MISSED)),
        (keeps("NEXT_FULL", of="A", task=2, values=True), (heard(5 * MINUTE, "A", "A", 4), *MISSED)),
        (keeps("NEXT_FULL", of="C", task=2, values=True), ((5, "A", OUT), (6, "A", FarewellSaid(5, "Shop", "C")))),
    ],
)
def test_what_is_kept_for_nobody_is_found(kept: Told, before: tuple[Told, ...]) -> None:
    """After a quarter of an hour of calm, in which its node neither forgets it nor tells another reason."""
    with pytest.raises(Violation, match="which is not so any more") as caught:
        shown(*before, kept)
    assert caught.value.promise == "deletions are forgotten"

    _, node, note = kept
    assert isinstance(note, DeletionsKept)
    gone = ValueTombstonesCleaned(9, "Shop", 5, 1) if note.values else TombstonesCleaned("Shop", "copy", 1, 5, 0)
    for meanwhile in (gone, note, Crashed()):
        shown(*before, kept, (AT + 5 * MINUTE, node, meanwhile))
    for fault in (Cut("A", "B"), SlowDisk("C", 50)):
        shown(*before, kept, (AT + MINUTE, "", Stepped(fault)))


@pytest.mark.parametrize(
    ("kept", "before"),
    [
        (keeps("COPY", of="B"), ((5, "B", Crashed()),)),
        (keeps("DISABLED", task=2), ((5, "A", attrs.evolve(DEFINED, index=4, disabled=True)),)),
        (keeps("NEVER_FULL", task=2, values=True), ((5, "A", attrs.evolve(DEFINED, index=4, full="")),)),
        (keeps("FIRST_RUN", "B", task=2), ()),
        (keeps("CHAIN", task=2), (CHAIN_OF_A,)),
        (keeps("CHAIN", task=2), (CHAIN_OF_A, ran(DAY - HOUR, "B"), heard(DAY - HOUR, "A", "B", 5))),
        (keeps("CHAIN", task=2), (CHAIN_OF_A, *MISSED, ran(DAY + MINUTE, "A"))),
        (keeps("NEXT_FULL", of="A", task=2, values=True), (heard(5 * MINUTE, "A", "A", 4),)),
        (keeps("REPLICATION_ELSEWHERE", task=7), ()),
    ],
)
def test_what_somebody_may_need_is_kept(kept: Told, before: tuple[Told, ...]) -> None:
    """18.5, 18.6, 26.4: who is down, a task that is off, a first run, a chain that its node may continue."""
    shown(*before, kept)


def test_a_node_that_never_cleans_is_found() -> None:
    """Each copy tells first that the others lack a deletion; that is over at once, and then it has to go."""

    async def story(world: World) -> None:
        shop = await backups(world).shop("ABC", members="ABC")
        await shop.delete("orders/1")
        await trio.sleep(minutes(40))
        world.crash("C")

    run(story)
    with replaced("backup.node.tombstone_cleaner:TombstoneCleaner._clean", never), pytest.raises(Violation) as caught:
        run(story)
    assert caught.value.promise == "deletions are forgotten"


async def never(original: object, cleaner: object, copy: object) -> None:
    """Clean nothing."""
