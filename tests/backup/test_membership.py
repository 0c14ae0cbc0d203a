"""Backups in a cluster that nodes join and leave: watchers run them, newcomers take over, who is outside rests."""

from types import SimpleNamespace
from typing import Any, cast

import attrs
import pytest
import trio

from backup.checks.model import Model
from backup.destinations.local import LocalFolder
from backup.notes import BackupFinished, BackupStarted, CopyOpened, ReportGivenUp
from backup.record.record import Assignment, Database, Kind, Reason, Status, Task, Topology
from backup.record.responsible_node import TaskState, is_leaderless, state_of
from backup.record.rules import PRESETS
from backup.record.task_commands import RemoveTask
from backup.requests.backup_requests import BackupNow
from backup.requests.errors import OutsideTheCluster
from cluster.member import Member, NotInCluster
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.steps import Join
from cluster.time_units import hours, minutes
from cluster.trace import (
    BecameFollower,
    BecameLeader,
    Committed,
    ConfigurationChanged,
    Happened,
    Note,
    PutOutside,
    Recovered,
    Started,
    Stepped,
    Wrote,
)
from scenarios.backups import Task as Backup
from scenarios.backups import backups

OURS, NEW, OLD = PRESETS["unkindness"], PRESETS["ravendb-6.2"], PRESETS["ravendb-4.2"]


@pytest.mark.parametrize(
    ("leader", "may_lead", "passive", "leaderless"),
    [
        ("A", True, False, False),  # a Follower, also one that has not noticed yet
        (None, True, False, True),  # a Candidate
        (None, False, True, True),  # Passive
        ("A", False, True, True),  # the same, and it remembers who led
        (None, False, False, False),  # a Watcher, or a Promotable: never a Candidate
    ],
)
def test_who_is_candidate_or_passive(leader: str | None, may_lead: bool, passive: bool, leaderless: bool) -> None:
    """7.5.1, 7.7: a watcher without a leader computes owners as a Follower does."""
    member = cast("Member", SimpleNamespace(leader=leader, may_lead=may_lead, passive=passive))

    assert is_leaderless(member) is leaderless


def test_a_removed_node_owns_no_task_in_ours_and_its_old_ones_in_ravendb() -> None:
    """3.36, against 7.6 and 7.9: by the stored owner, or by the last run, which nobody can change there any more."""
    task = Task("0 0 * * *", destinations=(LocalFolder("/b"),), name="T", id=7)
    status = Status(7, Kind.BACKUP, "C", True, 1, None, 1, None, last_etag=5)
    given = {7: Assignment("C", Reason.MENTOR_NODE, 1)}
    shop = Database("Shop", 1, Topology(("A", "B", "C")), 1, tasks={7: task}, assignments=given)

    def standing(of: Task, rules: Any) -> TaskState:
        return state_of(shop, of, status, "C", leaderless=True, rules=rules, passive=True)[0]

    assert standing(task, OURS) is TaskState.PASSIVE
    assert standing(task, NEW) is standing(task, OLD) is TaskState.ACTIVE_BY_CURRENT_NODE
    assert standing(attrs.evolve(task, disabled=True), OURS) is TaskState.DISABLED


@pytest.mark.parametrize("watcher", [True, False])
def test_without_a_leader_watchers_compute_owners_and_candidates_do_not(watcher: bool) -> None:
    """7.7, 10.2: the preferred node has never run the task, and nobody leads when its hour comes."""
    told: list[str] = []

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        world.join("D", watcher=watcher)
        await world.joined("D", watcher=watcher)
        shop = await client.create_database("Shop", members="AD")
        await shop.fill(3)
        await shop.define(full="0 * * * *", mentor="D")
        await trio.sleep(minutes(5))
        for node in "ABC":
            world.crash(node)
        await trio.sleep(hours(1))
        told.extend(event.node for event in world.history.of(BackupStarted))

    run(story, options={"rules": "ravendb-4.2"})

    assert told == (["D"] if watcher else [])


