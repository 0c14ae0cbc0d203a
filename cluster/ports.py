"""The ports of a node: its host's clocks, wires and wake-ups, and the files of its machine.

They are small Protocols with no more in them than the node and its storage use. `cluster.sim` implements them for the
simulated world; a real machine would implement them beside it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from cluster.member import Dice, Disk
from cluster.trace import Note

T = TypeVar("T")


class DiskPort(Protocol):
    """The files of one machine as one incarnation sees them: written at once, durable after a `sync`.

    What `read` returns before anything was written is durable. A write that fails raises OSError and changes nothing.
    No callback is called from inside the call that asked for it, and none after the incarnation has ended.
    """

    def names(self) -> Sequence[str]:
        """The names of all files, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """The content as last written, durable or not; FileNotFoundError if there is none."""
        ...

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file, which need not exist. After a crash before the sync any first part may be there."""
        ...

    def replace(self, name: str, content: bytes) -> None:
        """Replace the content of the file. After a crash before the sync it holds the old content or the new, never a mixture."""
        ...

    def truncate(self, name: str, length: int) -> None:
        """Keep the first `length` bytes of the file."""
        ...

    def remove(self, name: str) -> None:
        """Remove the file; nothing happens if there is none."""
        ...

    def sync(self, done: Callable[[], None], failed: Callable[[OSError], None]) -> None:
        """Make durable all that was written before this call, then call `done`; calls are answered in their order.

        If that fails, `failed` is called instead, and a crash may lose what was written since the last sync that
        succeeded.
        """
        ...


class Waiter(Protocol):
    """One wait of one task for one wake-up."""

    async def wait(self) -> Any:
        """Wait until it is woken; return the value it is woken with."""
        ...


class Arrival(Protocol):
    """A message that has arrived, as the host hands it to the node."""

    sender: str
    kind: str
    data: bytes
    beat: int
    sent: int
    cause: int

    @property
    def label(self) -> str:
        """The message's name in a trace."""
        ...  # each host names its messages


class Host(Protocol):
    """A machine as one incarnation of a node sees it. Monotonic and wall instants are µs by its own two clocks."""

    cause: int
    """`seq` of the event that caused what happens now."""

    @property
    def name(self) -> str:
        """The node's tag."""
        ...

    @property
    def incarnation(self) -> int:
        """1 at the first start of the node, one more at each restart."""
        ...

    @property
    def plugged(self) -> bool:
        """Whether this incarnation goes on. Once False, it can change nothing."""
        ...

    # -- clocks and luck

    def monotonic(self) -> int:
        """µs on the monotonic clock, which never jumps."""
        ...

    def wall(self) -> int:
        """µs on the wall clock."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The node's time zone."""
        ...

    @property
    def short_of(self) -> tuple[str, ...]:
        """Resources that the machine is short of now, sorted: `memory`, `dirty memory`, `cpu credits`."""
        ...

    def luck(self, draw: int) -> float:
        """The random number in [0, 1) that belongs to the node's election timeout number `draw`."""
        ...

    def dice(self, *name: object) -> Dice:
        """A stream of random numbers of this node, by name."""
        ...

    def phase(self, period: int, number: int) -> int:
        """The offset of the node's periodic talk `number`, in µs within its period."""
        ...

    # -- appointments: `do(what)` is called at the instant

    def appoint(self, monotonic: int, do: Callable[[Any], None], what: Any) -> None:
        """Call at a monotonic instant, or at once if it has passed. For consensus: skipped quiet time may pass over it."""
        ...

    def appoint_later(self, monotonic: int, do: Callable[[Any], None], what: Any) -> None:
        """Call at a monotonic instant. For programs: skipped quiet time never passes over it."""
        ...

    def at_wall(self, wall: int, do: Callable[[Any], None], what: Any) -> None:
        """Call when the wall clock reads that much or more, also if it was set."""
        ...

    def forget_wall(self, what: Any) -> None:
        """Drop every call that `at_wall` was to make with `what`."""
        ...

    def appoint_grid(self, monotonic: int, number: int, do: Callable[[Any], None], what: Any) -> None:
        """Call at a monotonic instant, for the next instant of the node's periodic talk `number`."""
        ...

    def boot(self, do: Callable[[Any], None], what: Any) -> None:
        """Call now, as an event of its own: for what makes a task runnable."""
        ...

    # -- tasks that wait

    def waiter(self) -> Waiter:
        """A new wait for the current task."""
        ...

    def wake(self, waiter: Any, value: Any) -> None:
        """Wake the task that waits with this `Waiter` of the host; nothing happens if it no longer waits."""
        ...

    def appoint_sleep(self, monotonic: int, waiter: Any) -> None:
        """Wake the task that waits with this `Waiter` of the host at a monotonic instant."""
        ...

    def made_runnable(self) -> None:
        """A task became runnable by other means: let it run before anything else happens."""
        ...

    async def outside(self, work: Callable[[], T], cost: int, *, in_memory: bool) -> T:
        """Do real input or output in a thread; it takes `cost` µs of virtual time."""
        ...

    # -- wires, files, trace

    def send(self, to: str, kind: str, data: bytes, beat: int, term: int) -> None:
        """Send to another node; the message may be lost. `beat > 0` marks chatter and numbers it within `term`."""
        ...

    @property
    def disk(self) -> Disk:
        """The files of the node's programs."""
        ...

    def note(self, note: Note, cause: int | None = None) -> int:
        """Add an event to the trace; return its `seq`."""
        ...

    def begins(self, effect: str) -> None:
        """Something begins that is not durable yet: `VoteUnsynced`, `SnapshotUnsynced`. No event of the trace; faults may wait for it."""
        ...

    def stirred(self) -> None:
        """Something happened that is not chatter and leaves no note."""
        ...

    def reaches(self, to: str) -> bool:
        """Whether a message to that node may arrive; False only if that is known to be impossible at present."""
        ...

    def failed(self, error: Exception) -> None:
        """A program of the node failed with an exception."""
        ...
