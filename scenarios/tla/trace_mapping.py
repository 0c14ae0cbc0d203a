"""The steps of a run as the actions of the specification. No judgement is here: whether an action may be taken, TLC says.

| what a node did | becomes |
|---|---|
| stood for election | `Timeout`, `RequestVote` to itself and to each peer that got it, and its own vote |
| took a vote request and granted it | `UpdateTerm` if the term is newer, `HandleRequestVoteRequest` |
| took one and refused it | `UpdateTerm` or `LearnTerm` if it took the term, `RefuseVote` |
| counted a vote | `HandleRequestVoteResponse`; with the majority `BecomeLeader` |
| wrote commands as a leader | one `ClientRequest` an entry |
| sent an append of n entries | n times `Aim`, `AppendEntries`: the specification sends one entry at a time |
| took an append | `UpdateTerm`, back to follower, and an entry at a time cut, written and answered |
| took an acceptance that told it something | `HandleAppendEntriesResponse` |
| committed as a leader | `AdvanceCommitIndex` |
| stopped leading without a newer term (check-quorum) | `GiveUp` |
| started again | `Forget` of a write that was on its way, `Restart`, and `Remember` of what it knew to be committed |
| was told to stand at once (a transfer) | as any standing |
| trial elections, beats and refusals that change nothing, reads, sessions, compaction of what is committed | nothing |
| a message that changed nothing on arrival, or never arrived | is not sent |

Refused by name, because the specification has no such thing: a change of the configuration, a snapshot that is installed.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

import attrs

from cluster.raft.messages import AppendEntries, AppendReply, Entry, RequestVote, VoteReply
from cluster.raft.state import Candidate, Follower, Leader, Raft, Received, Save, SaveSnapshot, Send
from cluster.value import value
from scenarios.tla.record import Began, Record, Took

FIRST_TERM = 1
"""The specification's nodes start in term 1, ours in term 0."""
SPOKEN = (RequestVote, VoteReply, AppendEntries, AppendReply)
"""The messages that the specification has."""


class Unmapped(ValueError):
    """The run has a transition that the specification does not have. The text names it."""


@value
class Seen:
    """The observed state of a node."""

    term: int
    vote: str
    """The candidate it voted for; `Nil` if there is none."""
    leads: bool
    length: int
    """The length of its log."""
    last_term: int
    last_value: int
    """The value of its last log entry; 0 if there is none."""
    commit: int


@value
class SpecificationLine:
    """One action with its arguments, and the observed state of the node if the action is the last of a step."""

    act: str
    node: str
    says: str
    """The step it belongs to, in English."""
    peer: str = ""
    x: int = 0
    prev: int = 0
    count: int = 0
    commit: int = 0
    itself: bool = False
    """Whether a leader that commits counts its own disk."""
    log: tuple[tuple[int, int], ...] = ()
    """Term and value of each entry."""
    seen: Seen | None = None


def _released(took: Took) -> Iterator[Send]:
    for effect in took.effects:
        if isinstance(effect, Send):
            yield effect
        elif isinstance(effect, Save | SaveSnapshot):
            yield from effect.then


def changes(took: Took) -> bool:
    """Whether a step changed anything that the specification has."""
    before, after = took.before, took.after
    return before.log is not after.log or _known(before) != _known(after)


def _known(raft: Raft) -> tuple[Any, ...]:
    return raft.term, raft.vote, raft.commit, isinstance(raft.role, Leader), _votes(raft), _matches(raft)


def _votes(raft: Raft) -> frozenset[str]:
    role = raft.role
    return role.granted if isinstance(role, Candidate) and not role.trial else frozenset()


def _matches(raft: Raft) -> dict[str, int]:
    role = raft.role
    return {peer: progress.match for peer, progress in role.peers} if isinstance(role, Leader) else {}


