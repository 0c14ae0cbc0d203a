"""What users and faults do to backups, as data: a list of steps is a story, and a plain model says what must be restorable.

Steps are frozen and print as they are written, so that what a search has shrunk can be pasted. A step that cannot be done
(no node is up, there is no leader, there is no such task) is refused as any user's request is, and the story goes on. Never here:
where steps come from (strategies.py).
"""

from json import dumps
from typing import Any

import trio

from backup.requests.document_requests import DeleteDocuments, PutDocuments
from backup.requests.restore_requests import RestoreDatabase
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.sim.network import Wire
from cluster.sim.settings import written
from cluster.sim.world import Misuse, World
from cluster.steps import Fault
from cluster.time_units import hours, minutes
from cluster.value import value
from scenarios.backups import Client, Database, Task, backups

REFUSED = (NoLeader, OutcomeUnknown, Refused, Misuse, OSError)
BAD_MINUTES = 10
"""The longest a fault of links or nodes lasts, in minutes: simulating a cluster that is never quiet is expensive."""
PATIENCE = 40
"""How long a client waits for an answer, in seconds."""
CRONS = (("0 */6 * * *", "0 * * * *"), ("", "*/30 * * * *"), ("15 * * * *", ""), ("0 */3 * * *", "0 */3 * * *"))
"""The pairs of cron texts a task may have: full and incremental; an empty text is none."""


@value
class Write:
    """Write the same text to the documents from `first` to `last`."""

    first: int
    last: int
    text: str


@value
class Erase:
    """Delete one document."""

    number: int


@value
class Define:
    """Define another backup task with one of the schedules."""

    schedule: int = 0
    mentor: str | None = None


@value
class Edit:
    """Give a task another schedule. Tasks are counted from 0, modulo how many there are."""

    task: int
    schedule: int


@value
class Switch:
    """Enable or disable a task."""

    task: int
    on: bool


@value
class Remove:
    """Delete a task."""

    task: int


@value
class Now:
    """Run a task now."""

    task: int
    full: bool = True


@value
class Later:
    """Postpone a task."""

    task: int
    minutes: int


@value
class Stop:
    """Cancel the run of a task."""

    task: int


@value
class Once:
    """Make a one-time backup."""


@value
class Wait:
    """Let time pass."""

    minutes: int


@value
class Strike:
    """Inject one fault."""

    fault: Fault


ModelStep = Write | Erase | Define | Edit | Switch | Remove | Now | Later | Stop | Once | Wait | Strike


class DocumentModel:
    """The plain model: the values that each document may have, judging by every answer that clients got."""

    def __init__(self) -> None:
        self.documents: dict[str, set[str | None]] = {}
        """The possible texts of each document, by id; None among them: the document may be deleted."""

    def answered(self, document: str, text: str | None) -> None:
        """Note that a write was acknowledged: the document has this value and no other."""
        self.documents[document] = {text}

    def unknown(self, document: str, text: str | None) -> None:
        """Note that the outcome of a write is unknown: the document may have this value as well."""
        self.documents.setdefault(document, {None}).add(text)


