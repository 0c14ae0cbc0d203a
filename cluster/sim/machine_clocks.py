"""The clocks of one machine: a monotonic clock that may drift, and a wall clock that may drift and jump.

True time is the world's. All arithmetic is on whole µs, so that no instant depends on the order of computation.
"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cluster.time_units import FOREVER

MILLION = 1_000_000


class Clocks:
    """A node's monotonic clock and wall clock. They survive a crash."""

    __slots__ = ("_frozen", "_jumped", "ahead", "base_local", "base_true", "rate", "zone")

    def __init__(self) -> None:
        self.rate = MILLION
        self.base_true = 0
        self.base_local = 0
        self.ahead: int | None = 0
        """How many µs the monotonic clock is ahead of true time; None while it drifts."""
        self._jumped = 0
        self._frozen: int | None = None
        """What the wall clock reads while it stands still."""
        self.zone = ZoneInfo("UTC")

    def monotonic(self, true: int) -> int:
        """The monotonic clock's reading at a true time, in µs."""
        if self.rate == MILLION:
            return self.base_local + true - self.base_true
        return self.base_local + (true - self.base_true) * self.rate // MILLION

    def true(self, monotonic: int) -> int:
        """The first true time at which the monotonic clock reads at least this much."""
        if self.rate == MILLION:
            return self.base_true + monotonic - self.base_local
        return self.base_true - (-(monotonic - self.base_local) * MILLION // self.rate)

    def wall(self, true: int) -> int:
        """The wall clock's reading at a true time, in µs since 2024-01-01T00:00Z."""
        return self.monotonic(true) + self._jumped if self._frozen is None else self._frozen

    def true_of_wall(self, wall: int) -> int:
        """The first true time at which the wall clock reads at least this much, if it is not set again; `FOREVER`: never."""
        if self._frozen is not None:
            return FOREVER if wall > self._frozen else 0
        return self.true(wall - self._jumped)

    def set_rate(self, true: int, parts_per_million: int) -> None:
        """Let the clocks gain that many µs per second from now on (negative: lose)."""
        self.base_local, self.base_true = self.monotonic(true), true
        self.rate = MILLION + parts_per_million
        self.ahead = None if parts_per_million else self.base_local - true

    def jump(self, duration: int) -> None:
        """Set the wall clock forward (negative: back) by that many µs; the monotonic clock is unaffected."""
        self._jumped += duration
        if self._frozen is not None:
            self._frozen += duration

    def freeze(self, true: int) -> None:
        """Let the wall clock stand still from now on."""
        self._frozen = self.wall(true)

    def thaw(self, true: int) -> None:
        """Let the wall clock go on from where it stands."""
        if self._frozen is not None:
            self._jumped, self._frozen = self._frozen - self.monotonic(true), None

    def set_zone(self, zone: str) -> None:
        """Set the time zone to an IANA zone; ValueError names one that does not exist."""
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {zone!r}: take an IANA name such as Europe/Berlin") from error

    @property
    def drift(self) -> int:
        """The rate by which the clocks gain, in parts per million."""
        return self.rate - MILLION
