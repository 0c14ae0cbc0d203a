"""Every request says what it is answered with; here that is held to what nodes really answer."""

from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

import attrs
import pytest
import trio

from backup.database import agreed_values
from backup.database.agreed_values import IndexDefinition, NextIdentity, PutCompareExchange, ValueChange, ValueCommand
from backup.database.revisions import RevisionPolicy
from backup.destinations.local import LocalFolder
from backup.node.service import Backups
from backup.record.record import Replication, Task
from backup.requests import admin_requests as admin
from backup.requests import backup_requests as runs
from backup.requests import database_requests as databases
from backup.requests import document_requests as documents
from cluster.member import ClientRequest
from cluster.sim.run import run
from cluster.sim.world import World
from scenarios.backups import Client, backups

PLACES = (LocalFolder("backups"),)
REQUESTS: set[type] = {
    kind
    for module in (admin, runs, databases, documents)
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == module.__name__ and hasattr(kind, "says")
}


def answer_of(kind: type, base: type) -> Any:
    """What a class says that it is answered with."""
    [answer] = [get_args(each)[0] for each in kind.__dict__["__orig_bases__"] if get_origin(each) is base]
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


@pytest.mark.parametrize("kind", sorted(REQUESTS, key=str), ids=lambda kind: str(kind.__name__))
def test_a_request_says_what_it_is_answered_with(kind: type) -> None:
    """It is a `ClientRequest` of that; of a change of agreed values, what its command says."""
    assert issubclass(kind, ClientRequest)
    assert isinstance(answer_of(kind, ClientRequest), TypeVar) is (kind is documents.ChangeValues)


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
        changes = isinstance(request, documents.ChangeValues)
        kind = answer_of(type(request.command), ValueChange) if changes else answer_of(type(request), ClientRequest)
        assert fits(answer, kind), f"{request!r} was answered with {answer!r}, which is no {kind}"
    assert {type(request) for request, _ in answers} == REQUESTS


def test_changes_of_agreed_values_say_what_they_answer() -> None:
    """The commands that no client gives as well."""
    values = agreed_values.Values()
    for kind in get_args(ValueCommand):
        given = [WANTED.get(field.name, 1) for field in attrs.fields(kind)]
        if kind is agreed_values.RemoveIndex:
            values = agreed_values.change(values, agreed_values.DefineIndex("Shop", INDEX), 1)[0]
        values, answer = agreed_values.change(values, kind(*given), 1)
        assert fits(answer, answer_of(kind, ValueChange)), f"{kind.__name__} was answered with {answer!r}"


INDEX = IndexDefinition("ByName", "Orders", ("company",))
WANTED: dict[str, object] = {
    "database": "Shop",
    "key": "orders|",
    "text": "1",
    "definition": INDEX,
    "name": INDEX.name,
    "policies": (RevisionPolicy("Orders"),),
    "identities": (("orders|", 7),),
    "exchanged": (("key", "1"),),
    "indexes": (INDEX,),
}


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
    await world.ask("A", databases.NewDatabase("Shop", members=("A", "B")))
    await trio.sleep(1)
    await world.ask("A", documents.ChangeValues(agreed_values.DefineIndex("Shop", INDEX)))
    await world.ask("A", documents.ChangeValues(agreed_values.ConfigureRevisions("Shop", (RevisionPolicy("Orders"),))))
    await world.ask("A", documents.ChangeValues(NextIdentity("Shop", "orders|")))
    await world.ask("A", documents.ChangeValues(PutCompareExchange("Shop", "key", "1", 0)))
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
    await world.ask(owner, runs.PutOff("Shop", number, 60_000_000))
    await world.ask(owner, runs.BackupNow("Shop", number))
    ran = await task.ran()
    await world.ask("B", runs.BackupOnce("Shop", PLACES))
    await trio.sleep(60)
    await world.ask(owner, runs.ShowBackups("Shop"))
    await world.ask("A", databases.RestoreDatabase("Copy", ran.node, "backups", ran.folder))
    await world.ask("A", databases.DisableTask("Shop", number))
    await world.ask("A", databases.EnableTask("Shop", number))
    await world.ask("A", databases.RemoveTask("Shop", number))
    everywhere = await world.ask("A", runs.DefineServerWide(Task(full="0 3 * * *", destinations=PLACES)))
    await world.ask("A", runs.SwitchServerWide(everywhere, on=False))
    assert await world.ask("A", runs.ShowServerWide())
    await world.ask("A", runs.RemoveServerWide(everywhere))


async def about_groups(world: World) -> None:
    """What an operator asks."""
    away = await world.ask("A", admin.DefineReplication("Shop", Replication("Copy")))
    await world.ask("A", admin.ToggleReplication("Shop", away, disabled=True))
    await world.ask("A", admin.RemoveReplication("Shop", away))
    await world.ask("A", admin.AddNodeToDatabase("Shop"))
    await world.ask("A", admin.PromoteNodeOfDatabase("Shop", "C"))
    await world.ask("A", admin.ReorderGroup("Shop", ("C", "B", "A")))
    await world.ask("A", admin.DistributeDynamically("Shop"))
    await trio.sleep(10)
    assert await world.ask(await world.elected(), admin.ReadDecisions())
    await world.ask("A", admin.SuspendObserver())
    await world.ask("A", admin.RemoveNodeFromDatabase("Shop", "C"))
    await trio.sleep(10)
