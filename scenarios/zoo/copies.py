"""Bugs of replicating and committing the log that real projects shipped or the paper warns of. Sources name the report."""

from collections.abc import Sequence
from typing import Any

import attrs

from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, AppendReply, Entry
from cluster.raft.progress import Progress
from cluster.raft.state import Leader, Raft
from cluster.raft.timing import Timing
from scenarios.zoo import bug
from scenarios.zoo.snapshots import TIMING as SNAPSHOTS

Written = tuple[int, tuple[Entry, ...]]
DEAF = Timing(check_quorum=False)
"""A leader that hears from nobody stays leader."""


def looks_away(original: Any, raft: Raft, number: int, after: int) -> Any:
    """The core's own refusal to cut what is committed (rule 3.32), taken away."""
    cut = original(attrs.evolve(raft, commit=min(raft.commit, after)), number, after)
    return attrs.evolve(cut, commit=raft.commit)


UNGUARDED = (("cluster.raft.replication:without_tail", looks_away),)


@bug(
    "cluster.raft.replication:entries_to_write",
    breaks="true match",
    guards=UNGUARDED,
    source="zoo L1; RaftOS #26, akka-raft #66, hashicorp #113, CCF #5991",
)
def cuts_what_lies_beyond(original: Any, log: Log, prev_index: int, entries: tuple[Entry, ...]) -> Any:
    """A follower whose log goes beyond the entry before cuts the rest, even for a request without entries."""
    return (prev_index, entries) if log.base <= prev_index < log.last_index else original(log, prev_index, entries)


@bug(
    "cluster.raft.replication:entries_to_write",
    breaks="true match",
    guards=UNGUARDED,
    source="zoo L2; §5.3, rule 3 of AppendEntries; akka-raft #66",
)
def cuts_before_it_writes(original: Any, log: Log, prev_index: int, entries: tuple[Entry, ...]) -> Any:
    """A follower cuts its log after the entry before whenever it is sent entries, whether they conflict or not."""
    return (prev_index, entries) if entries and prev_index >= log.base else original(log, prev_index, entries)


@bug(
    "cluster.raft.replication:entries_to_write",
    breaks="log matching",
    source="zoo L3, no entry before; WRaft #118 item 1",
)
def the_first_entries_are_added_again(original: Any, log: Log, prev_index: int, entries: tuple[Entry, ...]) -> Any:
    """A request with nothing before its entries is always written at the end of the log."""
    return (log.last_index, entries) if entries and not prev_index else original(log, prev_index, entries)


@bug("cluster.raft.replication:entries_to_write", breaks="true match", source="zoo L4; openraft #559, #561; §5.3")
def keeps_a_conflicting_entry(original: Any, log: Log, prev_index: int, entries: tuple[Entry, ...]) -> Written:
    """An entry is left as it is because there is one at that index, of whatever term."""
    there = max(0, log.last_index - prev_index)
    return (log.last_index, entries[there:]) if len(entries) > there else (-1, ())


@bug("cluster.raft.replication:ack_index", breaks="true match", source="zoo L7; CCF #6001, RATIS-2605 is a relative")
def acknowledges_its_whole_log(original: Any, log: Any, request: Any) -> Any:
    """A follower acknowledges its last entry, not the last one that the request verified."""
    return log.last_index


@bug(
    "cluster.raft.replication:counts_as_answer",
    breaks="true match",
    source="zoo L9; PySyncObj #169",
    strikes="an_answer_from_another_reign",
)
def an_answer_of_an_earlier_term(original: Any, raft: Any, reply: Any) -> bool:
    """A leader counts what a follower answered to it in an earlier term, though its log was overwritten since."""
    return True


@bug(
    "cluster.raft.step:step",
    breaks="true match",
    source="zoo L10; the class of CCF #5341",
    strikes="an_answer_from_another_reign",
    remembers=dict,
)
def match_survives_a_reign(original: Any, raft: Raft, event: Any, at: Any, memory: dict[tuple[str, str], int]) -> Any:
    """Who leads again believes of its peers what it believed when it led before."""
    after, effects = original(raft, event, at)
    was, now = raft.role, after.role
    if isinstance(was, Leader) and not isinstance(now, Leader):
        memory.update({(raft.name, peer): progress.match for peer, progress in was.peers})
    if isinstance(now, Leader) and not isinstance(was, Leader):
        peers = tuple(
            (peer, attrs.evolve(progress, match=min(memory.get((raft.name, peer), 0), raft.log.last_index)))
            for peer, progress in now.peers
        )
        after = attrs.evolve(after, role=attrs.evolve(now, peers=peers))
    return after, effects


