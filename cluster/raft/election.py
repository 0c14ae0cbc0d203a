"""Leader election: pre-vote, vote and step-down (§5.2, §5.4.1; rules 3.7-3.24). `replication` holds what a leader does."""

import attrs

from cluster.raft import active_configuration, durability, election_timer, removed_member
from cluster.raft.log import Log
from cluster.raft.messages import RequestVote, VoteReply
from cluster.raft.quorum import VoteResult
from cluster.raft.state import Candidate, Effect, Follower, Leader, Moment, Raft, Send
from cluster.time_units import FOREVER

# ---- standing ----


def timed_out(raft: Raft, at: Moment) -> tuple[Raft, tuple[Effect, ...]]:
    """The election timer of a follower or candidate fired. It may be early: `wake_at` does not move when a leader is heard."""
    match raft.role:
        case Follower(heard_at=heard_at):
            if at.now < election_timer.fires_at(raft, heard_at):
                return election_timer.rewound(raft), ()
            if not active_configuration.may_stand(raft):  # rule 3.7: a learner only notices that its leader is silent
                return election_timer.rewound(attrs.evolve(raft, role=Follower(None, heard_at))), ()
            return stand(raft, at, rounds=0)
        case Candidate(rounds=rounds):
            if at.now < raft.wake_at:
                return raft, ()
            return stand(raft, at, rounds=rounds + 1)  # rule 3.11
        case Leader():
            raise AssertionError(
                f"{raft.name} leads term {raft.term}: its beat, not its election timer, keeps it awake"
            )


def stand(raft: Raft, at: Moment, rounds: int) -> tuple[Raft, tuple[Effect, ...]]:
    """Begin a round: a trial first (rule 3.10), unless there is no other voter or `Timing.trial` is off."""
    if not raft.timing.trial or not raft.configuration.electors(raft.name):
        return stand_for_real(election_timer.restarted(raft, at, rounds), forced=False, rounds=rounds)
    raft = election_timer.trial_round(raft, at, rounds)
    request = RequestVote(raft.term + 1, raft.log.last_index, raft.log.last_term, True, False, rounds)
    return raft, tuple([Send(peer, request) for peer in raft.configuration.electors(raft.name)])


def stand_for_real(raft: Raft, forced: bool, rounds: int) -> tuple[Raft, tuple[Effect, ...]]:
    """Vote for itself in the next term (§5.2). The requests leave when that vote is durable.

    By default the round is timed from that moment too (`Timing.writing_counts`).
    """
    role = Candidate(False, raft.term + 1, election_timer.NOBODY, election_timer.NOBODY, forced, rounds)
    wake_at = raft.wake_at if raft.timing.writing_counts else FOREVER
    raft = attrs.evolve(raft, term=role.asked, vote=raft.name, role=role, wake_at=wake_at)
    request = RequestVote(raft.term, raft.log.last_index, raft.log.last_term, False, forced, 0)
    raft, saving = durability.save(
        raft, tuple([Send(peer, request) for peer in raft.configuration.electors(raft.name)])
    )
    return raft, (saving,)


def counts_as_grant(candidate: Candidate, reply: VoteReply) -> bool:
    """Whether a reply grants the candidate's present request: the same term, and a trial's reply only for a trial."""
    return reply.granted and reply.asked == candidate.asked and reply.trial == candidate.trial


def counts_as_refusal(candidate: Candidate, reply: VoteReply) -> bool:
    """Whether a reply refuses the candidate's present request."""
    return not reply.granted and reply.asked == candidate.asked and reply.trial == candidate.trial


def vote_reply(raft: Raft, sender: str, reply: VoteReply, at: Moment) -> tuple[Raft, tuple[Effect, ...]]:
    """Count an answer. A trial that is won starts the real election in the same step; `result` tells of a real one."""
    if not raft.configuration.votes(sender):
        return raft, ()
    if reply.term > raft.term:  # §5.1, rule 3.24
        return step_down(raft, reply.term, at)
    role = raft.role
    if not isinstance(role, Candidate):
        return raft, ()
    if removed_member.is_news(raft, reply) and counts_as_refusal(role, reply):
        return removed_member.put_outside(raft), ()  # rules 3.24, 3.36
    if counts_as_grant(role, reply):
        role = attrs.evolve(role, granted=role.granted | {sender})
    elif counts_as_refusal(role, reply):
        role = attrs.evolve(role, refused=role.refused | {sender})
    raft = attrs.evolve(raft, role=role)
    if role.trial and result(raft) is VoteResult.Won:
        return stand_for_real(raft, role.forced, role.rounds)
    return raft, ()


def own_vote(raft: Raft, at: Moment) -> Raft:
    """A Save is durable: if it holds the candidate's own vote, that vote counts and the round's time begins."""
    role = raft.role
    assert isinstance(role, Candidate)
    if raft.name in role.granted or not durability.is_durable(raft, 0):  # a trial counts its own vote from the start
        return raft
    raft = attrs.evolve(raft, role=attrs.evolve(role, granted=role.granted | {raft.name}))
    if raft.timing.writing_counts:
        return raft
    return attrs.evolve(raft, ticks_from=at.now, wake_at=at.now + raft.timeout)


def result(raft: Raft) -> VoteResult:
    """Whether the candidate has won, lost, or neither yet. A lost round waits for its time to run out (rule 3.11)."""
    role = raft.role
    if not isinstance(role, Candidate):
        return VoteResult.Pending
    return raft.configuration.quorum.result(role.granted, role.refused)


