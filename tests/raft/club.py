"""A few Rafts that one test leads by hand: what it asks, who is cut off, how far time goes. Every promise is checked too."""

from collections.abc import Sequence

from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, Change, MemberPlace, Way
from cluster.raft.messages import Request
from cluster.raft.state import (
    ChangeProposed,
    Effect,
    Event,
    Leader,
    Proposed,
    Raft,
    Readable,
    ReadAsked,
    Refuse,
    Send,
    TimedOut,
    TransferAsked,
)
from cluster.raft.timing import Timing
from tests.raft.vocabulary import RACHIS
from tests.raft.walk import Walk

PLACES = {"v": MemberPlace.Voter, "l": MemberPlace.Watcher, "p": MemberPlace.Promotable, "r": MemberPlace.Nowhere}


class Club(Walk):
    """Founders `A`, `B`, …, and as many strangers; one clock for all; messages to and from `cut` are lost."""

    def __init__(self, size: int, strangers: int = 0, timing: Timing = RACHIS) -> None:
        super().__init__(size, timing, 1, strangers)
        self.cut = ""
        self.now = 0
        self.refused: list[Refuse] = []
        self.readable: list[Readable] = []
        self.sent: list[tuple[str, str, str]] = []
        """From, to, and class of every message."""

    def handle(self, name: str, event: Event) -> None:
        self.clocks[name] = self.now
        if name not in self.cut or not hasattr(event, "sender"):
            super().handle(name, event)

    def release(self, name: str, sends: tuple[Send, ...]) -> None:
        self.sent += [(name, send.to, type(send.message).__name__) for send in sends]
        super().release(name, tuple(send for send in sends if name not in self.cut and send.to not in self.cut))

    def saw(self, name: str, effects: Sequence[Effect]) -> None:
        self.refused += [effect for effect in effects if isinstance(effect, Refuse)]
        self.readable += [effect for effect in effects if isinstance(effect, Readable)]

    # -- what a test does

    def lead(self, name: str) -> "Club":
        """Let this node stand now, and everything settle."""
        for _ in range(2):
            if not self.leads(name):
                self.now = max(self.now, self.nodes[name].wake_at)
                self.handle(name, TimedOut())
                self.settle()
        assert self.leads(name), f"{name} leads: {self.nodes[name].role}"
        return self

    def pass_time(self, duration: int) -> None:
        """Let that many µs go by; whose time comes acts, and everything settles."""
        until = self.now + duration
        while (waking := min((raft.wake_at, name) for name, raft in self.nodes.items()))[0] <= until:
            self.now = max(self.now, waking[0])
            self.handle(waking[1], TimedOut())
            self.settle()
        self.now = until

    def request(self) -> Request:
        self.serial += 1
        return Request("test#1", self.serial, 1)

    def change(self, name: str, words: str, way: Way = Way.Shortest, settle: bool = True) -> None:
        """`v4 l5 r1`-like words asked of a node: voter, watcher (`l`), promotable, nowhere."""
        wanted = tuple(Alteration(word[1:], PLACES[word[0]]) for word in words.split())
        self.handle(name, ChangeProposed(self.request(), Change(wanted, way)))
        if settle:
            self.settle()

    def put(self, name: str, settle: bool = True) -> None:
        """A command."""
        self.handle(name, Proposed(((self.request(), b"x"),)))
        if settle:
            self.settle()

    def transfer(self, name: str, target: str, settle: bool = True) -> None:
        """Ask a node to hand over."""
        self.handle(name, TransferAsked(self.request(), target))
        if settle:
            self.settle()

    def read(self, name: str, settle: bool = True) -> Request:
        """Ask a node for a read."""
        request = self.request()
        self.reads[request] = max(self.committed, default=0)
        self.handle(name, ReadAsked(request))
        if settle:
            self.settle()
        return request

    # -- what it looks at

    def leads(self, name: str) -> bool:
        return isinstance(self.nodes[name].role, Leader)

    def role(self, name: str) -> Leader:
        role = self.nodes[name].role
        assert isinstance(role, Leader)
        return role

    def last(self, name: str) -> int:
        return self.nodes[name].log.last_index

    def configuration(self, name: str) -> Configuration:
        return self.nodes[name].configuration

    def __getitem__(self, name: str) -> Raft:
        return self.nodes[name]
