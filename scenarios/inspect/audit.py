"""The audit of a run: the questions that users of backups have about its history (section 23), and whether its chains restore.

Who ran a task and why, what ran twice, which fulls were unplanned, what was not covered, how late the cluster heard of it.
Never here: promises (backup/checks/), how a chain is read (backup/restore/), and what goes to a terminal (cli/).
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import attrs

from backup.destinations.registry import is_remote
from backup.notes import (
    BY_FREQUENCY,
    BackupFailed,
    BackupFinished,
    BackupSkipped,
    FileLost,
    OwnerChanged,
    Reported,
    ReportGivenUp,
    TaskDefined,
    TaskRemoved,
    duration_text,
    time_text,
    whose,
)
from backup.record.cron import next_occurrence, occurrences
from backup.record.encryption_keys import Key
from backup.record.record import ONE_TIME
from cluster.time_units import clock_text
from cluster.value import value
from scenarios.inspect.moment import json_fields, visit
from scenarios.inspect.restore_files import FilesError, inspected
from scenarios.inspect.run_history import BackupFacts, RunHistory
from scenarios.kept_run import BACKUPS

if TYPE_CHECKING:
    from cluster.sim.world import World

INSTANTS = frozenset({"occurrence", "first", "last", "covered_at"})
"""Fields that hold wall µs."""


@value
class Tenure:
    """A node's responsibility for a task: since when, and why (23.14)."""

    t: int
    """True µs."""
    task: int
    database: str
    node: str
    reason: str
    rule: str

    def text(self) -> str:
        """The finding as one line, like `text` of every finding below."""
        return f"{clock_text(self.t)}  task {self.task} of {self.database}: {self.node}, as {self.reason} ({self.rule})"


@value
class Double:
    """One occurrence that more than one node started, or for which more than one node made a file (23.1)."""

    task: int
    database: str
    occurrence: int
    nodes: tuple[str, ...]

    def text(self) -> str:
        """Time, task and nodes."""
        return f"{time_text(self.occurrence)}  task {self.task} of {self.database}: on {' and '.join(self.nodes)}"


@value
class UnplannedFull:
    """A full backup that is due to no full frequency and no request (23.2, 23.3)."""

    t: int
    task: int
    database: str
    node: str
    why: str

    def text(self) -> str:
        """Time, task, node and reason."""
        return f"{clock_text(self.t)}  task {self.task} of {self.database}: on {self.node}, {self.why}"


@value
class CutOff:
    """A run that its node's crash or stop ended: it has no status, and its occurrence is run again or by another (9.12)."""

    t: int
    """True µs at which the node went down."""
    task: int
    database: str
    node: str
    end: str
    """`crashed` or `stopped`."""
    full: bool

    def text(self) -> str:
        """Time, task, node, and what became of the node."""
        kind, end = "full" if self.full else "incremental", "was stopped" if self.end == "stopped" else self.end
        return f"{clock_text(self.t)}  {whose(self.task, self.database)}: {kind} on {self.node}, which {end}"


@value
class Gap:
    """Consecutive occurrences of a task, none of which was covered by a successful run before the next one was due (23.6)."""

    task: int
    database: str
    first: int
    last: int
    count: int
    covered_at: int | None
    """Wall µs at which the next successful run began; None: there was none."""

    def text(self) -> str:
        """Times, task, and the run that covered it."""
        more = f" to {time_text(self.last)}, {self.count} occurrences" if self.count > 1 else ""
        then = f"until a run at {time_text(self.covered_at)}" if self.covered_at is not None else "and not to the end"
        whose = f"task {self.task} of {self.database}"
        return f"{time_text(self.first)}{more}  {whose}: not covered before the next one, {then}"


@value
class Lag:
    """The delays between the runs of a task and their reports to the cluster (23.4)."""

    task: int
    database: str
    reported: int
    late: int
    longest: int
    """µs from the end of a run to its report."""
    given_up: int
    open: int
    """Runs that ended and were not reported by the end of the history."""

    def text(self) -> str:
        """The task, and the counts that are not 0."""
        counts = [f"{self.reported} reported"]
        counts += [f"{self.late} late"] if self.late else []
        counts += [f"{self.given_up} given up"] if self.given_up else []
        counts += [f"{self.open} not told of by the end"] if self.open else []
        longest = duration_text(self.longest)
        return f"task {self.task} of {self.database}: {', '.join(counts)}, the longest after {longest}"


