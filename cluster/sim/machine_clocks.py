"""The clocks of one machine: a monotonic one that drifts, a wall clock that also jumps. True time is the world's.

All arithmetic is on whole µs, so that no instant depends on the order in which it was computed.
"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MILLION = 1_000_000


class Clocks:
    """A node's own two clocks. They survive a crash: the battery does."""

    __slots__ = ("_jumped", "ahead", "base_local", "base_true", "rate", "zone")

    def __init__(self) -> None:
        self.rate = MILLION
        self.base_true = 0
        self.base_local = 0
        self.ahead: int | None = 0
        """By how many µs the monotonic clock is ahead of true time; None while it drifts."""
        self._jumped = 0
        self.zone = ZoneInfo("UTC")

    def monotonic(self, true: int) -> int:
        """What the monotonic clock reads at a true time, in µs."""
        if self.rate == MILLION:
            return self.base_local + true - self.base_true
        return self.base_local + (true - self.base_true) * self.rate // MILLION

    def true(self, monotonic: int) -> int:
        """The first true time at which the monotonic clock reads at least this much."""
        if self.rate == MILLION:
            return self.base_true + monotonic - self.base_local
        return self.base_true - (-(monotonic - self.base_local) * MILLION // self.rate)

    def wall(self, true: int) -> int:
        """What the wall clock reads at a true time, in µs since 2024-01-01T00:00Z."""
        return self.monotonic(true) + self._jumped

    def true_of_wall(self, wall: int) -> int:
        """The first true time at which the wall clock, if it is not set again, reads at least this much."""
        return self.true(wall - self._jumped)

    def set_rate(self, true: int, parts_per_million: int) -> None:
        """From now on the clocks gain that many µs a second (negative: lose)."""
        self.base_local, self.base_true = self.monotonic(true), true
        self.rate = MILLION + parts_per_million
        self.ahead = None if parts_per_million else self.base_local - true

    def jump(self, duration: int) -> None:
        """Set the wall clock forward (negative: back) by that many µs; the monotonic clock does not notice."""
        self._jumped += duration

    def set_zone(self, zone: str) -> None:
        """Live in an IANA zone; ValueError names one that does not exist."""
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {zone!r}: take an IANA name such as Europe/Berlin") from error

    @property
    def drift(self) -> int:
        """Parts per million by which the clocks gain."""
        return self.rate - MILLION
