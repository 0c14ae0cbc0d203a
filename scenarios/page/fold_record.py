"""What is agreed about databases and tasks, folded out of the notes that nodes make when they apply an entry.

Each node has such a record of its own, as far as it has applied the log: what it believes. `web/fold_record.js` does the same.
"""

from collections.abc import Callable
from typing import Any

from scenarios.page.recording import Row

Record = dict[str, Any]


def empty_record() -> Record:
    """The record before the first entry."""
    return {"databases": {}, "tasks": {}, "server_wide": {}}


def in_record(record: Record, row: Row) -> Record | None:
    """The record after this event; None if the event is none of the record."""
    change = RECORD.get(row["kind"])
    return change(record, row) if change is not None else None


def key(row: Row) -> str:
    """The key of a task in maps of a state."""
    return f"{row['database']}/{row['task']}"


def without(found: Record, gone: str) -> Record:
    """All but one of them."""
    return {name: each for name, each in found.items() if name != gone}


def _database(record: Record, name: str, **changes: Any) -> Record:
    empty = {"members": [], "promotables": [], "rehabs": [], "encrypted": False, "restoring": False, "since": 0}
    found = {**record["databases"].get(name, empty), **changes}
    return {**record, "databases": {**record["databases"], name: found}}


def _created(record: Record, row: Row) -> Record:
    fields = {name: row[name] for name in ("members", "encrypted", "restoring")}
    return _database(record, row["database"], **fields, since=row["seq"])


def _gone(record: Record, row: Row) -> Record:
    name = row["database"]
    return {
        **record,
        "databases": without(record["databases"], name),
        "tasks": {each: found for each, found in record["tasks"].items() if found["database"] != name},
    }


def _task(record: Record, row: Row, **changes: Any) -> Record:
    before = record["tasks"].get(key(row))
    if before is None:
        return record
    return {**record, "tasks": {**record["tasks"], key(row): {**before, **changes}}}


DEFINED: tuple[str, ...] = (
    "database",
    "task",
    "name",
    "full",
    "incremental",
    "mentor",
    "pinned",
    "disabled",
    "encryption",
    "keeps",
)
DEFINED += ("has_place", "server_wide", "paths", "clouds")
UNDEFINED: Record = {
    "owner": "",
    "reason": "",
    "rule": "",
    "owner_since": 0,
    "moves_at": None,
    "postponed": None,
    "last_full": None,
    "last_incremental": None,
    "last_node": "",
    "last_seq": 0,
    "error": "",
    "error_at": None,
}


def _defined(record: Record, row: Row) -> Record:
    before = record["tasks"].get(key(row), UNDEFINED)
    fields = {name: row[name] for name in DEFINED} | {"type": row["kind_"], "since": row["seq"]}
    return {**record, "tasks": {**record["tasks"], key(row): {**before, **fields}}}


def _undefined(record: Record, row: Row) -> Record:
    return {**record, "tasks": without(record["tasks"], key(row))}


def _owned(record: Record, row: Row) -> Record:
    owner = {"owner": row["owner_after"], "reason": row["sentence"], "rule": row["rule"], "owner_since": row["seq"]}
    return _task(record, row, **owner, moves_at=None)


def _group(record: Record, row: Row) -> Record:
    return _database(record, row["database"], **{name: row[name] for name in ("members", "promotables", "rehabs")})


def _stored(record: Record, row: Row) -> Record:
    if not row["newest"]:
        return record
    changes: Record = {"last_node": row["node_"], "last_seq": row["seq"], "postponed": None, "error": row["error"]}
    if row["error"]:
        changes["error_at"] = row["started_at"]
    else:
        changes["last_full" if row["full"] else "last_incremental"] = row["started_at"]
    return _task(record, row, **changes)


TEMPLATE = ("task", "name", "excluded", "full", "incremental", "disabled", "keeps", "paths", "clouds")


def _for_all(record: Record, row: Row) -> Record:
    told = {name: row[name] for name in TEMPLATE} | {"type": row["kind_"], "since": row["seq"]}
    return {**record, "server_wide": {**record["server_wide"], str(row["task"]): told}}


RECORD: dict[str, Callable[[Record, Row], Record]] = {
    "DatabaseCreated": _created,
    "DatabaseOpened": lambda record, row: _database(record, row["database"], restoring=False),
    "DatabaseRemoved": _gone,
    "TopologyChanged": _group,
    "TaskDefined": _defined,
    "TaskRemoved": _undefined,
    "OwnerChanged": _owned,
    "MoveAnnounced": lambda record, row: _task(record, row, moves_at=row["moves_at"]),
    "MoveCalledOff": lambda record, row: _task(record, row, moves_at=None),
    "BackupPostponed": lambda record, row: _task(record, row, postponed=row["until"]),
    "StatusStored": _stored,
    "ServerWideDefined": _for_all,
    "ServerWideRemoved": lambda record, row: {
        **record,
        "server_wide": without(record["server_wide"], str(row["task"])),
    },
}
"""By kind: what an entry changes of the record."""
