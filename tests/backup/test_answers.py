"""Every request says what it is answered with; here that is held to what nodes really answer."""

from types import UnionType
from typing import Any, get_args, get_origin

import pytest
import trio

from backup.database import agreed_values as values
from backup.database.agreed_values import IndexDefinition
from backup.database.revisions import RevisionPolicy
from backup.destinations.local import LocalFolder
from backup.node.service import Backups
from backup.record import database_commands as databases
from backup.record import external_replication as replication
from backup.record import group_commands as groups
from backup.record import server_wide
from backup.record import task_commands as tasks
from backup.record.admin_command import AdminCommand
from backup.record.record import Replication, Task, Template
from backup.requests import Request
from backup.requests import admin_requests as admin
from backup.requests import backup_requests as runs
from backup.requests import document_requests as documents
from backup.requests.restore_requests import RestoreDatabase
from cluster.member import ClientRequest
from cluster.sim.run import run
from cluster.sim.world import World
from scenarios.backups import Client, backups

PLACES = (LocalFolder("backups"),)
INDEX = IndexDefinition("ByName", "Orders", ("company",))


def answer_of(kind: type) -> Any:
    """What a class says that it is answered with."""
    bases = kind.__dict__["__orig_bases__"]
    [answer] = [get_args(each)[0] for each in bases if get_origin(each) in (ClientRequest, AdminCommand)]
    return answer


def fits(answer: object, kind: Any) -> bool:
    """Whether a value is of an annotated type, all the way down."""
    if kind is None:
        return answer is None
    if get_origin(kind) is UnionType:
        return any(fits(answer, each) for each in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(answer, tuple) and all(fits(each, get_args(kind)[0]) for each in answer)
    return type(answer) is kind


def test_nodes_answer_what_requests_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is asked at least once, and no answer is of another type."""
    serve, answers = Backups.serve, list[tuple[Any, object]]()

    async def noted(self: Backups, request: Any) -> object:
        answer = await serve(self, request)
        answers.append((request, answer))
        return answer

    monkeypatch.setattr(Backups, "serve", noted)
    run(ask_everything)
    for request, answer in answers:
        kind = answer_of(type(request))
        assert fits(answer, kind), f"{request!r} was answered with {answer!r}, which is no {kind}"
    assert {type(request) for request, _ in answers} == set(get_args(Request))


async def ask_everything(world: World) -> None:
    """Each request once or more."""
    client = backups(world)
    client.start("ABC")
    await world.elected()
    await about_documents(world)
    await about_tasks(world, client)
    await about_groups(world)
    await world.ask("A", databases.RemoveDatabase("Shop"))


async def about_documents(world: World) -> None:
    """Documents, and what stands beside them."""
    await world.ask("A", databases.CreateDatabase("Shop", members=("A", "B")))
    await trio.sleep(1)
    for change in (
        values.DefineIndex("Shop", INDEX),
        values.DefineIndex("Shop", IndexDefinition("Other", "Orders", ("company",))),
        values.RemoveIndex("Shop", "Other"),
        values.ConfigureRevisions("Shop", (RevisionPolicy("Orders"),)),
        values.NextIdentity("Shop", "orders|"),
        values.SeedIdentity("Shop", "orders|", 7),
        values.PutCompareExchange("Shop", "key", "1", 0),
        values.DeleteCompareExchange("Shop", "none", 0),
        values.CleanValueTombstones("Shop", 1),
        values.RestoreValues("Shop", (("users|", 7),), (("other", "1"),), (), ()),
    ):
        await world.ask("A", change)
    await trio.sleep(5)
    await world.ask("A", documents.PutDocuments.of("Shop", {"orders/1": {"company": "one"}}, "Orders"))
    await world.ask("A", documents.StoreDocument("Shop", "orders/", "Orders", "{}"))
    await world.ask("A", documents.PatchDocument("Shop", "orders/1", '{"company": "two"}'))
    await world.ask("A", documents.Attach("Shop", "orders/1", "photo", b"..."))
    for found in ("orders/1", "orders/none"):
        await world.ask("A", documents.GetDocument("Shop", found))
    for found in ("photo", "none"):
        await world.ask("A", documents.GetAttachment("Shop", "orders/1", found))
    for found in ("key", "none"):
        await world.ask("A", documents.GetCompareExchange("Shop", found))
    assert await world.ask("A", documents.GetRevisions("Shop", "orders/1"))
    await world.ask("A", documents.QueryIndex("Shop", INDEX.name))
    for _ in range(2):
        await world.ask("A", documents.Detach("Shop", "orders/1", "photo"))
    await world.ask("A", documents.DeleteDocuments("Shop", ("orders/1",)))


async def about_tasks(world: World, client: Client) -> None:
    """Tasks and their runs, and a restore."""
    task = await client.database("Shop").define(full="0 2 * * *", mentor="A", pinned=True)
    number, owner = task.id, await task.assigned()
    await world.ask(owner, runs.ShowTask("Shop", number))
    await world.ask(owner, runs.BackupNow("Shop", number))
    await world.ask(owner, runs.CancelBackup("Shop", number))
    await world.ask(owner, tasks.PostponeBackup("Shop", number, 60_000_000))
    await world.ask(owner, runs.BackupNow("Shop", number))
    ran = await task.ran()
    await world.ask("B", runs.BackupOnce("Shop", PLACES))
    await trio.sleep(60)
    await world.ask(owner, runs.ShowBackups("Shop"))
    await world.ask("A", RestoreDatabase("Copy", ran.node, "backups", ran.folder))
    await world.ask("A", tasks.ToggleTask("Shop", number, disabled=True))
    await world.ask("A", tasks.ToggleTask("Shop", number, disabled=False))
    await world.ask("A", tasks.RemoveTask("Shop", number))
    template = Template(0, Task(full="0 3 * * *", destinations=PLACES))
    everywhere = await world.ask("A", server_wide.DefineServerWide(template))
    await world.ask("A", server_wide.ToggleServerWide(everywhere, disabled=True))
    assert await world.ask("A", runs.ShowServerWide())
    await world.ask("A", server_wide.RemoveServerWide(everywhere))


async def about_groups(world: World) -> None:
    """What an operator asks."""
    away = await world.ask("A", replication.DefineReplication("Shop", Replication("Copy")))
    await world.ask("A", replication.ToggleReplication("Shop", away, disabled=True))
    await world.ask("A", replication.RemoveReplication("Shop", away))
    await world.ask("A", groups.AddNode("Shop"))
    await world.ask("A", groups.PromoteNode("Shop", "C"))
    await world.ask("A", groups.ReorderMembers("Shop", ("C", "B", "A")))
    await world.ask("A", groups.Distribute("Shop"))
    await trio.sleep(10)
    assert await world.ask(await world.elected(), admin.ReadDecisions())
    await world.ask("A", admin.SuspendObserver())
    await world.ask("A", groups.RemoveNode("Shop", "C"))
    await trio.sleep(10)
