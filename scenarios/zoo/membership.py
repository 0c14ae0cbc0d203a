"""Bugs of membership changes and leadership transfer that real projects shipped or the dissertation warns of."""

from collections.abc import Sequence
from typing import Any

import attrs

from cluster.raft import active_configuration
from cluster.raft.configuration import Configuration
from cluster.raft.messages import VoteReply
from cluster.raft.progress import Progress
from cluster.raft.state import Effect, Leader, Moment, Raft
from cluster.raft.timing import Compaction, Timing
from scenarios.zoo import bug

OFTEN = Compaction(entries=2, growth=0, margin=0, part=64)
"""A snapshot after every other entry, so that many lie between two changes."""


@bug(
    "cluster.raft.membership:reason_to_wait",
    breaks="one change at a time",
    source="zoo M1; Ongaro, raft-dev 2015; copycat #23, axon #120, braft #182; found by hydro #3192",
    strikes="crowd",
)
def changes_before_its_own_term(original: Any, raft: Any, role: Any) -> Any:
    """A leader changes the members before an entry of its own term is committed."""
    return original(raft, attrs.evolve(role, ready=True))


@bug(
    "cluster.raft.membership:reason_to_wait",
    breaks="one change at a time",
    source="zoo M2; etcd #11284",
    strikes="crowd",
)
def changes_twice_at_once(original: Any, raft: Raft, role: Leader) -> Any:
    """A leader begins the next change while the last one is not committed."""
    settled = attrs.evolve(raft, configured=((0, raft.configuration),))
    return original(settled, role)


@bug(
    "cluster.raft.configuration_change:_voters_moved",
    breaks="overlapping majorities",
    source="dissertation, 4.1, figure 4.3; openraft #1802 is a relative",
    strikes="the_cluster_grows_and_shrinks",
)
def any_change_is_simple(original: Any, before: Any, after: Any) -> int:
    """Several voters move at once, without a joint configuration between."""
    return 0


@bug(
    "cluster.raft.active_configuration:without_tail",
    source="zoo M5; canonical #250, #354; camunda #57393",
    strikes="a_change_is_taken_back",
)
def keeps_what_is_cut(original: Any, configured: Any, after: Any) -> Any:
    """A configuration stays in force when its entry is cut from the log."""
    return configured


@bug(
    "cluster.raft.replication:agreed_index",
    source="dissertation, 4.2.1; hashicorp #476 is a relative",
    strikes="watchers_have_no_say",
)
def learners_count(original: Any, raft: Raft, stored: int, peers: Sequence[tuple[str, Progress]]) -> Any:
    """A learner's log counts for a commit like a voter's."""
    everybody = attrs.evolve(raft, configuration=Configuration.of(raft.configuration.members))
    return original(everybody, stored, peers)


@bug(
    "cluster.raft.membership:stepped_aside",
    source="zoo M8; etcd #11038, raft #77, #79, #83; logcabin #205",
    strikes="the_leader_leaves",
)
def removed_and_leads_on(
    original: Any, raft: Raft, effects: Sequence[Effect], at: Moment
) -> tuple[Raft, Sequence[Effect]]:
    """A leader whose removal is committed goes on leading."""
    return raft, effects


@bug(
    "cluster.raft.active_configuration:may_stand",
    source="zoo M11; scylla #10618; dissertation, 4.2.2",
    strikes="removed_and_still_needed",
)
def removed_stands_no_more(original: Any, raft: Any) -> Any:
    """A node that its own log removes never stands again, though the removal may need it."""
    return raft.configuration.votes(raft.name)


@bug(
    "cluster.raft.membership:has_caught_up", source="zoo M16; dissertation, 4.2.1", strikes="a_newcomer_holds_nobody_up"
)
def votes_with_an_empty_log(original: Any, raft: Any, progress: Any) -> bool:
    """A newcomer is a voter at once, before it holds the log."""
    return True


@bug("cluster.raft.election:may_grant_vote", source="zoo M10; etcd #10998", strikes="a_newcomers_first_vote")
def learner_refuses_to_vote(original: Any, raft: Raft, candidate: str, request: Any, now: int) -> Any:
    """A node that believes itself a learner refuses its vote, though the candidate's log says it has one."""
    return active_configuration.may_stand(raft) and original(raft, candidate, request, now)


