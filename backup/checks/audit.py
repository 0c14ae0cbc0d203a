"""What users of backups ask of a history (section 23): who ran a task and why, what ran twice, what was full without
need, what was not covered, and how late the cluster heard of it. Pure functions on events, live or saved.

Never here: promises (checks/), and the files themselves (backup/restore/restore_points.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from backup.checks import Covered, Missed
from backup.notes import (
    BY_FREQUENCY,
    BackupFailed,
    BackupFinished,
    BackupPlanned,
    BackupSkipped,
    BackupStarted,
    ObserverDecided,
    OwnerChanged,
    Reported,
    ReportGivenUp,
    TaskDefined,
    TaskRemoved,
)
from backup.record.cron import occurrences
from backup.record.record import ONE_TIME
from cluster.checks import Watcher
from cluster.trace import Happened
from cluster.value import value


@value
class Tenure:
    """From when a node was responsible for a task, and why (23.14)."""

    t: int
    """True µs."""
    task: int
    database: str
    node: str
    reason: str
    rule: str


@value
class Double:
    """One occurrence that more than one node ran (23.1)."""

    task: int
    database: str
    occurrence: int
    nodes: tuple[str, ...]


@value
class UnplannedFull:
    """A full backup that no frequency and nobody asked for (23.2, 23.3)."""

    t: int
    task: int
    database: str
    node: str
    why: str


@value
class Gap:
    """Occurrences, one after the other, before whose successor no run began that succeeded (23.6)."""

    task: int
    database: str
    first: int
    last: int
    count: int
    covered_at: int | None
    """Wall µs at which the next run that succeeded began; None: none did."""


@value
class Lag:
    """How the cluster heard of the runs of a task (23.4)."""

    task: int
    database: str
    reported: int
    late: int
    longest: int
    """µs from the end of a run to its report."""
    given_up: int
    open: int
    """Runs that ended and were not told of by the end of the history."""


def tenures(events: Iterable[Happened]) -> tuple[Tenure, ...]:
    """Every owner of every task, in the order in which they became so. Where nodes compute owners there are none."""
    found: dict[tuple[int, int], Tenure] = {}
    for event in events:
        note = event.note
        if isinstance(note, OwnerChanged):  # every node says it: the first tells when
            key = note.index, note.task
            if key not in found:
                found[key] = Tenure(event.t, note.task, note.database, note.owner_after, note.sentence, note.rule)
    return tuple(found.values())


def doubles(events: Iterable[Happened]) -> tuple[Double, ...]:
    """Occurrences that more than one node began to run."""
    answered: dict[tuple[str, int, int], dict[str, None]] = {}
    for event in events:
        note = event.note
        if isinstance(note, BackupStarted | BackupSkipped) and note.task != ONE_TIME and not _by_hand(note):
            answered.setdefault((note.database, note.task, note.occurrence), {})[event.node] = None
    return tuple(
        Double(task, database, occurrence, tuple(nodes))
        for (database, task, occurrence), nodes in answered.items()
        if len(nodes) > 1
    )


def _by_hand(note: BackupStarted | BackupSkipped) -> bool:
    return isinstance(note, BackupStarted) and note.by_hand


def unplanned_fulls(events: Iterable[Happened]) -> tuple[UnplannedFull, ...]:
    """Full runs for another reason than a full frequency, a wish, or the first run of a task."""
    plans: dict[tuple[str, int], BackupPlanned] = {}
    known: set[int] = set()
    found = []
    for event in events:
        match event.note:
            case BackupPlanned() as plan:
                plans[event.node, plan.task] = plan
            case BackupStarted(full=True, by_hand=False) as note if note.task != ONE_TIME:
                planned = plans.get((event.node, note.task))
                why = planned.why_full if planned is not None and planned.full else ""
                if note.task in known and why != BY_FREQUENCY:
                    why = why or "full, as the chain to go on with is not where it was"
                    found.append(UnplannedFull(event.t, note.task, note.database, event.node, why))
            case BackupFinished(task=task) | BackupSkipped(task=task):
                known.add(task)
    return tuple(found)


def gaps(events: Sequence[Happened], until: int, zones: Mapping[int, ZoneInfo]) -> tuple[Gap, ...]:
    """What was not covered up to wall µs `until`; by task, the zone its owner's clock is in (absent: UTC).

    Only while the task was there and enabled; the definition that was in force at an occurrence counts.
    """
    good: dict[int, list[int]] = {}
    spans: dict[int, list[tuple[int, TaskDefined | None]]] = {}
    for event in events:
        match event.note:
            case BackupFinished(task=task, started_at=at) | BackupSkipped(task=task, started_at=at):
                good.setdefault(task, []).append(at)
            case TaskDefined(task=task) as note:
                if not spans.get(task) or spans[task][-1][1] != note:
                    spans.setdefault(task, []).append((event.t, note))
            case TaskRemoved(task=task) if spans.get(task) and spans[task][-1][1] is not None:
                spans[task].append((event.t, None))
    return tuple(
        gap
        for task, changes in spans.items()
        for gap in _gaps(
            task, _due(changes, until, zones.get(task, ZoneInfo("UTC"))), sorted(good.get(task, [])), until
        )
    )


def _due(changes: list[tuple[int, TaskDefined | None]], until: int, zone: ZoneInfo) -> list[tuple[int, str]]:
    """Every occurrence, with the name of the database."""
    found: dict[int, str] = {}
    for place, (since, note) in enumerate(changes):
        if note is None or note.disabled or not note.has_place:
            continue
        end = changes[place + 1][0] if place + 1 < len(changes) else until
        for cron in (note.full, note.incremental):
            if cron:
                found.update(dict.fromkeys(occurrences(cron, since, end, zone), note.database))
    return sorted(found.items())


def _gaps(task: int, due: list[tuple[int, str]], good: list[int], until: int) -> list[Gap]:
    found: list[Gap] = []
    joins = False
    for place, (occurrence, database) in enumerate(due):
        end = due[place + 1][0] if place + 1 < len(due) else until
        if place + 1 == len(due) or any(occurrence <= start < end for start in good):
            joins = False  # the last one may still be run
            continue
        covered = next((start for start in good if start >= end), None)
        if joins:
            found[-1] = Gap(task, database, found[-1].first, occurrence, found[-1].count + 1, covered)
        else:
            found.append(Gap(task, database, occurrence, occurrence, 1, covered))
        joins = True
    return found


def lags(events: Iterable[Happened]) -> tuple[Lag, ...]:
    """For each task that ran, in the order of the first ends."""
    ended: dict[tuple[str, int], dict[tuple[str, int], None]] = {}
    waits: dict[tuple[str, int], list[tuple[int, bool]]] = {}
    given_up: dict[tuple[str, int], int] = {}
    for event in events:
        note = event.note
        match note:
            case BackupFinished() | BackupSkipped() | BackupFailed():
                ended.setdefault((note.database, note.task), {})[event.node, note.started_at] = None
            case Reported(waited=waited, late=late):
                waits.setdefault((note.database, note.task), []).append((waited, late))
                ended.get((note.database, note.task), {}).pop((event.node, note.started_at), None)
            case ReportGivenUp():
                given_up[note.database, note.task] = given_up.get((note.database, note.task), 0) + 1
                ended.get((note.database, note.task), {}).pop((event.node, note.started_at), None)
    return tuple(
        Lag(
            key[1],
            key[0],
            len(waits.get(key, [])),
            sum(late for _, late in waits.get(key, [])),
            max((waited for waited, _ in waits.get(key, [])), default=0),
            given_up.get(key, 0),
            len(still),
        )
        for key, still in ended.items()
        if key[1] != ONE_TIME
    )


# ---- the observer's decisions ----


@value
class Decision:
    """One line of an observer's log."""

    t: int
    """True µs."""
    observer: str
    """The node that led."""
    database: str
    rule: str
    sentence: str
    acts: bool
    """Something was asked for; else it was only worth knowing."""

    def text(self) -> str:
        """One line."""
        return f"{self.t / 1_000_000:.1f} s, {self.observer}: {self.database}: {self.sentence} ({self.rule})"


