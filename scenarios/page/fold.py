"""The state of a run after each of its events: `state = fold(checkpoint, events up to the playhead)`.

It applies recorded facts and computes no Raft. `web/fold.js` does the same, and a test compares the two. A value inside a
state is never changed but replaced, so that a copy of the top level is a checkpoint. Never here: what is recorded
(recording.py), and what the Backups view makes of it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from scenarios.page.fold_record import empty_record, in_record, key, without
from scenarios.page.recording import Row

State = dict[str, Any]
EVERY = 1_000
"""Events between two checkpoints."""


def empty_node(record: State) -> State:
    """A node before its first start."""
    return {
        "up": False,
        "paused": False,
        "role": "none",
        "since": 0,
        "term": 0,
        "voted": None,
        "leader": "",
        "log": {"base": 0, "terms": []},
        "commit": 0,
        "snapshot": 0,
        "voters": [],
        "disk": {"full": False, "factor": 1, "failing": False},
        "clock": {"offset": 0, "drift": 0, "zone": "UTC"},
        "short": [],
        "places": {},
        "record": record,
        "cluster": 0,
        "plans": {},
        "running": {},
        "waiting": {},
    }


def empty_state(names: Sequence[str]) -> State:
    """The state before the first event."""
    record = empty_record()
    return {
        "seq": 0,
        "t": 0,
        "nodes": {name: empty_node(record) for name in names},
        "cuts": [],
        "held": [],
        "links": {},
        "wires": {},
        "clusters": [],
        "files": {},
    }


class States:
    """All states of a run. `at(seq)` is the state after event `seq`, 0 to the last one."""

    def __init__(self, names: Sequence[str], rows: Sequence[Row]) -> None:
        self._rows = rows
        self._records: dict[int, list[tuple[int, State]]] = {}
        """What each cluster had agreed as of each entry, by which a node that installs a snapshot knows what is in it."""
        state = empty_state(names)
        self._checkpoints = [dict(state)]
        for row in rows:
            self._apply(state, row)
            self._remember(state, row)
            if not row["seq"] % EVERY:
                self._checkpoints.append(dict(state))

    def at(self, seq: int) -> State:
        """The state after event `seq`."""
        state = dict(self._checkpoints[seq // EVERY])
        for row in self._rows[state["seq"] : seq]:
            self._apply(state, row)
        return state

    def _apply(self, state: State, row: Row) -> None:
        state["seq"], state["t"] = row["seq"], row["t"]
        node = row["node"]
        if node == "":
            if row["kind"] == "Stepped":
                step = STEPS.get(row["step"])
                if step is not None:
                    step(state, row)
            return
        if node not in state["nodes"]:
            return
        before = state["nodes"][node]
        changes = self._changes(state, before, row)
        if changes:
            state["nodes"] = {**state["nodes"], node: {**before, **changes}}
        if row["kind"] in FILES:
            FILES[row["kind"]](state, before, row)

    def _changes(self, state: State, node: State, row: Row) -> State | None:
        if "index" in row and (record := in_record(node["record"], row)) is not None:
            _agree(state, node["cluster"], row)
            return {"record": record}
        if row["kind"] == "Restored":
            return {"record": self._record_at(node["cluster"], row["index"])}
        change = NODE.get(row["kind"])
        return change(node, row) if change is not None else None

    def _remember(self, state: State, row: Row) -> None:
        if "index" not in row or row["node"] not in state["nodes"]:
            return
        number = state["nodes"][row["node"]]["cluster"]
        cluster, records = state["clusters"][number], self._records.setdefault(number, [])
        if cluster["index"] != row["index"]:
            return
        if records and records[-1][0] == row["index"]:
            records.pop()
        records.append((row["index"], cluster["record"]))

    def _record_at(self, number: int, index: int) -> State:
        found = empty_record()
        for at, record in self._records.get(number, []):
            if at > index:
                break
            found = record
        return found


def _agree(state: State, number: int, row: Row) -> None:
    """Entry `index` of a cluster is agreed once: the node that applied it first tells it."""
    cluster, index = state["clusters"][number], row["index"]
    if index < cluster["index"] or (index == cluster["index"] and cluster["teller"] != row["node"]):
        return
    changed = {"index": index, "teller": row["node"], "record": in_record(cluster["record"], row)}
    state["clusters"] = [changed if each is cluster else each for each in state["clusters"]]


# ---- what a node's event changes of that node ----


def _write(log: State, after: int, runs: Sequence[Sequence[int]]) -> State:
    """The log with these entries after entry `after`; terms are runs of [term, how many]."""
    kept: list[list[int]] = []
    room = after - log["base"]
    for term, count in log["terms"]:
        if room <= 0:
            break
        kept.append([term, min(count, room)])
        room -= count
    for term, count in runs:
        if kept and kept[-1][0] == term:
            kept[-1] = [term, kept[-1][1] + count]
        else:
            kept.append([term, count])
    return {"base": log["base"], "terms": kept}


def _forget(log: State, base: int) -> State:
    gone = base - log["base"]
    kept: list[list[int]] = []
    for term, count in log["terms"]:
        left = count - max(0, gone)
        gone -= count
        if left > 0:
            kept.append([term, left])
    return {"base": base, "terms": kept}


def _recovered(node: State, row: Row) -> State:
    base = row["index"] - sum(count for _, count in row["terms"])
    return {
        "term": row["term"],
        "voted": [row["term"], row["vote"]] if row["vote"] else None,
        "log": {"base": base, "terms": row["terms"]},
        "commit": row["commit"],
    }


def _became(role: str) -> Callable[[State, Row], State]:
    def change(node: State, row: Row) -> State:
        since = node["since"] if node["role"] == role else row["seq"]
        return {"role": role, "since": since, "term": row["term"], "leader": row["node"] if role == "leader" else ""}

    return change


def _follows(node: State, row: Row) -> State:
    since = node["since"] if node["role"] == "follower" else row["seq"]
    return {"role": "follower", "since": since, "term": row["term"], "leader": row["leader"]}


def _stands(node: State, row: Row) -> State:
    if row["trial"]:  # it stays in its term
        return {**_became("trial")(node, row), "term": node["term"]}
    return _became("candidate")(node, row)


def _crashed(node: State, row: Row) -> State:
    return {
        "up": False,
        "paused": False,
        "role": "down",
        "since": row["seq"],
        "leader": "",
        "plans": {},
        "running": {},
        "disk": {**node["disk"], "failing": False},
    }


def _planned(node: State, row: Row) -> State:
    plan = {name: row[name] for name in ("due", "full", "why", "rule", "seq")} | {"delayed": None}
    return {"plans": {**node["plans"], key(row): plan}}


def _delayed(node: State, row: Row) -> State | None:
    plan = node["plans"].get(key(row))
    if plan is None:
        return None
    return {"plans": {**node["plans"], key(row): {**plan, "delayed": row["until"], "why": row["why"]}}}


def _started(node: State, row: Row) -> State:
    fields = ("started_at", "occurrence", "full", "by_hand", "path", "folder", "file", "uploads", "seq")
    return {"running": {**node["running"], key(row): {name: row[name] for name in fields}}}


def _ended(node: State, row: Row) -> State:
    return {"running": without(node["running"], key(row))}


def _queued(node: State, row: Row) -> State:
    waits = {"started_at": row["started_at"], "why": row["why"], "seq": row["seq"]}
    return {"waiting": {**node["waiting"], f"{key(row)}/{row['started_at']}": waits}}


def _reported(node: State, row: Row) -> State:
    return {"waiting": without(node["waiting"], f"{key(row)}/{row['started_at']}")}


NODE: dict[str, Callable[[State, Row], State | None]] = {
    "Started": lambda node, row: {
        "up": True,
        "role": "follower",
        "since": row["seq"],
        "leader": "",
    },
    "Crashed": _crashed,
    "Stopped": _crashed,
    "Recovered": _recovered,
    "RecoveredSnapshot": lambda node, row: {"snapshot": row["index"]},
    "BecameFollower": _follows,
    "BecameCandidate": _stands,
    "BecameLeader": _became("leader"),
    "Voted": lambda node, row: {"term": row["term"], "voted": [row["term"], row["candidate"]]},
    "Delivered": lambda node, row: {"term": row["term"]} if node["term"] != row["term"] else None,
    "Wrote": lambda node, row: {"log": _write(node["log"], row["after"], row["terms"])},
    "Committed": lambda node, row: {"commit": row["index"]},
    "Compacted": lambda node, row: {"log": _forget(node["log"], row["base"])},
    "SnapshotTaken": lambda node, row: {"snapshot": row["index"]},
    "SnapshotInstalled": lambda node, row: {
        "snapshot": row["index"],
        "log": {"base": row["index"], "terms": []},
        "commit": max(node["commit"], row["index"]),
    },
    "ConfigurationChanged": lambda node, row: {"voters": row["voters"]},
    "BackupPlanned": _planned,
    "BackupDelayed": _delayed,
    "BackupStarted": _started,
    "BackupFinished": _ended,
    "BackupFailed": _ended,
    "BackupCancelled": _ended,
    "ReportQueued": _queued,
    "Reported": _reported,
    "ReportGivenUp": _reported,
}
"""By kind: what an event changes of its node."""


# ---- files, each at a place: `A:backups`, `s3://bucket` ----


def _keep(state: State, place: str, row: Row, full: bool) -> None:
    found = [
        file for file in state["files"].get(place, []) if (file["folder"], file["file"]) != (row["folder"], row["file"])
    ]
    fields = {name: row[name] for name in ("database", "task", "folder", "file", "started_at", "node", "seq")}
    state["files"] = {**state["files"], place: [*found, {**fields, "full": full, "lost": ""}]}


def _finished(state: State, node: State, row: Row) -> None:
    run = node["running"].get(key(row))
    if run is not None and run["path"]:  # else the file was only made to be uploaded
        _keep(state, f"{row['node']}:{run['path']}", row, row["full"])


def _uploaded(state: State, node: State, row: Row) -> None:
    _keep(state, row["path"], row, "full-backup" in row["file"] or "full-snapshot" in row["file"])


def _at_place(state: State, row: Row, change: Callable[[list[State]], list[State]]) -> None:
    local = f"{row['node']}:{row['path']}"
    place = local if local in state["files"] else row["path"]
    if place in state["files"]:
        state["files"] = {**state["files"], place: change(state["files"][place])}


def _removed(state: State, node: State, row: Row) -> None:
    _at_place(state, row, lambda files: [file for file in files if file["folder"] != row["folder"]])


def _lost(state: State, node: State, row: Row) -> None:
    """A file that is removed is told on, as what needs it cannot be restored."""
    name = (row["folder"], row["file"])
    _at_place(
        state,
        row,
        lambda files: [
            {**each, "lost": row["how"]} if (each["folder"], each["file"]) == name else each for each in files
        ],
    )


FILES: dict[str, Callable[[State, State, Row], None]] = {
    "BackupFinished": _finished,
    "Uploaded": _uploaded,
    "FolderRemoved": _removed,
    "FileLost": _lost,
}
"""By kind: what an event changes of the files; it is given the node as it was before."""


# ---- what a step of the story changes ----


def _of_node(change: Callable[[State, Row], State]) -> Callable[[State, Row], None]:
    """A step that changes the node that it names, by what `change` makes of the node and the fields of the step."""

    def apply(state: State, row: Row) -> None:
        _change(state, row["fields"]["node"], lambda node: change(node, row["fields"]))

    return apply


def _change(state: State, name: str, change: Callable[[State], State]) -> None:
    if (node := state["nodes"].get(name)) is not None:
        state["nodes"] = {**state["nodes"], name: {**node, **change(node)}}


def _cut(state: State, pairs: Sequence[str]) -> None:
    state["cuts"] = sorted({*state["cuts"], *pairs})


def _between(groups: Sequence[Sequence[str]]) -> list[str]:
    """The links between nodes of different groups, both ways."""
    return [f"{a}>{b}" for one in groups for other in groups if one is not other for a in one for b in other]


def _short(node: State, fields: Row) -> State:
    others = [each for each in node["short"] if each != fields["of"]]
    return {"short": sorted([*others, fields["of"]] if fields["short"] else others)}


def _disturb(state: State, row: Row) -> None:
    path, trouble = row["fields"].get("path", ""), row["fields"].get("trouble")

    def change(node: State) -> State:
        others = without(node["places"], path)
        return {"places": others if trouble == "Well" else {**others, path: trouble}}

    if path:
        _change(state, row["nodes"][0], change)


def _wiped(node: State, fields: Row) -> State:
    kept = {field: node[field] for field in ("up", "role", "since", "clock", "short", "places", "cluster")}
    return {**empty_node(empty_record()), **kept}


def _mended(state: State, row: Row) -> None:
    state.update(cuts=[], held=[], links={}, wires={})
    for name in state["nodes"]:
        _change(state, name, _healthy)


def _healthy(node: State) -> State:
    disk = {"full": False, "factor": 1, "failing": False}
    return {"paused": False, "disk": disk, "clock": {**node["clock"], "drift": 0}, "short": [], "places": {}}


def _rewired(state: State, row: Row) -> None:
    """Some links, or all: then nothing is special about any of them any longer."""
    given = {name: each for name, each in row["fields"].items() if name != "between" and each is not None}
    if pairs := _between(row["fields"].get("between") or ()):
        wires = state["wires"]
        state["wires"] = {**wires, **{pair: {**wires.get(pair, state["links"]), **given} for pair in pairs}}
    else:
        state.update(links={**state["links"], **given}, wires={})


def _start(state: State, row: Row) -> None:
    """A cluster begins. Nodes that join later join the first one."""
    number = len(state["clusters"])
    state["clusters"] = [*state["clusters"], {"index": 0, "teller": "", "record": empty_record()}]
    for name in row["nodes"]:
        _change(state, name, lambda node: {"voters": row["nodes"], "cluster": number})


STEPS: dict[str, Callable[[State, Row], None]] = {
    "Start": _start,
    "Pause": _of_node(lambda node, fields: {"paused": True}),
    "Resume": _of_node(lambda node, fields: {"paused": False}),
    "Cut": lambda state, row: _cut(
        state,
        [
            f"{row['fields']['one']}>{row['fields']['other']}",
            f"{row['fields']['other']}>{row['fields']['one']}",
        ],
    ),
    "CutOneWay": lambda state, row: _cut(state, [f"{row['fields']['src']}>{row['fields']['dst']}"]),
    "Split": lambda state, row: _cut(state, _between(row["fields"]["groups"])),
    "Heal": lambda state, row: state.update(cuts=[]),
    "Hold": lambda state, row: state.update(
        held=sorted({*state["held"], f"{row['fields']['src']}>{row['fields']['dst']}"})
    ),
    "Release": lambda state, row: state.update(
        held=[pair for pair in state["held"] if pair != f"{row['fields']['src']}>{row['fields']['dst']}"]
    ),
    "Rewire": _rewired,
    "JumpClock": _of_node(
        lambda node, fields: {"clock": {**node["clock"], "offset": node["clock"]["offset"] + fields["by"]}}
    ),
    "Drift": _of_node(lambda node, fields: {"clock": {**node["clock"], "drift": fields["parts_per_million"]}}),
    "Zone": _of_node(lambda node, fields: {"clock": {**node["clock"], "zone": fields["zone"]}}),
    "SlowDisk": _of_node(lambda node, fields: {"disk": {**node["disk"], "factor": fields["factor"]}}),
    "FullDisk": _of_node(lambda node, fields: {"disk": {**node["disk"], "full": fields["full"]}}),
    "FailSync": _of_node(lambda node, fields: {"disk": {**node["disk"], "failing": True}}),
    "Short": _of_node(_short),
    "Disturb": _disturb,
    "Wipe": _of_node(_wiped),
    "Mend": _mended,
}
"""By step: what it changes at once. What follows from it (a crash, a start) is an event of its own."""