async def task_of_c(world: World) -> Backup:
    """Three nodes have a database, and C is to run its task on the hour."""
    client = backups(world)
    client.start("ABC")
    await world.elected()
    shop = await client.create_database("Shop", members="ABC")
    await shop.fill(3)
    return await shop.define(full="0 * * * *", mentor="C")


def test_a_node_that_was_removed_is_asked_in_vain() -> None:
    """3.38, 15.1: at once, and it says that it belongs to no cluster."""

    async def story(world: World) -> None:
        task = await task_of_c(world)
        await task.ran()
        world.remove("C")
        await world.left("C")
        await world.until(lambda: world["C"].passive, 5, "C to know it")
        asked_at = world.now
        with pytest.raises(OutsideTheCluster, match="node C belongs to no cluster and runs no task"):
            await world.ask("C", BackupNow("Shop", task.id))
        with pytest.raises(
            NotInCluster, match="node C belongs to no cluster, so that it can bring RemoveTask to nobody"
        ):
            await world.ask("C", RemoveTask("Shop", task.id))
        assert world.now == asked_at
        assert (
            await task.show(on="C")
        ).reason == "this node belongs to no cluster, and runs nothing for one that it is not in"

    run(story)


def test_ravendbs_removed_node_gives_its_report_up_at_once() -> None:
    """3.38, 9.14: what a passive node is told is no time-out, so it tries once."""
    given_up: list[ReportGivenUp] = []

    async def story(world: World) -> None:
        task = await task_of_c(world)
        await task.assigned()
        world.remove("C")
        await world.left("C")
        await trio.sleep(hours(1))
        given_up.extend(event.note for event in world.history.of(ReportGivenUp))

    run(story, options={"rules": "ravendb-6.2"})

    assert [note.attempts for note in given_up] == [1]
    assert "belongs to no cluster" in given_up[0].why