@bug(
    "cluster.raft.replication:filled",
    breaks="progress",
    source="zoo L14; WRaft #118 item 5",
    strikes="drought",
    timing=SNAPSHOTS,
)
def sends_nothing_after_a_compaction(original: Any, raft: Raft, *rest: Any) -> Any:
    """An append that begins where the log was compacted carries no entries."""
    progress, messages = original(raft, *rest)
    return progress, [
        attrs.evolve(message, entries=())
        if isinstance(message, AppendEntries) and message.prev_index == raft.log.base > 0
        else message
        for message in messages
    ]


@bug(
    "cluster.raft.progress:after_refusal",
    breaks="progress",
    source="zoo L15; yugabyte #32876, #8879, KUDU-1469",
    strikes="weather",
)
def offers_the_same_again(original: Any, known: Progress, reply: AppendReply, log: Log, now: int) -> Any:
    """A leader that was refused sends from the same entry again: where the logs differ is never found."""
    after = original(known, reply, log, now)
    return attrs.evolve(after, next=max(after.next, known.next))


@bug("cluster.raft.progress:after_beat", breaks="progress", source="zoo L17; etcd #14633", strikes="drought")
def the_window_stays_full(original: Any, known: Progress, reply: AppendReply, now: int) -> Any:
    """What is lost counts as on its way for ever: a heartbeat that is answered frees nothing."""
    after = original(known, reply, now)
    return attrs.evolve(after, inflight=known.inflight, next=max(known.next, after.next)) if known.inflight else after


# ---- what is committed ----


@bug("cluster.raft.replication:leader_commit", breaks="progress", source="zoo C2; RaftOS #30", strikes="drought")
def stops_at_an_older_term(original: Any, raft: Raft, stored: int, peers: Sequence[tuple[str, Progress]]) -> int:
    """A leader that looks for what it may commit stops at the first entry of an earlier term."""
    index = original(raft, stored, peers)
    return index if raft.log.term_at(min(raft.commit + 1, index)) == raft.term else raft.commit


@bug(
    "cluster.raft.replication:follower_commit",
    breaks="state machine safety",
    source="zoo C4; CCF #8172, copycat #265, scylla #9965, rabbitmq ra #508, WRaft #2",
    guards=(("cluster.raft.replication:beat_commit", lambda original, raft, match: raft.commit),),
)
def commits_what_nobody_verified(original: Any, raft: Raft, log: Log, request: AppendEntries) -> int:
    """A follower commits up to the leader's commit index, whatever it holds there; and beats carry that index whole."""
    return max(raft.commit, min(request.commit, log.last_index))


@bug("cluster.raft.quorum:committed_index", breaks="leader completeness", source="zoo C5; openraft #1802", timing=DEAF)
def takes_the_peers_for_sorted(original: Any, matches: Any) -> Any:
    """The commit index is looked up in the middle of the peers as they stand, as if their matches were in order."""
    return original(matches) if not matches else matches[len(matches) // 2]


@bug("cluster.raft.quorum:committed_index", breaks="durability", source="zoo C6, off by one", timing=DEAF)
def one_less_is_a_majority(original: Any, matches: Any) -> Any:
    """The commit index is what one node less than a majority has."""
    return sorted(matches)[-max(1, len(matches) // 2)] if matches else original(matches)


@bug("cluster.raft.replication:agreed_index", breaks="durability", source="zoo C6, itself twice", timing=DEAF)
def leader_counts_itself_twice(original: Any, raft: Raft, stored: int, peers: Sequence[tuple[str, Progress]]) -> Any:
    """A leader counts its own log a second time, in the place of the first peer's."""
    (first, progress), *others = peers or (("", None),)
    if progress is None:
        return original(raft, stored, peers)
    return original(raft, stored, ((first, attrs.evolve(progress, match=max(stored, progress.match))), *others))


@bug("cluster.raft.replication:beat_commit", source="zoo C9; etcd raft #138", strikes="a_change_is_taken_back")
def beats_tell_no_commit(original: Any, raft: Any, match: Any) -> int:
    """A heartbeat does not say what is committed: a follower learns it with the next entry, however late."""
    return 0
