"""A small application with which probes, and tests of the simulated world, say what they mean."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from cluster.member import Application, Member, Refused
from cluster.sim.world import World
from cluster.value import value

Program = Callable[[Member], Awaitable[None]]


@value
class Add:
    """A command that shows how often it was applied; answers the sum. Nothing may be taken away."""

    amount: int


@value
class Word:
    """A message that is no chatter."""

    text: str


class Adder(Application):
    """An application that adds up, and runs the program of a test on every node."""

    words: Sequence[type] = (Add, Word)

    def __init__(self, program: Program | None = None) -> None:
        self.program = program
        self.member: Member | None = None
        self.heard: list[tuple[str, str]] = []

    def empty(self) -> int:
        return 0

    def apply(self, state: int, command: Add, index: int) -> tuple[int, int]:
        if command.amount < 0:
            raise Refused(f"{command.amount} cannot be added: add 0 or more")
        return state + command.amount, state + command.amount

    async def run(self, member: Member) -> None:
        self.member = member
        member.hear(Word, lambda sender, word: self.heard.append((sender, word.text)))
        if self.program is not None:
            await self.program(member)

    async def serve(self, request: Any) -> Any:
        assert self.member is not None
        return await self.member.propose(request)


def member_of(world: World, node: str) -> Member:
    """What the program on a node has: a test's way to act there."""
    member: Member | None = world[node].application.member
    assert member is not None, f"the program on {node} has not begun"
    return member


async def three(world: World) -> str:
    """Start A, B and C; return the one that leads."""
    world.start("ABC", Adder)
    return await world.elected()


def heard(world: World, node: str) -> list[tuple[str, str]]:
    """The words that the program on a node has heard, each behind its sender."""
    words: list[tuple[str, str]] = world[node].application.heard
    return words


def say(world: World, node: str, *listeners: str, word: str = "hello") -> None:
    """Let a node send a word to others."""
    for listener in listeners:
        member_of(world, node).send(listener, Word(word))