# ---- voting ----


def log_is_up_to_date(log: Log, last_index: int, last_term: int) -> bool:
    """§5.4.1: whether a candidate's log that ends with these is at least as up to date as `log`."""
    return last_term > log.last_term or (last_term == log.last_term and last_index >= log.last_index)


def in_good_standing(raft: Raft, now: int) -> bool:
    """Rule 3.22: whether the voter has heard a leader within T/2.

    With leases a voter that knows no leader counts too: it may have restarted since it heard one.
    """
    role = raft.role
    if not isinstance(role, Follower) or (role.leader is None and raft.timing.lease_drift is None):
        return False
    return now - role.heard_at <= raft.timing.election // 2


def may_grant_vote(raft: Raft, candidate: str, request: RequestVote, now: int) -> bool:
    """Whether to grant the vote. §5.2 and §5.4.1 make it safe; the other rules protect a cluster that works."""
    if request.term < raft.term:
        return False  # §5.1, rule 3.17
    if request.term == raft.term and (request.trial or raft.vote not in (None, candidate)):
        return False  # rules 3.17, 3.20, §5.2: one vote a term; a repeated request gets the same vote again
    if not log_is_up_to_date(raft.log, request.last_index, request.last_term):
        return False  # §5.4.1, rules 3.18, 3.22, 3.23
    if raft.timing.trial and not request.forced and isinstance(raft.role, Leader):
        return False  # rule 3.19
    if raft.timing.trial and request.term > raft.term + 1:
        return False  # rule 3.21
    if request.trial or (raft.timing.lease_drift is not None and not request.forced):  # dissertation, 6.4.1
        return not in_good_standing(raft, now)  # rule 3.22
    return True


def term_after_refusal(raft: Raft, request: RequestVote) -> int:
    """The term of a voter that has refused. §5.1 adopts the newest; Rachis stops one term short of a far one (rule 3.21)."""
    if not raft.timing.trial:
        return raft.term if request.trial else max(raft.term, request.term)  # §5.1
    if request.term <= raft.term + 1 or request.last_term < raft.log.last_term:
        return raft.term  # rules 3.17, 3.18
    if isinstance(raft.role, Leader) and not request.forced:
        return raft.term  # rule 3.19
    return request.term - 1  # rule 3.21


def request_vote(raft: Raft, sender: str, request: RequestVote, at: Moment) -> tuple[Raft, tuple[Effect, ...]]:
    """Answer a candidate. Granting a trial changes nothing on this node."""
    before, role = raft, raft.role
    if isinstance(role, Follower) and role.leader == sender and request.term > raft.term:
        raft = attrs.evolve(raft, role=Follower(None, role.heard_at))  # rule 3.13
    granted = may_grant_vote(raft, sender, request, at.now)
    if not granted:
        term = term_after_refusal(raft, request)
        if term != raft.term:
            raft = after_step_down(raft, term, None, at)
    elif not request.trial:
        raft = after_vote(raft, sender, request.term, at)
    outside = None if granted else removed_member.outside_since(raft, sender)
    reply = VoteReply(raft.term, request.term, granted, request.trial, request.beat, outside)
    return durability.answer(before, raft, sender, reply)


def after_vote(raft: Raft, candidate: str, term: int, at: Moment) -> Raft:
    """The node once it has granted its vote, which defers its own candidacy (rule 3.3)."""
    if term != raft.term or not isinstance(raft.role, Follower):
        raft = after_step_down(raft, term, None, at)
    role = raft.role
    assert isinstance(role, Follower)
    raft = attrs.evolve(raft, vote=candidate, role=Follower(role.leader, at.now))
    if not raft.timing.ticking:
        raft = attrs.evolve(raft, timeout=election_timer.drawn(raft.timing, False, at.luck), draws=raft.draws + 1)
    return election_timer.rewound(raft)


# ---- following ----


def after_step_down(raft: Raft, term: int, leader: str | None, at: Moment) -> Raft:
    """The node as a follower in `term`, its own or a later one; `leader` is None if the leader of `term` is unknown."""
    role, timing = raft.role, raft.timing
    vote = raft.vote if term == raft.term else None  # §5.2: one vote a term, whatever happens within it
    extended = raft.timeout >= timing.election
    if isinstance(role, Leader) or (leader is not None and (extended or not timing.ticking)):
        # A leader had no timer; a long round's timeout ends with the round; the paper draws anew for each leader.
        timeout, ticks_from, draws = election_timer.drawn(timing, False, at.luck), at.now, raft.draws + 1
    else:
        timeout, ticks_from, draws = raft.timeout, raft.ticks_from, raft.draws
    if leader is not None or isinstance(role, Leader):
        heard_at = at.now
    else:
        heard_at = role.heard_at if isinstance(role, Follower) else ticks_from  # a deposed candidate keeps its timer
    raft = attrs.evolve(
        raft, term=term, vote=vote, role=Follower(leader, heard_at), timeout=timeout, ticks_from=ticks_from, draws=draws
    )
    return election_timer.rewound(raft)


def step_down(raft: Raft, term: int, at: Moment) -> tuple[Raft, tuple[Effect, ...]]:
    """A message came from a later term: save that term and follow nobody yet (§5.1, rule 3.24)."""
    raft, saving = durability.save(after_step_down(raft, term, None, at), ())
    return raft, (saving,)