@bug("cluster.raft.transfer:given_up", source="zoo T1; hashicorp #487, #570, #581", strikes="the_heir_is_silent")
def transfer_without_end(original: Any, role: Any, now: Any) -> Any:
    """A leader that hands over to somebody who is silent waits for ever, and takes no command."""
    return role


@bug(
    "cluster.raft.transfer:is_ready", source="zoo T3; openraft #2088, redpanda #2606", strikes="leadership_handed_over"
)
def told_too_early(original: Any, raft: Any, progress: Any) -> bool:
    """The heir is told to stand before it holds the whole log: nobody votes for it."""
    return True


@bug(
    "cluster.raft.election:stand",
    breaks="leader completeness",
    source="zoo M2, M4; etcd #11284; etcd raft #456, #458",
    strikes="removed_both_and_not_told",
)
def stands_by_what_is_committed(original: Any, raft: Raft, at: Moment, rounds: int) -> Any:
    """A candidate goes by the last configuration that it knows to be committed, not by the last in its log."""
    return original(attrs.evolve(raft, configuration=active_configuration.at_index(raft, raft.commit)), at, rounds)


@bug(
    "cluster.apply_loop:ApplyLoop.take_snapshot",
    breaks="members of a snapshot",
    source="zoo M7; canonical/raft",
    strikes="crowd",
    timing=Timing(compaction=OFTEN),
)
def snapshot_of_what_is_to_be(original: Any, self: Any, index: int, term: int) -> None:
    """A snapshot holds the configuration in force, which may lie beyond it, not the one of its last entry."""
    original(self, index, term)
    self.taken = attrs.evolve(self.taken, configuration=self.proposals.driver.raft.configured[-1][1])


@bug(
    "cluster.raft.replication:agreed_index",
    breaks="durability",
    source="zoo M11; scylla #10618; dissertation, 4.2.2",
    strikes="crowd",
)
def counts_itself_without_a_vote(original: Any, raft: Raft, stored: int, peers: Sequence[tuple[str, Progress]]) -> Any:
    """A leader that its own change removes counts its own log as if it were one of the voters that stay."""
    now = raft.configuration
    if now.joint or now.votes(raft.name):
        return original(raft, stored, peers)
    matches = [stored, *[progress.match for name, progress in peers if now.votes(name)]]
    return sorted(matches, reverse=True)[len(now.voters) // 2]


@bug(
    "cluster.raft.removed_member:is_news",
    breaks="progress",
    source="zoo M9; rules 3.15, 3.24, 3.36",
    strikes="the_word_of_an_older_leader",
)
def heeds_an_older_leader(original: Any, raft: Raft, reply: VoteReply) -> bool:
    """A node believes a leader of any term that it is no member: one that is back rests for ever, and only it could lead."""
    return reply.outside is not None


@bug(
    "cluster.raft.removed_member:is_news",
    breaks="progress",
    source="zoo M9's family; rule 3.36",
    strikes="a_word_that_was_delayed",
)
def heeds_a_word_that_was_delayed(original: Any, raft: Raft, reply: VoteReply) -> bool:
    """A node believes its leader that it is no member, though that was said before it joined again, and rests for ever."""
    return reply.outside is not None and reply.term == raft.term


@bug(
    "cluster.raft.snapshots:installed",
    breaks="members in force",
    source="zoo M7's family; §7; dissertation, 5.1",
    strikes="crowd",
    timing=Timing(compaction=OFTEN),
)
def installs_and_keeps_its_members(original: Any, raft: Raft, *rest: Any) -> Any:
    """A node that installs a snapshot goes by the members that it went by before, not by those that the snapshot names."""
    after, effects = original(raft, *rest)
    known = ((after.snapshot.index, raft.configuration),)
    return attrs.evolve(after, configuration=raft.configuration, configured=known), effects


@bug(
    "cluster.trace_notes:was_cut",
    breaks="members in force",
    source="this project: a migration in which a removal was made again, and a watcher went by the first",
    strikes="crowd",
)
def says_nothing_of_a_change_made_again(original: Any, before: Any, after: Any) -> bool:
    """A node does not tell that its members are now named by another entry, in the place of one that was cut."""
    return False
