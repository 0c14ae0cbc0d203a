"""Nodes that a script leads by hand: one step at a time, every promise of `walk` checked, all of it told in lines.

Only the pure step is here, a disk and a wire for each node; no simulated world. What a script may say is in `script.py`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    Confirmed,
    InstallSnapshot,
    Message,
    Request,
    RequestVote,
    SnapshotReply,
    TimeoutNow,
    VoteReply,
)
from cluster.raft.state import (
    Apply,
    Candidate,
    Effect,
    Event,
    Follower,
    Leader,
    Moment,
    Raft,
    Readable,
    Received,
    Refuse,
    Restore,
    Send,
    TimedOut,
)
from cluster.raft.timing import Timing
from cluster.time_units import FOREVER
from tests.raft.vocabulary import entries, role, terms
from tests.raft.walk import Walk

Wire = tuple[str, str]
"""Sender and receiver."""


class Stage(Walk):
    """The nodes of one script. `lines` is what happened, in the order it did."""

    def __init__(self, founders: int, strangers: int, timing: Timing, slow_disks: bool) -> None:
        super().__init__(founders, timing, 1, strangers)
        self.fast_disks = not slow_disks
        """Whether every Save is durable at once; else a script says `store`."""
        self.lines: list[str] = []
        self.talkative = True
        """Whether messages are told, and not only what came of them."""
        self.cuts: set[Wire] = set()
        self.held: list[tuple[str, str, Message]] = []
        self.refusals = 0
        self.readable = 0
        self.stirred = 0
        """Effects asked for so far."""

    def moment(self, name: str) -> Moment:
        """Each node has the same luck for ever, a little more for each letter: A loses patience first."""
        return Moment(self.clocks[name], "ABCDEFG".index(name) / 10)

    def tell(self, line: str) -> None:
        self.lines.append(line)

    # -- what a script sets up

    def put_on_disk(self, name: str, held: str, term: int, vote: str | None, commit: int) -> None:
        """The node starts again from a disk that holds this."""
        self.disks[name] = (term, vote, Log.of(entries(held)))
        self.nodes[name] = self.begun(name)
        if commit:
            self.check_applied(name, Apply(1, self.nodes[name].log.slice(1, commit)))
            self.nodes[name] = attrs.evolve(self.nodes[name], commit=commit)

    # -- what happens

    def handle(self, name: str, event: Event) -> None:
        before = self.nodes[name]
        super().handle(name, event)
        after = self.nodes[name]
        if in_words(after) != in_words(before):
            self.tell(in_words(after))
        if after.configuration != before.configuration:
            self.tell(f"{name} counts {configuration_in_words(after.configuration)}")
        while self.fast_disks and self.saving[name]:
            self.store(name)

    def saw(self, name: str, effects: Sequence[Effect]) -> None:
        self.stirred += len(effects)
        for effect in effects:
            match effect:
                case Refuse(_, why):
                    self.refusals += 1
                    self.tell(f"{name} refuses{f': {why}' if why else ''}")
                case Restore(snapshot):
                    self.tell(f"{name} restores its state as of {snapshot.index}")
                case Readable(requests, index):
                    self.readable += len(requests)
                    self.tell(f"{name} lets {len(requests)} read as of {index}")
                case _:
                    pass

    def release(self, name: str, sends: tuple[Send, ...]) -> None:
        super().release(name, tuple(send for send in sends if (name, send.to) not in self.cuts))

    def deliver(self, position: int, again: bool = False) -> None:
        sender, to, message = self.flying[position]
        if self.talkative:
            self.tell(f"{sender}>{to} {message_in_words(message)}")
        super().deliver(position, again)

    def give(self, sender: str, to: str, message: Message) -> None:
        """A message arrives that nobody here has sent."""
        self.tell(f"{sender}>{to} {message_in_words(message)}, forged")
        self.handle(to, Received(sender, message))

    def wake(self, name: str) -> None:
        """The node's own clock leaps to the time it waits for; nobody else's moves."""
        if self.nodes[name].wake_at == FOREVER:
            self.tell(f"{name} waits for nothing")
            return
        self.clocks[name] = max(self.clocks[name], self.nodes[name].wake_at)
        self.handle(name, TimedOut())

    def campaign(self, name: str) -> None:
        """The node loses patience: it is woken until it does something about it."""
        if isinstance(self.nodes[name].role, Leader):
            self.tell(f"{name} leads already")
            return
        before = self.stirred
        for _ in range(3):
            if self.stirred == before and self.nodes[name].wake_at < FOREVER:
                self.wake(name)
        if self.stirred == before:
            self.tell(f"{name} does not stand")

    def settle_all(self, chosen: Callable[[str, str], bool]) -> None:
        """Deliver what flies on the chosen wires, and what comes of it, until none does."""
        for _ in range(20_000):
            position = next((at for at, (sender, to, _) in enumerate(self.flying) if chosen(sender, to)), None)
            if position is None:
                return
            self.deliver(position)
        raise AssertionError("the nodes talk without end")

    def pass_time(self, duration: int) -> None:
        """Everybody's clock goes on by that many µs; whose time comes acts, and is heard at once."""
        talkative, self.talkative = self.talkative, False
        left = duration
        while True:
            waiting, name = min((self.nodes[each].wake_at - self.clocks[each], each) for each in self.names)
            if waiting > left:
                break
            self.advance(max(0, waiting))
            left -= max(0, waiting)
            self.handle(name, TimedOut())
            self.settle_all(lambda _sender, _to: True)
        self.advance(left)
        self.talkative = talkative

    def advance(self, duration: int, names: str = "") -> None:
        """These clocks go on, or all; nothing comes of it yet."""
        for name in names or self.names:
            self.clocks[name] += duration

    def crash(self, name: str) -> None:
        super().crash(name)
        self.tell(in_words(self.nodes[name]))

    def request(self) -> Request:
        self.serial += 1
        return Request("script#1", self.serial, 1)

    # -- what a script may expect

    def facts(self, name: str) -> dict[str, str]:
        """All that can be expected of a node, as words."""
        raft = self.nodes[name]
        now = raft.configuration
        return {
            "role": role(raft),
            "term": str(raft.term),
            "vote": raft.vote or "-",
            "follows": (raft.role.leader if isinstance(raft.role, Follower) else None) or "-",
            "base": str(raft.log.base),
            "snapshot": str(raft.snapshot.index if raft.snapshot else 0),
            "log": terms(raft.log).replace(" ", ",") or "-",
            "last": str(raft.log.last_index),
            "commit": str(raft.commit),
            "stored": str(raft.durable.last),
            "voters": "".join(now.voters) + (f"&&{''.join(now.outgoing)}" if now.joint else "") or "-",
            "learners": "".join(now.learners) or "-",
            "resting": "yes" if raft.wake_at == FOREVER else "no",
            "ready": "yes" if isinstance(raft.role, Leader) and raft.role.ready else "no",
            "transfer": (raft.role.transfer.target if isinstance(raft.role, Leader) and raft.role.transfer else "-"),
            "disk": terms(self.disks[name][2]).replace(" ", ",") or "-",
        }

    def facts_of_wire(self, sender: str, to: str) -> dict[str, str]:
        """What a leader believes of a peer, and what flies to it."""
        facts = {"flying": str(sum(each[:2] == (sender, to) for each in self.flying))}
        own = self.nodes[sender].role
        if isinstance(own, Leader) and to in dict(own.peers):
            known = dict(own.peers)[to]
            facts |= {"match": str(known.match), "next": str(known.next), "inflight": str(len(known.inflight))}
            facts["state"] = state_of(known).lower()
        return facts

    def facts_of_all(self) -> dict[str, str]:
        """What concerns nobody in particular."""
        leaders = [name for name in self.names if isinstance(self.nodes[name].role, Leader)]
        logs = {terms(self.nodes[name].log) for name in self.founders}
        return {
            "leaders": "".join(leaders) or "-",
            "refused": str(self.refusals),
            "readable": str(self.readable),
            "flying": str(len(self.flying)),
            "logs": "equal" if len(logs) == 1 else "different",
        }