@value
class Loss:
    """A finished file that somebody outside the cluster removed or corrupted (8.7)."""

    t: int
    """True µs."""
    node: str
    """The node that was named; a cloud belongs to none."""
    path: str
    file: str
    """Folder and file."""
    how: str

    def text(self) -> str:
        """Time, place, file, and what befell it."""
        return f"{clock_text(self.t)}  {self.file} in {self.path}{f' of {self.node}' if self.node else ''}: {self.how}"


@value
class ChainFound:
    """One folder of backups of the run."""

    place: str
    folder: str
    points: int
    whole: bool
    problem: str

    def text(self) -> str:
        """Destination, number of files, and whether they can be restored."""
        state = "can be restored" if self.whole else f"cannot all be restored: {self.problem}"
        return f"{self.place}/{self.folder}: {self.points} file{'' if self.points == 1 else 's'}, {state}"


F = TypeVar("F", Tenure, Double, UnplannedFull, Gap, Lag, CutOff)


@value
class Audit:
    """The findings of an audit."""

    run: str
    t: int
    """True µs of the end of the run."""
    owners: tuple[Tenure, ...]
    doubles: tuple[Double, ...]
    """Occurrences started by two nodes, even if one or both found nothing new."""
    two_files: tuple[Double, ...]
    """Those of `doubles` for which two nodes wrote a file."""
    unplanned_fulls: tuple[UnplannedFull, ...]
    gaps: tuple[Gap, ...]
    lags: tuple[Lag, ...]
    losses: tuple[Loss, ...]
    """Files that were lost behind the cluster's back: what needs them cannot be restored."""
    cut_off: tuple[CutOff, ...]
    chains: tuple[ChainFound, ...] | None
    """The chains in the files of the run; None: the files were not kept."""


def audit(run: str, keys: tuple[Key, ...] = (), *, bug: str | None = None, rules: str | None = None) -> Audit:
    """Audit a run up to its end, verifying encrypted files with these keys. Raises ReplayError, Diverged."""
    moment = visit(run, None, _zones, bug=bug, rules=rules)
    history, zones = RunHistory(moment.events), moment.read
    return Audit(
        run,
        moment.t,
        _of_each(history, tenures),
        _of_each(history, doubles),
        _of_each(history, partial(doubles, files=True)),
        _of_each(history, lambda part: unplanned_fulls(part, zones.get(part.founders, {}))),
        _of_each(history, lambda part: gaps(part, moment.t, zones.get(part.founders, {}))),
        _of_each(history, lags),
        losses(history),
        _of_each(history, cut_off),
        _chains(run, keys),
    )


def _of_each(history: RunHistory, ask: Callable[[RunHistory], Iterable[F]]) -> tuple[F, ...]:
    """The findings of each cluster by itself; a database of a further one is named with its cluster."""
    return tuple(
        attrs.evolve(found, database=part.whose(found.database)) for part in history.clusters for found in ask(part)
    )


# ---- the questions ----


def tenures(history: RunHistory) -> tuple[Tenure, ...]:
    """Every responsible node of every task, in the order of assignment; empty where nodes compute the owner themselves."""
    found: dict[tuple[int, int], Tenure] = {}
    for event in history.of(OwnerChanged):  # every node notes it: the first note has the time
        note = event.note
        tenure = Tenure(event.t, note.task, note.database, note.owner_after, note.sentence, note.rule)
        found.setdefault((note.index, note.task), tenure)
    return tuple(found.values())


def doubles(history: RunHistory, *, files: bool = False) -> tuple[Double, ...]:
    """Occurrences that more than one node ran by plan; `files`: and finished with a file."""
    answered: dict[tuple[int, str, int], dict[str, None]] = {}
    for run in history.runs:
        wrote = run.end == "finished" and not run.skipped
        if run.began and run.task != ONE_TIME and not run.by_hand and (wrote or not files):
            answered.setdefault((run.task, run.database, run.occurrence), {})[run.node] = None
    return tuple(Double(*occurrence, tuple(nodes)) for occurrence, nodes in answered.items() if len(nodes) > 1)


