"""The reported runs of a database: `Run`, and `RecordedRuns`, which grows without being copied. Part of the record."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from cluster.value import value


@value
class Run:
    """One reported run of a task. Instants are wall µs of its node, the duration is in µs."""

    task_id: int
    node: str
    is_full: bool
    started_at: int
    duration: int
    folder: str | None
    file: str | None
    error: str | None
    reported: int
    """Log index of the report."""
    full_raft_index: int = 0
    """`Status.last_full_raft_index` of the report."""

    @property
    def ended_at(self) -> int:
        return self.started_at + self.duration

    @property
    def key(self) -> tuple[int, str, int]:
        """The identity of the run: a node starts a task at most once at one instant."""
        return self.task_id, self.node, self.started_at


class RecordedRuns:
    """The reported runs of one database, in the order of their reports: a value with shared storage.

    `with_run` costs O(1) on the newest history, if the run started last of its task and node, and copies only if a longer one
    was made from the same history before. Older histories stay valid. Of a run's identity nothing is kept but numbers, as
    each node of a simulated year holds a hundred thousand runs.
    """

    __slots__ = ("_length", "_places", "_runs")

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._places: dict[tuple[int, str], tuple[array[int], array[int]]] = {}
        """By task and node: the starts of its runs in order, and the place of each in `_runs`."""
        self._length = 0

    @classmethod
    def of(cls, runs: Iterable[Run]) -> "RecordedRuns":
        """A history of these runs, with storage of its own."""
        history = cls()
        for run in runs:
            history = history.with_run(run)
        return history

    def with_run(self, run: Run) -> "RecordedRuns":
        """This history with one more run; the same history if it holds that run already (a report sent twice)."""
        if run.key in self:
            return self
        view = RecordedRuns.__new__(RecordedRuns)
        if len(self._runs) == self._length:
            view._runs, view._places = self._runs, self._places
        else:  # a longer history shares the storage: copy it
            view._runs = self._runs[: self._length]
            view._places = {}
            for place, known in enumerate(view._runs):
                view._put(known, place)
        view._put(run, self._length)
        view._runs.append(run)
        view._length = self._length + 1
        return view

    def _put(self, run: Run, place: int) -> None:
        starts, places = self._places.setdefault((run.task_id, run.node), (array("q"), array("q")))
        at = bisect_left(starts, run.started_at)
        starts.insert(at, run.started_at)
        places.insert(at, place)

    def __contains__(self, key: tuple[int, str, int]) -> bool:
        """Whether a run with that `Run.key` was reported."""
        task, node, start = key
        starts, places = self._places.get((task, node), ((), ()))
        at = bisect_left(starts, start)
        return at < len(starts) and starts[at] == start and places[at] < self._length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs[: self._length])

    def __getitem__(self, place: int) -> Run:
        return self._runs[range(self._length)[place]]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RecordedRuns):
            return NotImplemented
        if self._runs is other._runs:
            return self._length == other._length
        return self._length == other._length and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"History({list(self)!r})"
