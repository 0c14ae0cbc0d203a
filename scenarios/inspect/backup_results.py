"""What the backups of a run came to, counted from its events and its watchers.

Whoever reads the result of a run imports this module only if the run had backups: all of `backup` comes with it, which is
a third of the time in which a command starts.
"""

from collections import Counter
from collections.abc import Iterable

from backup.checks import Covered, Missed
from backup.checks.files import LostFile, Restores
from backup.notes import BackupFailed, BackupFinished, BackupSkipped, Reported
from backup.record.record import ONE_TIME
from cluster.checks import Watcher
from scenarios.inspect.run_history import RunHistory


def counts(history: RunHistory, watchers: Iterable[Watcher] = ()) -> dict[str, int]:
    """The number of backups `ok` (those with nothing new among them), `late`, `missed`, `double`, `failed`, `cut off`.

    `late`: those of `ok` that were reported later than the operation timeout after they ended. `double`: occurrences of a
    task that more than one node started, with a file or without. `missed`: what the watcher of coverage counted. `cut off`:
    runs that their node's crash or stop ended.
    """
    failed = {(event.node, event.note.task, event.note.started_at) for event in history.of(BackupFailed)}
    late = [event for event in history.of(Reported) if event.note.late]
    answered: dict[tuple[tuple[str, ...], int, int], set[str]] = {}
    for cluster in history.clusters:
        for run in cluster.runs:
            if run.began and run.task != ONE_TIME:
                answered.setdefault((cluster.founders, run.task, run.occurrence), set()).add(run.node)
    return {
        "ok": len(history.of(BackupFinished)) + len(history.of(BackupSkipped)),
        "late": sum((event.node, event.note.task, event.note.started_at) not in failed for event in late),
        "missed": sum(len(watcher.missed) for watcher in watchers if isinstance(watcher, Covered)),
        "double": sum(len(nodes) > 1 for nodes in answered.values()),
        "failed": len(history.of(BackupFailed)),
        "cut off": sum(run.is_cut_off for run in history.runs),
    }


def missed_by_rule(watchers: Iterable[Watcher]) -> tuple[tuple[str, int], ...]:
    """How many occurrences each rule of RavenDB's let be missed, by rule."""
    rules = Counter(
        each.rule for watcher in watchers if isinstance(watcher, Covered) for each in watcher.missed if each.rule
    )
    return tuple(sorted(rules.items()))


def excused(watchers: Iterable[Watcher]) -> list[Missed]:
    """The occurrences that no node could have covered, each with the reason."""
    return [each for watcher in watchers if isinstance(watcher, Covered) for each in watcher.excused]


def lost_files(watchers: Iterable[Watcher]) -> list[LostFile]:
    """The files that somebody outside the cluster lost, each with how many need it."""
    return [each for watcher in watchers if isinstance(watcher, Restores) for each in watcher.excused]
