"""A probe of the product's storage on a simulated disk: what it reads back, and whether it reports a save too early."""

from collections.abc import Callable
from heapq import heappop, heappush

from cluster.raft.state import Save
from cluster.sim.disk import Disk, DiskModel
from cluster.storage import RecoveredFile, Storage
from scenarios.explore.state_parts import Paper


class Bench:
    """A simulated disk of one machine and its agenda, whose entries run only when asked for."""

    def __init__(self) -> None:
        self.due: list[tuple[int, int, Callable[[], None]]] = []
        """The agenda: instant, number, and what is to be done."""
        self._now = self._count = 0
        self.disk = Disk("A", DiskModel(), 0, self._later)

    def _later(self, delay: int, do: Callable[[], None]) -> None:
        self._count += 1
        heappush(self.due, (self._now + delay, self._count, do))

    def opened(self) -> tuple[Storage, RecoveredFile]:
        """Open the storage as a node's new incarnation does."""
        return Storage.open(self.disk.view(), _refused)

    def run(self) -> None:
        """Run everything that is due."""
        while self.due:
            self.run_next()

    def run_next(self) -> None:
        """Run the first entry of the agenda."""
        self._now, _, do = heappop(self.due)
        do()


class _NoLuck:
    """Random numbers that are always the least: a crash loses all that is not durable."""

    def below(self, _: int) -> int:
        return 0


def _refused(error: OSError) -> None:
    raise AssertionError("a disk without misfortunes refused a write") from error


def says_early() -> bool:
    """Whether the storage reports a save as done that a crash at that moment would lose."""
    bench = Bench()
    storage, _ = bench.opened()
    bench.run()
    said: list[bool] = []
    storage.save(Save(1, "A", -1, (), ()), lambda: said.append(True))
    while bench.due and not said:
        bench.run_next()
    bench.disk.crash(_NoLuck())  # type: ignore[arg-type]  # a crash that loses everything asks no more of its random numbers
    return bench.opened()[1].term != 1


def read_again(disk: Paper) -> RecoveredFile:
    """Write these contents through the storage, and read them back with a new incarnation."""
    bench = Bench()
    storage, _ = bench.opened()
    entries = disk.log.slice(1, disk.log.last_index)
    storage.save(Save(disk.term, disk.vote, 0, entries, ()), lambda: None, disk.commit)
    bench.run()
    return bench.opened()[1]
