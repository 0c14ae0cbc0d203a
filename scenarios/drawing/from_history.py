"""From a history to a picture: every event up to the end of the window is read once, and what lies in the window is kept.

Never here: which run is drawn, and how a diagram looks.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from backup.notes.record_notes import OwnerChanged
from backup.notes.runs import BackupFailed, BackupSkipped, Reported, ReportQueued
from cluster import trace
from cluster.sim.timeline import HEADLINE, Timeline, TimelineLine
from cluster.trace import Happened
from scenarios.drawing.messages import arrows
from scenarios.drawing.picture import Breach, DrawnBackup, Life, LogRow, Mark, Picture, Sentence, Turn, Word
from scenarios.inspect.run_history import RunHistory

if TYPE_CHECKING:
    from cluster.sim.history import History


def picture(
    history: "History",
    names: Sequence[str],
    start: int,
    until: int,
    *,
    title: str = "",
    command: str = "",
    breach: Breach | None = None,
) -> Picture:
    """The picture of these nodes within [start, until] µs. `breach` is in it if its time lies in the window."""
    events = [event for event in history.events if event.t <= until]
    runs = RunHistory(events)
    reader = Reader(names, start, until, runs.founders_of)
    for event in events:
        reader.take(event)
    reader.close()
    return Picture(
        title,
        command,
        tuple(names),
        start,
        until,
        tuple(reader.lives),
        arrows(events, names, start, until),
        tuple(reader.marks),
        tuple(reader.words),
        tuple(reader.rows),
        backups(runs, names, start, until),
        tuple(reader.turns),
        sentences(history, names, start, until),
        breach if breach is not None and start <= breach.t <= until else None,
    )


def sentences(history: "History", names: Sequence[str], start: int, until: int) -> tuple[Sentence, ...]:
    """The timeline's lines within the window that concern these nodes or no node in particular."""
    every = tuple(dict.fromkeys(event.node for event in history.events if event.node))
    lines: list[TimelineLine] = []
    timeline = Timeline(every, lines.append, stretches=history.stretches)
    timeline.catch_up(history)
    timeline.close()
    return tuple(
        Sentence(event.t, event.node, line[line.signs[1] + 2 :], line.weight == HEADLINE)
        for line in lines
        if line.seq
        for event in (history.events[line.seq - 1],)
        if start <= event.t <= until and event.node in ("", *names)
    )


def backups(history: RunHistory, names: Sequence[str], start: int, until: int) -> tuple[DrawnBackup, ...]:
    """The backups of these nodes that overlap the window, in the order of their ends."""
    found = [
        DrawnBackup(
            run.node,
            "full" if run.full else "incremental",
            max(run.t, start),
            run.ended if run.ended is not None else until,
            "cut off" if run.is_cut_off else run.end,
        )
        for run in history.runs
        if run.began and not run.skipped and run.node in names
    ]
    return tuple(sorted([run for run in found if run.until >= start], key=lambda run: run.until))


