"""The validation of task definitions, and the names of tasks (rules 6.2 to 6.4). Pure: all members decide alike.

What depends on a node (its folders, its administrator's limits, its version) is checked in backup/node/task_admission.py.
"""

from collections.abc import Iterable

from backup.destinations.local import LocalFolder
from backup.destinations.registry import in_order
from backup.record.cron import CronError, check_cron
from backup.record.record import Database
from backup.record.retention_policy import Retention
from backup.record.task import SnapshotSettings, Task
from cluster.member import Refused
from cluster.time_units import DAY, HOUR, SECOND

SERVER_WIDE_PREFIX = "Server Wide Backup"
"""The prefix of copies of server-wide tasks; no other name may start so, in upper or lower case (rule 6.3)."""
COMPRESSIONS = ("Zstd", "Deflate", "None")
LEVELS = ("Fastest", "Optimal", "SmallestSize", "NoCompression")


def validate(task: Task, verb: str) -> None:
    """Raise `Refused` if the definition is not valid (rule 6.4). `verb`: `create` or `update`, for the error."""
    why = (
        _frequencies(task)
        or _destinations(task)
        or _retention(task.retention)
        or _snapshot(task.snapshot)
        or (task.encryption is not None and task.encryption.problem())
    )
    if task.pinned and task.mentor is None:
        why = why or "it is pinned but names no mentor node: name one or unpin it"
    if why:
        raise Refused(f"Can't {verb} task {task.name!r}: {why}")


def need_in_group(database: Database, mentor: str | None, what: str) -> None:
    """Raise `Refused` if the preferred node is not in the database's group (rule 1.8); a restored group is not filled yet."""
    nodes = database.topology.nodes
    if mentor is not None and mentor not in nodes and database.restoring is None:
        raise Refused(
            f"{what}: it prefers node {mentor!r}, and {database.name!r} is on {' '.join(nodes)}: name one of them, "
            "or add the node to the group first"
        )


def _frequencies(task: Task) -> str:
    if not task.full and not task.incremental:
        return "couldn't parse the cron expressions for both full and incremental, as both are empty: give at least one"
    for which, cron in (("full", task.full), ("incremental", task.incremental)):
        if cron:
            try:
                check_cron(cron)
            except CronError as error:
                return f"its {which} frequency: {error}"
    return ""


def _destinations(task: Task) -> str:
    kinds = [type(block) for block in task.destinations]
    for block in task.destinations:
        if kinds.count(type(block)) > 1:
            return f"it names {kinds.count(type(block))} {block.word} destinations: give one of each kind at most"
        if isinstance(block, LocalFolder) and not block.disabled and not block.is_complete:
            return f"its {block.word} destination has no path and no script: give one, or disable it"
        if block.script is not None and (not block.script.exec or block.script.timeout <= 0):
            return f"the script of its {block.word} destination has no program or no time: give exec, and a timeout > 0"
    return ""


def _retention(retention: Retention | None) -> str:
    age = retention.age if retention is not None else None
    if age is None:
        return ""
    if age <= 0:
        return f"the age its retention keeps must be positive, not {age / SECOND:g} s: give a day or more"
    if age < DAY:
        given = f"{age / HOUR:g} h" if age >= HOUR else f"{age / SECOND:g} s"
        return f"the age its retention keeps must be a day or more, not {given}"
    return ""


def _snapshot(settings: SnapshotSettings) -> str:
    if settings.compression not in COMPRESSIONS:
        return f"snapshots cannot be compressed by {settings.compression!r}: choose one of {', '.join(COMPRESSIONS)}"
    if settings.level not in LEVELS:
        return f"there is no compression level {settings.level!r}: choose one of {', '.join(LEVELS)}"
    return ""


# ---- names ----


def name_of(task: Task, others: Iterable[str], verb: str) -> str:
    """The name to store: the given name, or a unique default name if it is empty (rule 6.2).

    Raises `Refused` if the given name is taken by one of `others` or has the prefix of server-wide tasks (rule 6.3).
    """
    given, taken = task.name, list(others)
    if given.lower().startswith(SERVER_WIDE_PREFIX.lower()):
        raise Refused(
            f"Can't {verb} task: the name {given!r} can't start with prefix '{SERVER_WIDE_PREFIX}': choose another"
        )
    if given.lower() in {name.lower() for name in taken}:
        raise Refused(f"Can't {verb} task: there is already a task {given!r} in this database: choose another name")
    return given or unique(default_name(task), taken)


def default_name(task: Task) -> str:
    """The default name, such as `Backup to Local, Azure`: it lists all destinations that are not disabled (rule 6.2)."""
    words = ", ".join(block.word for block in in_order(task.destinations) if not block.disabled)
    return f"{task.kind.value} to {words}" if words else f"{task.kind.value} w/o destinations"


def unique(name: str, taken: Iterable[str]) -> str:
    """The name if it is not taken, else the first free one of `NAME #2`, `NAME #3`, … (rule 24.2).

    Names that differ only in case count as equal.
    """
    known = {other.lower() for other in taken}
    found, number = name, 1
    while found.lower() in known:
        number += 1
        found = f"{name} #{number}"
    return found
