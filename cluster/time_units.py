"""Time is counted in whole microseconds since 2024-01-01T00:00Z; float seconds are used only where trio wants them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FOREVER = 1 << 62
"""An instant (in µs) later than any story. As an answer it means that time alone changes nothing."""
LONG_AGO = -FOREVER
"""An instant (in µs) before all that a clock can read. A clock may stand before 2024, so 0 is a time like any other."""
FIRST = (datetime(1970, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
"""The earliest instant (in µs) to which a story can set a wall clock."""
LAST = (datetime(9990, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
"""The last instant (in µs) of any story: dates end with the year 9999, and ten years are left for clocks that run fast."""


def minutes(count: float) -> float:
    """`count` minutes in seconds, for `trio.sleep` and wherever a duration is given."""
    return _number("minutes", count) * 60.0


def hours(count: float) -> float:
    """`count` hours in seconds, for `trio.sleep` and wherever a duration is given."""
    return _number("hours", count) * 3_600.0


def days(count: float) -> float:
    """`count` days in seconds, for `trio.sleep` and wherever a duration is given."""
    return _number("days", count) * 86_400.0


def _number(unit: str, count: float) -> float:
    """The number itself; TypeError for what is none, as text times a number would be a long text."""
    if isinstance(count, bool) or not isinstance(count, int | float):
        raise TypeError(f"{unit}: count is {count!r}: give a number, as in {unit}(3)")
    return count


def as_datetime(instant: int) -> datetime:
    """The UTC date and time of an instant in µs."""
    return EPOCH + timedelta(microseconds=instant)


def as_instant(moment: datetime) -> int:
    """The instant in µs of an aware date and time; ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} names no time zone: give one, for example tzinfo=datetime.UTC")
    return (moment - EPOCH) // timedelta(microseconds=1)


def clock_text(instant: int) -> str:
    """An instant as a timeline shows it: `00:00:01.187` on the first day, `3d 02:00:00.000` after."""
    whole_days, rest = divmod(instant, DAY)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    second, micros = divmod(rest, SECOND)
    text = f"{hour:02}:{minute:02}:{second:02}.{micros // MILLISECOND:03}"
    return f"{whole_days}d {text}" if whole_days else text