def test_a_newcomer_gets_a_copy_and_a_task_when_an_operator_adds_it() -> None:
    """5.8, 5.9: of nodes outside the group the one with the fewest databases is added, catches up, and may be preferred."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        await client.create_database("Other", members="C")
        shop = await client.create_database("Shop", members="AB")
        await shop.fill(3)
        world.join("D", watcher=True)
        await world.joined("D", watcher=True)
        assert await shop.add_node() == "D"
        await shop.grouped("ABD")
        assert any(event.node == "D" and isinstance(event.note, CopyOpened) for event in world.history.events)
        task = await shop.define(full="0 * * * *", mentor="D")
        assert (await task.ran()).node == "D"
        await task.reported()

    run(story)


def test_a_watcher_that_was_away_at_its_removal_runs_on() -> None:
    """3.36: a node learns of its removal from the log or from a refused vote, and a watcher asks for none."""

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        world.join("D", watcher=True)
        await world.joined("D", watcher=True)
        shop = await client.create_database("Shop", members="AD")
        await shop.fill(3)
        task = await shop.define(full="0 * * * *", mentor="D")
        await task.ran()
        world.crash("D")
        world.remove("D")
        await world.left("D")
        world.restart("D")
        await trio.sleep(hours(1))
        ran = [event.node for event in world.history.of(BackupFinished)]
        assert ran[0] == "D"
        assert not world["D"].passive
        assert {run.node for run in task.runs[1:]} == {"A", "D"}, "10.8: each holds itself responsible"

    run(story)


# ---- what the watchers make of it


def seen(*told: tuple[str, Note]) -> Model:
    model = Model()
    for seq, (node, note) in enumerate(told, 1):
        dict(model.sees())[type(note)](Happened(seq, seq, node, 0, note))
    return model


WITHOUT_C = ConfigurationChanged(5, ("A", "B"), (), (), ())
WITH_C = ConfigurationChanged(7, ("A", "B"), (), ("C",), ("C",))


def test_a_node_is_outside_once_that_is_committed_or_a_leader_says_so() -> None:
    """3.36: an entry that is not committed may be taken back; and whoever is spoken to again is inside."""
    began = [("C", Started(1)), ("C", Committed(4, 1))]
    assert not seen(*began).is_outside("C")
    assert not seen(*began, ("C", WITHOUT_C)).is_outside("C")
    assert seen(*began, ("C", WITHOUT_C), ("C", Committed(5, 1))).is_outside("C")
    assert seen(*began, ("C", PutOutside(2))).is_outside("C")
    assert not seen(*began, ("C", PutOutside(2)), ("C", WITH_C)).is_outside("C")
    assert not seen(*began, ("C", PutOutside(2)), ("C", Started(2))).is_outside("C")


def test_what_a_log_said_and_was_cut_puts_nobody_outside() -> None:
    """3.36: the end of a vote counts by the entry that the log holds now, not by one that another has replaced."""
    began = [("C", Started(1)), ("C", Committed(4, 1)), ("C", WITHOUT_C)]
    again = ("C", attrs.evolve(WITHOUT_C, index=7))
    cut = ("C", Wrote(4, (2, 2, 2), (1, 2, 3), 1))
    assert not seen(*began, cut, ("C", Committed(6, 2)), again).is_outside("C")
    assert not seen(*began, cut, again, ("C", Committed(6, 2))).is_outside("C")
    assert seen(*began, cut, again, ("C", Committed(7, 2))).is_outside("C")
    assert seen(*began, ("C", Wrote(5, (2,), (1,), 1)), ("C", Committed(5, 2))).is_outside("C"), "cut behind it"


def test_what_a_crash_took_from_a_log_puts_nobody_outside() -> None:
    """The entry that ended its vote was not on the disk; a later one does it again."""
    began = [("C", Started(1)), ("C", Committed(4, 1)), ("C", WITHOUT_C)]
    back = [("C", Started(2)), ("C", Recovered(1, "", 4, 4, (1, 1, 1, 1), (0, 0, 0, 0), 0))]
    again = ("C", attrs.evolve(WITHOUT_C, index=7))
    assert not seen(*began, *back, ("C", Committed(6, 2)), again).is_outside("C")
    assert seen(*began, *back, again, ("C", Committed(7, 2))).is_outside("C")


def test_a_watcher_is_outside_as_soon_as_its_log_says_so() -> None:
    """Nobody waits for its vote; while the end of its vote is not committed there, its vote may still be needed."""
    began = [("C", Started(1)), ("C", Committed(4, 1))]
    demoted = ("C", ConfigurationChanged(5, ("A", "B"), (), ("C",), ()))
    removed = ("C", attrs.evolve(WITHOUT_C, index=6))
    assert not seen(*began, demoted, ("C", Committed(5, 1))).is_outside("C")
    assert seen(*began, demoted, ("C", Committed(5, 1)), removed).is_outside("C")
    assert not seen(*began, demoted, removed).is_outside("C")
    assert seen(*began, demoted, removed, ("C", Committed(5, 1))).is_outside("C")


def test_a_newcomer_is_outside_until_it_is_told() -> None:
    """3.8: a founder is not."""
    joined = ("", Stepped(Join("D")))
    assert seen(joined, ("D", Started(1))).is_outside("D")
    assert not seen(joined, ("D", Started(1)), ("D", attrs.evolve(WITH_C, learners=("D",)))).is_outside("D")
    assert not seen(("D", Started(1)), joined, ("D", Started(2))).is_outside("D")


def test_a_leader_that_loses_its_vote_commits_in_the_very_act() -> None:
    """What it commits then is a leader's word; what comes later is not."""
    led = [("A", Started(1)), ("A", BecameLeader(1, 2, 0, 0)), ("A", Committed(3, 1))]
    model = seen(*led)
    gave_up = BecameFollower(1, "", "leader")
    dict(model.sees())[BecameFollower](Happened(9, 9, "A", 0, gave_up))
    dict(model.sees())[Committed](Happened(10, 9, "A", 0, Committed(4, 1)))
    assert model._committed_by_leaders == 4
    dict(model.sees())[Committed](Happened(11, 10, "A", 0, Committed(5, 1)))
    assert model._committed_by_leaders == 4
