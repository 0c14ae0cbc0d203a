"""Periodic talk: numbered instants in a node's own clock, so that skipped quiet time can compute the next one."""

from collections.abc import Callable


class Grid:
    """One periodic talk of a program, numbered in the node's monotonic clock."""

    __slots__ = ("act", "foresees", "forgives", "judges", "news", "number", "period", "phase", "quiet_until", "said")

    def __init__(
        self,
        period: int,
        phase: int,
        act: Callable[[int], int],
        judges: bool,
        forgives: int,
        foresees: Callable[[], int] | None,
    ) -> None:
        self.period, self.phase, self.act, self.judges, self.forgives = period, phase, act, judges, forgives
        self.foresees = foresees
        self.number = 0
        """The number of the next call."""
        self.quiet_until = 0
        self.said: tuple[tuple[str, str, int], ...] = ()
        """The messages of the last call: receiver, name of the class, and by how much `beat` was above the call's number."""
        self.news: list[tuple[str, object]] = []
        """Receivers and messages of the last call, without beats, if it said something new."""

    def instant(self, number: int) -> int:
        """Monotonic µs of the call with this number."""
        return number * self.period + self.phase

    def is_foreseen(self) -> bool:
        """Whether the program knows, without a call, that the next ones would do nothing new; `quiet_until` says until when."""
        until = self.foresees() if self.foresees is not None else 0
        if until:
            self.quiet_until = until
        return until > 0

    def first_at(self, monotonic: int) -> int:
        """The number of the first call at or after a monotonic instant."""
        return max(0, -((self.phase - monotonic) // self.period))