def decisions(events: Iterable[Happened], database: str = "") -> list[Decision]:
    """Every decision (on one database), in order."""
    wanted = database.lower()
    return [
        Decision(event.t, event.node, note.database, note.rule, note.sentence, note.acts)
        for event in events
        if isinstance(note := event.note, ObserverDecided) and wanted in ("", note.database.lower())
    ]


# ---- counts ----


def counts(events: Iterable[Happened], watchers: Iterable[Watcher] = ()) -> dict[str, int]:
    """How many backups `ok` (done, those with nothing new among them), `late`, `missed`, `double`, `failed`.

    `late`: of those that are ok, told later than the operation timeout after they ended. `double`: occurrences of a
    task that more than one node answered, however often. `missed` is what the watcher of coverage saw.
    """
    ok = late = failed = 0
    answered: dict[tuple[int, int], dict[str, None]] = {}
    bad: set[tuple[str, int, int]] = set()
    for event in events:
        match event.note:
            case BackupStarted(task=task, occurrence=occurrence) if task != ONE_TIME:
                answered.setdefault((task, occurrence), {})[event.node] = None
            case BackupSkipped(task=task, occurrence=occurrence):
                answered.setdefault((task, occurrence), {})[event.node] = None
                ok += 1
            case BackupFinished():
                ok += 1
            case BackupFailed(task=task, started_at=started_at):
                bad.add((event.node, task, started_at))
                failed += 1
            case Reported(task=task, started_at=started_at, late=True):
                late += (event.node, task, started_at) not in bad
    missed = sum(len(watcher.missed) for watcher in watchers if isinstance(watcher, Covered))
    double = sum(len(nodes) > 1 for nodes in answered.values())
    return {"ok": ok, "late": late, "missed": missed, "double": double, "failed": failed}


def excused(watchers: Iterable[Watcher]) -> list[Missed]:
    """Occurrences that nobody could have covered, each with the reason."""
    return [each for watcher in watchers if isinstance(watcher, Covered) for each in watcher.excused]
