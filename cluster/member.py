"""What a program on a node sees: `Application`, which it implements, and `Member`, the handle on its node.

Each node, and each restart of a node, builds an application of its own with a factory; they share no object. A program
needs to know neither Raft nor trio.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from cluster.checks import Watcher
from cluster.trace import Note

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    State = TypeVar("State", default=Any)
    State_co = TypeVar("State_co", covariant=True, default=Any)
else:
    from typing import TypeVar

    State = TypeVar("State")
    State_co = TypeVar("State_co", covariant=True)

A_co = TypeVar("A_co", covariant=True)
T = TypeVar("T")
M = TypeVar("M")


class NoLeader(TimeoutError):
    """Definite: no leader accepted the command. It did not happen and will not (rule 3.38)."""


class NotInCluster(NoLeader):
    """Definite, and raised at once: the node belongs to no cluster, so there is no leader to ask (rule 3.38)."""


class OutcomeUnknown(TimeoutError):
    """Indefinite: the command may have happened, or may still. Check before you ask again (rule 3.29)."""


class SessionEnded(OutcomeUnknown):
    """Indefinite: a later incarnation of the node has sent a command since, which ended the session of this one."""


class Overloaded(BlockingIOError):
    """Definite: the leader refused the command because too many bytes wait to be committed. It did not happen."""


class Refused(ValueError):
    """The command was applied and the state machine refused it; nothing changed. The text says why and what to do."""


class BadApplication(TypeError):
    """The application does not keep its contract. The text names what it gave, and what is wanted."""


class ClientRequest(Generic[A_co]):
    """Base class of a client's request: `class Get(ClientRequest[int | None])` is answered by an int or None.

    Type checkers take the type of `ask` from it. It has no fields and does nothing at run time. A request is an attrs
    class or a dataclass; one without this base may be asked as well, and its answer has no type.
    """

    __slots__ = ()


class Disk(Protocol):
    """The files of one node. A crash may lose what was written and not synced, in part or in whole."""

    async def write(self, name: str, content: bytes) -> None:
        """Replace the file by `content`, atomically and durably: after a crash it holds the old content or the new."""

    async def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file, durably; after a crash meanwhile any first part of `content` may be there."""

    async def read(self, name: str) -> bytes:
        """The content of the file; FileNotFoundError if there is none."""

    async def remove(self, name: str) -> None:
        """Remove the file, durably; nothing happens if there is none."""

    def names(self) -> Sequence[str]:
        """The names of all files, sorted."""


class Dice(Protocol):
    """A named stream of random numbers; no other stream influences what it draws."""

    def random(self) -> float:
        """A float in [0, 1)."""

    def below(self, limit: int) -> int:
        """An int in [0, limit)."""


