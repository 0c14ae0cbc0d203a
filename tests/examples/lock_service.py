"""A lock service with leases and fencing tokens, as somebody else may have written it: no backups, no registers.

A client takes a lock for some seconds and gets a token, greater than every token of the lock before. The leader ends a lease
when its own clock says so. Who writes under a lock shows the token, and an older one than the newest is refused: the fence.
`BUGS` are subclasses, each with one thing wrong.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cluster.checks.linearizability import Linearizability
from cluster.checks.order_search import UNKNOWN
from cluster.member import Application, ClientRequest, Member, NoLeader, OutcomeUnknown, Refused
from cluster.trace import Agreed, Note
from cluster.value import value

SECOND = 1_000_000
LEASE = 5
"""The seconds of a lease."""


@value
class Take(ClientRequest[int]):
    """Take a lock; answers its token. Refused while somebody has it."""

    lock: str
    client: str


@value
class GiveBack(ClientRequest[bool]):
    """Give it back; answers whether the client still had it."""

    lock: str
    token: int


@value
class Save(ClientRequest[int]):
    """Write under a lock; answers the token that was shown. Refused with an older token than the newest."""

    lock: str
    token: int
    content: str


@value
class Expire:
    """The leader's own command: the lease with this token is over."""

    lock: str
    token: int


@value
class Lock:
    """What the cluster holds of a lock."""

    holder: str = ""
    token: int = 0
    """The newest that was given."""
    content: str = ""


@value
class Granted(Agreed):
    """A client has a lock."""

    lock: str
    client: str
    token: int

    def text(self) -> str:
        return f"grants {self.lock} to {self.client}, token {self.token}"


@value
class Ended(Agreed):
    """A lease is over."""

    lock: str
    token: int

    def text(self) -> str:
        return f"ends the lease of {self.lock} with token {self.token}"


Held = Mapping[str, Lock]


class Locks(Application[Held]):
    """The service."""

    words = (Take, GiveBack, Save, Expire, Lock)
    member: Member[Held]

    def empty(self) -> Held:
        return {}

    def apply(self, state: Held, command: Any, index: int) -> tuple[Held, Any]:
        lock = state.get(command.lock, Lock())
        match command:
            case Take(client=client):
                if lock.holder:
                    raise Refused(f"{command.lock} is taken by {lock.holder}: ask again")
                return {**state, command.lock: Lock(client, self.next_token(lock), lock.content)}, self.next_token(lock)
            case GiveBack(token=token) | Expire(token=token):
                had = lock.holder != "" and lock.token == token
                return ({**state, command.lock: Lock("", lock.token, lock.content)} if had else state), had
            case Save(token=token, content=content):
                if self.is_fenced(lock, token):
                    raise Refused(f"token {token} of {command.lock} is older than {lock.token}: the lock was lost")
                return {**state, command.lock: Lock(lock.holder, lock.token, content)}, token
            case _:
                raise Refused(f"{command!r} is none of this service's")

    def next_token(self, lock: Lock) -> int:
        return lock.token + 1

    def is_fenced(self, lock: Lock, token: int) -> bool:
        return token < lock.token

    def tell(self, before: Held, after: Held, command: Any, answer: Any, index: int) -> Iterable[Note]:
        if isinstance(command, Take) and not isinstance(answer, Refused):
            yield Granted(index, command.lock, command.client, answer)
        if isinstance(command, GiveBack | Expire) and answer is True:
            yield Ended(index, command.lock, command.token)

    async def run(self, member: Member[Held]) -> None:
        """While it leads, end leases in time; a new leader lets each lease begin again, since it does not know when it began."""
        self.member = member
        began: dict[tuple[str, int], int] = {}
        while True:
            since = member.version
            if not member.leading:
                began.clear()
                await member.changed(since)
                continue
            held = {(name, lock.token) for name, lock in member.state.items() if lock.holder}
            began = {each: began.get(each, self.now()) for each in sorted(held)}
            over = [each for each, at in began.items() if self.now() - at >= LEASE * SECOND]
            for name, token in over:
                try:
                    await member.propose(Expire(name, token))
                except (NoLeader, OutcomeUnknown):
                    break
            if not over:
                await member.sleep(SECOND // 4)

    def now(self) -> int:
        return self.member.monotonic()

    async def serve(self, request: Any) -> Any:
        return await self.member.propose(request)


def one_lock(state: tuple[str, int], request: Any, result: Any) -> Iterable[tuple[str, int]]:
    """What a client may see of one lock, as holder and newest token. A lease may be over at any time, which no client asks for."""
    holder, newest = state
    refused = isinstance(result, Refused)
    match request:
        case Take(client=client):
            if result in (UNKNOWN, newest + 1):
                yield client, newest + 1
            if holder and (refused or result is UNKNOWN):
                yield state
        case GiveBack(token=token):
            if token == newest and result in (UNKNOWN, True):
                yield "", newest
            if result in (UNKNOWN, False):
                yield state
        case Save(token=token):
            if result is UNKNOWN or refused is (token < newest):
                yield state


def locks_are_linearizable() -> Linearizability:
    """The promise to clients, lock by lock."""
    return Linearizability(("", 0), one_lock, of=lambda request: request.lock)


class ForgetsTokens(Locks):
    """A lock that was given back begins with the first token again."""

    def next_token(self, lock: Lock) -> int:
        return 1


class HasNoFence(Locks):
    """Who lost the lock may write all the same."""

    def is_fenced(self, lock: Lock, token: int) -> bool:
        return False


class NeverEnds(Locks):
    """Nobody ends a lease."""

    def now(self) -> int:
        return 0


class EndsByTheWallClock(Locks):
    """A lease ends when the wall clock says so, which may be set."""

    def now(self) -> int:
        return self.member.wall()


BUGS = (ForgetsTokens, HasNoFence, NeverEnds, EndsByTheWallClock)
