"""Candidates that ask for votes in vain, round after round: whether nothing can come of it, and their rounds without messages.

A trial changes nothing on the nodes that answer, so its rounds are chatter as long as the answers stay the same. They do
if no answer, however it falls, makes a majority, a later term or another configuration. That is asked of the law itself:
each live node that a request reaches is given one, and what it would do is looked at and thrown away.
"""

from collections.abc import Mapping, Sequence

import attrs

from cluster.raft import election, election_timer
from cluster.raft.messages import RequestVote, VoteReply
from cluster.raft.quorum import VoteResult
from cluster.raft.state import Candidate, Follower, Leader, Moment, Raft, Send
from cluster.sim.machine_slot import Slot
from cluster.sim.network import Link, Network
from cluster.time_units import FOREVER

Links = Mapping[tuple[str, str], Link]


def asks(raft: Raft) -> bool:
    """Whether a node is a candidate that has asked in vain at least once, in trials alone."""
    role = raft.role
    return isinstance(role, Candidate) and role.trial and role.rounds > 0


def is_in_vain(slot: Slot, live: Sequence[Slot], links: Links, always_heard: bool) -> bool:
    """Whether nothing can come of a candidate's rounds, as long as all is as it is.

    `always_heard`: no follower ever misses its leader for as long as it takes to grant a vote (rule 3.22). Otherwise
    every follower is taken for one that does.
    """
    raft, role = slot.raft, slot.raft.role
    assert isinstance(role, Candidate)
    request = RequestVote(raft.term + 1, raft.log.last_index, raft.log.last_term, True, False, role.rounds)
    electors, granting = raft.configuration.electors(slot.name), {slot.name}
    for other in live:
        if other is slot:
            continue
        voter = other.raft
        if isinstance(voter.role, Leader) and not links[other.name, slot.name].cut:
            return False  # its heartbeats arrive
        if other.name not in electors or links[slot.name, other.name].cut:
            continue
        now = FOREVER
        if always_heard and isinstance(voter.role, Follower) and voter.role.leader is not None:
            now = voter.role.heard_at
        after, effects = election.request_vote(voter, slot.name, request, Moment(now, 0.0))
        if after is not voter and after != voter:
            return False  # it is not yet known there
        if links[other.name, slot.name].cut:
            continue
        reply = next((effect.message for effect in effects if isinstance(effect, Send)), None)
        if reply is None:
            continue
        if not isinstance(reply, VoteReply) or reply.term > raft.term or reply.outside is not None:
            return False  # it will change the candidate
        if reply.granted:
            granting.add(other.name)
    return raft.configuration.quorum.result(granting, ()) is not VoteResult.Won


def later_rounds(slot: Slot, live: Sequence[Slot], network: Network, true: int) -> int:
    """Put a candidate into the round that it is in at a true time in µs; return how many messages its rounds until then took.

    Each round lasts as long as its own luck says. Of the rounds before the last only the instants are computed.
    """
    node = slot.node
    assert node is not None
    now, clocks, luck = slot.clocks.monotonic(true), slot.clocks, node.host.luck
    raft, role = node.raft, node.raft.role
    assert isinstance(role, Candidate)
    if raft.wake_at >= now:
        return 0
    over_at, draws = raft.wake_at, raft.draws
    while True:
        began_at = clocks.monotonic(clocks.true(over_at))  # a fast clock skips some µs
        lasts_until = began_at + election_timer.drawn(raft.timing, True, luck(draws))
        if lasts_until >= now:
            break
        over_at, draws = lasts_until, draws + 1
    rounds = 1 + draws - raft.draws
    before = attrs.evolve(raft, draws=draws, role=attrs.evolve(role, rounds=role.rounds + rounds - 1))
    node.raft = election_timer.another_round(before, Moment(began_at, luck(draws)))

    electors = raft.configuration.electors(raft.name)
    reached = [network.links[slot.name, other.name] for other in live if other.name in electors]
    reached = [link for link in reached if not link.cut]
    code, upto = network.kinds["RequestVote"], role.rounds + rounds
    lost = sum(link.count_lost(code, raft.term, role.rounds, upto) for link in reached)
    return rounds * (len(electors) + len(reached)) - lost
