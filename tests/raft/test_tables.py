"""The exact tables of append, conflict, vote, commit: one row, one step. Logs are written as their terms."""

from dataclasses import dataclass

import attrs
import pytest

from cluster.raft import election, quorum, replication
from cluster.raft.messages import AppendEntries
from cluster.raft.quorum import VoteResult
from cluster.raft.state import Follower, Leader, Raft, Save
from tests.raft.vocabulary import (
    PAPER,
    RACHIS,
    START,
    accepted,
    answer,
    append,
    applied,
    ask,
    at,
    candidate,
    following,
    grant,
    leading,
    log,
    node,
    of,
    only,
    progress,
    refusal,
    refused,
    role,
    said,
    store,
    take,
    terms,
    wake,
)

Place = tuple[int, int]
"""Index and term."""

# ---- §5.3: a follower's log ----


@pytest.mark.parametrize(
    ("prev", "reply"),
    [
        ((0, 0), accepted(2, 0)),
        ((1, 1), accepted(2, 1)),
        ((2, 2), accepted(2, 2)),
        ((2, 1), refused(2, 2, (1, 1))),
        ((3, 3), refused(2, 3, (2, 2))),
    ],
)
def test_append_is_checked(prev: Place, reply: object) -> None:
    """§5.3: a follower with [1 2] accepts only what goes on from a place it knows, and says what was verified."""
    follower = following(node("1 2", term=2, commit=1), "B")
    _, effects = take(follower, "B", append(2, prev))
    assert answer(effects) == reply


@pytest.mark.parametrize(
    ("prev", "new", "left"),
    [((2, 2), "3", "1 2 3"), ((1, 1), "3 4", "1 3 4"), ((0, 0), "1", "1 2"), ((0, 0), "3", "3")],
)
def test_append_cuts_only_a_conflict(prev: Place, new: str, left: str) -> None:
    """§5.3: what agrees stays, even behind the end of the request; what conflicts goes, and all that follows it."""
    follower = following(node("1 2", term=4), "B")
    follower, _ = take(follower, "B", append(4, prev, new))
    assert terms(follower.log) == left


@pytest.mark.parametrize(
    ("prev", "commit", "new", "last", "committed"),
    [
        ((2, 3), 3, "", None, 0),
        ((3, 3), 3, "", None, 0),
        ((1, 1), 1, "", 2, 1),
        ((0, 0), 1, "2", 1, 1),
        ((2, 2), 3, "2 2", 4, 3),
        ((2, 2), 4, "2", 3, 3),
        ((1, 1), 4, "2", 2, 2),
        ((1, 1), 3, "", 2, 1),
        ((1, 1), 3, "2", 2, 2),
        ((2, 2), 3, "", 2, 2),
        ((2, 2), 4, "", 2, 2),
    ],
)
def test_append_commits_what_it_verified(prev: Place, commit: int, new: str, last: int | None, committed: int) -> None:
    """§5.3: with [1 2] in term 2, commit follows the leader's index, never beyond this request's last entry."""
    follower = following(node("1 2", term=2), "B")
    follower, effects = take(follower, "B", append(2, prev, new, commit))
    assert answer(effects).success == (last is not None)
    assert follower.log.last_index == (2 if last is None else last)
    assert follower.commit == committed
    assert applied(effects) == ((1, committed) if committed else (0, 0))


@pytest.mark.parametrize(
    ("prev", "commit", "new", "ack", "committed"),
    [
        ((3, 2), 3, "4", None, 1),
        ((4, 3), 3, "4", None, 1),
        ((3, 3), 3, "", 3, 3),
        ((3, 3), 4, "", 3, 3),
        ((3, 3), 2, "", 3, 2),
        ((3, 3), 0, "", 3, 1),
        ((0, 0), 3, "", 0, 1),
        ((3, 3), 3, "4", 4, 3),
        ((3, 3), 4, "4", 4, 4),
        ((3, 3), 5, "4", 4, 4),
        ((3, 3), 5, "4 4", 5, 5),
        ((2, 2), 3, "4", 3, 3),
        ((1, 1), 3, "4", 2, 2),
        ((1, 1), 3, "4 4", 3, 3),
    ],
)
def test_append_to_a_log_with_commits(prev: Place, commit: int, new: str, ack: int | None, committed: int) -> None:
    """A follower with [1 2 3], of which 1 is committed: what is acknowledged and what is committed then."""
    follower = following(node("1 2 3", term=4, commit=1), "B")
    follower, effects = take(follower, "B", append(4, prev, new, commit))
    reply = answer(effects)
    assert (reply.match if reply.success else None) == ack
    assert follower.commit == committed


