"""One election after a leader's death, decided by the real core: `cluster.raft.step`, and around it nothing but latency,
disk writes and random numbers. It contains no rule of Raft and no published figure.

A published experiment had hardware; what of it matters is a few numbers, and they are a `Setting`: how many servers are
left, how long their logs are, how long a message and a write take, and what instant counts as "elected". The servers are
the same pure values that the simulated cluster steps; only their shell is thinner here, because an experiment is ten
thousand elections.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from statistics import NormalDist

from attrs import define, field

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import Entry
from cluster.raft.quorum import majority
from cluster.raft.state import Effect, Event, Leader, Moment, Raft, Received, Save, Send, Stored, TimedOut
from cluster.raft.step import begin, step
from cluster.raft.timing import Timing
from cluster.sim.dice import Dice
from cluster.time_units import FOREVER
from cluster.value import value

TERM = 1
"""The term of the dead leader."""
STANDARD = NormalDist()
PATIENCE = 10_000_000
"""The number of events after which an election is given up: more than any published one took."""


@value
class Uniform:
    """A duration in µs, uniform between `low` and `high`, both included."""

    low: int
    high: int

    def drawn(self, dice: Dice) -> int:
        """Draw one duration."""
        return self.low + dice.below(self.high - self.low + 1)


@value
class Normal:
    """A duration in µs, normally distributed, drawn again until it is positive."""

    mean: int
    deviation: int

    def drawn(self, dice: Dice) -> int:
        """Draw one duration."""
        while True:
            luck = dice.random()
            duration = int(self.mean + self.deviation * STANDARD.inv_cdf(luck)) if luck else 0
            if duration > 0:
                return duration


Duration = Uniform | Normal


@value
class Setting:
    """The parameters of a published experiment. Times in µs."""

    timing: Timing
    servers: int
    """Servers in the configuration, including the dead leader if it was counted."""
    live: int
    """Servers that are alive; they have the first names."""
    latency: Duration
    """The one-way latency, drawn for each message: messages may overtake each other."""
    logs: tuple[int, ...]
    """The length of each server's log; all entries are of one term."""
    shuffled: bool = False
    """The log lengths are dealt out anew in each trial, to dead servers too."""
    write: Uniform = Uniform(0, 0)
    """The time that one write of metadata takes. The server handles nothing else meanwhile."""
    skew: int = 0
    """The servers' timers start within this many µs of each other."""
    lead_in: int = 0
    """The longest time in µs, drawn uniformly, between the leader's last heartbeat (which started the timers) and its death."""
    until: str = "elected"
    """The end of the election: `elected`, the first leader; `heard`, a majority (including the leader) has heard from it;
    `stable`, the first leader that has sent `beats` heartbeats and still leads, counted from its election."""
    beats: int = 0
    variant: str = ""
    """The deviation from Raft that is planted in the core for this experiment: a name of `elections_variants`; empty: none."""


@value
class Elected:
    """The result of one trial."""

    duration: int
    """The time in µs from the leader's death to the end that the setting defines."""
    messages: int
    """Messages sent until that leader was elected, those to dead servers included."""
    rounds: int
    """Terms until a leader was elected: 1 means no split vote."""


@define(eq=False)
class Server:
    """One server: its state, which is stepped, and the disk it waits for."""

    name: str
    raft: Raft
    luck: float
    draws: int
    """The count of timeouts drawn when `luck` was last drawn."""
    writing: bool = False
    waiting: deque[Event] = field(factory=deque)
    held: int = 0
    """The last index of the log as of the last Save that wrote entries."""
    appointed: int = FOREVER
    """The earliest instant (µs) at which the server is due to be woken."""


