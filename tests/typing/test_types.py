"""What an editor knows of the public surface: types that a type checker reveals, and mistakes that it refuses."""

import re
from pathlib import Path

from mypy import api

from cluster.sim.run import HELD, play
from scenarios.gallery import load

ROOT = Path(__file__).parents[2]
SETUP = """\
from typing import Any

from backup.node.service import Backups
from backup.notes import BackupFailed, Reported
from backup.requests.backup_requests import BackupNow, ShowTask
from backup.record.database_commands import CreateDatabase
from backup.requests.document_requests import GetDocument
from cluster.checks import on
from backup.record.database_commands import CreateDatabase
from backup.requests.document_requests import GetDocument
from cluster.member import Application, ClientRequest, Member
from cluster.sim.world import World
from cluster.steps import Pause
from cluster.trace import Agreed, BecameLeader, Happened, Stepped
from scenarios.backups import backups
from scenarios.register import Get, Register, Swap

world: World
client = backups(world)
cluster = world.start("ABC", Register)


class Anything(Application):
    def empty(self) -> Any:
        return None

    def apply(self, state: Any, command: Any, index: int) -> Any:
        return state, None


def failed(event: Happened[BackupFailed]) -> None:
    ...


def failed_or_reported(event: Happened[BackupFailed | Reported]) -> None:
    ...


def anything_agreed(event: Happened[Agreed]) -> None:
    ...


async def story(anything: Any) -> None:
    shop = await client.create_database("Shop")
    task = await shop.define(full="0 2 * * *")
"""
"""What the lines below may use. Each of them is put into the body of `story`."""

REVEALED = [
    # events
    ("await world.seen(BackupFailed)", "cluster.trace.Happened[backup.notes.runs.BackupFailed]"),
    ("(await world.seen(BackupFailed)).note.occurrence", "int"),
    ("world.history.of(BecameLeader)", "list[cluster.trace.Happened[cluster.trace.BecameLeader]]"),
    ("world.history.events[0].note", "cluster.trace.Note"),
    ("[step.node for event in world.history.of(Stepped) if isinstance(step := event.note.step, Pause)]", "list[str]"),
    # what a watcher looks at
    ("on(BackupFailed, failed)[0]", "type[cluster.trace.Note]"),
    ("on(BackupFailed, failed_or_reported)[0]", "type[cluster.trace.Note]"),
    # what is waited for
    ("await world.until(lambda: world['A'].leader)", "str"),
    # a cluster knows its application
    ("cluster", "cluster.sim.world.Cluster[scenarios.register.Register]"),
    ("cluster['A'].state", "typing.Mapping[str, int]"),
    ("cluster['A'].application", "scenarios.register.Register"),
    ("cluster['A'].leader", "str | None"),
    ("await cluster.ask('A', Get('x'))", "int | None"),
    ("client.start('ABC')['A'].state", "backup.record.record.Record"),
    ("world.start('ABC')['A'].state", "None"),
    ("world.start('ABC', Anything)['A'].state", "Any"),
    # a world may hold any application
    ("world['A'].state", "Any"),
    ("world['A'].application", "Any"),
    # requests
    ("await world.ask('A', Swap('x', None, 1))", "int"),
    ("await world.ask('A', GetDocument('Shop', 'orders/1'))", "backup.database.items.Document | None"),
    ("await world.ask('A', CreateDatabase('Shop'))", "int"),
    ("await world.ask('A', BackupNow('Shop', 3))", "backup.requests.answers.Operation"),
    ("(await world.ask('A', ShowTask('Shop', 3))).next", "backup.requests.answers.NextBackup | None"),
    ("await world.ask('A', anything)", "Any"),
    ("await world.ask('A', object())", "Any"),
    # verbs of backups
    ("await shop.query('Orders')", "backup.requests.document_requests.QueryResult"),
    ("await shop.next_identity('orders|')", "int"),
    ("await shop.put_compare_exchange('key', 1)", "backup.database.agreed_values.CompareExchangeResult"),
    ("await shop.show()", "backup.requests.answers.BackupsView"),
    ("task.runs", "list[scenarios.backups.task.Ran]"),
    ("await task.ran()", "scenarios.backups.task.Ran"),
    ("await task.assigned()", "str"),
    ("await task.backup_now()", "backup.requests.answers.Operation"),
    ("(await task.restore_newest('Copy')).compared()", "backup.restore.chain_reader.Comparison"),
    # an application's own view
    ("cluster['A'].application.member", "cluster.member.Member[typing.Mapping[str, int]]"),
]
"""Expressions, and what they are to a type checker."""

REFUSED = [
    ("(await world.seen(Reported)).note.occurence", '"Reported" has no attribute "occurence"'),
    ("cluster['A'].state.databases", '"Mapping[str, int]" has no attribute "databases"'),
    ("(await cluster.ask('A', BackupNow('Shop', 3))).nmber", '"Operation" has no attribute "nmber"'),
    ("(await task.backup_now()).nmber", '"Operation" has no attribute "nmber"'),
    (
        "on(Reported, failed)",
        'Argument 2 to "on" has incompatible type "Callable[[Happened[BackupFailed]], None]"; '
        'expected "Callable[[Happened[Reported]], None]"',
    ),
    (
        "on(Reported, anything_agreed)",
        'Argument 2 to "on" has incompatible type "Callable[[Happened[Agreed]], None]"; '
        'expected "Callable[[Happened[Reported]], None]"',
    ),
    ("world.start('ABC', int)", 'Value of type variable "App" of "start" of "World" cannot be "int"'),
]
"""Mistakes, and how the first thing that is said of each begins."""


def example(folder: Path) -> Path:
    """The application in scenarios/README.md, as a file."""
    text = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")
    path = folder / "locks.py"
    path.write_text(text.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    return path


def test_the_example_of_an_application_is_a_story(tmp_path: Path) -> None:
    """What a reader copies runs as it stands, and every promise holds."""
    assert play(load(str(example(tmp_path))).story, 1).verdict == HELD


def test_an_editor_knows_events_states_and_answers() -> None:
    """One run of mypy, as strict as for the whole tree, over a story made of the lines above."""
    first = SETUP.count("\n") + 1
    lines = [*(f"reveal_type({code})" for code, _ in REVEALED), *(code for code, _ in REFUSED)]
    place = ROOT / ".mypy_cache" / "types"
    place.mkdir(parents=True, exist_ok=True)
    story = place / "story.py"
    story.write_text(SETUP + "".join(f"    {line}\n" for line in lines))
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(place / "cache")]
    said, failed, _ = api.run([*options, "--no-error-summary", "--hide-error-context", str(story), str(example(place))])
    assert not failed
    assert "locks.py" not in said, "the example of an application is as it should be"
    found: dict[int, str] = {}
    for number, text in re.findall(r"^.*story\.py:(\d+): (?:note|error): (.*)$", said, flags=re.MULTILINE):
        found.setdefault(int(number) - first, text)
    revealed = {code: found.pop(number, "") for number, (code, _) in enumerate(REVEALED)}
    assert revealed == {code: f'Revealed type is "{kind}"' for code, kind in REVEALED}
    refused = {code: found.pop(number, "") for number, (code, _) in enumerate(REFUSED, len(REVEALED))}
    assert not [code for code, says in REFUSED if not refused[code].startswith(says)], refused
    assert not found, "nothing else is said"