def test_to_overwrite_what_is_committed_fails_loudly() -> None:
    """Rule 3.32: it cannot happen among correct nodes, so it must not pass in silence."""
    follower = following(node("1 2 3", term=4, commit=1), "B")
    with pytest.raises(AssertionError, match="overwrite entry 1"):
        take(follower, "B", append(4, (0, 0), "4", 3))


@pytest.mark.parametrize(("carried", "committed"), [(3, 3), (1, 2)])
def test_a_heartbeat_commits(carried: int, committed: int) -> None:
    """A follower with [1 2 3] and commit 2: a beat brings the commit index forward, never back."""
    follower = following(node("1 2 3", term=3, commit=2), "B")
    follower, effects = take(follower, "B", append(3, (3, 3), "", carried, beat=9))
    assert answer(effects) == accepted(3, 3, beat=9)
    assert follower.commit == committed


def test_reordered_appends() -> None:
    """The second append overtakes the first: refused with a hint at nothing; the first then is accepted."""
    follower = following(node(), "B")
    follower, effects = take(follower, "B", append(1, (1, 1), "1"))
    assert answer(effects) == refused(1, 1, (0, 0))
    follower, effects = take(follower, "B", append(1, (0, 0), "1"))
    assert answer(effects) == accepted(1, 1)


# ---- §5.4.1 and §5.2: votes ----


@pytest.mark.parametrize(
    ("last", "yes"),
    [
        ((2, 4), True),
        ((3, 4), True),
        ((4, 4), True),
        ((2, 2), False),
        ((3, 2), False),
        ((4, 2), False),
        ((2, 3), False),
        ((3, 3), True),
        ((4, 3), True),
    ],
)
def test_up_to_date(last: Place, yes: bool) -> None:
    """§5.4.1, against a log that ends with entry 3 of term 3: a later term wins, then the longer log."""
    assert election.log_is_up_to_date(log("1 2 3"), *last) == yes


@pytest.mark.parametrize(
    ("held", "last_term", "last_index", "yes"),
    [
        ("1", 1, 1, True),
        ("1", 1, 2, True),
        ("1 1", 1, 1, False),
        ("1", 2, 1, True),
        ("1", 2, 2, True),
        ("1 1", 2, 1, True),
        ("2", 1, 1, False),
        ("2", 1, 2, False),
        ("2 2", 1, 1, False),
    ],
)
@pytest.mark.parametrize("timing", [RACHIS, PAPER])
def test_a_voter_protects_its_log(held: str, last_term: int, last_index: int, yes: bool, timing: object) -> None:
    """§5.4.1: the voter's log decides, by its last entry."""
    voter = node(held, term=2, timing=PAPER if timing is PAPER else RACHIS)
    voter, effects = take(voter, "B", ask(3, (last_index, last_term)))
    assert answer(effects).granted == yes
    assert (voter.vote == "B") == yes


SAME_TERM = [((0, term), term == 3) for term in (1, 2, 3)] + [((1, term), term == 3) for term in (1, 2, 3)]
SAME_TERM += [((index, term), term >= 2) for index in (2, 3) for term in (1, 2, 3)]


@pytest.mark.parametrize(("last", "yes"), SAME_TERM)
def test_a_vote_in_the_same_term(last: Place, yes: bool) -> None:
    """A voter with [2 2] that has not voted in this term grants iff the candidate's log is as up to date."""
    _, effects = take(node("2 2", term=3), "B", ask(3, last))
    assert answer(effects).granted == yes


