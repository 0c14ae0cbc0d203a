"""What a program on a node sees: the application it is, and the member it is given. Nothing of Raft, nothing of trio's.

An application is a factory's product: every node, and every restart of a node, builds its own; they share no object.
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
    """Definite: the command was not accepted by anybody. It did not happen and will not (rule 3.38)."""


class NotInCluster(NoLeader):
    """Definite, and at once: the node belongs to no cluster that anything could be brought to (rule 3.38)."""


class OutcomeUnknown(TimeoutError):
    """Indefinite: the command may have happened, or may still. Look before you ask again (rule 3.29)."""


class Overloaded(BlockingIOError):
    """Definite: the leader did not take the command, because too many bytes wait to be committed. It did not happen."""


class Refused(ValueError):
    """The command was applied and the state machine said no; nothing changed. The text says why and what to do."""


class ClientRequest(Generic[A_co]):
    """Base of what a client may ask: `class Get(ClientRequest[int | None])` is answered by an int or None, and `ask` says so to an editor.

    It has no fields and does nothing at run time. A request is an attrs or a dataclass value; one without this base may be
    asked as well, and its answer has no type.
    """

    __slots__ = ()


class Disk(Protocol):
    """The files of one node. What was written and not synced may be lost, in part or whole, by a crash."""

    async def write(self, name: str, content: bytes) -> None:
        """Replace the file by `content`, atomically and durably: after a crash it is the old or the new."""

    async def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file, durably; a crash meanwhile may leave any first part of it."""

    async def read(self, name: str) -> bytes:
        """The content; FileNotFoundError if there is none."""

    async def remove(self, name: str) -> None:
        """Remove the file, durably; nothing happens if there is none."""

    def names(self) -> Sequence[str]:
        """The names of all files, sorted."""


class Dice(Protocol):
    """One actor's luck, by name: its draws depend on nobody else's."""

    def random(self) -> float:
        """A float in [0, 1)."""

    def below(self, limit: int) -> int:
        """An int in [0, limit)."""


