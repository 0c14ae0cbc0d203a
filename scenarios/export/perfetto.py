"""A run as a trace of Chrome's format in JSON, for ui.perfetto.dev: a thread a node, a slice a role, a flow a message.

One process is the run. Times are µs. Roles are slices (`X`), messages two slices of 1 µs joined by a flow (`s`, `f`), steps of the
story global instants, other news instants of its node, backups asynchronous slices (`b`, `e`), and commit indices counters.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from backup.notes import BackupCancelled, BackupFailed, BackupFinished, BackupStarted
from cluster.trace import (
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Committed,
    Crashed,
    Delivered,
    Happened,
    Lost,
    Started,
    Stepped,
)
from scenarios.export.excerpt import Excerpt
from scenarios.inspect.causality import is_quiet

RUN = 1
"""The number of the process."""
Fields = dict[str, Any]
BackupKey = tuple[str, str, int, int]
"""Node, database, task and start of a backup."""


def perfetto(excerpt: Excerpt) -> Iterable[str]:
    """The lines of the file, one event each: metadata, then events by time, a flow after the slice that it is bound to."""
    found = sorted(_Writer(excerpt).events(), key=lambda each: (each["ts"], ORDER[each["ph"]], -each.get("dur", 0)))
    request = excerpt.run.request
    other = {
        "run": excerpt.title,
        "rules": request.rules,
        "digest": excerpt.run.outcome.digest,
        "version": excerpt.version,
    }
    written = [_encode(each) for each in (*_metadata(excerpt), *found)]
    yield '{"displayTimeUnit":"ms",' + f'"otherData":{_encode(other)},"traceEvents":['
    for number, line in enumerate(written, 1):
        yield line + ("," if number < len(written) else "")
    yield "]}"


ORDER = {"e": 0, "X": 1, "b": 2, "C": 3, "i": 4, "s": 5, "f": 6}
"""The order of events of one instant, by phase."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _metadata(excerpt: Excerpt) -> Iterator[Fields]:
    yield {"ph": "M", "pid": RUN, "tid": 0, "name": "process_name", "args": {"name": excerpt.title}}
    for number, name in enumerate(("story", *excerpt.names)):
        yield {"ph": "M", "pid": RUN, "tid": number, "name": "thread_name", "args": {"name": name}}
        yield {"ph": "M", "pid": RUN, "tid": number, "name": "thread_sort_index", "args": {"sort_index": number}}


class _Writer:
    """Reads all events up to the end of the excerpt, and writes those within it."""

    def __init__(self, excerpt: Excerpt) -> None:
        self._excerpt = excerpt
        self._threads = {name: number for number, name in enumerate(("", *excerpt.names))}
        self._start, self._until = excerpt.events[0].t, excerpt.events[-1].t
        self._role: dict[str, tuple[str, int]] = {}
        self._under_way: dict[BackupKey, tuple[str, int]] = {}

    def events(self) -> Iterator[Fields]:
        """The events of the file, in no order that counts."""
        for event in self._excerpt.run.outcome.history.events[: self._excerpt.last]:
            yield from self._roles(event)
            yield from self._backups(event)
            if event.seq >= self._excerpt.first:
                yield from self._news(event)
        for node in list(self._role):
            yield from self._end_role(node, self._until)
        for key in list(self._under_way):
            yield from self._end_backup(key, self._until, "still under way")

    def _roles(self, event: Happened[Any]) -> Iterator[Fields]:
        match event.note:
            case Started():
                role = "follower"
            case Crashed():
                role = ""
            case BecameFollower(term=term):
                role = f"follower, term {term}"
            case BecameCandidate(term=term, trial=trial):
                role = f"asks, term {term}" if trial else f"candidate, term {term}"
            case BecameLeader(term=term):
                role = f"leader, term {term}"
            case _:
                return
        yield from self._end_role(event.node, event.t)
        if role:
            self._role[event.node] = role, event.t

    def _end_role(self, node: str, t: int) -> Iterator[Fields]:
        role, since = self._role.pop(node, ("", 0))
        since = max(since, self._start)
        if role and since < t:
            yield self._at(node, since) | {"ph": "X", "dur": t - since, "cat": "role", "name": role}

    def _backups(self, event: Happened[Any]) -> Iterator[Fields]:
        note, node = event.note, event.node
        if isinstance(note, BackupStarted):
            name = f"{'full' if note.full else 'incremental'} backup of task {note.task} of {note.database}"
            self._under_way[node, note.database, note.task, note.started_at] = name, event.t
        elif isinstance(note, BackupFinished | BackupFailed | BackupCancelled):
            key = node, note.database, note.task, note.started_at
            yield from self._end_backup(key, event.t, type(note).__name__.removeprefix("Backup").lower())
        elif isinstance(note, Crashed):
            for key in [each for each in self._under_way if each[0] == node]:
                yield from self._end_backup(key, event.t, "cut off")

    def _end_backup(self, key: BackupKey, t: int, outcome: str) -> Iterator[Fields]:
        name, since = self._under_way.pop(key, ("", t))
        since = max(since, self._start)
        if since < t:
            what = {"cat": "backup", "id": "/".join(map(str, key)), "name": name}
            yield self._at(key[0], since) | {"ph": "b", **what, "args": {"node": key[0]}}
            yield self._at(key[0], t) | {"ph": "e", **what, "args": {"outcome": outcome}}

    def _news(self, event: Happened[Any]) -> Iterator[Fields]:
        note = event.note
        text = self._excerpt.text(note)
        told = {"args": {"seq": event.seq, "text": text}}
        match note:
            case Delivered():
                yield from self._message(event, note)
            case Lost():
                yield self._at(event.node, event.t) | {"ph": "i", "s": "t", "cat": "lost", "name": note.message} | told
            case Committed(index=index):
                yield self._at(event.node, event.t) | {"ph": "C", "name": "commit", "args": {event.node: index}}
            case Stepped():
                yield self._at("", event.t) | {"ph": "i", "s": "g", "cat": "step", "name": text} | told
            case _ if not is_quiet(event):
                name = type(note).__name__
                yield self._at(event.node, event.t) | {"ph": "i", "s": "t", "cat": "event", "name": name} | told

    def _message(self, event: Happened[Any], note: Delivered) -> Iterator[Fields]:
        args = {"seq": event.seq, "message": note.number}
        slice_of = {"ph": "X", "dur": 1, "cat": "message", "args": args}
        yield self._at(event.node, event.t) | {**slice_of, "name": f"take {note.message}"}
        if note.sent < self._start or note.peer not in self._threads:
            return
        flow = {"cat": "message", "name": note.message, "id": event.seq}
        yield self._at(note.peer, note.sent) | {**slice_of, "name": f"send {note.message}"}
        yield self._at(note.peer, note.sent) | {"ph": "s", **flow}
        yield self._at(event.node, event.t) | {"ph": "f", "bp": "e", **flow}

    def _at(self, node: str, t: int) -> Fields:
        return {"pid": RUN, "tid": self._threads.get(node, 0), "ts": t}
