"""Which seeds are hunted, and for how long, from what was typed."""

import re
from collections.abc import Iterable
from itertools import count

from cluster.value import value
from scenarios.gallery import StoryError

USUAL = 1_000
"""How many seeds are played if neither their number nor a time is given."""
UNITS = {"s": 1, "m": 60, "h": 3_600}
LONGEST = 30
"""The most digits of a seed."""
_RANGE = re.compile(r"(-?[0-9]{1,30}):(-?[0-9]{1,30})")
_TIME = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")


@value
class Seeds:
    """The seeds `first` to `last`, both included; without a last one there is no end."""

    first: int
    last: int | None

    def all(self) -> Iterable[int]:
        """Each seed, in order."""
        return count(self.first) if self.last is None else range(self.first, self.last + 1)

    def number(self) -> int | None:
        """How many they are; None without an end."""
        return None if self.last is None else self.last - self.first + 1


def seeds_of(said: str | None, is_timed: bool) -> Seeds:
    """The seeds of `A:B`, both included, or of `N`, which is 1:N. Without any: a thousand, or as many as the time allows."""
    if said is None:
        return Seeds(1, None if is_timed else USUAL)
    between = _RANGE.fullmatch(said)
    if between is not None:
        first, last = int(between[1]), int(between[2])
        if last < first:
            raise StoryError(f"--seeds {said} is no seed: the first is after the last, so say {last}:{first}")
        return Seeds(first, last)
    if not (said.isascii() and said.isdecimal() and len(said) <= LONGEST and int(said) > 0):
        raise StoryError(
            f"--seeds {said[:LONGEST]!r} names no seeds: give how many, or the first and the last, for example 1:1000"
        )
    return Seeds(1, int(said))


def wall_seconds_of(said: str | None) -> float | None:
    """The wall seconds of `90`, `90s`, `5m` or `1.5h`; None if there is no limit."""
    if said is None:
        return None
    found = _TIME.fullmatch(said)
    if found is None or float(found[1]) <= 0:
        raise StoryError(f"--time {said!r} is no time: give seconds, minutes or hours, for example 90s, 5m or 1.5h")
    return float(found[1]) * UNITS[found[2] or "s"]
