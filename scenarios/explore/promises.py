"""The promises of consensus as checks of one state, or of one step of one node. They know no bug.

These are not the watchers of `cluster.checks`: a watcher learns from one history, and a search has millions that share their
beginnings. Each state is checked once. Where a check can be stricter than the watcher of the same name it is, so that a bug is
found at a smaller depth: *durability* looks at the disks without waiting for a crash, *true match* looks at every leader in every
state, and *leader completeness* at every entry as soon as it is committed. What a state must remember for these checks (who led
a term, what was committed first and when) is part of its identity.
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
"""The promises of watchers that a search does not check: those of snapshots, which it does not make; of disks that cannot be
read, as its crashes tear no write; and *members in force*, for which it has `IN_FORCE`."""
PROMISES = {each.promise: each.says for each in consensus_watchers(("A",)) if each.promise not in BEYOND} | {
    "durability": "what was committed is on a majority of disks, in every state",
    TRUE_READS: "a read that is confirmed sees all that was committed when it was asked (dissertation, 6.4)",
    IN_FORCE: "a node goes by a configuration that its log holds, or by the founders' (dissertation, 4.1)",
    NEVER_BACK: "the term of a node, the term on a disk and the commit index of one life never fall",
    OWN_ASSERTION: "nothing happens that the core says cannot happen among correct nodes",
}
Sealed = tuple[tuple[Entry, int], ...]
"""The committed entries by index from 1, each with the term in which it was first committed."""
Asked = tuple[tuple[int, int], ...]
"""The reads that are not answered: number, and how many entries were committed when the read was asked for."""


@value
class BrokenPromise:
    """A promise, and how it was broken."""

    promise: str
    text: str


# ---- one step of one node ----


def after_step(before: Raft, after: Raft) -> BrokenPromise | None:
    """Check the promises about a single step of one node, whatever the others are."""
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
    """*In force*: whether the configuration a node uses came with an entry that its log does not hold."""
    index, configuration = raft.configured[-1]
    if index <= raft.log.base:
        return None
    entry = raft.log.slice(index, index) if index <= raft.log.last_index else ()
    if entry and isinstance(entry[0], Reconfiguration) and entry[0].configuration == configuration:
        return None
    text = f"{raft.name} goes by voters {in_words(voters_of(configuration))}, which is not what its entry {index} says"
    return BrokenPromise(IN_FORCE, text)


def after_change(before: Raft, after: Raft) -> BrokenPromise | None:
    """Check the promises about a change of the members that a leader has just appended."""
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
    """The voters whose majorities decide, old and new."""
    return configuration.voters, configuration.outgoing


def extends(log: Log, before: Log) -> bool:
    """Whether a log equals another one or extends it."""
    last = before.last_index
    return log is before or (log.last_index >= last and log.slice(1, last) == before.slice(1, last))


def second_vote(name: str, voted: tuple[int, str] | None, term: int, candidate: str) -> BrokenPromise | None:
    """*One vote a term*: check a vote that becomes durable against the last one."""
    if voted is None or voted[0] != term or voted[1] == candidate:
        return None
    return BrokenPromise("one vote a term", f"{name} votes for {voted[1]} and for {candidate} in term {term}")


# ---- two nodes ----


@value
class Face:
    """The part of a node on which the promises between two nodes depend."""

    name: str
    term: int
    led: tuple[int, ...]
    """Every term that it has ever led."""
    entries: tuple[Entry, ...]
    matches: tuple[tuple[str, int], ...]
    """For a leader: the index up to which it believes each peer's log to match its own."""


def between(one: Face, other: Face) -> BrokenPromise | None:
    """Check the promises between two nodes."""
    for term in one.led:
        if term in other.led:
            return BrokenPromise("election safety", f"{one.name} and {other.name} both lead term {term}")
    if not logs_match(one.entries, other.entries):
        return BrokenPromise("log matching", f"{one.name} and {other.name} agree on an entry, and not on all before it")
    return believes_wrongly(one, other) or believes_wrongly(other, one)


def logs_match(one: tuple[Entry, ...], other: tuple[Entry, ...]) -> bool:
    """*Log matching* (§5.3): up to the last index at which the terms agree, the logs must be equal."""
    for last in range(min(len(one), len(other)), 0, -1):
        if one[last - 1].term == other[last - 1].term:
            return one[:last] == other[:last]
    return True


def believes_wrongly(leader: Face, peer: Face) -> BrokenPromise | None:
    """*True match*, checked while the peer is in the leader's term."""
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
    """The committed entries after a node has applied these from `first` on; with `recovered` none of them may be new."""
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
    """*Leader completeness*: an entry committed in an earlier term that a leader does not hold."""
    for index, (entry, term) in enumerate(sealed, 1):
        if term < leader.term and leader.entries[index - 1 : index] != (entry,):
            text = f"{leader.name} leads term {leader.term} without committed entry {index}"
            return BrokenPromise("leader completeness", text)
    return None


def counting(founders: Configuration, sealed: Sealed, logs: Sequence[tuple[Entry, ...]]) -> Sequence[Voters]:
    """The configurations that may decide: the last one that is committed, and every later one in a log."""
    sure, since = founders, 0
    for index, (entry, _) in enumerate(sealed, 1):
        if isinstance(entry, Reconfiguration):
            sure, since = entry.configuration, index
    later = [entry.configuration for log in logs for entry in log[since:] if isinstance(entry, Reconfiguration)]
    return [voters_of(each) for each in (sure, *later)]


def took_one_back(asked: int, sealed: Sealed, logs: Sequence[tuple[Entry, ...]]) -> bool:
    """Whether one of the `asked` changes that leaders took is neither committed nor in any log."""
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
    """*Durability*: the first committed entry that is not on a majority of the disks of any configuration that may decide.

    `is_one_back`: a change was taken back. Then it is enough if the nodes without the entry are no majority: of an even
    number of voters only half may hold what a majority of one voter more committed.
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
    """The reads still to be answered once read `serial` was confirmed at entry `index`."""
    for number, committed in asked:
        if number == serial and index < committed:
            text = f"{name} confirms a read up to entry {index}, and entry {committed} was committed when it was asked"
            return BrokenPromise(TRUE_READS, text)
    return tuple([each for each in asked if each[0] != serial])
