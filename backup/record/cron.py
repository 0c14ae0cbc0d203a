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
from cronsim.cronsim import Field

from cluster.time_units import as_datetime, as_instant

_FIELDS = (
    (Field.MINUTE, range(60), 59),
    (Field.HOUR, range(24), 23),
    (Field.DAY, range(1, 32), 31),
    (Field.MONTH, range(1, 13), 12),
    (Field.DOW, range(7), 7),
)
"""Each field, the values it can have, and its largest step (rule 26.7)."""
_STEPPED = re.compile(r"([^/,]+)/([0-9]+)(?![^,])")
"""A term with a step, such as `*/15` or `8-18/2`; what is no such term is left to cronsim, which refuses it."""
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""Names that other crons know, and what they stand for."""


class CronError(ValueError):
    """A text is not a cron expression of the supported dialect."""


def check_cron(cron: str) -> None:
    """Raise `CronError` unless the text is a cron expression of five fields (rules 6.4, 8.1, 26.7).

    RavenDB's dialect: day of month *and* day of week must match; `?`, `L`, `LW`, `5L`, `1#2` are known, `15W` is not.
    A step counts through the whole field, from 0: `*/2` in days is every even one, `30/15` in minutes four an hour;
    one that is larger than the field is refused. 7 is Sunday, in a range too, where RavenDB leaves it out.
    """
    _parsed(cron, UTC)


@lru_cache(maxsize=16_384)
def next_occurrence(cron: str, after: int, zone: ZoneInfo) -> int | None:
    """The first occurrence strictly after that instant in that zone (rule 8.1), in wall µs; None if there is none.

    A schedule of every hour means every hour, through both changes of the clock, if they are of whole hours. Of any
    other, the local times that do not exist in spring are one occurrence at the first instant that does, and those
    that exist twice in autumn occur the first time only. Raises `CronError`.
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
    last = after
    while (moment := _next_moment(schedule)) is not None:
        instant = as_instant(moment)
        if instant > last:  # in the second of two equal hours in autumn, cronsim also finds instants of the first;
            last = instant  # and in spring every time of the hour that is skipped is the same instant
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
    if len(fields) == 1 and fields[0].startswith("@"):
        raise CronError(_on_a_macro(cron, fields[0].lower()))
    if len(fields) != 5:
        raise CronError(
            f"cron expression {cron!r} has {len(fields)} fields: give five, minute hour day-of-month month day-of-week"
        )
    if "W" in fields[2].upper().replace("LW", ""):
        raise CronError(
            f"cron expression {cron!r} asks for the weekday nearest to a day (W), which is not known: "
            "name the day, or LW for the last weekday of the month"
        )
    try:
        texts = (_spelled_out(text, cron, *field) for text, field in zip(fields, _FIELDS, strict=True))
        schedule = CronSim(" ".join(texts).replace("?", "*"), datetime(2024, 1, 1, tzinfo=zone))
    except CronSimError as error:
        raise CronError(f"cron expression {cron!r} cannot be read: {str(error).lower()}, correct that field") from error
    schedule.day_and = True  # NCrontab: day of month and day of week must both match; in usual cron either suffices
    # cronsim would decide by the first letters of the fields, so that `*/15` and `0-59/15` had different springs
    schedule.fixup_tz = None if zone is UTC or len(schedule.hours) == 24 else zone
    return schedule


def _on_a_macro(cron: str, name: str) -> str:
    """Why a name such as `@daily` is refused, and what to write instead."""
    if name not in _MACROS:
        return f"cron expression {cron!r} is a name, and names are not known: give five fields, such as '0 2 * * *'"
    return f"cron expression {cron!r} is a name, and names are not known: write {_MACROS[name]!r}"


def _spelled_out(text: str, cron: str, field: Field, values: range, largest: int) -> str:
    """A field without steps: each term that has one as the list of its values (rule 26.7)."""

    def spelled(term: re.Match[str]) -> str:
        base, step = term[1], int(term[2])
        if step > largest:
            raise CronError(
                f"cron expression {cron!r} has a step of {step} in {field.msg().removeprefix('Bad ')}, "
                f"which goes to {largest}: give a smaller step, or name each value"
            )
        if step == 0 or "L" in base.upper():
            return term[0]  # cronsim refuses the one and reads the other
        if "-" in base:
            return ",".join(map(str, sorted(field.parse(base.upper()))[::step]))
        start = 0 if base == "*" else field.int(base.upper())
        return ",".join(str(each) for each in values if (each - start) % step == 0)

    return _STEPPED.sub(spelled, text)