def needed(record: Record) -> dict[int, list[tuple[str, Any, int]]]:
    """For each step that sends, by position: receiver, message and position of delivery of the messages that mattered.

    An answer matters if it changed its receiver; a request if it changed its receiver or its answer matters.
    """
    on_the_way: dict[tuple[str, str, Any], deque[int]] = defaultdict(deque)
    origin: dict[int, int] = {}
    mattering: set[int] = set()
    for position, each in enumerate(record):
        if not isinstance(each, Took):
            continue
        if isinstance(each.event, Received) and isinstance(each.event.message, SPOKEN):
            key = (each.event.sender, each.before.name, each.event.message)
            queue = on_the_way[key]
            if not queue:
                raise AssertionError(f"{key[1]} took a {type(key[2]).__name__} that {key[0]} never sent")
            origin[position] = queue[0] if len(queue) == 1 else queue.popleft()
            if changes(each):
                mattering.add(position)
        for send in _released(each):
            if isinstance(send.message, SPOKEN):
                on_the_way[each.before.name, send.to, send.message].append(position)
    for position in sorted(mattering, reverse=True):  # if an answer mattered, so did the request
        source = position
        while source in origin and origin[source] not in mattering:
            source = origin[source]
            mattering.add(source)
    wanted: dict[int, list[tuple[str, Any, int]]] = defaultdict(list)
    for position in sorted(mattering & origin.keys()):
        took = record[position]
        assert isinstance(took, Took)
        assert isinstance(took.event, Received)
        wanted[origin[position]].append((took.before.name, took.event.message, position))
    return wanted


@value
class SpecifiedAppend:
    """An append as the specification sends it: with the entry after `prev`, if its sender has one."""

    prev: int
    count: int
    commit: int
    entry: Entry | None
    taken: bool
    """Whether its receiver writes or acknowledges it; otherwise only its term counts."""


def accepts(took: Took) -> bool:
    """Whether the step accepted the append that it took."""
    return any(isinstance(send.message, AppendReply) and send.message.success for send in _released(took))


def parts_of(message: AppendEntries, sender: Raft, entries: Sequence[Entry], accepted: bool) -> list[SpecifiedAppend]:
    """The specification's messages for an append: one for each entry; for a heartbeat, one entry that the receiver has.

    `entries` is the sender's whole log, what it has compacted included.
    """
    log, first = sender.log, message.prev_index
    if accepted and message.entries:
        prevs = range(first, first + len(message.entries))
    elif accepted and 0 < first < log.last_index:
        prevs = range(first - 1, first)
    else:
        prevs = range(first, first + 1)
    found = []
    for prev in prevs:
        has_more = log.last_index > prev
        entry = entries[prev] if has_more else None
        commit = min(sender.commit, prev + has_more)
        taken = accepted and (bool(message.entries) or prev < first or not has_more)
        found.append(SpecifiedAppend(prev, int(has_more), commit, entry, taken))
    return found