class Reader:
    """Takes events in order, and keeps the state of each node up to the last one taken."""

    def __init__(
        self, names: Sequence[str], start: int, until: int, founders_of: Callable[[str], tuple[str, ...]]
    ) -> None:
        self._founders_of = founders_of
        self._names, self._start, self._until = frozenset(names), start, until
        self.lives: list[Life] = []
        self.marks: list[Mark] = []
        self.words: list[Word] = []
        self.rows: list[LogRow] = []
        self.turns: list[Turn] = []
        self._role: dict[str, tuple[str, int]] = {}
        self._term: dict[str, int] = {}
        self._log: dict[str, LogRow] = {}
        self._owner: dict[tuple[tuple[str, ...], str, int], tuple[str, int]] = {}
        self._inside = start == 0

    def take(self, event: Happened) -> None:
        """Take the next event."""
        note, node, t = event.note, event.node, event.t
        if not self._inside and t >= self._start:
            self._come_in()
        if isinstance(note, OwnerChanged):
            self._new_owner(t, self._founders_of(node), note)
        if node not in self._names:
            return
        match note:
            case trace.Started(incarnation):
                self._become(t, node, "follower")
                if incarnation > 1:
                    self._mark(t, node, "restart")
            case trace.Crashed():
                self._become(t, node, "down")
                self._mark(t, node, "stop" if isinstance(note, trace.Stopped) else "crash")
            case trace.BecameCandidate(term, trial):
                self._become(t, node, "trial" if trial else "candidate")
                self._mark(t, node, "trial" if trial else "candidate")
                if not trial:
                    self._enter(t, node, term)
            case trace.BecameLeader(term):
                self._become(t, node, "leader")
                self._mark(t, node, "leader")
                self._enter(t, node, term)
            case trace.BecameFollower(term, was=was):
                self._become(t, node, "follower")
                if was in ("leader", "candidate"):
                    self._mark(t, node, "follower")
                self._enter(t, node, term)
            case trace.Voted(term, candidate):
                self._enter(t, node, term)
                self._word(t, node, f"votes {candidate}")
            case trace.Failed() | BackupFailed():
                self._mark(t, node, "failed")
            case BackupSkipped():
                self._mark(t, node, "skipped")
            case ReportQueued():
                self._mark(t, node, "queued")
            case Reported(late=True):
                self._mark(t, node, "reported")
            case _:
                pass
        self._read_log(t, node, note)

    def close(self) -> None:
        """End the window: everything that is open ends with it."""
        for node in sorted(self._role):
            self._end_life(self._until, node)
        for (_, _, task), (owner, since) in self._owner.items():
            self._keep_turn(task, owner, since, self._until)

    def _come_in(self) -> None:
        """Begin the window: each node's log is drawn at its top."""
        self._inside = True
        self.rows += [LogRow(self._start, row.node, row.base, row.terms, row.commit) for row in self._log.values()]

    # ---- lives ----

    def _become(self, t: int, node: str, role: str) -> None:
        if node in self._role and self._role[node][0] == role:
            return
        self._end_life(t, node)
        self._role[node] = role, t

    def _end_life(self, t: int, node: str) -> None:
        role, since = self._role.get(node, ("", t))
        if role and max(since, self._start) < t:
            self.lives.append(Life(node, role, max(since, self._start), t))

    def _enter(self, t: int, node: str, term: int) -> None:
        if term > self._term.get(node, 0):
            self._term[node] = term
            self._word(t, node, f"term {term}")

    def _mark(self, t: int, node: str, kind: str) -> None:
        if t >= self._start:
            self.marks.append(Mark(t, node, kind))

    def _word(self, t: int, node: str, text: str) -> None:
        if t >= self._start:
            self.words.append(Word(t, node, text))

    # ---- logs ----

    def _read_log(self, t: int, node: str, note: trace.Note) -> None:
        row = self._log.get(node, LogRow(0, node, 0, (), 0))
        base, terms, commit = row.base, row.terms, row.commit
        match note:
            case trace.RecoveredSnapshot(base=kept):
                base = kept
            case trace.Recovered():
                base = note.index - len(note.terms)
                terms, commit = note.terms, note.commit
            case trace.Wrote(after, written):
                terms = (*terms[: max(0, after - base)], *written)
            case trace.Committed(index):
                commit = index
            case trace.Compacted(gone, entries):
                base, terms = gone, terms[entries:]
                self._mark(t, node, "snapshot")
            case trace.SnapshotInstalled(index):
                base, terms, commit = index, (), max(commit, index)
                self._mark(t, node, "snapshot")
            case _:
                return
        changed = LogRow(t, node, base, terms, commit)
        if (base, terms, commit) == (row.base, row.terms, row.commit):
            return
        self._log[node] = changed
        if t < self._start:
            return
        last = next((row for row in reversed(self.rows) if row.node == node), None)
        if last is not None and last.t == t:
            self.rows.remove(last)  # of two changes at one instant only the last is shown
        self.rows.append(changed)

    # ---- owners ----

    def _new_owner(self, t: int, founders: tuple[str, ...], note: OwnerChanged) -> None:
        key = founders, note.database, note.task
        before, since = self._owner.get(key, ("", t))
        if before == note.owner_after:
            return  # another node reports the same owner
        if before:
            self._keep_turn(note.task, before, since, t)
        self._owner[key] = note.owner_after, t

    def _keep_turn(self, task: int, node: str, since: int, until: int) -> None:
        if node in self._names and until > self._start:
            self.turns.append(Turn(task, node, max(since, self._start), until))
