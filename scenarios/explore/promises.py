"""The promises of consensus as questions about one state, or about one step of one node. They know no bug.

Not the watchers of `cluster.checks`: those learn from one history, and a search has millions that share their
beginnings. A question about a state is asked once a state. Where a question can be stricter than a watcher of the same
name it is, for what is found sooner is found at a smaller depth: *durability* looks at the disks without waiting for a
crash, *true match* looks at every leader in every state, and *leader completeness* at every entry the moment it is
committed. What a state has to remember for their sake (who led a term, what was committed first and when) is part of
its identity.
"""

from collections.abc import Sequence

from cluster.checks.consensus import consensus_watchers
from cluster.checks.membership import Voters, decides, overlap
from cluster.checks.membership import text as in_words
from cluster.raft import active_configuration
from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Reconfiguration
from cluster.raft.state import Leader, Raft
from cluster.value import value

NEVER_BACK = "never back"
OWN_ASSERTION = "the core's own assertion"
TRUE_READS = "true reads"
IN_FORCE = "configuration in force"
BEYOND = ("state order", "equal snapshots", "members of a snapshot", "members in force", "sound disks")
"""Of snapshots, which a search does not make."""
PROMISES = {each.promise: each.says for each in consensus_watchers(("A",)) if each.promise not in BEYOND} | {
    "durability": "what was committed is on a majority of disks, in every state",
    TRUE_READS: "a read that is confirmed sees all that was committed when it was asked (dissertation, 6.4)",
    IN_FORCE: "a node goes by a configuration that its log holds, or by the founders' (dissertation, 4.1)",
    NEVER_BACK: "the term of a node, the term on a disk and the commit index of one life never fall",
    OWN_ASSERTION: "nothing happens that the core says cannot happen among correct nodes",
}
Sealed = tuple[tuple[Entry, int], ...]
"""What was committed first by anybody, by index from 1, and in which term."""
Asked = tuple[tuple[int, int], ...]
"""Reads that are not answered: number, and how much was committed when it was asked."""


@value
class BrokenPromise:
    """A promise, and how it was broken."""

    promise: str
    text: str


# ---- one step of one node ----


def after_step(before: Raft, after: Raft) -> BrokenPromise | None:
    """What a step of the law may not do to a node, whatever the others are."""
    name, role = after.name, after.role
    if after.term < before.term:
        return BrokenPromise(NEVER_BACK, f"{name} goes back from term {before.term} to {after.term}")
    if after.commit < before.commit:
        return BrokenPromise(NEVER_BACK, f"{name} goes back from commit {before.commit} to {after.commit}")
    if after.commit > after.log.last_index:
        text = f"{name} commits up to {after.commit} and holds only {after.log.last_index} entries"
        return BrokenPromise("state machine safety", text)
    if isinstance(role, Leader):
        if not extends(after.log, before.log):
            return BrokenPromise("leader append-only", f"{name} leads term {after.term} and cuts its own log")
        if after.commit > before.commit and after.log.term_at(after.commit) != after.term:
            term = after.log.term_at(after.commit)
            text = f"{name} leads term {after.term} and commits up to entry {after.commit}, which is of term {term}"
            return BrokenPromise("own term", text)
        if active_configuration.since(after) > before.log.last_index:
            return after_change(before, after)
    return goes_by_another(after)


def goes_by_another(raft: Raft) -> BrokenPromise | None:
    """*In force*: whether what a node goes by came with an entry that its log does not hold."""
    index, configuration = raft.configured[-1]
    if index <= raft.log.base:
        return None
    entry = raft.log.slice(index, index) if index <= raft.log.last_index else ()
    if entry and isinstance(entry[0], Reconfiguration) and entry[0].configuration == configuration:
        return None
    text = f"{raft.name} goes by voters {in_words(voters_of(configuration))}, which is not what its entry {index} says"
    return BrokenPromise(IN_FORCE, text)


def after_change(before: Raft, after: Raft) -> BrokenPromise | None:
    """What a leader that has just appended a configuration may not have done."""
    name, at, known = after.name, active_configuration.since(after), active_configuration.since(before)
    if after.commit < known:
        text = f"{name} changes the members at {at}, and its change at {known} is not committed"
        return BrokenPromise("one change at a time", text)
    if after.log.term_at(after.commit) != after.term:
        text = f"{name} changes the members with nothing of its own term {after.term} committed"
        return BrokenPromise("one change at a time", text)
    old, new = voters_of(before.configuration), voters_of(after.configuration)
    if not overlap(old, new):
        text = f"{name} goes from {in_words(old)} to {in_words(new)}: their majorities need not meet"
        return BrokenPromise("overlapping majorities", text)
    return None


def voters_of(configuration: Configuration) -> Voters:
    """Whose majorities decide."""
    return configuration.voters, configuration.outgoing


def extends(log: Log, before: Log) -> bool:
    """Whether a log is another one with more behind it, or the same."""
    last = before.last_index
    return log is before or (log.last_index >= last and log.slice(1, last) == before.slice(1, last))


def second_vote(name: str, voted: tuple[int, str] | None, term: int, candidate: str) -> BrokenPromise | None:
    """What a vote that becomes durable may not be, given the last one."""
    if voted is None or voted[0] != term or voted[1] == candidate:
        return None
    return BrokenPromise("one vote a term", f"{name} votes for {voted[1]} and for {candidate} in term {term}")


