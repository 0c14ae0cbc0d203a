"""What a run amounts to for backups: counts and excuses, from the events and the watchers alone."""

from collections.abc import Iterable

from backup.checks import Covered, Missed
from backup.notes import BackupFailed, BackupFinished, BackupSkipped, BackupStarted, Reported
from backup.record import ONE_TIME
from cluster.checks import Watcher
from cluster.trace import Happened


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
