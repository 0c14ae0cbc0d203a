"""What a program on a node holds in its hands: `cluster.member.Member`, as the shell keeps it. No rule is here."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cluster import trace
from cluster.admin_requests import Read
from cluster.member import Disk

if TYPE_CHECKING:
    from cluster.node import Node


class Plug:
    """`cluster.member.Member` on a node: all that a program may touch, and only while its incarnation is plugged in."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._host = node.host

    @property
    def name(self) -> str:
        return self._node.name

    @property
    def members(self) -> tuple[str, ...]:
        return self._node.members

    @property
    def leader(self) -> str | None:
        return self._node.leader

    @property
    def leading(self) -> bool:
        return self._node.leading

    @property
    def may_lead(self) -> bool:
        return self._node.may_lead

    @property
    def passive(self) -> bool:
        return self._node.passive

    @property
    def term(self) -> int:
        return self._node.raft.term

    @property
    def state(self) -> Any:
        return self._node.state

    @property
    def applied(self) -> int:
        return self._node.applied

    @property
    def incarnation(self) -> int:
        return self._host.incarnation

    @property
    def version(self) -> int:
        return self._node.version

    @property
    def zone(self) -> Any:
        return self._host.zone

    @property
    def disk(self) -> Disk:
        return self._host.disk

    @property
    def short_of(self) -> tuple[str, ...]:
        return self._host.short_of

    def monotonic(self) -> int:
        return self._host.monotonic()

    def wall(self) -> int:
        return self._host.wall()

    async def sleep(self, duration: int) -> None:
        waiter = self._host.waiter()
        self._host.appoint_sleep(self._host.monotonic() + duration, waiter)
        await waiter.wait()

    async def changed(self, since: int, until: int | None = None) -> None:
        await self._node.changed(since, until)

    def stir(self) -> None:
        if self._host.plugged:
            self._node.stir()

    async def propose(self, command: object, within: int | None = None) -> Any:
        return await self._node.proposing.propose(command, within)

    async def confirmed(self, within: int | None = None) -> int:
        return await self._node.asking.ask(Read(), within)

    def send(self, to: str, message: object) -> None:
        beat = getattr(message, "beat", 0)
        self._node.sent += 1
        self._host.send(to, type(message).__name__, self._node.codec.encode(message), beat, 0)

    def hear(self, kind: type, handler: Callable[[str, Any], None]) -> None:
        self._node.ears[kind] = handler

    def every(self, period: int, act: Callable[[int], int], *, judges: bool = False) -> None:
        self._node.add_grid(period, act, judges)

    def spawn(self, program: Callable[..., Any], *args: Any) -> None:
        self._node.spawn(program, *args)

    async def outside(self, work: Callable[[], Any], cost: int) -> Any:
        return await self._host.outside(work, cost)

    def note(self, note: trace.Note) -> int:
        return self._host.note(note)

    def dice(self, *name: object) -> Any:
        return self._host.dice(*name)
