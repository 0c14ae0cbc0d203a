"""The hardware of one simulated machine: what outlives every incarnation of its node."""

from collections.abc import Callable
from typing import Any

from cluster.sim.disk import Disk
from cluster.sim.machine_clocks import Clocks


class Hardware:
    """The disk and the clocks of a machine, and whether it is paused."""

    def __init__(self, name: str, index: int, disk: Disk) -> None:
        self.name, self.index, self.disk = name, index, disk
        self.clocks = Clocks()
        self.incarnation = 0
        """How many times a node has started here."""
        self.counter = 0
        self.paused = False
        self.backlog: list[tuple[Callable[[Any], None], Any]] = []
        """The calls that are due while the machine is paused; they are made one by one when it resumes."""
        self.short_of: tuple[str, ...] = ()
        """Resources that it is short of, sorted; a restart does not change that."""

    def set_short(self, of: str, short: bool) -> None:
        """Begin or end a shortage of a resource."""
        rest = [each for each in self.short_of if each != of]
        self.short_of = tuple(sorted([*rest, of] if short else rest))

    def count(self) -> int:
        """A fresh number for an entry of this machine on the agenda."""
        self.counter += 1
        return self.counter