@pytest.mark.parametrize(
    ("voted", "asker", "yes"),
    [(None, "B", True), (None, "C", True), ("B", "B", True), ("C", "C", True), ("B", "C", False), ("C", "B", False)],
)
def test_a_vote_is_remembered(voted: str | None, asker: str, yes: bool) -> None:
    """§5.2: one vote a term; whom it was given to may ask again, for the answer may have been lost."""
    _, effects = take(node(vote=voted), asker, ask(1))
    assert answer(effects).granted == yes


def test_who_voted_for_itself_does_not_vote_again() -> None:
    """A leader and a candidate refuse another in their own term, whatever its log."""
    held = node("2 2", term=3)
    for voter in (leading(held), candidate(held)):
        _, effects = take(voter, "B", ask(3, (3, 3)))
        assert not answer(effects).granted
    _, effects = take(candidate(attrs.evolve(held, vote="A"), trial=True), "B", ask(3, (3, 3)))
    assert not answer(effects).granted


@pytest.mark.parametrize("before", ["follower", "trial", "candidate", "leader", "leader by the paper"])
@pytest.mark.parametrize("trial", [False, True])
def test_a_vote_from_any_state(before: str, trial: bool) -> None:
    """A better log in the next term: whatever it was, it follows and has voted. A trial changes nothing at all.

    A leader by Rachis's rules is asked by force: it is in good standing otherwise (rule 3.19).
    """
    held = node("1", term=2, timing=PAPER if "paper" in before else RACHIS)
    match before.split()[0]:
        case "trial":
            held = candidate(held, trial=True)
        case "candidate":
            held = candidate(held)
        case "leader":
            held = leading(held)
    after, effects = take(held, "B", ask(3, (9, 2), trial=trial, forced=before == "leader"))
    assert answer(effects).granted
    if trial:
        assert after == held
    else:
        assert (role(after), after.term, after.vote) == ("follower", 3, "B")


@pytest.mark.parametrize(
    ("voters", "yes", "no", "expected"),
    [
        ("A", "", "", VoteResult.Won),
        ("ABC", "BC", "", VoteResult.Won),
        ("ABC", "B", "", VoteResult.Won),
        ("ABCDE", "BCDE", "", VoteResult.Won),
        ("ABCDE", "BCD", "", VoteResult.Won),
        ("ABCDE", "BC", "", VoteResult.Won),
        ("ABC", "", "BC", VoteResult.Lost),
        ("ABCDE", "", "BCDE", VoteResult.Lost),
        ("ABCDE", "B", "CDE", VoteResult.Lost),
        ("ABC", "", "", VoteResult.Pending),
        ("ABCDE", "B", "", VoteResult.Pending),
        ("ABCDE", "", "BC", VoteResult.Pending),
    ],
)
def test_an_election_in_one_round(voters: str, yes: str, no: str, expected: VoteResult) -> None:
    """§5.2: who has a majority leads at once; who cannot have it any more waits for its time to run out (rule 3.11)."""
    standing, effects = wake(node(voters=voters, timing=PAPER))
    standing, _ = store(standing, effects)
    for peer in yes:
        standing, _ = take(standing, peer, grant(2))
    for peer in no:
        standing, _ = take(standing, peer, refusal(2))
    assert role(standing) == ("leader" if expected is VoteResult.Won else "candidate")
    if expected is not VoteResult.Won:
        assert election.result(standing) is expected


def test_roles_and_terms() -> None:
    """A trial keeps the term; standing for real adds 1; winning keeps it."""
    follower = node(term=4)
    trial, _ = wake(follower)
    assert (role(trial), trial.term, trial.vote) == ("trial", 4, None)
    standing, effects = take(trial, "B", grant(4, asked=5, trial=True))
    assert (role(standing), standing.term, standing.vote) == ("candidate", 5, "A")
    standing, _ = store(standing, effects)
    leader, _ = take(standing, "B", grant(5))
    assert (role(leader), leader.term) == ("leader", 5)


