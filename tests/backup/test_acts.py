"""One act has one name, from the verb of a story to the request to the note: the table of backup/requests/README.md holds."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from backup import notes
from backup.node.service import Backups
from backup.record.commands import Command
from backup.record.database_commands import CreateDatabase
from backup.record.record import Restoring
from backup.requests import Request
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.trace import Note
from scenarios.backups import Client, Database, Task
from scenarios.backups.replica import Replica
from scenarios.backups.server_wide import ServerWide

TABLE = (Path(__file__).parents[2] / "backup/requests/README.md").read_text()
ROWS = [
    [re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:5]] for line in TABLE.splitlines() if "| `" in line
]
HANDLES = {kind.__name__: kind for kind in (Client, Database, Task, Replica, ServerWide)}
REQUESTS = {kind.__name__: kind for kind in get_args(Request)}
COMMANDS = {kind.__name__: kind for kind in get_args(Command)}
PART_OF = {"Task.edit": "Define", "ServerWide.edit": "Define", "ServerWide.leave_out": "Define", "Database.fill": "Put"}
"""Verbs for a part of what a request can do."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1][0])
def test_an_act_has_one_name_from_verb_to_note(row: list[list[str]]) -> None:
    """The verb asks with the request, whose first word it begins with; the notes are there."""
    verbs, (request,), commands, said = row
    assert request in REQUESTS
    for verb in verbs:
        handle, method = verb.split(".")
        body = inspect.getsource(getattr(HANDLES[handle], method))
        word = PART_OF.get(verb, "Toggle" if method in ("enable", "disable") else method.split("_")[0].capitalize())
        assert request.startswith(word), f"{verb} asks with {request}"
        assert f"{request}(" in body or "self._toggle(" in body, f"{verb} does not ask with {request}"
    assert all(command in COMMANDS for command in commands)
    assert all(issubclass(getattr(notes, name), Note) for name in said)


def test_the_table_of_acts_is_whole() -> None:
    """Every request that changes something has one row; every command is asked for there, or proposed by a node itself."""
    asked = [row[1][0] for row in ROWS]
    changing = {name for name in REQUESTS if not name.startswith(("Show", "Get", "Read", "Query"))}
    assert sorted(asked) == sorted(changing)
    assert {name for name in COMMANDS if f"`{name}`" not in TABLE} == set()
    assert {row[1][0] for row in ROWS if "itself" in TABLE.split(f"| `{row[1][0]}` |")[1].split("|")[0]} == {
        name for name in REQUESTS if name in COMMANDS
    }


def test_a_client_does_not_fill_in_what_a_node_knows() -> None:
    """The proposer's clock and term, and that a database is being restored, are not taken from a request."""

    async def story(world: World) -> None:
        world.start("A", Backups)
        await world.elected()
        await world.ask("A", CreateDatabase("Shop", restoring=Restoring("A", 7), at=-5, term=99))
        shop = world["A"].state.database("Shop")
        assert shop.restoring is None
        assert shop.topology.stamp.term == world["A"].term
        assert shop.topology.stamp.at > 0

    run(story)