def unplanned_fulls(history: RunHistory, zones: Mapping[int, ZoneInfo]) -> tuple[UnplannedFull, ...]:
    """The full backups with another reason than a full frequency, a request, or the first run of a task.

    A plan names only its first reason: on a node without a full to build on, the full may have been due anyway.
    """
    succeeded: dict[int, int] = {}
    for event in history.among(BackupFinished, BackupSkipped):
        succeeded.setdefault(event.note.task, event.seq)
    found = []
    for run in history.runs:
        if not (run.began and run.full) or run.by_hand or run.task == ONE_TIME:
            continue
        why = run.plan.why_full if run.plan is not None and run.plan.full else ""
        due = why == BY_FREQUENCY or _full_was_due(history, run, zones.get(run.task, ZoneInfo("UTC")))
        if succeeded.get(run.task, run.seq) < run.seq and not due:
            why = why or "full, as the chain to go on with is not where it was"
            found.append(UnplannedFull(run.t, run.task, run.database, run.node, why))
    return tuple(found)


def _full_was_due(history: RunHistory, run: BackupFacts, zone: ZoneInfo) -> bool:
    """Whether the run answers an occurrence of the full frequency, as the task was defined when it began."""
    defined = [event.note for event in history.of(TaskDefined) if event.note.task == run.task and event.seq < run.seq]
    full = defined[-1].full if defined else ""
    return bool(full) and bool(occurrences(full, run.occurrence, max(run.occurrence, run.started_at), zone))


def gaps(history: RunHistory, until: int, zones: Mapping[int, ZoneInfo]) -> tuple[Gap, ...]:
    """The occurrences that no run covered up to wall µs `until`; `zones`: the time zone of each task's owner, UTC if absent.

    Only occurrences while the task was defined and enabled count, by the definition in force at that time.
    """
    good: dict[int, list[int]] = {}
    for event in history.among(BackupFinished, BackupSkipped):
        good.setdefault(event.note.task, []).append(event.note.started_at)
    return tuple(
        gap
        for task, due in occurrences_due(history, until, zones).items()
        for gap in _gaps(task, due, sorted(good.get(task, [])), until)
    )


Due = tuple[int, str, bool]
"""An occurrence: wall µs, the name of the database, and whether it is one of the full frequency."""


def occurrences_due(history: RunHistory, until: int, zones: Mapping[int, ZoneInfo]) -> dict[int, list[Due]]:
    """Every occurrence of each task up to wall µs `until`, while it was defined and enabled; `zones` as for `gaps`."""
    found: dict[int, dict[int, Due]] = {}
    for task, span in _spans(history, until):
        for cron, full in span.frequencies:
            times = occurrences(cron, span.since, span.end, zones.get(task, ZoneInfo("UTC")))
            found.setdefault(task, {}).update({each: (each, span.database, full) for each in times})
    return {task: sorted(due.values()) for task, due in found.items()}


def occurrences_to_come(
    history: RunHistory, until: int, zones: Mapping[int, ZoneInfo]
) -> dict[int, list[tuple[int, Due]]]:
    """By task: the first occurrence of each frequency after each definition of it had ended, at which wall µs, and what was to come."""
    found: dict[int, list[tuple[int, Due]]] = {}
    for task, span in _spans(history, until):
        for cron, full in span.frequencies:
            after = next_occurrence(cron, span.end, zones.get(task, ZoneInfo("UTC")))
            if after is not None:
                found.setdefault(task, []).append((span.end, (after, span.database, full)))
    return found


@value
class _Span:
    """A time for which one definition of a task was in force, and the task was enabled."""

    since: int
    end: int
    database: str
    frequencies: tuple[tuple[str, bool], ...]
    """Cron texts, and whether it is that of full backups, which is the last."""


def _spans(history: RunHistory, until: int) -> Iterator[tuple[int, _Span]]:
    changes: dict[int, list[tuple[int, TaskDefined | None]]] = {}
    for event in history.among(TaskDefined, TaskRemoved):
        defined = event.note if isinstance(event.note, TaskDefined) else None
        known = changes.setdefault(event.note.task, [])
        if (known[-1][1] if known else None) != defined:
            known.append((event.t, defined))
    for task, known in changes.items():
        for (since, note), (end, _) in pairwise([*known, (until, None)]):
            if note is not None and not note.disabled and note.has_place:
                frequencies = tuple(each for each in ((note.incremental, False), (note.full, True)) if each[0])
                yield task, _Span(since, end, note.database, frequencies)


def _gaps(task: int, due: list[Due], good: list[int], until: int) -> list[Gap]:
    found: list[Gap] = []
    joins = False
    for place, (occurrence, database, _) in enumerate(due):
        end = due[place + 1][0] if place + 1 < len(due) else until
        if place + 1 == len(due) or any(occurrence <= start < end for start in good):
            joins = False  # the last one may still be run after the end
            continue
        covered = next((start for start in good if start >= end), None)
        if joins:
            found[-1] = Gap(task, database, found[-1].first, occurrence, found[-1].count + 1, covered)
        else:
            found.append(Gap(task, database, occurrence, occurrence, 1, covered))
        joins = True
    return found