def test_a_leader_has_no_election_timer() -> None:
    """No way leads from a leader to a candidacy but through a follower: to step its timer is a mistake of its driver."""
    with pytest.raises(AssertionError, match="A leads term 1: its beat, not its election timer"):
        election.timed_out(leading(node()), at())
    assert role(wake(leading(node()))[0]) == "leader"


# ---- §5.3, §5.4.2: the leader ----


@pytest.mark.parametrize(("ack", "committed"), [(1, 0), (2, 0), (3, 3)])
def test_only_the_own_term_is_committed_by_counting(ack: int, committed: int) -> None:
    """§5.4.2: a leader of term 3 with [1 2 3]: an old entry on a majority commits only along with entry 3."""
    leader = leading(node("1 2 3", term=3), B=progress(0, 1), C=progress(0, 1))
    leader, effects = take(leader, "B", accepted(3, ack))
    assert leader.commit == committed
    assert applied(effects) == ((1, 3) if committed else (0, 0))
    assert replication.may_commit(leader, 3)
    assert not replication.may_commit(leader, 2)


@pytest.mark.parametrize(
    ("voters", "acceptors", "commits"),
    [
        ("A", "", True),
        ("ABC", "", False),
        ("ABC", "B", True),
        ("ABC", "BC", True),
        ("ABCDE", "", False),
        ("ABCDE", "B", False),
        ("ABCDE", "BC", True),
        ("ABCDE", "BCD", True),
        ("ABCDE", "BCDE", True),
    ],
)
def test_acknowledgements_needed(voters: str, acceptors: str, commits: bool) -> None:
    """§5.3: an entry is committed once a majority holds it, the leader's own disk counted."""
    leader, effects = wake(node(voters=voters, timing=PAPER))
    leader, effects = store(leader, effects)
    for peer in voters[1:]:
        if role(leader) != "leader":
            leader, effects = take(leader, peer, grant(2))
    leader, _ = store(leader, effects)
    for peer in acceptors:
        leader, _ = take(leader, peer, accepted(2, 1))
    assert leader.commit == (1 if commits else 0)


@pytest.mark.parametrize("before", ["", "2", "1 2", "1"])
def test_one_commit_delivers_all_that_precedes(before: str) -> None:
    """§5.4.2: entries of earlier terms are committed along with the first of the own, and applied in order."""
    leader = leading(node(before + " 3", term=3), B=progress(0), C=progress(0))
    last = leader.log.last_index
    leader, effects = take(leader, "B", accepted(3, last))
    assert applied(effects) == (1, last)


@dataclass(frozen=True)
class Row:
    reply: object
    match: int
    next: int
    sends: tuple[tuple[int, int], ...]
    """Of each append that goes out: prev and number of entries."""
    commit: int


@pytest.mark.parametrize(
    "row",
    [
        Row(refused(1, 3, (3, 1)), 0, 3, (), 0),
        Row(refused(1, 2, (1, 1)), 0, 2, ((1, 2),), 0),
        Row(accepted(1, 2), 2, 4, ((2, 1),), 2),
        Row(accepted(1, 0), 0, 4, ((0, 3),), 0),
    ],
    ids=["stale refusal", "refusal", "acceptance", "acceptance of nothing"],
)
def test_a_leader_learns_from_answers(row: Row) -> None:
    """A leader with [1 1 1] that probes B after entry 2: a stale refusal says nothing; an acceptance ends probing."""
    leader = leading(node("1 1 1"), B=progress(0, 3, probing=True, inflight=(3,)), C=progress(0, 3, probing=True))
    leader, effects = take(leader, "B", row.reply)  # type: ignore[arg-type]
    known = of(leader, "B")
    assert (known.match, known.next, leader.commit) == (row.match, row.next, row.commit)
    sent = [message for _, message in said(effects) if isinstance(message, AppendEntries)]
    assert tuple((message.prev_index, len(message.entries)) for message in sent) == row.sends
    assert all(message.commit == row.commit for message in sent)