class Member(Protocol[State_co]):
    """What a program on a node has, and all it has. Instants are µs since 2024-01-01T00:00Z by the clock named.

    `Member[Record]` is one of an application whose state is a `Record`.
    """

    @property
    def name(self) -> str:
        """The node's tag (rule 1.7)."""

    @property
    def members(self) -> tuple[str, ...]:
        """Every node of the cluster, sorted, as this node's log says now: none while it has not been told."""

    @property
    def leader(self) -> str | None:
        """The leader as this node sees it; None while it sees none (rule 3.37)."""

    @property
    def leading(self) -> bool:
        """Whether this node leads and has committed an entry of its own term (rule 3.25): the observer may run."""

    @property
    def may_lead(self) -> bool:
        """Whether it may stand for leader, as a voter; watchers, newcomers and nodes outside the cluster may not (rule 3.7)."""

    @property
    def passive(self) -> bool:
        """Whether it knows of no cluster that it belongs to: it was removed, or not told of one yet (rules 3.8, 3.36)."""

    @property
    def term(self) -> int:
        """The node's current term: what belongs to one leadership ends with it."""

    @property
    def state(self) -> State_co:
        """The replicated state as applied here: the application's own frozen value."""

    @property
    def applied(self) -> int:
        """Index of the last entry in `state`."""

    @property
    def incarnation(self) -> int:
        """1 at the first start of the node, one more at each restart."""

    # -- clocks

    def monotonic(self) -> int:
        """µs on the clock that never jumps (rate): for timers and ages."""

    def wall(self) -> int:
        """µs on the wall clock (rate, offset, jumps): for cron and time stamps. UTC scale; see `zone`."""

    @property
    def zone(self) -> ZoneInfo:
        """The node's time zone, for cron and folder names."""

    @property
    def short_of(self) -> tuple[str, ...]:
        """Resources that the machine is short of now, sorted: `memory`, `dirty memory`, `cpu credits`."""

    async def sleep(self, duration: int) -> None:
        """Wait that many µs of the node's monotonic clock."""

    # -- change

    @property
    def version(self) -> int:
        """Counts up whenever `state`, `leader` or `leading` changed, the wall clock or its zone was set, or somebody called `stir`."""

    async def changed(self, since: int, until: int | None = None) -> None:
        """Return when `version` differs from `since`, or when the *wall* clock reads `until` or later; at once if so already."""

    def stir(self) -> None:
        """Something changed that the node cannot see by itself: wake whoever waits for a change."""

    # -- words between members

    async def propose(self, command: object, within: int | None = None) -> Any:
        """Have the command applied everywhere, once; return what `apply` returned here.

        `within` µs (default: the operation timeout, 15 s). Raises `NoLeader`, `Overloaded`, `OutcomeUnknown`, or `Refused` as
        raised by `apply`.
        """

    async def confirmed(self, within: int | None = None) -> int:
        """Wait until `state` shows everything that was answered anywhere before this call; return the log's index of it.

        A read without an entry in the log: the leader makes sure that it leads (dissertation, 6.4), and this node, leader
        or not, catches up with it. It has no effect, so it is asked again and again within `within` µs (default: the
        operation timeout); then it raises `NoLeader`.
        """

    def send(self, to: str, message: object) -> None:
        """Send to the same application on another node. May be lost. A field `beat > 0` marks chatter."""

    def hear(self, kind: type[M], handler: Callable[[str, M], None]) -> None:
        """Call `handler(sender, message)` in the event of each arrival; it must not wait."""

    def every(self, period: int, act: Callable[[int], int], *, judges: bool = False) -> None:
        """Periodic talk: call `act(number)` each `period` µs of the monotonic clock; it must not wait.

        It returns the monotonic instant until which, unless something else happens, it would do and say nothing
        new (`FOREVER` if time alone changes nothing, 0 if it just did something new). `judges` marks an act that
        judges the freshness of what it heard (an observer), as against one that only talks.
        """

    # -- everything else

    def spawn(self, program: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Start another program on this node; it ends with the node."""

    async def outside(self, work: Callable[[], T], cost: int) -> T:
        """Do real input or output in a thread while the world's clock is held; it costs `cost` µs of virtual time."""

    def note(self, note: Note) -> int:
        """Add to the trace; returns the event's `seq`."""

    @property
    def disk(self) -> Disk:
        """The node's own files."""

    def dice(self, *name: object) -> Dice:
        """A stream of luck of this node, by name."""


@runtime_checkable
class Application(Protocol[State]):
    """A program that runs on every node, and the state they all agree on.

    A class derives from it, since some methods have defaults. One that derives from `Application[Record]` is held to its
    state's type.
    """

    @property
    def words(self) -> Sequence[type]:
        """Every class that travels, commands and messages and what they hold, in a fixed order: the codec numbers them.

        What the state is made of need not be named: annotations of its fields say it. Answers of `apply` are kept in
        snapshots too, and are made of these classes or plain values.
        """

    def empty(self) -> State:
        """The state before the first command: a frozen value."""

    def apply(self, state: State, command: Any, index: int) -> tuple[State, Any]:
        """Pure: the state after the command, and the answer for who proposed it. Raise `Refused` to say no; the state stays."""

    def tell(self, before: State, after: State, command: Any, answer: Any, index: int) -> Iterable[Note]:
        """Pure: what the trace says on a node that has just applied a command there (`answer`: what `apply` gave, or the `Refused`)."""
        return ()

    async def run(self, member: Member[State]) -> None:
        """The program. Called once per start of the node; cancelled when the node crashes."""

    async def serve(self, request: Any) -> Any:
        """Answer a client's request on this node: a frozen value that can be recorded. Raises what the user should see."""

    def watchers(self, places: Mapping[str, str]) -> Iterable[Watcher]:
        """The promises of this application, watched once per world. `places`: what the run was given by name (folders)."""
        return ()

    def disturb(self, node: str, trouble: Any) -> None:
        """Let the application's own surroundings ail a node, which may be down. ValueError for what is no trouble of its own.

        It is called on an instance that never runs: what ails is shared by all that one factory makes. By default there
        are no surroundings, so that nothing can ail them.
        """
        raise ValueError(f"{type(self).__name__} knows no troubles, so {trouble!r} means nothing to it")

    def mend(self) -> None:
        """End every trouble that `disturb` has begun. By default there is none."""
        return