class Trial:
    """One election. The agenda holds (instant, number, server, what): an event, a Save that ends, or None for a timer."""

    def __init__(self, setting: Setting, dice: Dice) -> None:
        self.setting = setting
        self.dice = dice
        self.now = 0
        self.messages = 0
        self.number = 0
        self.agenda: list[tuple[int, int, Server, Event | Save | None]] = []
        self.leader: Server | None = None
        self.led_at = 0
        self.sent = 0
        """Messages sent until the leader was elected."""
        voters = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: setting.servers])
        lengths = list(setting.logs)
        if setting.shuffled:
            for last in range(len(lengths) - 1, 0, -1):
                other = dice.below(last + 1)
                lengths[last], lengths[other] = lengths[other], lengths[last]
        self.servers = {
            name: self.started(name, voters, length)
            for name, length in zip(voters[: setting.live], lengths, strict=False)
        }

    def started(self, name: str, voters: tuple[str, ...], length: int) -> Server:
        """A server whose timer has just started, or will start within the skew."""
        setting, dice = self.setting, self.dice
        log = Log.of([Entry(TERM, None, b"")] * length)
        at = Moment(dice.below(setting.skew + 1), dice.random())
        raft = begin(name, Configuration(voters), setting.timing, TERM, None, log, at)
        server = Server(name, raft, dice.random(), raft.draws)
        self.wake(server)
        return server

    def run(self) -> Elected:
        """Run until the end that the setting defines. RuntimeError if it is never reached."""
        died_at = self.dice.below(self.setting.lead_in + 1)
        for _ in range(PATIENCE):
            self.now, _, server, what = heapq.heappop(self.agenda)
            if what is None:
                if self.now != server.appointed:
                    continue  # the server is due to be woken at another instant by now
                server.appointed = FOREVER
                if server.raft.wake_at > self.now:
                    self.wake(server)
                    continue
                self.happen(server, TimedOut())
            elif isinstance(what, Save):
                self.written(server, what)
            else:
                self.happen(server, what)
            ended = self.ended_at()
            if ended is not None:
                assert self.leader is not None
                return Elected(ended - died_at, self.sent, self.leader.raft.term - TERM)
        raise RuntimeError(f"no leader within {PATIENCE:,} events: give the timeouts a wider range than the latency")

    # ---- the shell ----

    def happen(self, server: Server, event: Event) -> None:
        """Step the server with an event, or queue the event while the server writes."""
        if server.writing:
            server.waiting.append(event)
            return
        if isinstance(event, TimedOut) and server.raft.wake_at > self.now:
            self.wake(server)  # a message that came first has put the timer off
            return
        before = server.raft
        if before.draws != server.draws:
            server.draws, server.luck = before.draws, self.dice.random()
        server.raft, effects = step(before, event, Moment(self.now, server.luck))
        if isinstance(server.raft.role, Leader) and not isinstance(before.role, Leader):
            self.leader, self.led_at, self.sent = server, self.now, self.messages
        self.do(server, before, effects)
        self.wake(server)

    def do(self, server: Server, before: Raft, effects: Sequence[Effect]) -> None:
        """Carry out the effects of a step, in order."""
        for effect in effects:
            if isinstance(effect, Send):
                self.send(server, effect)
            elif isinstance(effect, Save):
                if effect.after >= 0:
                    server.held = server.raft.log.last_index
                duration = sum(self.setting.write.drawn(self.dice) for _ in range(writes(before, effect)))
                if duration:
                    server.writing = True
                    self.push(self.now + duration, server, effect)
                else:
                    self.written(server, effect)

    def written(self, server: Server, save: Save) -> None:
        """Complete a Save, then handle the events that came meanwhile, in the order of their coming."""
        server.writing = False
        for send in save.then:
            self.send(server, send)
        self.happen(server, Stored(save.term, save.vote, server.held, save.number))
        while server.waiting and not server.writing:
            self.happen(server, server.waiting.popleft())

    def send(self, server: Server, send: Send) -> None:
        """Send a message; one to a dead server is only counted."""
        self.messages += 1
        to = self.servers.get(send.to)
        if to is not None:
            self.push(self.now + self.setting.latency.drawn(self.dice), to, Received(server.name, send.message))

    def wake(self, server: Server) -> None:
        """Make sure that the server is woken at its `wake_at` or earlier."""
        if server.raft.wake_at < server.appointed:
            server.appointed = server.raft.wake_at
            self.push(server.appointed, server, None)

    def push(self, instant: int, server: Server, what: Event | Save | None) -> None:
        """Put something on the agenda."""
        self.number += 1
        heapq.heappush(self.agenda, (instant, self.number, server, what))

    # ---- when it is over ----

    def ended_at(self) -> int | None:
        """The instant (µs) at which the election ended as the setting defines it; None if it has not."""
        leader = self.leader
        if leader is None:
            return None
        role = leader.raft.role
        if not isinstance(role, Leader):
            self.leader = None  # deposed before the end that the setting defines
            return None
        match self.setting.until:
            case "elected":
                return self.led_at
            case "heard":
                term = leader.raft.term
                following = [
                    each.raft.term == term and getattr(each.raft.role, "leader", None) == leader.name
                    for each in self.servers.values()
                    if each is not leader
                ]
                return self.now if 1 + sum(following) >= majority(self.setting.servers) else None
            case _:
                return self.led_at if role.beat > self.setting.beats else None


def writes(before: Raft, save: Save) -> int:
    """The number of writes in a Save, for a server that writes a new term and then the vote it gives separately. A candidate's
    term and its vote for itself are one write."""
    if save.after >= 0:
        return 1
    if save.vote == before.name:
        return 1
    return (save.term != before.term) + (save.vote is not None and save.vote != before.vote)


def trial(setting: Setting, seed: int, name: str, number: int) -> Elected:
    """Run the trial of that number: the same for the same seed, name and number."""
    return Trial(setting, Dice(seed, ("elections", name, number))).run()
