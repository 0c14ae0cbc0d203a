"""An application of one's own: registers by name, written through the log. The cluster knows no backups.

`Register` is a whole `Application` in some forty lines: a frozen state, a pure `apply`, and requests that a client may ask, each
with the type of its answer. `Get` reads through the log; `Look` reads without an entry in it, once the leader is
confirmed. Either way every answer is linearizable, and every command happens once: register_promises.py watches that in every run.
"""

from collections.abc import Iterable, Mapping, Sequence

from cluster.checks import Watcher
from cluster.member import Application, ClientRequest, Member, Refused
from cluster.value import value
from scenarios.register_promises import Answer, Asked, Linearizable, Once


@value
class Put(ClientRequest[int | None]):
    """Set a register; answers what it held before."""

    name: str
    content: int


@value
class Get(ClientRequest[int | None]):
    """Read a register through the log; the answer is None if it was never set."""

    name: str


@value
class Look(ClientRequest[int | None]):
    """Read a register without an entry in the log (`Member.confirmed`)."""

    name: str


@value
class Swap(ClientRequest[int]):
    """Set a register if it holds `old`, else the request is refused; answers the new content."""

    name: str
    old: int | None
    new: int


Registers = Mapping[str, int]
"""The replicated state: the content of each register that was set."""


class Register(Application[Registers]):
    """The application of registers."""

    words: Sequence[type] = (Put, Get, Swap, Look)

    member: Member[Registers]
    """The handle that this node's program was given; None before, and no request is served until then."""

    def empty(self) -> Registers:
        return {}

    def apply(
        self, state: Registers, command: Put | Get | Swap, index: int
    ) -> tuple[Registers, tuple[int, int | None]]:
        match command:
            case Put(name, content):
                return {**state, name: content}, (index, state.get(name))
            case Get(name):
                return state, (index, state.get(name))
            case Swap(name, old, new):
                if state.get(name) != old:
                    raise Refused(f"register {name!r} holds {state.get(name)}, not {old}: read it and try again")
                return {**state, name: new}, (index, new)

    async def run(self, member: Member[Registers]) -> None:
        self.member = member

    async def serve(self, request: Put | Get | Look | Swap) -> int | None:
        member, operation, argument = self.member, type(request).__name__, written(request)
        asked = member.note(Asked(operation, request.name, argument))
        if isinstance(request, Look):
            await member.confirmed()
            index, answer = member.applied, member.state.get(request.name)
        else:
            index, answer = await member.propose(request)
        member.note(Answer(asked, operation, request.name, argument, answer, index))
        return answer

    def watchers(self, places: Mapping[str, str]) -> Iterable[Watcher]:
        return (Linearizable(), Once())


def written(request: Put | Get | Look | Swap) -> int | None:
    """The value that a request would write; None if it only reads."""
    match request:
        case Put(content=content) | Swap(new=content):
            return content
        case _:
            return None
