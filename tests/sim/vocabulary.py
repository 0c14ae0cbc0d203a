"""Small applications with which the tests of the simulated world say what they mean."""

from collections.abc import Sequence
from contextlib import suppress

import trio

from cluster.member import Member, NoLeader, OutcomeUnknown
from cluster.sim.world import World
from cluster.steps import Restart
from cluster.time_units import FOREVER, MILLISECOND, SECOND
from cluster.trace import BecameLeader, Note
from cluster.value import value
from scenarios.doctor.adder import Add, Adder, Program, Word, member_of

__all__ = ["Add", "Adder", "Gossip", "Noted", "Program", "Talk", "Word", "busy", "member_of"]


@value
class Noted(Note):
    """What a program of a test saw."""

    what: str

    def text(self) -> str:
        return f"says {self.what}"


# ---- an application that talks and judges, as an observer of nodes does ----


@value
class Talk:
    """Chatter: what a node says of itself, again and again."""

    beat: int
    epoch: int
    """Changes with the node's own clock once in a while: the news in the chatter."""


TALK = 500 * MILLISECOND
JUDGE = 1_000 * MILLISECOND
EPOCH = 97 * SECOND
"""How long the news of a node stays the same."""
PATIENCE = 3 * SECOND
"""Silence of a node after which it is suspected."""
FORGIVEN = 3
"""How many talks in a row may be lost: the silence is then four periods and a journey, still below `PATIENCE`."""


class Gossip(Adder):
    """Every node talks each half second, and judges each second which others it has heard of lately."""

    words: Sequence[type] = (Add, Word, Talk)

    async def run(self, member: Member) -> None:
        """Begin to talk and to judge."""
        await super().run(member)
        self.said = -1
        self.epochs: dict[str, int] = {}
        self.heard_at = dict.fromkeys(member.members, member.monotonic())
        self.suspected: dict[str, bool] = dict.fromkeys(member.members, False)
        member.hear(Talk, self.listen)
        self.start(member)

    def start(self, member: Member) -> None:
        """Announce the talk and the judgement."""
        member.every(TALK, self.talk, forgives=FORGIVEN)
        member.every(JUDGE, self.judge, judges=True)

    def others(self) -> list[str]:
        """Every other node."""
        assert self.member is not None
        return [name for name in self.member.members if name != self.member.name]

    def talk(self, number: int) -> int:
        """Tell the others the epoch."""
        assert self.member is not None
        epoch = self.member.monotonic() // EPOCH
        for name in self.others():
            self.member.send(name, Talk(number + 1, epoch))
        if epoch != self.said:
            self.said = epoch
            return 0
        return (epoch + 1) * EPOCH

    def listen(self, sender: str, talk: Talk) -> None:
        """Note what is news."""
        assert self.member is not None
        self.heard_at[sender] = self.member.monotonic()
        if self.epochs.get(sender) != talk.epoch:
            self.epochs[sender] = talk.epoch
            self.member.note(Noted(f"{sender} is in epoch {talk.epoch}"))

    def judge(self, number: int) -> int:
        """Note who is silent and who is back."""
        assert self.member is not None
        now, until = self.member.monotonic(), FOREVER
        news = False
        for name in self.others():
            silence = now - self.heard_at.setdefault(name, now)  # it may have joined just now
            self.suspected.setdefault(name, False)
            if (silence > PATIENCE) != self.suspected[name]:
                self.suspected[name] = not self.suspected[name]
                self.member.note(Noted(f"{name} is {'silent' if self.suspected[name] else 'back'}"))
                news = True
            elif 2 * TALK < silence <= PATIENCE:
                until = min(until, self.heard_at[name] + PATIENCE)  # on its way to be suspected
        return 0 if news else until


class Foreseen(Gossip):
    """The same, and each node says beforehand whether a talk or a judgement would be news."""

    def start(self, member: Member) -> None:
        """Announce them with what is foreseen."""
        member.every(TALK, self.talk, forgives=FORGIVEN, foresees=self.foresees_talk)
        member.every(JUDGE, self.judge, judges=True, foresees=self.foresees_judgement)

    def foresees_talk(self) -> int:
        """Until the epoch that was said is over."""
        assert self.member is not None
        now = self.member.monotonic()
        return (self.said + 1) * EPOCH if now // EPOCH == self.said else 0

    def foresees_judgement(self) -> int:
        """Until somebody is suspected, if none is to be now."""
        assert self.member is not None
        now, until = self.member.monotonic(), FOREVER
        for name in self.others():
            if name not in self.heard_at or name not in self.suspected:
                return 0
            silence = now - self.heard_at[name]
            if (silence > PATIENCE) != self.suspected[name]:
                return 0
            if 2 * TALK < silence <= PATIENCE:
                until = min(until, self.heard_at[name] + PATIENCE)
        return until


async def busy(world: World) -> None:
    """A story with a bit of everything: a client, crashes, quiet time, clocks that are set, tasks of its own."""
    names = ("A", "B", "C")

    async def client(node: str) -> None:
        await trio.sleep(names.index(node) / 1_000)  # else all three would wake at once, in trio's order
        for number in range(20):
            await trio.sleep(0.25)
            if world[node].up:
                with suppress(NoLeader, OutcomeUnknown):
                    await world.ask(node, Add(number))

    world.start(names, Gossip)
    leader = await world.elected()
    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(client, name)
        await trio.sleep(1.5)
        world.crash(leader)
        await trio.sleep(1.5)
        world.restart(leader)
    world.drift("A", 120)
    world.jump_clock("B", -3_600)
    await trio.sleep(200)
    world.rewire(loss=0.05, duplicate=0.05)
    world.when(BecameLeader, Restart(""))
    world.pause(await world.elected())
    await trio.sleep(5)
    world.split("A", "BC")
    await trio.sleep(5)
    world.mend()
    await world.settled()
    await trio.sleep(600)


async def looks_at_hashes(world: World) -> None:
    """What no story should do: the order of a set of strings is another in every process."""
    world.start("ABC")
    for name in {"A", "B", "C"}:
        world.crash(name)


async def leaves_it_to_trio(world: World) -> None:
    """What a story may do, and must know: tasks that begin at once, or sleep to one instant, go on in trio's order."""

    async def speak(number: int) -> None:
        world.say(str(number))
        await trio.sleep(1)
        world.say(str(number))

    world.start("ABC")
    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(speak, number)