class ModelRun:
    """The interpreter of a list of steps: it does each one in a world and keeps the model up to date."""

    def __init__(self, world: World, client: Client, shop: Database) -> None:
        self.world = world
        self.client = client
        self.shop = shop
        self.tasks: list[Task] = []
        self.model = DocumentModel()
        self.unsettled = False
        """Whether a fault was injected since links and nodes were last reset."""

    async def do(self, step: ModelStep) -> None:
        """Do one step; a refusal is always a valid outcome."""
        if isinstance(step, Wait):
            await self._wait(step.minutes)
            return
        try:
            with trio.move_on_after(PATIENCE):
                await self._do(step)
        except REFUSED:
            return

    async def _wait(self, count: int) -> None:
        """Let time pass. Links and stalled nodes are reset after some minutes; a crashed node stays down."""
        await trio.sleep(minutes(min(count, BAD_MINUTES)))
        if count <= BAD_MINUTES:
            return
        if self.unsettled:
            self.world.heal()
            self.world.rewire(**written(Wire()))
            for node in self.world.names:
                self.world.resume(node)
                for other in self.world.names:
                    if other != node:
                        self.world.release(node, other)
            self.unsettled = False
        await trio.sleep(minutes(count - BAD_MINUTES))

    def _task(self, number: int) -> Task:
        if not self.tasks:
            raise Misuse("there is no task: define one")
        return self.tasks[number % len(self.tasks)]

    async def _do(self, step: ModelStep) -> None:
        match step:
            case Write(first, last, text):
                await self._write({f"orders/{number}": text for number in range(first, last + 1)})
            case Erase(number):
                await self._write({f"orders/{number}": None})
            case Define(schedule, mentor):
                full, incremental = CRONS[schedule % len(CRONS)]
                self.tasks.append(await self.shop.define(full, incremental, mentor))
            case Edit(task, schedule):
                full, incremental = CRONS[schedule % len(CRONS)]
                await self._task(task).edit(full=full, incremental=incremental)
            case Switch(task, on):
                await (self._task(task).enable() if on else self._task(task).disable())
            case Remove(task):
                gone = self._task(task)
                await gone.remove()
                self.tasks.remove(gone)
            case Now(task, full):
                await self._task(task).backup_now(full)
            case Later(task, count):
                await self._task(task).postpone(minutes(count))
            case Stop(task):
                await self._task(task).cancel()
            case Once():
                await self.shop.backup_once(within=30)
            case Strike(fault):
                self.world.do(fault)
                self.unsettled = True

    async def _write(self, texts: dict[str, str | None]) -> None:
        node = self.client.somebody("Shop")
        for document, text in texts.items():
            before = self.model.documents.get(document, {None})
            self.model.unknown(document, text)
            request: Any = DeleteDocuments("Shop", (document,))
            if text is not None:
                request = PutDocuments("Shop", ((document, "Orders", dumps({"text": text})),))
            try:
                written = await self.world.ask(node, request)
            except Refused:
                self.model.documents[document] = before
                raise
            if written:  # a node deletes what it holds: what another has not sent it yet is no part of that (19.1)
                self.model.answered(document, text)

    # ---- the end

    async def check(self) -> None:
        """End all faults; then restore the last backup of each task that is left and compare it with the model."""
        node = self.client.somebody("Shop")
        # a removal whose outcome is unknown may have been done
        known = self.world[node].state.database("Shop").tasks
        self.tasks = [task for task in self.tasks if task.id in known]
        for task in self.tasks:
            await patiently(task.enable)
        await self._write({"orders/last": "after the storm"})
        began = self.world.now
        await trio.sleep(hours(7))
        for number, task in enumerate(self.tasks):
            written = [run for run in task.runs if run.outcome == "written"]
            assert written, f"task {task.id} was enabled for seven hours of calm and has written nothing"
            assert written[-1].t >= began * 1_000_000, f"task {task.id} has not backed up the last document"
            last = written[-1]
            name = f"Restored{number}"
            request = RestoreDatabase(name, last.node, task.path, last.folder)
            result = await self.world.ask(last.node, request)
            assert result.files[-1] == last.file
            self._compare(task, last.node, name)

    def _compare(self, task: Task, node: str, name: str) -> None:
        store = self.client.store(node, name)
        assert store is not None, f"{name} was restored on {node}"
        for document, texts in self.model.documents.items():
            found = store.get(document)
            text = found.data.get("text") if found is not None else None
            assert text in texts, (
                f"document {document}, restored from task {task.id}, holds {text!r}, "
                f"and clients were answered for {' or '.join(sorted(map(repr, texts)))}"
            )


async def patiently(act: Any) -> None:
    """Repeat a request until it is granted."""
    for _ in range(20):
        try:
            await act()
        except REFUSED:
            await trio.sleep(5)
        else:
            return


async def play_steps(world: World, steps: tuple[ModelStep, ...], names: str = "ABC") -> None:
    """Play a whole story: do the steps, end all faults, then restore and check what must be restorable."""
    client = backups(world)
    client.start(names)
    await world.elected()
    run = ModelRun(world, client, await client.create_database("Shop", 3))
    for step in steps:
        await run.do(step)
    world.mend()
    await world.elected(within=60)
    await trio.sleep(minutes(2))
    await run.check()


TEXT = '''"""After {count} steps the sky clears: what every task has backed up last holds what clients were answered for."""

{imports}

SEED = {seed}
STEPS = (
{steps}
)


async def story(world):
    await play_steps(world, STEPS)
'''


def as_story(steps: tuple[ModelStep, ...], seed: int) -> str:
    """The text of a story file that needs nothing else: the steps, and the call that plays them."""
    faults = sorted({type(step.fault).__name__ for step in steps if isinstance(step, Strike)})
    ours = sorted({type(step).__name__ for step in steps})
    imports = [f"from cluster.steps import {', '.join(faults)}"] if faults else []
    imports.append(f"from scenarios.backup_model import {', '.join([*ours, 'play_steps'])}")
    listed = "\n".join(f"    {step!r}," for step in steps)
    return TEXT.format(count=len(steps), imports="\n".join(imports), seed=seed, steps=listed)
