"""Cron expressions in RavenDB's dialect: whether one is valid, and its occurrences in a zone (rules 6.4, 8.1). Pure.

Instants are wall µs (cluster.time_units). The next backup of a task is worked out in backup/runs/schedule.py.
"""

import copy
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from cluster.time_units import as_datetime, as_instant

_RANGE_OF_ONE = re.compile(r"(?<![\w-])(\w+)-\1/[1-9]\d*")
"""A range of one value, such as `5-5/2`, which means 5 alone; cronsim would read it as `5/2`: 5, 7, 9 and so on."""


class CronError(ValueError):
    """A text is not a cron expression of the supported dialect."""


def check_cron(cron: str) -> None:
    """Raise `CronError` unless the text is a cron expression of five fields (rules 6.4, 8.1).

    RavenDB's dialect: day of month *and* day of week must match; `?`, `L`, `LW`, `5L`, `1#2` are known, `15W` is not.
    """
    _parsed(cron, UTC)


@lru_cache(maxsize=16_384)
def next_occurrence(cron: str, after: int, zone: ZoneInfo) -> int | None:
    """The first occurrence strictly after that instant in that zone (rule 8.1), in wall µs; None if there is none.

    A local time that does not exist in spring moves to the first one that does. A fixed local time that exists twice in
    autumn occurs the first time only. Raises `CronError`.
    """
    return next(_occurrences(cron, after, zone), None)


def occurrences(cron: str, first: int, last: int, zone: ZoneInfo) -> tuple[int, ...]:
    """Every occurrence from `first` to `last`, both included, in order. Raises `CronError`."""
    found = []
    for instant in _occurrences(cron, first - 1, zone):
        if instant > last:
            break
        found.append(instant)
    return tuple(found)


def _occurrences(cron: str, after: int, zone: ZoneInfo) -> Iterator[int]:
    ours: tzinfo = UTC if zone.key in ("UTC", "Etc/UTC") else zone  # cronsim is three times faster on UTC proper
    schedule = copy.copy(_parsed(cron, ours))  # parsing costs most, so its result is cached and never changed
    local = as_datetime(after).astimezone(ours).replace(microsecond=0)
    schedule.dt = local.replace(tzinfo=None) if schedule.fixup_tz is not None else local
    while (moment := _next_moment(schedule)) is not None:
        instant = as_instant(moment)
        if instant > after:  # in the second of two equal hours in autumn, cronsim also finds instants of the first
            yield instant


def _next_moment(schedule: CronSim) -> datetime | None:
    """The next match; None after fifty years without one, and at the end of the year 9999."""
    try:
        return next(schedule, None)
    except OverflowError:  # dates end with the year 9999
        return None


@lru_cache(maxsize=4_096)
def _parsed(cron: str, zone: tzinfo) -> CronSim:
    fields = cron.split()
    if len(fields) != 5:
        raise CronError(
            f"cron expression {cron!r} has {len(fields)} fields: give five, minute hour day-of-month month day-of-week"
        )
    if "W" in fields[2].upper().replace("LW", ""):
        raise CronError(
            f"cron expression {cron!r} asks for the weekday nearest to a day (W), which is not known: "
            "name the day, or LW for the last weekday of the month"
        )
    text = _RANGE_OF_ONE.sub(r"\1", " ".join(fields).replace("?", "*"))
    try:
        schedule = CronSim(text, datetime(2024, 1, 1, tzinfo=zone))
    except CronSimError as error:
        raise CronError(f"cron expression {cron!r} cannot be read: {str(error).lower()}, correct that field") from error
    schedule.day_and = True  # NCrontab: day of month and day of week must both match; in usual cron either suffices
    return schedule
