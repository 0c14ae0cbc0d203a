"""What a node may ask of the universe: its host's clocks, wires and wake-ups, and the files of its machine.

Small Protocols only, with no more in them than the shell and the storage use; the simulated world implements them in
`cluster.sim`, a real machine would beside it. Never in here: an implementation, a rule, a default.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from cluster.member import Dice, Disk
from cluster.trace import Note

T = TypeVar("T")


class DiskPort(Protocol):
    """The files of one machine as one incarnation sees them: written at once, durable after a `sync`.

    What `read` returns before anything was written is durable. A refused write raises OSError and changes nothing. No
    callback comes from inside the call that asked for it, and none after the incarnation is over.
    """

    def names(self) -> Sequence[str]:
        """The names of all files, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """The content as last written, durable or not; FileNotFoundError if there is none."""
        ...

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file, which need not exist. A crash before the sync may keep any first part of it."""
        ...

    def replace(self, name: str, content: bytes) -> None:
        """Make this the content of the file. A crash before the sync keeps the old or the new, never a mixture."""
        ...

    def truncate(self, name: str, length: int) -> None:
        """Keep the first `length` bytes of the file."""
        ...

    def remove(self, name: str) -> None:
        """Remove the file; nothing happens if there is none."""
        ...

    def sync(self, done: Callable[[], None], failed: Callable[[OSError], None]) -> None:
        """Make durable all that was written before this call, then call `done`: in the order of the calls.

        After a failure `failed` is called instead, and what was written since the last sync that succeeded may be
        lost in a crash.
        """
        ...


class Waiter(Protocol):
    """One task's wait for one wake-up."""

    async def wait(self) -> Any:
        """Wait until it is woken; return the value it is woken with."""
        ...


class Arrival(Protocol):
    """A message that came in, as the host hands it over."""

    sender: str
    kind: str
    data: bytes
    beat: int
    sent: int
    cause: int

    @property
    def label(self) -> str:
        """Its name in a trace."""
        ...  # the host's own naming


class Host(Protocol):
    """A machine as one incarnation of a node sees it. Monotonic and wall instants are µs by its own two clocks."""

    cause: int
    """`seq` of the event whose consequences are happening now."""

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
        """False once this incarnation is over: from then on it touches nothing."""
        ...

    # -- clocks and luck

    def monotonic(self) -> int:
        """µs on the clock that never jumps."""
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
        """The draw of that number for the law's own timer, in [0, 1)."""
        ...

    def dice(self, *name: object) -> Dice:
        """A stream of luck of this node, by name."""
        ...

    def phase(self, period: int, number: int) -> int:
        """Where the grid of the node's `number`-th periodic talk stands, in µs within its period."""
        ...

    # -- appointments: `do(what)` is called in the event of the instant

    def appoint(self, monotonic: int, do: Callable[[Any], None], what: Any) -> None:
        """At a monotonic instant, or at once if it has gone by."""
        ...

    def appoint_later(self, monotonic: int, do: Callable[[Any], None], what: Any) -> None:
        """At a monotonic instant, for a program: nothing that quiet time may pass over."""
        ...

    def at_wall(self, wall: int, do: Callable[[Any], None], what: Any) -> None:
        """When the wall clock reads that much or more, however it came to."""
        ...

    def forget_wall(self, what: Any) -> None:
        """Whatever `at_wall` was to do with `what` is not wanted any more."""
        ...

    def appoint_grid(self, monotonic: int, number: int, do: Callable[[Any], None], what: Any) -> None:
        """The next beat of the node's `number`-th periodic talk."""
        ...

    def boot(self, do: Callable[[Any], None], what: Any) -> None:
        """Now, as an event of its own: for what makes a task runnable."""
        ...

    # -- tasks that wait

    def waiter(self) -> Waiter:
        """A wait for the current task."""
        ...

    def wake(self, waiter: Any, value: Any) -> None:
        """Wake the task that holds this `Waiter` of this host; nothing happens if it waits no more."""
        ...

    def appoint_sleep(self, monotonic: int, waiter: Any) -> None:
        """Wake the task that holds this `Waiter` of this host at a monotonic instant."""
        ...

    def made_runnable(self) -> None:
        """A task was made runnable otherwise: let it run before anything else happens."""
        ...

    async def outside(self, work: Callable[[], T], cost: int) -> T:
        """Real input or output in a thread; it costs `cost` µs of virtual time."""
        ...

    # -- wires, files, trace

    def send(self, to: str, kind: str, data: bytes, beat: int, term: int) -> None:
        """Send to another node; may be lost. `beat > 0` marks chatter, by its number in `term`."""
        ...

    @property
    def disk(self) -> Disk:
        """The files of the node's programs."""
        ...

    def note(self, note: Note, cause: int | None = None) -> int:
        """Add to the trace; returns the event's `seq`."""
        ...

    def stirred(self) -> None:
        """Something happened that is not chatter and left no note."""
        ...

    def failed(self, error: Exception) -> None:
        """A program of the node ended with an error."""
        ...
