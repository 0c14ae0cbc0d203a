"""Cause and consequence: every event of a run has one parent, so that a run is a forest whose roots are steps of the story.

Where the trace names the cause of an event, that is its parent. Where it names none, because a timer ran out or a program went
on, the parent is the nearest event that could have led to it: the plan of a backup, the end of a run, the fault that may have
silenced a leader. A step is a root even if the story waited for an event before it. Never here: how a chain is shown.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from backup.destinations.faults import Well
from backup.notes import (
    BackupCancelled,
    BackupFailed,
    BackupFinished,
    BackupPlanned,
    BackupSkipped,
    BackupStarted,
    CopyHolds,
    CopyOpened,
    DocumentsWritten,
    MoveAnnounced,
    ObserverDecided,
    OwnerChanged,
    Reported,
    ReportGivenUp,
    ReportQueued,
    RetentionFailed,
    TaskDefined,
    TopologyChanged,
    UploadFailed,
)
from cluster import steps, trace
from cluster.sim.timeline import DETAIL, SILENT, manner
from cluster.time_units import clock_text
from cluster.trace import Happened, Note

SENT_BY: dict[str, tuple[str, ...]] = {
    "RequestVote": ("stood",),
    "AppendEntries": ("wrote", "led"),
    "AppendEntries~": ("applied", "led"),
    "InstallSnapshot": ("snapshot",),
    "Forward": ("proposed",),
    "ReplicateDocuments": ("copy",),
    "ReplicationAck": ("copy",),
    "ReplicationResume": ("copy",),
}
"""What a node did before it sent a message without a cause, by the class of the message (`~`: a heartbeat); else anything."""
GROUPS: dict[type[Note], str] = {
    trace.BecameCandidate: "stood",
    trace.Voted: "stood",
    trace.BecameLeader: "led",
    trace.Wrote: "wrote",
    trace.SnapshotSent: "snapshot",
    trace.Proposed: "proposed",
    CopyHolds: "copy",
    CopyOpened: "copy",
    DocumentsWritten: "copy",
}
ENDS: tuple[type[Note], ...] = (BackupFinished, BackupSkipped, BackupFailed, BackupCancelled)
OF_A_TASK: dict[type[Note], tuple[type[Note], ...]] = {
    BackupPlanned: (*ENDS, BackupStarted, OwnerChanged, TaskDefined),
    BackupStarted: (BackupPlanned, OwnerChanged, TaskDefined),
    BackupSkipped: (BackupPlanned, OwnerChanged, TaskDefined),
    **dict.fromkeys((BackupFinished, BackupFailed, BackupCancelled), (BackupStarted, BackupPlanned)),
    **dict.fromkeys((ReportQueued, Reported, ReportGivenUp), ENDS),
}
"""For each kind of note about a task, the kinds about that task on that node that lead to it."""
AT_A_PLACE: tuple[type[Note], ...] = (BackupFailed, UploadFailed, RetentionFailed)
"""What a fault of a destination leads to, while one lasts."""
OBSERVED = (TaskDefined, OwnerChanged, MoveAnnounced, TopologyChanged)
"""The news of the record on which an observer decides, besides faults."""
DISTURBS = (*get_args(steps.Fault), *get_args(steps.Administration), steps.Start, steps.Mend)


def parents(events: Iterable[Happened[Any]]) -> list[int]:
    """For each event by its `seq`, that of its parent, which is smaller; 0: it has none. Place 0 is empty."""
    walk = _Walk()
    for event in events:
        walk.take(event)
    return walk.parents


def chain(events: Sequence[Happened[Any]], parent: Sequence[int], seq: int) -> list[int]:
    """What led to an event, from the step or the timer that began it to the event itself."""
    found = [seq]
    while parent[found[-1]] and not (len(found) > 1 and _is_step(events[found[-1] - 1])):
        found.append(parent[found[-1]])
    return found[::-1]


def consequences(events: Sequence[Happened[Any]], parent: Sequence[int], seq: int) -> list[int]:
    """What an event led to, in order: its children, their children, and so on, but no step and what that led to."""
    found = {seq}
    for event in events[seq:]:
        if parent[event.seq] in found and not _is_step(event):
            found.add(event.seq)
    found.discard(seq)
    return sorted(found)


def shortened(events: Sequence[Happened[Any]], led: Sequence[int], most: int) -> list[int]:
    """At most so many of a chain, in order: its two ends, headlines, news, details, messages; each the nearest to the end first."""
    if len(led) <= most:
        return list(led)
    notes = {seq: events[seq - 1].note for seq in led[1:-1]}
    rank = {seq: 1 if type(note) in SILENT else -manner(note)[1] for seq, note in notes.items()}
    kept = sorted(rank, key=lambda seq: (rank[seq], -seq))[: most - 2]
    return [led[0], *sorted(kept), led[-1]]


def event_text(event: Happened[Any]) -> str:
    """An event in one line, with its number."""
    return f"#{event.seq}  {clock_text(event.t)}  {f'{event.node} {event.note.text()}'.strip()}"


def is_quiet(event: Happened[Any]) -> bool:
    """Whether an event is a step on the way rather than news: a message, a write, a note of detail."""
    return type(event.note) in SILENT or manner(event.note)[1] == DETAIL


def _is_step(event: Happened[Any]) -> bool:
    return isinstance(event.note, trace.Stepped)


class _Walk:
    """Takes events in order and gives each its parent."""

    def __init__(self) -> None:
        self.parents = [0]
        self._did: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        """For a node and a group of `GROUPS`, or none for any event but a message: times and numbers."""
        self._of_a_task: dict[tuple[type[Note], str, Any], int] = {}
        """The last event of a kind, node and task."""
        self._asked: dict[str, int] = {}
        """The proposal of each request."""
        self._copy: dict[Any, int] = {}
        """The newest change of any copy of a database, by its id."""
        self._news: dict[tuple[str, str], int] = {}
        """The last news of the record for an observer, by node and database."""
        self._started: dict[str, int] = {}
        self._leader: dict[str, str] = {}
        self._disturbed: dict[str, int] = {}
        """The last step that concerns a node; without a name: all."""
        self._troubled: dict[str, int] = {}
        """The step that began the trouble of a place for files, while it lasts."""

    def take(self, event: Happened[Any]) -> None:
        """Take the next event."""
        self.parents.append(self._parent(event))
        self._keep(event)

    def _parent(self, event: Happened[Any]) -> int:
        note, node = event.note, event.node
        if isinstance(note, AT_A_PLACE):
            troubles = [seq for place, seq in self._troubled.items() if place == node or ":" in place]
            if troubles:
                return max(troubles)
        if event.cause or isinstance(note, trace.Stepped | trace.Said | trace.Ended):
            return event.cause
        match note:
            case trace.Delivered() | trace.Lost():
                found = self._sent(note)
            case trace.BecameCandidate():
                found = self._silenced(node)
            case trace.Answered(request=request):
                found = self._asked.get(request, 0)
            case ObserverDecided(database=database):
                found = max(self._news.get((node, database), 0), *self._disturbed.values(), 0)
            case CopyHolds(database=database):
                found = self._copy.get(database, 0)
            case _:
                found = max(
                    [self._of_a_task.get((kind, node, _task(note)), 0) for kind in OF_A_TASK.get(type(note), ())] or [0]
                )
                if isinstance(note, BackupPlanned):
                    found = max(found, self._started.get(node, 0))
        return found or self._last(node, "", event.t) or max(self._disturbed.get(node, 0), self._disturbed.get("", 0))

    def _sent(self, note: trace.Delivered | trace.Lost) -> int:
        """The last thing that the sender did before it sent the message, as far as its class tells."""
        groups = SENT_BY.get(f"{note.message}~" if "~" in note.number else note.message, ("",))
        return max([self._last(note.peer, group, note.sent) for group in groups])

    def _silenced(self, node: str) -> int:
        """The last step that may have kept the node from hearing a leader, its start, or its last attempt to lead."""
        among = [self._disturbed.get(name, 0) for name in ("", node, self._leader.get(node, ""))]
        return max(*among, self._started.get(node, 0), self._last(node, "stood", None))

    def _last(self, node: str, group: str, t: int | None) -> int:
        times, numbers = self._did.get((node, group), ((), ()))
        place = len(times) if t is None else bisect_right(times, t)
        return numbers[place - 1] if place else 0

    def _keep(self, event: Happened[Any]) -> None:
        note, node, seq = event.note, event.node, event.seq
        kind = type(note)
        if isinstance(note, trace.Stepped):
            self._keep_step(note.step, seq)
            return
        if node and kind not in (trace.Delivered, trace.Lost):
            own = GROUPS.get(kind, "applied" if isinstance(note, trace.Agreed) else "")
            for group in dict.fromkeys(("", own)):
                times, numbers = self._did.setdefault((node, group), ([], []))
                times.append(event.t)
                numbers.append(seq)
        if hasattr(note, "task"):
            self._of_a_task[kind, node, _task(note)] = seq
        if isinstance(note, OBSERVED):
            self._news[node, note.database] = seq
        match note:
            case trace.Started():
                self._started[node] = seq
            case trace.BecameFollower(leader=leader):
                self._leader[node] = leader
            case trace.Proposed(request=request):
                self._asked[request] = seq
            case CopyHolds(database=database) | CopyOpened(database=database):
                self._copy[database] = seq
            case _:
                pass

    def _keep_step(self, step: Any, seq: int) -> None:
        match step:
            case steps.Disturb(place, trouble):
                self._troubled.pop(place, None)
                if not isinstance(trouble, Well):
                    self._troubled[place] = seq
            case steps.Mend():
                self._troubled.clear()
            case _:
                pass
        if isinstance(step, DISTURBS):
            for name in steps.nodes_of(step) or ("",):
                self._disturbed[name] = seq


def _task(note: Any) -> Any:
    """The database and the id of the task that a note is about; ids alone are not unique."""
    return getattr(note, "database", ""), getattr(note, "task", 0)
