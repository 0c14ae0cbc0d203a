"""Periodic talk: numbered instants in a node's own clock, so that quiet time can say where it stands without living it."""

from collections.abc import Callable


class Grid:
    """Periodic talk of a program, numbered in the node's monotonic clock."""

    __slots__ = ("act", "judges", "number", "period", "phase", "quiet_until", "sends")

    def __init__(self, period: int, phase: int, act: Callable[[int], int], judges: bool) -> None:
        self.period, self.phase, self.act, self.judges = period, phase, act, judges
        self.number = 0
        """The number that comes next."""
        self.quiet_until = 0
        self.sends = 0
        """How many messages it sent last."""

    def instant(self, number: int) -> int:
        """Monotonic µs of a number."""
        return number * self.period + self.phase

    def first_at(self, monotonic: int) -> int:
        """The first number at or after a monotonic instant."""
        return max(0, -((self.phase - monotonic) // self.period))