# ---- words ----


def state_of(known: Any) -> str:
    """Probe, Replicate or Snapshot."""
    return str(known.state)


def terms_of(log: Log) -> str:
    """The terms of a log; of what was compacted away, `3.1|` says up to where."""
    return (f"{log.base}.{log.base_term}| " if log.base else "") + terms(log)


def configuration_in_words(now: Configuration) -> str:
    """`AB && A, learning C`."""
    words = "".join(now.voters) or "nobody"
    if now.joint:
        words += f" && {''.join(now.outgoing)}"
    if now.learners:
        words += f", learning {''.join(now.learners)}"
    return words


def in_words(raft: Raft) -> str:
    """A node in one line: role, term, log, commit, vote."""
    match raft.role:
        case Follower(leader):
            own = f"follows {leader or 'nobody'}"
        case Candidate(trial, asked):
            own = f"tries for t{asked}" if trial else f"stands for t{asked}"
        case Leader():
            own = "leads"
    words = f"{raft.name} {own}, t{raft.term}, [{terms_of(raft.log)}], commit {raft.commit}"
    if raft.vote is not None:
        words += f", voted {raft.vote}"
    return words


def message_in_words(message: object) -> str:
    """A message in one line; `3.1` is entry 3 of term 1."""
    match message:
        case RequestVote(term, last_index, last_term, trial, forced, beat):
            kind = "would you vote" if trial else "vote at once" if forced else "vote"
            again = f", asked again ({beat})" if beat else ""
            return f"{kind}? t{term}, log to {last_index}.{last_term}{again}"
        case VoteReply(term, asked, granted, trial):
            outside = ", you are no member" if message.outside is not None else ""
            return f"{'would' if trial else 'vote'} {'yes' if granted else 'no'}, t{asked}, own t{term}{outside}"
        case AppendEntries(term, prev_index, prev_term, new, commit, beat):
            words = f"beat {beat}" if beat else "append"
            held = f" [{' '.join(str(entry.term) for entry in new)}]" if new or not beat else ""
            return f"{words} t{term} after {prev_index}.{prev_term}{held}, commit {commit}"
        case AppendReply(term, success, match, hint_index, hint_term, beat):
            to = f" to beat {beat}" if beat else ""
            if success:
                return f"yes{to} up to {match}, t{term}"
            return f"no{to} at {match}, hint {hint_index}.{hint_term}, t{term}"
        case TimeoutNow(term):
            return f"stand now, t{term}"
        case Confirm(term, number):
            return f"do you follow? t{term}, round {number}"
        case Confirmed(term, number):
            return f"own t{term}, round {number}"
        case InstallSnapshot(term, index, index_term, _, _, size, offset, part):
            return f"snapshot {index}.{index_term} t{term}, bytes {offset} to {offset + len(part)} of {size}"
        case SnapshotReply(term, index, _, _, held, sound):
            return f"{held} bytes of snapshot {index}{'' if sound else ', unsound'}, t{term}"
        case _:
            return type(message).__name__