def lags(history: RunHistory) -> tuple[Lag, ...]:
    """The lags of each task that ran, in the order of their first ended runs."""
    open_: dict[tuple[int, str], dict[tuple[str, int], None]] = {}
    reports: dict[tuple[int, str], list[Reported]] = {}
    given_up: dict[tuple[int, str], int] = {}
    for event in history.among(BackupFinished, BackupSkipped, BackupFailed, Reported, ReportGivenUp):
        note = event.note
        key, run = (note.task, note.database), (event.node, note.started_at)
        match note:
            case Reported():
                reports.setdefault(key, []).append(note)
                open_.get(key, {}).pop(run, None)
            case ReportGivenUp():
                given_up[key] = given_up.get(key, 0) + 1
                open_.get(key, {}).pop(run, None)
            case _:
                open_.setdefault(key, {})[run] = None
    return tuple(
        Lag(
            *key,
            reported=len(told := reports.get(key, [])),
            late=sum(report.late for report in told),
            longest=max((report.waited for report in told), default=0),
            given_up=given_up.get(key, 0),
            open=len(still),
        )
        for key, still in open_.items()
        if key[0] != ONE_TIME
    )


def cut_off(history: RunHistory) -> tuple[CutOff, ...]:
    """The runs that were cut off, in the order in which they began."""
    return tuple(
        CutOff(run.ended or run.t, run.task, run.database, run.node, run.end, run.full)
        for run in history.runs
        if run.is_cut_off
    )


def losses(history: RunHistory) -> tuple[Loss, ...]:
    """The files that were lost, in the order of their loss."""
    return tuple(
        Loss(event.t, "" if is_remote(note.path) else event.node, note.path, f"{note.folder}/{note.file}", note.how)
        for event in history.of(FileLost)
        for note in [event.note]
    )


def _zones(world: "World") -> dict[tuple[str, ...], dict[int, ZoneInfo]]:
    """The time zone of each task's owner, for owners that are up, by the founders of its cluster as in `RunHistory`."""
    further = RunHistory(world.history.events).founders_of
    found: dict[tuple[str, ...], dict[int, ZoneInfo]] = {}
    for name in world.names:
        node = world[name]
        if not node.up or getattr(node.application, "zone", None) is None:
            continue
        for database in node.state.databases.values():
            for task, stored in database.assignments.items():
                if stored.node == name:
                    found.setdefault(further(name), {})[task] = node.application.zone
    return found


def _chains(run: str, keys: tuple[Key, ...]) -> tuple[ChainFound, ...] | None:
    path = Path(run)
    folder = (path if path.is_dir() else path.parent) / BACKUPS
    if not path.exists() or not folder.is_dir():
        return None
    try:
        found = inspected(folder, keys)
    except FilesError:
        return ()
    whole = folder.resolve()
    return tuple(
        ChainFound(
            str(Path(point.place.name).relative_to(whole)),
            point.chain.folder,
            len(point.chain.points),
            point.chain.whole,
            point.chain.problem or next((each.problem for each in point.chain.points if each.problem), ""),
        )
        for point in found
    )


# ---- as JSON and as text ----


def as_fields(found: Audit) -> dict[str, Any]:
    """The audit as one JSON object: wall instants as texts in UTC, `t` and durations in µs."""
    return json_fields(found, INSTANTS)


def lines(found: Audit, width: int) -> Iterator[str]:
    """The audit as text: a heading for each question, a line for each finding."""
    for heading, answers in (
        ("owners", found.owners),
        ("started twice", found.doubles),
        ("two files of one hour", found.two_files),
        ("full without being planned", found.unplanned_fulls),
        ("cut off", found.cut_off),
        ("gaps", found.gaps),
        ("reports", found.lags),
        ("lost files", found.losses),
        ("chains", found.chains),
    ):
        if heading in ("lost files", "cut off") and not answers:
            continue  # they concern few runs
        yield f"{heading}:"
        if answers is None:
            yield "  the files were not kept: `unkindness run … --out DIR` keeps them"
            continue
        none = () if heading == "chains" else ("none",)
        for text in [each.text() for each in answers] or none:
            yield from textwrap.wrap(f"  {text}", width, subsequent_indent="    ", break_on_hyphens=False)