class Member(Protocol[State_co]):
    """The handle through which a program uses its node. Instants are µs since 2024-01-01T00:00Z by the clock named.

    `Member[Record]` is the handle of an application whose state is a `Record`.
    """

    @property
    def name(self) -> str:
        """The node's tag (rule 1.7)."""

    @property
    def members(self) -> tuple[str, ...]:
        """Every node of the cluster, sorted, by this node's log; empty while no leader has sent it the log."""

    @property
    def leader(self) -> str | None:
        """The leader as this node sees it; None while it sees none (rule 3.37)."""

    @property
    def leading(self) -> bool:
        """Whether this node leads and has committed an entry of its own term (rule 3.25): the observer may run."""

    @property
    def may_lead(self) -> bool:
        """Whether it is a voter, which may stand for leader; watchers, new nodes and nodes outside the cluster may not (rule 3.7)."""

    @property
    def passive(self) -> bool:
        """Whether it knows of no cluster that it belongs to: it was removed, or not added yet (rules 3.8, 3.36)."""

    @property
    def term(self) -> int:
        """The node's current term. It changes with every leadership."""

    @property
    def state(self) -> State_co:
        """The replicated state as applied on this node: the application's own frozen value."""

    @property
    def applied(self) -> int:
        """Index of the last entry in `state`."""

    @property
    def incarnation(self) -> int:
        """1 at the first start of the node, one more at each restart, also after its disk was lost: sessions rest on it."""

    # -- clocks

    def monotonic(self) -> int:
        """µs on the monotonic clock, which never jumps but may drift: for timers and ages."""

    def wall(self) -> int:
        """µs on the wall clock, which drifts, has an offset and may jump: for cron and time stamps. It reads UTC; see `zone`."""

    @property
    def zone(self) -> ZoneInfo:
        """The node's time zone, for cron and folder names."""

    @property
    def short_of(self) -> tuple[str, ...]:
        """Resources that the machine is short of now, sorted: some of `memory`, `dirty memory`, `cpu credits`."""

    async def sleep(self, duration: int) -> None:
        """Wait `duration` µs of the node's monotonic clock."""

    # -- waiting for a change

    @property
    def version(self) -> int:
        """A number that grows when `state`, `leader` or `leading` changes, the wall clock or zone is set, or `stir` is called."""

    async def changed(self, since: int, until: int | None = None) -> None:
        """Wait until `version` differs from `since` or the *wall* clock reads `until` or later; None: for `version` only."""

    def stir(self) -> None:
        """Increase `version` for a change that the node cannot see by itself, and so wake the programs that wait in `changed`."""

    # -- commands, reads and messages

    async def propose(self, command: object, within: int | None = None) -> Any:
        """Have the command applied once on every node; return the answer of `apply` on this node.

        `within` in µs (default: the operation timeout, 15 s). Raises `NoLeader`, `Overloaded`, `OutcomeUnknown`, or the
        `Refused` that `apply` raised.
        """

    async def confirmed(self, within: int | None = None) -> int:
        """Wait until `state` shows everything that was answered anywhere before this call; return the index of that entry.

        It is a read without an entry in the log: the leader makes sure that it still leads (dissertation, 6.4), and
        this node applies the log up to there. It has no effect, so it is repeated within `within` µs (default: the
        operation timeout) before it raises `NoLeader`.
        """

    def send(self, to: str, message: object) -> None:
        """Send to the same application on another node. The message may be lost. A field `beat > 0` marks chatter."""

    def hear(self, kind: type[M], handler: Callable[[str, M], None]) -> None:
        """Call `handler(sender, message)` at each arrival of a message of this class; the handler must not wait."""

    def every(
        self,
        period: int,
        act: Callable[[int], int],
        *,
        judges: bool = False,
        forgives: int = 0,
        foresees: Callable[[], int] | None = None,
    ) -> None:
        """Call `act(number)` each `period` µs of the monotonic clock; it must not wait.

        `act` returns the monotonic instant until which, unless something else happens, its later calls would do and
        send nothing new (`FOREVER` if time alone changes nothing, 0 if it just did something new; news repeated to nodes that
        no message reaches are none). `judges` marks an
        act that judges how fresh its information is (an observer), in contrast to one that only sends. `forgives` is
        how many of its messages in a row may fail to reach a node, before that node does, says or keeps anything that
        it would not have otherwise. With 0, every loss is lived; skipped quiet time passes over losses that are forgiven.
        `foresees` answers what `act` would if it were called now, and changes nothing: with it, quiet time after an event begins
        without waiting for the next call. It answers 0 unless that call could as well be left out: one that comes
        later would do, send and remember the same. None: only a call can tell.
        """

    # -- other programs, real I/O, trace

    def spawn(self, program: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Start another program on this node; it is cancelled when the node crashes."""

    async def outside(self, work: Callable[[], T], cost: int, *, in_memory: bool = False) -> T:
        """Do real input or output in a thread while virtual time stands still; it takes `cost` µs of virtual time.

        `in_memory`: this work touches nothing outside of the process, and so needs no thread.
        """

    def note(self, note: Note) -> int:
        """Add an event to the trace; return its `seq`."""

    @property
    def disk(self) -> Disk:
        """The node's own files."""

    def dice(self, *name: object) -> Dice:
        """A stream of random numbers of this node, by name."""


@runtime_checkable
class Application(Protocol[State]):
    """A program that runs on every node, and the state that all nodes agree on.

    An application derives from this class, since some methods have defaults. For one that derives from
    `Application[Record]` a type checker verifies the type of the state.
    """

    @property
    def words(self) -> Sequence[type]:
        """Every class that is sent or stored, commands and messages and what they hold, in a fixed order: the codec numbers them.

        The classes in the state need not be listed: the annotations of its fields name them. Answers of `apply` are
        kept in snapshots too, so they are made of these classes or of plain values.
        """

    def empty(self) -> State:
        """The state before the first command: a frozen value."""

    def apply(self, state: State, command: Any, index: int) -> tuple[State, Any]:
        """Pure: the state after the command, and the answer for its proposer. Raise `Refused` to refuse: the state stays."""

    def reconfigured(self, state: State, members: Sequence[str], index: int) -> State:
        """Pure: the state after a committed change of the cluster, whose nodes from entry `index` on are `members`, sorted.

        By default the state knows nothing of the cluster's nodes. It is never called for the nodes that found a cluster.
        """
        return state

    def tell(self, before: State, after: State, command: Any, answer: Any, index: int) -> Iterable[Note]:
        """Pure: notes for the trace of a node that has just applied a command. `answer` is that of `apply`, or the `Refused`.

        After `reconfigured` has changed the state, `command` is the tuple of the cluster's nodes and `answer` is None.
        """
        return ()

    async def run(self, member: Member[State]) -> None:
        """The program. It is called once at each start of the node, and cancelled when the node crashes."""

    async def serve(self, request: Any) -> Any:
        """Answer a client's request on this node with a frozen value that can be recorded. Exceptions reach the client."""

    def watchers(self, places: Mapping[str, str]) -> Iterable[Watcher]:
        """The watchers that check this application's promises, made once per world. `places`: folders of the run by name."""
        return ()

    def disturb(self, node: str, trouble: Any) -> Iterable[Note] | None:
        """Apply a fault of the application's own surroundings to a node, which may be down. ValueError for an unknown fault.

        It may return notes of what the fault did, for the trace of that node.

        It is called on an instance that never runs, so faults belong to what all instances of one factory share. By
        default there are no surroundings, and every fault is unknown.
        """
        raise ValueError(f"{type(self).__name__} knows no troubles, so {trouble!r} means nothing to it")

    def mend(self) -> None:
        """End every fault that `disturb` has begun. By default there is none."""
        return

    def never_struck(self) -> Iterable[str]:
        """The faults of `disturb` that never met anything, a sentence each without a full stop. Asked at the end of a run."""
        return ()

    def warnings(self) -> Iterable[str]:
        """What whoever played should know of the application's surroundings, as `never_struck`. By default there is nothing."""
        return ()