class Mapper:
    """Writes the lines of a record, and tracks the state of the specification at each node."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.wanted = needed(record)
        self.takes = {position for sends in self.wanted.values() for _, _, position in sends}
        self.lines: list[SpecificationLine] = []
        self.candidates: set[str] = set()
        """The nodes that are candidates in the specification."""
        self.parts: dict[int, list[SpecifiedAppend]] = {}
        """The specification's messages for each append, by the position of the step that took it."""
        self.logs: dict[str, list[Entry]] = {}
        self.known: dict[str, tuple[int, str | None]] = {}
        self.commits: dict[str, int] = {}
        """The specification's commit index of each node, which may fall where ours does not."""
        self.values: dict[Any, int] = {}

    # ---- the record, step by step

    def run(self) -> list[SpecificationLine]:
        """All lines; Unmapped at the first transition that the specification does not have."""
        for position, each in enumerate(self.record):
            if isinstance(each, Began):
                self._began(each.raft)
            else:
                self._took(position, each)
        return self.lines

    def _began(self, raft: Raft) -> None:
        name, log = raft.name, _entries(raft)
        if name not in self.logs:
            if raft.term or log:
                raise Unmapped(
                    f"{name} starts with term {raft.term} on its disk: the specification starts with nothing"
                )
            self.logs[name], self.known[name], self.commits[name] = [], (0, None), 0
            return
        says = f"{name} starts again"
        before = self.logs[name]
        if (raft.term, raft.vote) != self.known[name] or log != before:
            common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(log, before, strict=False)))
            rows = tuple([(entry.term, self._value(entry)) for entry in log])
            vote, term = raft.vote or "Nil", raft.term + FIRST_TERM
            self.lines.append(SpecificationLine("Forget", name, says, vote, term, common, log=rows))
            self.logs[name], self.known[name] = log, (raft.term, raft.vote)
        self._say("Restart", name, says)
        self.candidates.discard(name)
        self._remember(name, raft.commit, says)
        self.commits[name] = raft.commit
        self._seen(raft)

    def _took(self, position: int, took: Took) -> None:
        before, after, event = took.before, took.after, took.event
        name = before.name
        if before.configuration != after.configuration:
            raise Unmapped(f"{name} takes up another configuration: the specification has one for ever")
        start = len(self.lines)
        says = _sentence(took)
        if isinstance(event, Received):
            message = event.message
            if position in self.takes:
                match message:
                    case RequestVote():
                        self._vote_request(took, event.sender, message, says)
                    case VoteReply():
                        self._vote_reply(took, event.sender, message, says)
                    case AppendEntries():
                        self._append(took, position, event.sender, message, says)
                    case AppendReply():
                        self._append_reply(took, event.sender, message, says)
            if not isinstance(message, SPOKEN) and changes(took):
                if after.log is not before.log:
                    raise Unmapped(f"{name} takes a {type(message).__name__}, which changes its log: the specification "
                                   "has appends only")  # fmt: skip
                self._learn(took, says)
        self._of_itself(took, says)
        self._sends(position, took, says)
        if changes(took) or len(self.lines) > start:
            if len(self.lines) == start:
                self._say("Look", name, says)
            self._seen(after)
        self.known[name] = (after.term, after.vote)

    # ---- messages

    def _vote_request(self, took: Took, sender: str, request: RequestVote, says: str) -> None:
        before, after, name = took.before, took.after, took.before.name
        if request.trial:
            self._learn(took, says)
            return
        granted = any(isinstance(send.message, VoteReply) and send.message.granted for send in _released(took))
        if before.term < after.term == request.term:
            self._say("UpdateTerm", name, says, sender, request.term + FIRST_TERM)
            self.candidates.discard(name)
        else:
            self._learn(took, says)
        if granted:
            self._say("HandleRequestVoteRequest", name, says, sender, request.term + FIRST_TERM)
        else:
            self._say("RefuseVote", name, says, sender)

    def _vote_reply(self, took: Took, sender: str, reply: VoteReply, says: str) -> None:
        before, after = took.before, took.after
        if after.term > before.term and isinstance(after.role, Candidate):
            return  # a trial was won: the node stands, which `_of_itself` writes
        if after.term > before.term:
            self._learn(took, says)
        elif reply.granted and not reply.trial and (sender in _votes(after) or isinstance(after.role, Leader)):
            self._say("HandleRequestVoteResponse", before.name, says, sender, reply.asked + FIRST_TERM)

    def _append(self, took: Took, position: int, sender: str, request: AppendEntries, says: str) -> None:
        before, after, name = took.before, took.after, took.before.name
        term, log = request.term + FIRST_TERM, self.logs[took.before.name]
        if before.term < after.term:
            self._say("UpdateTerm", name, says, sender, term)
            self.candidates.discard(name)
        for part in self.parts[position]:
            line = SpecificationLine(
                "HandleAppendEntriesRequest", name, says, sender, term, part.prev, part.count, part.commit
            )
            if name in self.candidates and after.term == request.term:
                self.lines.append(line)  # the candidate becomes a follower
                self.candidates.discard(name)
            if request.term < before.term:
                self.lines.append(line)  # refused, and the answer matters
            elif part.taken:
                if part.entry is not None:
                    if len(log) > part.prev and log[part.prev].term != part.entry.term:
                        self.lines.extend([line] * (len(log) - part.prev))  # the entries are cut one at a time
                        del log[part.prev :]
                    if len(log) == part.prev:
                        self.lines.append(line)
                        log.append(part.entry)
                self.lines.append(line)
                self.commits[name] = part.commit
        if isinstance(after.role, Follower):
            self._remember(name, after.commit, says)

    def _append_reply(self, took: Took, sender: str, reply: AppendReply, says: str) -> None:
        before, after, name = took.before, took.after, took.before.name
        if after.term > before.term:
            self._say("UpdateTerm", name, says, sender, reply.term + FIRST_TERM)
            self.candidates.discard(name)
        elif isinstance(after.role, Leader) and _matches(before).get(sender) != _matches(after).get(sender):
            self._say("HandleAppendEntriesResponse", name, says, sender, _matches(after)[sender])

    # ---- what a node does of itself

    def _of_itself(self, took: Took, says: str) -> None:
        before, after, name = took.before, took.after, took.before.name
        stands = isinstance(after.role, Candidate) and not after.role.trial
        if stands and (after.term > before.term or not isinstance(before.role, Candidate) or before.role.trial):
            if isinstance(before.role, Leader):
                self._say("GiveUp", name, says)
            self._say("Timeout", name, says)
            self.candidates.add(name)
            self._say("RequestVote", name, says, name)
            self._say("HandleRequestVoteRequest", name, says, name, after.term + FIRST_TERM)
        elif isinstance(before.role, Leader) and not isinstance(after.role, Leader) and after.term == before.term:
            self._say("GiveUp", name, says)
        if name in _votes(after) - _votes(before):
            self._own_vote(name, after.term, says)
        if isinstance(after.role, Leader):
            if not isinstance(before.role, Leader):
                if not isinstance(before.role, Candidate) or name not in before.role.granted:
                    self._own_vote(name, after.term, says)
                self._say("BecomeLeader", name, says)
                self.candidates.discard(name)
            log = self.logs[name]
            for entry in after.log.slice(len(log) + 1, after.log.last_index):
                self._say("ClientRequest", name, says, x=self._value(entry))
                log.append(entry)
            if after.commit > before.commit:
                itself = after.role.stored >= after.commit
                self.lines.append(SpecificationLine("AdvanceCommitIndex", name, says, x=after.commit, itself=itself))
                self.commits[name] = after.commit

    def _own_vote(self, name: str, term: int, says: str) -> None:
        self._say("HandleRequestVoteResponse", name, says, name, term + FIRST_TERM)

    def _learn(self, took: Took, says: str) -> None:
        before, after = took.before, took.after
        if after.term > before.term and not isinstance(after.role, Candidate):
            self._say("LearnTerm", before.name, says, x=after.term + FIRST_TERM)
            self.candidates.discard(before.name)

    def _sends(self, position: int, took: Took, says: str) -> None:
        """Write the requests of this step that mattered, each as the specification's messages."""
        name = took.before.name
        said: set[tuple[str, int]] = set()
        for to, message, arrived in self.wanted.get(position, ()):
            if isinstance(message, RequestVote) and not message.trial:
                if (to, 0) not in said:
                    self._say("RequestVote", name, says, to)
                said.add((to, 0))
            elif isinstance(message, AppendEntries):
                receiver = self.record[arrived]
                assert isinstance(receiver, Took)
                self.parts[arrived] = parts_of(message, took.after, self.logs[name], accepts(receiver))
                for part in self.parts[arrived]:
                    if (to, part.prev + 1) not in said:
                        self._say("Aim", name, says, to, part.prev + 1)
                        self._say("AppendEntries", name, says, to)
                    said.add((to, part.prev + 1))

    # ---- lines

    def _say(self, act: str, name: str, says: str, peer: str = "", x: int = 0) -> None:
        self.lines.append(SpecificationLine(act, name, says, peer, x))

    def _remember(self, name: str, commit: int, says: str) -> None:
        if self.commits[name] < commit or self.lines[-1].act == "Restart":
            self._say("Remember", name, says, x=commit)
            self.commits[name] = commit

    def _seen(self, raft: Raft) -> None:
        log = raft.log
        number = self._value(log.entry(log.last_index)) if log.last_index else 0
        leads = isinstance(raft.role, Leader)
        seen = Seen(raft.term, raft.vote or "Nil", leads, log.last_index, log.last_term, number, raft.commit)
        self.lines[-1] = attrs.evolve(self.lines[-1], seen=seen)

    def _value(self, entry: Entry) -> int:
        return self.values.setdefault((entry.request, entry.command), len(self.values) + 1)


def _entries(raft: Raft) -> list[Entry]:
    if raft.log.base:
        raise Unmapped(
            f"{raft.name} has a snapshot in the place of its first entries: the specification has no snapshots"
        )
    return list(raft.log.slice(1, raft.log.last_index))


def _sentence(took: Took) -> str:
    event = took.event
    if isinstance(event, Received):
        return f"{took.before.name} takes {type(event.message).__name__} from {event.sender}"
    return f"{took.before.name}: {type(event).__name__}"
