"""The storage of the house, asked on a disk of the simulator: what it reads back, and whether it tells the truth."""

from collections.abc import Callable
from heapq import heappop, heappush

from cluster.raft.state import Save
from cluster.sim.disk import Disk, DiskModel
from cluster.storage import RecoveredFile, Storage
from scenarios.explore.state_parts import Paper


class Bench:
    """The simulator's disk of one machine, and its agenda: what is due is done when asked for."""

    def __init__(self) -> None:
        self.due: list[tuple[int, int, Callable[[], None]]] = []
        """When, the how manieth, what."""
        self._now = self._count = 0
        self.disk = Disk("A", DiskModel(), 0, self._later)

    def _later(self, delay: int, do: Callable[[], None]) -> None:
        self._count += 1
        heappush(self.due, (self._now + delay, self._count, do))

    def opened(self) -> tuple[Storage, RecoveredFile]:
        """The storage of a new incarnation."""
        return Storage.open(self.disk.view(), _refused)

    def run(self) -> None:
        """Do all that is due."""
        while self.due:
            self.run_next()

    def run_next(self) -> None:
        """Do what is due first."""
        self._now, _, do = heappop(self.due)
        do()


class _NoLuck:
    """Dice that always fall on the first side: a crash loses all that is not durable."""

    def below(self, _: int) -> int:
        return 0


def _refused(error: OSError) -> None:
    raise AssertionError("a disk without misfortunes refused a write") from error


def says_early() -> bool:
    """Whether the storage calls a save done that a crash at that moment would lose."""
    bench = Bench()
    storage, _ = bench.opened()
    bench.run()
    said: list[bool] = []
    storage.save(Save(1, "A", -1, (), ()), lambda: said.append(True))
    while bench.due and not said:
        bench.run_next()
    bench.disk.crash(_NoLuck())  # type: ignore[arg-type]  # no more is asked of dice by a crash that loses all
    return bench.opened()[1].term != 1


def read_again(disk: Paper) -> RecoveredFile:
    """Write what a disk holds by the storage, and let a new incarnation read it."""
    bench = Bench()
    storage, _ = bench.opened()
    entries = disk.log.slice(1, disk.log.last_index)
    storage.save(Save(disk.term, disk.vote, 0, entries, ()), lambda: None, disk.commit)
    bench.run()
    return bench.opened()[1]
