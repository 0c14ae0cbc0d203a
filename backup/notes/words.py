"""The weights of notes, and the texts of instants, durations and kinds in their sentences."""

from cluster.time_units import HOUR, MINUTE, SECOND, as_datetime

DETAIL, NORMAL, HEADLINE = range(3)
LENGTH = len("2024-01-01 02:00:00")


def time_text(instant: int) -> str:
    """A wall instant (µs) as a sentence shows it: `2024-01-01 02:00:00`, in UTC."""
    return as_datetime(instant).isoformat(" ", "seconds")[:LENGTH]


def duration_text(duration: int) -> str:
    """A duration (µs) in its largest unit: `1.2 s`, `45 min`, `3.5 h`."""
    for unit, name in ((HOUR, "h"), (MINUTE, "min")):
        if duration >= unit:
            return f"{duration / unit:.3g} {name}"
    return f"{duration / SECOND:.3g} s"


def whose(task: int, database: str) -> str:
    """`task 3 of Shop`; for a one-time backup (task 0), `Shop, once`."""
    return f"task {task} of {database}" if task else f"{database}, once"


def kind_text(full: bool) -> str:
    """`full` or `incremental`."""
    return "full" if full else "incremental"
