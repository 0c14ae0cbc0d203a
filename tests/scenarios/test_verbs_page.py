"""scenarios/VERBS.md is made of the docstrings of the verbs: every verb with its arguments, defaults and errors."""

import ast
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.sim.machine_slot import NodeView
from cluster.sim.world import PATIENCE, Cluster, World
from scenarios.backups.client import Client
from scenarios.backups.client import backups as backups_verb
from scenarios.backups.client import owner as owner_verb
from scenarios.backups.database import Database
from scenarios.backups.replica import Replica
from scenarios.backups.server_wide import ServerWide
from scenarios.backups.task import Ran, RestoredDatabase, Task

PAGE = Path(__file__).parents[2] / "scenarios" / "VERBS.md"
HANDLES: dict[str, tuple[type, str]] = {
    "world": (World, "what a story is given"),
    'world["A"]': (NodeView, "a node, to look at"),
    "cluster": (Cluster, "what `world.start` returns"),
    "client": (Client, "`client = backups(world)`"),
    "shop": (Database, '`shop = await client.shop("ABC")`, `create_database`, `database`'),
    "task": (Task, "`task = await shop.define(…)`"),
    "run": (Ran, "`run = await task.ran()`, an item of `task.runs`"),
    "copy": (RestoredDatabase, '`copy = await task.restore_newest("Copy")`'),
    "everywhere": (ServerWide, "`everywhere = await client.define_server_wide(…)`"),
    "replica": (Replica, "`replica = await shop.define_replication(other)`"),
}
"""By the name that the page gives it: the class, and where a story has it from."""
MARK = "<!-- verbs: made of the docstrings by `make golden` -->\n"
"""What stands above it is written by hand."""


def of_class(name: str, cls: type) -> Iterator[str]:
    """The lines of one handle: each public method and property, in the order of the file."""
    body = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(body, ast.ClassDef)
    last = {each.name: each for each in body.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    for verb, node in last.items():
        says = ast.get_docstring(node)
        if verb.startswith("_") or not says:
            continue
        decorators = {ast.unparse(each) for each in node.decorator_list}
        waits = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
        called = f"{waits}{name}.{verb}"
        if "property" not in decorators:
            called += f"({arguments(node.args)})"
        answer = ast.unparse(node.returns).strip("'\"") if node.returns is not None else "None"
        yield f"- `{called}`{f' → `{answer}`' if answer != 'None' else ''}"
        yield f"  {' '.join(says.split())}"
    if cls is Ran:
        for found in re.finditer(r'^    (\w+): (.+)\n(?:    """(.+)""")?', inspect.getsource(cls), re.M):
            yield f"- `{name}.{found[1]}` → `{found[2]}`"
            if found[3]:
                yield f"  {found[3]}"


def arguments(given: ast.arguments) -> str:
    """The parameters without `self`, as the source has them."""
    given.args = given.args[1:] if given.args and given.args[0].arg == "self" else given.args
    return ast.unparse(given).replace("'", '"').replace("PATIENCE", f"{PATIENCE:g}")


def made() -> str:
    """The part of the page that is made."""
    lines = ["", "## Where a story begins", ""]
    for function in (backups_verb, owner_verb):
        (node,) = ast.parse(inspect.getsource(function)).body
        assert isinstance(node, ast.FunctionDef)
        lines += [f"- `{node.name}({arguments(node.args)})`", f"  {' '.join((ast.get_docstring(node) or '').split())}"]
    for name, (cls, where) in HANDLES.items():
        lines += ["", f"## `{name}`: {where}", "", *of_class(name, cls)]
    return "\n".join(lines) + "\n"


def test_the_page_is_made_of_the_docstrings() -> None:
    """As `make golden` writes it."""
    above, mark, below = PAGE.read_text(encoding="utf-8").partition(MARK)
    if os.environ.get("UNKINDNESS_RECORD") == "1":
        below = made()
        PAGE.write_text(f"{above}{mark}{below}", encoding="utf-8")
    assert below == made(), "`make golden` writes it again"


@pytest.mark.parametrize("name", HANDLES)
def test_every_verb_is_on_the_page(name: str) -> None:
    """Each public verb of each handle, with every parameter that it takes."""
    text = PAGE.read_text(encoding="utf-8")
    cls = HANDLES[name][0]
    for verb, member in vars(cls).items():
        if inspect.isfunction(member) and not verb.startswith("_"):
            (line,) = re.findall(rf"^- `(?:await )?{re.escape(name)}\.{verb}\(.*$", text, re.M)
            for parameter in list(inspect.signature(member).parameters)[1:]:
                assert re.search(rf"\b{parameter}\b", line), f"{verb} takes {parameter}"
