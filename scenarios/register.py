"""A second, tiny application: registers by name, written through the log. It proves that the cluster knows no backups.

`Register` is a whole `Application` in some sixty lines: a frozen state, a pure `apply`, requests a client may ask.
`Get` reads through the log; `Look` reads without an entry in it, once the leader is confirmed. Either way every answer is
linearizable: `Linearizable` watches that in every run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cluster.checks import Watcher
from cluster.member import Member, Refused
from cluster.trace import Happened, Note
from cluster.value import value


@value
class Put:
    """Set a register; answers what it held before."""

    name: str
    content: int


@value
class Get:
    """Answers what a register holds; None if it was never set."""

    name: str


@value
class Look:
    """Answers what a register holds, without an entry in the log (`Member.confirmed`)."""

    name: str


@value
class Swap:
    """Set a register if it holds `old`, else it is refused; answers the new content."""

    name: str
    old: int | None
    new: int


@value
class Answer(Note):
    """A client got its answer."""

    asked: int
    """True order: how many events there were when it asked."""
    operation: str
    name: str
    argument: int | None
    answer: int | None
    index: int
    """Where in the log it happened; of a `Look`, after which entry."""

    def text(self) -> str:
        held = "nothing" if self.answer is None else str(self.answer)
        return f"answers {self.operation} {self.name}: {held}"


class Linearizable(Watcher):
    """Operations follow one order, in which each lies between its question and its answer (Herlihy and Wing 1990).

    The order is that of the log, a `Look` standing after the last entry it saw. So it is enough that no operation asked after
    another was answered stands before it: O(1) an event, no search.
    That every node answers as that order says is state machine safety's to watch.
    """

    promise = "linearizability"
    says = "a register answers as if every operation happened at one moment between question and answer"

    def __init__(self) -> None:
        self.answered: list[tuple[int, int]] = []
        """Of each answer: seq, and the highest index answered by then."""

    def sees(self) -> dict[type[Note], Callable[[Happened], None]]:
        return {Answer: self.see}

    def see(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Answer)
        for seq, index in reversed(self.answered):
            if seq <= note.asked:
                first = note.index + 1 if note.operation == "Look" else note.index  # it may stand beside others
                if index >= first:
                    raise self.broken(
                        f"{note.operation} {note.name} was asked after entry {index} was answered and stands at {note.index}"
                    )
                break
        highest = max(note.index, self.answered[-1][1] if self.answered else 0)
        self.answered.append((event.seq, highest))


class Register:
    """The application."""

    words: Sequence[type] = (Put, Get, Swap, Look)

    def __init__(self) -> None:
        self.member: Member | None = None

    def empty(self) -> Mapping[str, int]:
        return {}

    def apply(self, state: Mapping[str, int], command: Put | Get | Swap, index: int) -> tuple[Mapping[str, int], Any]:
        match command:
            case Put(name, content):
                return {**state, name: content}, (index, state.get(name))
            case Get(name):
                return state, (index, state.get(name))
            case Swap(name, old, new):
                if state.get(name) != old:
                    raise Refused(f"register {name!r} holds {state.get(name)}, not {old}: read it and try again")
                return {**state, name: new}, (index, new)

    def tell(self, before: Any, after: Any, command: Any, answer: Any, index: int) -> Iterable[Note]:
        return ()

    async def run(self, member: Member) -> None:
        self.member = member

    async def serve(self, request: Put | Get | Swap | Look) -> int | None:
        member = self.member
        assert member is not None, "a request is served only while the program runs"
        asked = member.note(Asked(type(request).__name__, request.name))
        if isinstance(request, Look):
            await member.confirmed()
            index, answer = member.applied, member.state.get(request.name)
        else:
            index, answer = await member.propose(request)
        argument = getattr(request, "content", getattr(request, "new", None))
        member.note(Answer(asked, type(request).__name__, request.name, argument, answer, index))
        return answer  # type: ignore[no-any-return]  # what `apply` put there

    def watchers(self, places: Mapping[str, str]) -> Iterable[Watcher]:
        return (Linearizable(),)


@value
class Asked(Note):
    """A client asked."""

    operation: str
    name: str

    def text(self) -> str:
        return f"is asked to {self.operation} {self.name}"
