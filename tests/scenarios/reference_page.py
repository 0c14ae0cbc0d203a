"""What scenarios/VERBS.md is made of: the verbs by their docstrings, and every value that one takes, returns or waits for.

Never here: the part of the page that is written by hand, and the test that the page is this (test_verbs_page.py).
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

import attrs

import backup.notes
import backup.requests.errors as requests_errors
import cluster.trace
from backup.content.encryption import NoKey, WrongKey
from backup.content.manifest import DamagedBackup, FileKind, Manifest, UnreadableBackup
from backup.database.agreed_values import CompareExchangeResult
from backup.database.change_vector import ChangeVector
from backup.database.items import Attachment, Revision
from backup.destinations.faults import Loss, Trouble, Well
from backup.destinations.port import DestinationError
from backup.destinations.registry import KINDS
from backup.destinations.settings import Script
from backup.node.task_admission import Allowed
from backup.record.encryption_keys import Encryption, EncryptionMode, Key, KeyRefused
from backup.record.record import Sent, Topology
from backup.record.retention_policy import Retention
from backup.record.rules import Rules
from backup.record.task import Kind, SnapshotSettings, UploadMode
from backup.record.task import Task as Definition
from backup.record.task_commands import Postponed
from backup.requests.answers import (
    BackupsView,
    NextBackup,
    OneTimeView,
    Operation,
    RunProgress,
    ServerWideView,
    TaskView,
)
from backup.requests.document_requests import QueryResult
from backup.restore.chain_reader import BrokenChain, Comparison, NothingToRestore, RestorePoint
from backup.restore.restore_points import Chain, CheckedPoint
from cluster import steps
from cluster.argument_kinds import SPANS_IN
from cluster.member import NoLeader, OutcomeUnknown, Refused
from cluster.raft.timing import Compaction, Timing
from cluster.sim.disk import DiskModel
from cluster.sim.errors import GaveUp, Misuse
from cluster.sim.machine_slot import NodeView
from cluster.sim.world import PATIENCE, Cluster, World
from cluster.trace import Happened, Note
from scenarios.backups.client import Client
from scenarios.backups.client import backups as backups_verb
from scenarios.backups.client import owner as owner_verb
from scenarios.backups.database import Database
from scenarios.backups.replica import Replica
from scenarios.backups.restored import RestoredDatabase
from scenarios.backups.server_wide import ServerWide
from scenarios.backups.task import Ran, Task

HANDLES: dict[str, tuple[type, str]] = {
    "world": (World, "what a story is given"),
    'world["A"]': (NodeView, "a node, to look at"),
    "cluster": (Cluster, "what `world.start` returns"),
    "client": (Client, "`client = backups(world)`"),
    "shop": (Database, '`shop = await client.shop("ABC")`, `create_database`, `database`'),
    "task": (Task, "`task = await shop.define(…)`"),
    "run": (Ran, "`run = await task.ran()`, an item of `task.runs`"),
    "copy": (RestoredDatabase, '`copy = await task.restore_newest("Copy")`, `client.restore`'),
    "everywhere": (ServerWide, "`everywhere = await client.define_server_wide(…)`"),
    "replica": (Replica, "`replica = await shop.define_replication(other)`"),
}
"""By the name that the page gives it: the class, and where a story has it from."""


def notes_of(module: Any) -> tuple[type, ...]:
    """The kinds of notes that a module, or the modules of a package, define: in the order of the names."""
    found = (each for _, each in sorted(vars(module).items()) if isinstance(each, type) and issubclass(each, Note))
    return tuple(each for each in found if each.__module__.startswith(module.__name__) and attrs.has(each))


def errors_of(module: Any) -> tuple[type, ...]:
    """The errors that a module defines, in the order of its lines."""
    return tuple(
        each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__
    )


ANSWERS = (
    *(Comparison, Chain, CheckedPoint, RestorePoint, Manifest, FileKind),
    *(TaskView, NextBackup, RunProgress, Sent, BackupsView, OneTimeView, ServerWideView, Operation, Postponed),
    *(Topology, Revision, Attachment, ChangeVector, QueryResult, CompareExchangeResult, Happened),
)
ERRORS = (
    *(GaveUp, Misuse, NoLeader, OutcomeUnknown, Refused, *errors_of(requests_errors)),
    *(NothingToRestore, BrokenChain, DamagedBackup, UnreadableBackup, NoKey, WrongKey, KeyRefused, DestinationError),
)
VALUES: dict[str, tuple[str, tuple[type, ...]]] = {
    "Destinations: `to=`": (
        "Wherever a signature says `AnySettings`. Import them from `scenarios.backups`. A task has at most one of each kind; the "
        "first that is given is the task's own, where `files` and `restore_points` look if nothing else is said. The address is "
        "what other verbs and faults name it by: `backups`, `s3://nightly/Shop`, `glacier://…`, `azure://container/folder`, "
        '`gs://bucket/folder`, `ftp://…`. Clouds are simulated unless `client.start(…, clouds="real")`.',
        (*KINDS, Script),
    ),
    "Settings of tasks and databases": (
        'Import them from `scenarios.backups`. A key is made by `client.key("night")`.',
        (Encryption, EncryptionMode, Key, Kind, SnapshotSettings, Retention, UploadMode, Definition),
    ),
    'Troubles of a place: `world.disturb("B", Full("backups"))`': (
        "Import them from `scenarios.backups`. `path` is a local folder of that node, or the address of a cloud. A trouble lasts until "
        '`world.disturb("B", Well("backups"))` or `world.mend()`; the last three befall a finished file, at once and for good.',
        (*get_args(Trouble), Well, *get_args(Loss)),
    ),
    "Faults as values: `world.when`, `world.suffer`, `world.do`": (
        "Import them from `cluster.steps`. Each does what the verb of its name does.",
        (*get_args(steps.Fault), *get_args(steps.Administration), steps.When, steps.Gust),
    ),
    "Settings of a world: `world.tune`, `client.start`": (
        'Given as a mapping by name (`timing={"election": 0.15}`, durations in seconds) or, of these classes, in µs.',
        (Timing, Compaction, DiskModel, Rules, Allowed),
    ),
    "What is looked at": (
        "What verbs and nouns return. Instants are wall µs since 2024-01-01 00:00 UTC, durations µs.",
        ANSWERS,
    ),
    "What can happen to backups: `world.seen`, `world.when`, `world.history.of`": (
        'Import them from `scenarios.backups`. `event = await world.seen(BackupStarted, node="B")` has `event.t` (true time in '
        "µs), `event.node`, and `event.note` with these fields; each can be asked for by its value. Instants are wall µs of the "
        "node, durations µs. `task` is `task.id`, 0 for a one-time backup.",
        notes_of(backup.notes),
    ),
    "What can happen to the cluster": ("Import them from `cluster.trace`.", notes_of(cluster.trace)),
    "Errors": (
        "Import those of backups from `scenarios.backups`, the others from `cluster.member`; `GaveUp` and `Misuse` nobody has to "
        "name.",
        ERRORS,
    ),
}
"""By heading: what stands below it, and the classes."""


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
        for field, (kind, says) in declared(cls).items():
            yield f"- `{name}.{field}` → `{kind}`"
            yield f"  {says}"


def arguments(given: ast.arguments) -> str:
    """The parameters without `self`, as the source has them."""
    given.args = given.args[1:] if given.args and given.args[0].arg == "self" else given.args
    return ast.unparse(given).replace("'", '"').replace("PATIENCE", f"{PATIENCE:g}")


def declared(cls: type) -> dict[str, tuple[str, str]]:
    """Each field that a class, or one that it is made of, declares: its annotation and its docstring."""
    found: dict[str, tuple[str, str]] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.partition(".")[0] not in ("cluster", "backup", "scenarios"):
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(body, ast.ClassDef)
        for line, after in zip(body.body, [*body.body[1:], ast.Pass()], strict=True):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                is_doc = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                says = " ".join(str(after.value.value).split()) if is_doc else ""  # type: ignore[attr-defined]
                found[line.target.id] = ast.unparse(line.annotation).strip("'\""), says
    return found


def of_value(cls: Any) -> Iterator[str]:
    """The lines of one class of values: how it is made, what it is, what its fields hold."""
    says = " ".join((inspect.getdoc(cls) or "").split())
    if issubclass(cls, Enum):
        members = ", ".join(f"`{cls.__name__}.{each.name}`" for each in cls)
        yield f"- {members}"
    elif not attrs.has(cls):
        yield f"- `{cls.__name__}`"
    else:
        known = declared(cls)
        fields = [each for each in attrs.fields(cls) if each.init and not each.name.startswith("_")]
        yield f"- `{cls.__name__}({', '.join(parameter(each, known[each.name][0]) for each in fields)})`"
        told = [f"`{each.name}`: {known[each.name][1]}" for each in fields if known[each.name][1]]
        told += [f"`{name}`: {' '.join((each.__doc__ or '').split())}" for name, each in looks(cls)]
        says = " ".join([says, *told])
    yield f"  {says}"


def looks(cls: type) -> Iterator[tuple[str, property]]:
    """The public properties that a class itself defines."""
    found = ((name, each) for name, each in vars(cls).items() if isinstance(each, property))
    return ((name, each) for name, each in found if not name.startswith("_") and each.__doc__ and name != "weight")


def parameter(field: "attrs.Attribute[Any]", kind: str) -> str:
    """A field as a parameter."""
    span: Any = SPANS_IN.get(field.converter)  # kept in µs, and given as a duration
    if span is not None:
        kind = "Span" if "None" not in kind else "Span | None"
    if field.default is attrs.NOTHING:
        return f"{field.name}: {kind}"
    default = field.default
    text = str(default) if isinstance(default, Enum) else "…" if isinstance(default, attrs.Factory) else repr(default)  # type: ignore[arg-type]
    return f"{field.name}: {kind}={text}".replace("'", '"')


def made() -> str:
    """The part of the page that is made."""
    lines = ["", "## Where a story begins", ""]
    for function in (backups_verb, owner_verb):
        (node,) = ast.parse(inspect.getsource(function)).body
        assert isinstance(node, ast.FunctionDef)
        lines += [f"- `{node.name}({arguments(node.args)})`", f"  {' '.join((ast.get_docstring(node) or '').split())}"]
    for name, (cls, where) in HANDLES.items():
        lines += ["", f"## `{name}`: {where}", "", *of_class(name, cls)]
    for heading, (says, classes) in VALUES.items():
        lines += ["", f"## {heading}", "", says, "", *(line for cls in classes for line in of_value(cls))]
    return "\n".join(lines) + "\n"


BUILT_IN = {
    *("Any", "Callable", "Iterable", "Iterator", "Mapping", "None", "Path", "Self", "BaseException", "True", "False"),
    *(
        "AnySettings",
        "Span",
        "Instant",
        "Condition",
        "Note",
        "Weather",
        "Fault",
        "Administration",
        "ClientRequest",
        "Application",
        "Nothing",
    ),
    *("App", "T", "N", "A", "Watcher"),
}
"""Names in signatures that need no entry: Python's, those of the table on top, and bases of which every kind has one."""
INSIDE = {
    *(
        "Backups",
        "Record",
        "Recorded",
        "Store",
        "Values",
        "Status",
        "Assignment",
        "Delay",
        "Stamp",
        "Replication",
        "Template",
    ),
    *("PromotionStatus", "Step"),
}
"""What nodes hold inside. A story may look at it, and no page promises its fields."""


def unexplained(text: str) -> set[str]:
    """The types that a signature of the page names, and that no entry explains."""
    signatures = re.findall(r"^- (`.*)$", text, re.M)
    named = {
        name for line in signatures for name in re.findall(r"(?<![.\w\"])([A-Z]\w*[a-z]\w*)(?=[\]\[|=,)`\s.(])", line)
    }
    entries = set(re.findall(r"^- `(\w+)[(.`]", text, re.M)) | {cls.__name__ for cls, _ in HANDLES.values()}
    return named - entries - BUILT_IN - INSIDE