LEADER_7 = "1 1 1 4 4 5 5 6 6 6"
FIGURE_7 = {
    "a": "1 1 1 4 4 5 5 6 6",
    "b": "1 1 1 4",
    "b, one longer": "1 1 1 4 4",
    "c": "1 1 1 4 4 5 5 6 6 6 6",
    "d": "1 1 1 4 4 5 5 6 6 6 7 7",
    "e": "1 1 1 4 4 4 4",
    "f": "1 1 1 2 2 2 3 3 3 3 3",
}


@pytest.mark.parametrize("held", FIGURE_7.values(), ids=FIGURE_7)
def test_figure_7(held: str) -> None:
    """§5.3: whatever a follower's log is like, it ends as the leader's, and only the conflict is repaired."""
    leader, follower = repaired(held)
    assert terms(follower.log) == terms(leader.log) == LEADER_7 + " 8"
    assert of(leader, "B") == attrs.evolve(of(leader, "B"), match=11, next=12, probing=False, inflight=())


@pytest.mark.parametrize(
    ("held", "votes", "probes"),
    [
        ("1 1 1 4 4 5 5 6 6", True, [10, 9]),
        ("1 1 1 4", True, [10, 4]),
        ("1 1 1 4 4 5 5 6 6 6 6", False, [10]),
        ("1 1 1 4 4 5 5 6 7 7 7 7", False, [10, 8]),
        ("1 1 1 4 4 4 4", True, [10, 5]),
        ("1 1 1 2 2 2 3 3 3 3 3", True, [10, 3]),
    ],
)
def test_probes_skip_whole_terms(held: str, votes: bool, probes: list[int]) -> None:
    """Each side skips what cannot agree: one refusal is enough for every log of figure 7."""
    _, effects = take(node(held, term=7, name="B"), "A", ask(8, (10, 6)))
    assert answer(effects).granted == votes
    tried: list[int] = []
    leader, follower = repaired(held, tried)
    assert tried == probes
    assert terms(follower.log) == terms(leader.log)


def repaired(held: str, tried: list[int] | None = None) -> tuple[Raft, Raft]:
    """A wins term 8 with the log of figure 7 and repairs B's; places of agreement it tries go to `tried`."""
    standing = candidate(node(LEADER_7, term=8, timing=PAPER))
    follower = node(held, term=7, name="B")
    leader, effects = take(standing, "C", grant(8))
    outward = [message for to, message in said(effects) if to == "B"]
    while outward:
        for message in outward:
            assert isinstance(message, AppendEntries)
            if tried is not None:
                tried.append(message.prev_index)
        follower, effects = take(follower, "A", outward[0])
        inward = answer(effects)
        if only(Save, effects):
            follower, _ = store(follower, effects)
        leader, effects = take(leader, "B", inward)
        outward = [message for to, message in said(effects) if to == "B"]
    return leader, follower


# ---- replaceable rules ----


def test_rules_are_looked_up_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug replaces one function of one module, and the step uses it."""
    leader = leading(node("1 1"), B=progress(0, 1), C=progress(0, 1))
    monkeypatch.setattr(quorum, "majority", lambda count: count)
    leader, _ = take(leader, "B", accepted(1, 2))
    assert leader.commit == 0
    monkeypatch.setattr(replication, "may_commit", lambda raft, index: False)
    monkeypatch.undo()
    monkeypatch.setattr(replication, "ack_index", lambda log, request: log.last_index)
    _, effects = take(following(node("1 1"), "B"), "B", append(1, (0, 0)))
    assert answer(effects).match == 2
    monkeypatch.setattr(election, "may_grant_vote", lambda raft, sender, request, now: True)
    follower, _ = take(node(vote="C"), "B", ask(1))
    assert follower.vote == "B"


def test_roles_of_the_vocabulary() -> None:
    """The builders of these tables build what they say."""
    assert isinstance(following(node(), "B").role, Follower)
    leader = leading(node("1"))
    assert isinstance(leader.role, Leader)
    assert leader.role.beats_from == START
