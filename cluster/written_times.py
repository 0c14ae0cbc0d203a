"""Durations and instants as people write them, and what becomes of them: whole microseconds.

A bare number is seconds, wherever a person writes one; `minutes`, `hours`, `days` and a `timedelta` say the same. An instant
is seconds since the start of the world too, or a text, or a `datetime`. This is the border: everything inside counts in µs.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from cluster.time_units import DAY, EPOCH, FOREVER, HOUR, MINUTE, SECOND, as_instant

Span = Annotated[float | timedelta, "a duration"]
"""A duration that a person writes: seconds, or a `timedelta`."""
Instant = Annotated[float | str | datetime, "an instant"]
"""An instant that a person writes: seconds since 2024-01-01T00:00Z, a text such as `02:30` or an ISO one, or a `datetime`."""

SPANS = "seconds, as in 90, minutes(1.5) or timedelta(seconds=90)"
INSTANTS = (
    "text, as in '02:30', '1d 02:30' or '2024-01-02 02:30', a datetime with a time zone, or seconds since the start"
)
MOST_WHOLE = 10_000_000
"""A whole number of seconds from here on (116 days) is taken for µs that somebody forgot to convert."""
MOST = 1e9
"""So is any number from here on (32 years). A `timedelta` may be longer."""

_UNITS = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")
_CLOCK = re.compile(r"(?:(\d+)d\s+)?(\d{1,4}):([0-5]\d)(?::([0-5]\d(?:\.\d{1,6})?))?")

TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?")
"""A text that names a time of any day."""


class Microseconds(int):
    """A duration in µs that knows its unit: it is given where a person may give seconds, and is left as it is.

    Its `repr` is what a person would write, so that a step can be pasted into a story. Arithmetic gives a plain `int`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        seconds = self / SECOND
        if abs(seconds) >= MOST:
            return f"timedelta(microseconds={int(self)})"
        return repr(self // SECOND if self % SECOND == 0 and abs(seconds) < MOST_WHOLE else seconds)

    __str__ = int.__repr__


def is_span(given: object) -> bool:
    """Whether it is a `Span`, and no number of µs."""
    if isinstance(given, bool) or not isinstance(given, int | float | timedelta):
        return False
    return given == given and not span_problem(given)


def span_problem(given: object) -> str:
    """Why a number is no plausible number of seconds, with the remedy; empty if it is one, or no number."""
    if isinstance(given, Microseconds | bool) or not isinstance(given, int | float):
        return ""
    if not abs(given) >= (MOST_WHOLE if isinstance(given, int) else MOST):
        return ""
    if abs(given) * SECOND >= FOREVER:
        return "durations are in seconds, and this is longer than any story"
    return (
        f"durations are in seconds, and this is {abs(given) / 86_400:,.0f} days; give {given / SECOND:g} if µs were meant, "
        f"else a timedelta(seconds={given:g})"
    )


def seconds(span: Span) -> float:
    """A duration in seconds."""
    if isinstance(span, Microseconds):
        return span / SECOND
    return span.total_seconds() if isinstance(span, timedelta) else span


def microseconds(span: Span) -> int:
    """A duration in µs, rounded; whatever is no `Span` stays as it is, for a check that names it."""
    if isinstance(span, Microseconds) or not is_span(span):
        return span  # type: ignore[return-value]  # what does not fit is refused where it is used
    if isinstance(span, timedelta):
        return Microseconds(span // timedelta(microseconds=1))
    return Microseconds(span * SECOND if isinstance(span, int) else round(span * SECOND))


def microseconds_or_none(span: Span | None) -> int | None:
    """The same; None stays None."""
    return None if span is None else microseconds(span)


def is_instant(given: object) -> bool:
    """Whether it is an `Instant`, and one that there is."""
    if not isinstance(given, str | datetime):
        return is_span(given) and not isinstance(given, timedelta)
    try:
        instant(given)
    except ValueError:
        return False
    return True


def instant_problem(given: object) -> str:
    """Why a `datetime` or a number is no instant, with the remedy; empty if it is one, or of another kind."""
    if isinstance(given, datetime) and given.tzinfo is None:
        return "it names no time zone, so give one, for example tzinfo=datetime.UTC"
    return span_problem(given).replace("durations", "instants")


def instant(given: Any) -> int:
    """An instant in µs since 2024-01-01T00:00Z. ValueError, with the remedy, for a text or a `datetime` that names none."""
    if isinstance(given, datetime):
        return as_instant(given)
    return instant_of_text(given) if isinstance(given, str) else microseconds(given)


def instant_of_text(text: str) -> int:
    """The instant (µs) of a text; ValueError if it names none.

    It is time since the start of the world, as timelines show it (`02:30`, `1d 02:30:00.5`, `90min`), or of the calendar
    (`2024-01-02`, `2024-01-02 02:30+01:00`; UTC without an offset).
    """
    words = text.strip()
    if offset := _OFFSET.fullmatch(words):
        return round(float(offset[1]) * _UNITS[offset[2]])
    if clock := _CLOCK.fullmatch(words):
        rest = round(float(clock[4] or 0) * SECOND)
        return int(clock[1] or 0) * DAY + int(clock[2]) * HOUR + int(clock[3]) * MINUTE + rest
    try:
        found = datetime.fromisoformat(words)
        return as_instant(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: write '02:30' or '90min' after the start, or '{EPOCH:%Y-%m-%d} 02:30' in UTC"
        ) from None