# ---- two nodes ----


@value
class Face:
    """What of a node concerns the promises it shares with each other one."""

    name: str
    term: int
    led: tuple[int, ...]
    """Every term it has ever led."""
    entries: tuple[Entry, ...]
    matches: tuple[tuple[str, int], ...]
    """As a leader: up to where it believes each peer's log to be its own."""


def between(one: Face, other: Face) -> BrokenPromise | None:
    """What two nodes may not be together."""
    for term in one.led:
        if term in other.led:
            return BrokenPromise("election safety", f"{one.name} and {other.name} both lead term {term}")
    if not logs_match(one.entries, other.entries):
        return BrokenPromise("log matching", f"{one.name} and {other.name} agree on an entry, and not on all before it")
    return believes_wrongly(one, other) or believes_wrongly(other, one)


def logs_match(one: tuple[Entry, ...], other: tuple[Entry, ...]) -> bool:
    """§5.3: the last index at which the terms agree ends a part that is equal."""
    for last in range(min(len(one), len(other)), 0, -1):
        if one[last - 1].term == other[last - 1].term:
            return one[:last] == other[:last]
    return True


def believes_wrongly(leader: Face, peer: Face) -> BrokenPromise | None:
    """*True match*, while the peer is in the leader's term."""
    if leader.term != peer.term:
        return None
    for name, match in leader.matches:
        if name == peer.name and 0 < match <= len(leader.entries):
            if peer.entries[match - 1 : match] == leader.entries[match - 1 : match]:
                return None
            text = f"{leader.name} believes that {name} holds its entry {match}, and {name} does not"
            return BrokenPromise("true match", text)
    return None


# ---- what was committed ----


def agreed(
    name: str, sealed: Sealed, first: int, entries: tuple[Entry, ...], term: int, recovered: bool
) -> Sealed | BrokenPromise:
    """What is committed once a node has applied these from `first` on. At a restart it says again what it knew."""
    for index, entry in enumerate(entries, first):
        if index <= len(sealed):
            if sealed[index - 1][0] != entry:
                when = " after its restart" if recovered else ""
                text = f"{name} applies another entry {index}{when} than was applied before"
                return BrokenPromise("state machine safety", text)
        elif recovered:
            return BrokenPromise(
                "state machine safety", f"{name} applies entry {index} after its restart, and nobody did"
            )
        else:
            sealed = (*sealed, (entry, term))
    return sealed


def missing(leader: Face, sealed: Sealed) -> BrokenPromise | None:
    """*Leader completeness*: the first entry committed in an earlier term that a leader does not hold."""
    for index, (entry, term) in enumerate(sealed, 1):
        if term < leader.term and leader.entries[index - 1 : index] != (entry,):
            text = f"{leader.name} leads term {leader.term} without committed entry {index}"
            return BrokenPromise("leader completeness", text)
    return None


def counting(founders: Configuration, sealed: Sealed, logs: Sequence[tuple[Entry, ...]]) -> Sequence[Voters]:
    """Who may decide: the last configuration that is committed, and every later one in a log."""
    sure, since = founders, 0
    for index, (entry, _) in enumerate(sealed, 1):
        if isinstance(entry, Reconfiguration):
            sure, since = entry.configuration, index
    later = [entry.configuration for log in logs for entry in log[since:] if isinstance(entry, Reconfiguration)]
    return [voters_of(each) for each in (sure, *later)]


def took_one_back(asked: int, sealed: Sealed, logs: Sequence[tuple[Entry, ...]]) -> bool:
    """Whether a change that was taken by a leader is in no log any more, and was not committed; `asked`: so many were."""
    entries = [*[entry for entry, _ in sealed], *[entry for log in logs for entry in log]]
    known = {entry.request for entry in entries if isinstance(entry, Reconfiguration) and entry.request is not None}
    return len(known) < asked


def lost(
    names: Sequence[str],
    disks: Sequence[tuple[Entry, ...]],
    sealed: Sealed,
    deciding: Sequence[Voters],
    is_one_back: bool = False,
) -> BrokenPromise | None:
    """*Durability*: the first committed entry that is not on a majority of the disks of any configuration that counts.

    `is_one_back`: a change was taken back, so that it is enough if no majority can do without those who have the entry:
    half of an even number is all that may be left of what one voter more committed.
    """
    for index, (entry, _) in enumerate(sealed, 1):
        where = [name for name, disk in zip(names, disks, strict=True) if disk[index - 1 : index] == (entry,)]
        if not any(decides(voters, where) for voters in deciding):
            others = [name for name in names if name not in where]
            if is_one_back and not any(decides(voters, others) for voters in deciding):
                continue
            held = f"only on the disk of {where[0]}" if len(where) == 1 else f"on {len(where)} of {len(disks)} disks"
            return BrokenPromise(
                "durability", f"entry {index} is committed, and it is {held if where else 'on no disk'}"
            )
    return None


# ---- what was read ----


def answered(name: str, asked: Asked, serial: int, index: int) -> Asked | BrokenPromise:
    """The reads that still wait once that one was confirmed at entry `index`."""
    for number, committed in asked:
        if number == serial and index < committed:
            text = f"{name} confirms a read up to entry {index}, and entry {committed} was committed when it was asked"
            return BrokenPromise(TRUE_READS, text)
    return tuple([each for each in asked if each[0] != serial])
