"""Bugs of snapshots and compaction that real projects shipped. Sources name the report.

They strike in a storm in which every node takes a snapshot after each few entries, and keeps next to nothing behind it.
"""

from typing import Any

import attrs

from cluster.proposals import Sessions
from cluster.raft.messages import AppendReply, Request, Snapshot
from cluster.raft.progress import Progress, Sending
from cluster.raft.state import Leader, Moment, Raft, Send
from cluster.raft.timing import Compaction, Timing
from scenarios.zoo import bug

OFTEN = Compaction(entries=5, growth=0, margin=0, part=64)
TIMING = Timing(compaction=OFTEN)


@bug(
    "cluster.apply_loop:ApplyLoop.take_snapshot",
    breaks="equal states",
    source="§7: lastIncludedIndex",
    timing=TIMING,
)
def snapshot_of_the_commit_index(original: Any, self: Any, index: int, term: int) -> None:
    """A snapshot is labelled with the commit index, while its state is some entries behind."""
    raft = self.proposals.driver.raft
    original(self, raft.commit, raft.log.term_at(raft.commit))


@bug(
    "cluster.apply_loop:ApplyLoop.take_snapshot",
    breaks="equal snapshots",
    source="§7: lastIncludedTerm; WRaft #9 read a last term from the wrong place",
    timing=TIMING,
)
def snapshot_of_the_current_term(original: Any, self: Any, index: Any, term: Any) -> Any:
    """A snapshot is labelled with the node's term instead of its last entry's."""
    return original(self, index, self.proposals.driver.raft.term)


@bug("cluster.apply_loop:packed", breaks="equal snapshots", source="zoo K1; dissertation 6.3", timing=TIMING)
def sessions_left_out(original: Any, codec: Any, state: Any, sessions: Any) -> Any:
    """A snapshot holds the application's state and not which requests it has applied."""
    return original(codec, state, Sessions())


@bug(
    "cluster.apply_loop:ApplyLoop.restore", breaks="equal snapshots", source="zoo S3; jgroups-raft #301", timing=TIMING
)
def restores_into_what_was_there(original: Any, self: Any, snapshot: Snapshot) -> None:
    """What was applied before a snapshot is installed is not cleared first."""
    old = [(client, dict(answers)) for client, answers in self.sessions.by_client()]
    original(self, snapshot)
    for client, answers in old:
        for serial, (index, answer) in answers.items():
            if self.sessions.answer(Request(client, serial, 0)) in (None, (0, None)):
                self.sessions.remember(Request(client, serial, 0), index, answer)


@bug(
    "cluster.raft.snapshots:already_held",
    breaks="state order",
    source="zoo S1; etcd #1763, camunda #6092",
    timing=TIMING,
)
def installs_a_stale_snapshot(original: Any, raft: Any, request: Any) -> bool:
    """A snapshot that comes late replaces a log that goes beyond it."""
    return False


# ---- liveness: the story shows the node that does not come back ----

STORY = "a_thousand_entries_asleep"
FAST = attrs.evolve(OFTEN, entries=20, part=32)


@bug("cluster.raft.progress:sending_after_beat", source="zoo S5's family; etcd #10308, raft #110", strikes=STORY)
def a_lost_part_is_not_sent_again(
    original: Any, known: Progress, sending: Sending, reply: AppendReply, now: int
) -> Any:
    """A leader waits for ever for the answer to a part of a snapshot that never arrived."""
    return attrs.evolve(original(known, sending, reply, now), inflight=known.inflight)


@bug("cluster.raft.snapshots:installed", source="zoo S8; WRaft #118 item 3", strikes=STORY)
def refuses_a_snapshot_that_does_not_fit(original: Any, raft: Raft, sender: str, snapshot: Snapshot, parts: int) -> Any:
    """A follower with an entry of its own beyond the commit index does not install a snapshot."""
    return (raft, ()) if raft.log.last_index > raft.commit else original(raft, sender, snapshot, parts)


@bug(
    "cluster.raft.snapshots:compaction_base",
    source="zoo S6; NuRaft via ClickHouse #118, hashicorp #212",
    strikes=STORY,
    timing=Timing(compaction=FAST),
)
def compacts_past_a_snapshot_on_its_way(original: Any, raft: Any, snapshot: Any, now: Any) -> Any:
    """A leader compacts faster than its snapshot travels, so that another one is needed when it has arrived."""
    return max(raft.log.base, snapshot.index - raft.timing.compaction.margin)


@bug("cluster.raft.replication:beat", source="zoo E15; WRaft #118 item 8", strikes=STORY)
def beats_stop_at_who_needs_a_snapshot(original: Any, raft: Raft, at: Moment) -> Any:
    """A leader's heartbeats end at the first peer that needs a snapshot: those after it hear nothing."""
    after, effects = original(raft, at)
    peers = raft.role.peers if isinstance(raft.role, Leader) else ()
    deaf = next((place for place, (_, progress) in enumerate(peers) if progress.sending is not None), len(peers))
    unheard = {name for name, _ in peers[deaf:]}
    return after, [effect for effect in effects if not (isinstance(effect, Send) and effect.to in unheard)]
