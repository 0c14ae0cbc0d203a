"""Members come and go (dissertation, chapter 4): when a change may begin, when it counts, and who leads meanwhile."""

import attrs
import pytest

from cluster.raft import active_configuration, membership
from cluster.raft.configuration import NOBODY, Configuration
from cluster.raft.configuration_change import Way
from cluster.raft.messages import AppendEntries, Reconfiguration, VoteReply
from cluster.raft.progress import Progress
from cluster.raft.state import Candidate, Follower, Leader, TimedOut
from cluster.raft.step import step
from cluster.time_units import FOREVER, MILLISECOND
from tests.raft.club import Club
from tests.raft.vocabulary import PAPER, RACHIS, START, ask, at, entries, following, node, refusal, take


def test_a_change_is_in_force_as_soon_as_it_is_appended() -> None:
    """Dissertation 4.1: on the leader before anybody has answered, on a follower before it is committed."""
    club = Club(3, 1).lead("A")
    club.change("A", "vD", settle=False)
    assert club["A"].commit < active_configuration.since(club["A"]) == club.last("A")
    assert club.configuration("A").voters == ("A", "B", "C", "D")
    assert [name for name, _ in club.role("A").peers] == ["B", "C", "D"]
    club.cut = "CD"
    club.settle()
    assert club.configuration("B").voters == ("A", "B", "C", "D")
    assert active_configuration.unsettled(club["A"]), "two of four are no majority"
    club.cut = ""
    club.pass_time(500 * MILLISECOND)
    assert all(club.configuration(name) == Configuration.of("ABCD") for name in "ABCD")
    assert not active_configuration.unsettled(club["A"])


def test_a_newcomer_begins_with_nothing_and_is_told() -> None:
    """It has no timer and no configuration until a leader sends it the log; then it votes like anybody."""
    club = Club(1, 1).lead("A")
    assert (club["B"].wake_at, club.configuration("B")) == (FOREVER, NOBODY)
    club.change("A", "vB")
    assert club.configuration("B") == Configuration.of("AB")
    assert club["B"].log == club["A"].log
    assert club["B"].wake_at < FOREVER


def test_a_newcomer_is_probed_from_the_end_of_the_log() -> None:
    """Nothing is known of it: match 0, and one append at a time, the first with the very entry that adds it."""
    club = Club(1, 1).lead("A")
    club.put("A")
    club.change("A", "vB", settle=False)
    [(name, known)] = club.role("A").peers
    assert (name, known.match, known.next, known.probing) == ("B", 0, club.last("A"), True)


def test_adding_a_node_that_is_down_does_not_trip_the_check_of_the_quorum() -> None:
    """etcd TestAddNodeCheckQuorum: the newcomer counts as heard just now, and the others are a majority."""
    club = Club(2, 1).lead("A")
    club.pass_time(1000 * MILLISECOND)
    club.cut = "C"
    club.change("A", "vC")
    club.pass_time(2000 * MILLISECOND)
    assert club.leads("A")
    assert not active_configuration.unsettled(club["A"])


def test_one_change_at_a_time() -> None:
    """Dissertation 4.1: the next is refused until the one before is committed, and may be asked again."""
    club = Club(3, 2).lead("A")
    club.cut = "BC"
    club.change("A", "vD")
    since = active_configuration.since(club["A"])
    club.change("A", "vE")
    [refused] = club.refused
    assert refused.why == f"E becomes a voter? Not now: the change at entry {since} is not committed yet"
    assert not refused.final
    club.cut = ""
    club.pass_time(500 * MILLISECOND)
    club.change("A", "vE")
    assert club.configuration("E") == Configuration.of("ABCDE")


def test_no_change_before_an_entry_of_the_own_term_is_committed() -> None:
    """Ongaro, raft-dev 2015 (zoo M1)."""
    club = Club(3, 1).lead("A")
    club.put("A")
    club.now += 1000 * MILLISECOND
    club.cut = "A"
    club.lead("B")
    club.pass_time(2000 * MILLISECOND)
    assert not club.leads("A")
    club = Club(2, 1)
    club.now = club["A"].wake_at
    club.lead("A")
    fresh = club["A"]
    waiting = membership.reason_to_wait(fresh, Leader(club.role("A").peers, 0, 0, 0, ready=False))
    assert waiting == f"A has not committed an entry of its own term {fresh.term} yet"
    assert membership.reason_to_wait(fresh, club.role("A")) == ""


def test_what_the_algebra_refuses_is_refused_for_good() -> None:
    """The text is for who asked; whoever does not lead says nothing but that."""
    club = Club(1, 1).lead("A")
    club.change("A", "rA")
    club.change("B", "vB")
    assert [(refused.final, bool(refused.why)) for refused in club.refused] == [(True, True), (False, False)]
    assert "would leave no voter of A" in club.refused[0].why


def test_a_change_that_is_cut_from_the_log_is_taken_back() -> None:
    """Zoo M5: the configuration is a function of the log."""
    club = Club(3, 1).lead("A")
    club.cut = "A"
    club.change("A", "vD")
    club.change("A", "rB")
    assert club.configuration("A").voters == ("A", "B", "C", "D")
    club.now += 1000 * MILLISECOND
    club.lead("B")
    club.put("B")
    club.cut = ""
    club.pass_time(300 * MILLISECOND)
    assert club.configuration("A") == Configuration.of("ABC")
    assert club["A"].configured == ((0, Configuration.of("ABC")),)


def test_a_restart_finds_the_configuration_in_the_log() -> None:
    """Committed or not."""
    club = Club(2, 1).lead("A")
    club.change("A", "lC")
    for name in "ABC":
        club.crash(name)
        assert club.configuration(name) == Configuration.of("AB", "C")


def test_two_voters_move_through_a_joint_configuration_that_ends_itself() -> None:
    """etcd confchange_v2_add_double_auto: entered, committed by both majorities, left, all by the leader."""
    club = Club(1, 2).lead("A")
    club.change("A", "vB vC")
    said = [
        entry.configuration for entry in club["A"].log.slice(1, club.last("A")) if isinstance(entry, Reconfiguration)
    ]
    assert [(each.voters, each.outgoing) for each in said] == [(("A", "B", "C"), ("A",)), (("A", "B", "C"), ())]
    club.change("A", "rB rC")
    assert club.configuration("A") == Configuration.of("A")
    assert club["A"].commit == club.last("A")


def test_a_held_joint_configuration_waits_to_be_left() -> None:
    """etcd confchange_v2_add_single_explicit: a further change is refused meanwhile; asked to, it ends."""
    club = Club(1, 2).lead("A")
    club.change("A", "vB", Way.Held)
    club.pass_time(1000 * MILLISECOND)
    assert club.configuration("A").joint
    club.change("A", "vC")
    assert "is joint already" in club.refused[-1].why
    club.change("A", "", Way.Leave)
    assert club.configuration("B") == Configuration.of("AB")
    club.change("A", "", Way.Leave)
    assert club.refused[-1].final


def test_joint_needs_both_majorities() -> None:
    """Dissertation 4.3: to commit, and to win."""
    club = Club(3, 3).lead("A")
    club.cut = "DEF"
    club.change("A", "vD vE vF rA rB rC")
    assert active_configuration.unsettled(club["A"]), "the new half has not agreed"
    club.put("A")
    assert club["A"].commit < active_configuration.since(club["A"])
    club.cut = ""
    club.pass_time(1500 * MILLISECOND)
    leaders = [name for name in "ABCDEF" if club.leads(name)]
    assert len(leaders) == 1
    assert leaders[0] in "DEF"
    assert club.configuration(leaders[0]) == Configuration.of("DEF")


def test_a_new_leader_ends_what_an_old_one_began() -> None:
    """A joint configuration that leaves by itself is left by whoever leads when it is committed."""
    club = Club(3, 2).lead("A")
    club.change("A", "vD vE", settle=False)
    club.store("A")
    while club.flying:
        _, _, message = club.flying[0]
        if isinstance(message, AppendEntries):
            club.deliver(0)
        else:
            club.flying.pop(0)
    for name in "BCDE":
        while club.saving[name]:
            club.store(name)
    club.flying.clear()
    assert club.configuration("B").joint
    club.cut = "A"
    club.now += 1000 * MILLISECOND
    club.lead("B")
    club.pass_time(300 * MILLISECOND)
    assert club.configuration("B") == Configuration.of("ABCDE")


# ---- learners ----


def test_a_learner_gets_the_log_and_counts_for_nothing() -> None:
    """Dissertation 4.2.1: neither for a commit nor for an election, and it never stands."""
    club = Club(3, 2).lead("A")
    club.change("A", "lD lE")
    assert club["D"].log == club["A"].log
    club.cut = "BC"
    commit = club["A"].commit
    club.put("A")
    assert club["A"].commit == commit, "one voter and two learners are no majority"
    club.pass_time(3000 * MILLISECOND)
    assert not any(club.leads(name) for name in "ADE")
    assert all(isinstance(club[name].role, Follower) for name in "DE")
    assert club["D"].wake_at == FOREVER, "its leader is silent, and it can only wait"
    assert club["D"].role == Follower(None, club["D"].role.heard_at)  # type: ignore[union-attr]


def test_a_learner_votes_when_it_is_asked() -> None:
    """Zoo M10: the asker's log may say that it is a voter, where its own does not say so yet."""
    learner = node("1", term=1)
    learner = active_configuration.extended(learner, 0, (Reconfiguration(1, None, b"", Configuration.of("AB", "C")),))
    after, effects = take(learner, "B", ask(2, (1, 1)))
    assert [type(effect).__name__ for effect in effects] == ["Save"]
    assert after.vote == "B"


def test_a_promotable_becomes_a_voter_when_it_holds_the_log() -> None:
    """Rule 3.35, by the leader itself; a watcher never does; nor does one that is down."""
    club = Club(1, 3).lead("A")
    club.cut = "D"
    club.change("A", "pB lC pD")
    assert club.configuration("A").voters == ("A", "B")
    assert club.configuration("A").promotable == ("D",)
    assert club.configuration("C").learners == ("C", "D")
    club.cut = ""
    club.pass_time(300 * MILLISECOND)
    assert club.configuration("A") == Configuration.of("ABD", "C")


@pytest.mark.parametrize(
    ("probing", "match", "caught_up"), [(False, 2, True), (False, 3, True), (False, 1, False), (True, 2, False)]
)
def test_caught_up(probing: bool, match: int, caught_up: bool) -> None:
    """All that is committed, and known to agree: one append behind under load is near enough."""
    raft = node("1 1 1", commit=2)
    assert membership.has_caught_up(raft, Progress(match, match + 1, probing, (), START, 0)) is caught_up


# ---- leaving ----


def test_a_removed_leader_goes_on_until_that_is_committed() -> None:
    """Dissertation 4.2.2: without counting itself; then another is told to stand, and it stands for nothing."""
    club = Club(3).lead("A")
    club.cut = "C"
    club.change("A", "rA")
    assert club.leads("A"), "B alone is no majority of B and C"
    club.put("A")
    assert club["A"].commit < club.last("A")
    club.cut = ""
    club.pass_time(200 * MILLISECOND)
    assert not club.leads("A")
    assert [name for name in "BC" if club.leads(name)]
    assert club["A"].wake_at == FOREVER
    assert ("A", "B", "TimeoutNow") in club.sent or ("A", "C", "TimeoutNow") in club.sent


def test_a_removed_leader_that_is_still_needed_may_stand_again() -> None:
    """Dissertation 4.2.2, scylla #10618: B restarts without the entry that removes A and cannot win; A must, once more."""
    club = Club(2).lead("A")
    club.change("A", "rA", settle=False)
    club.store("A")
    club.flying.clear()
    club.crash("B")
    club.pass_time(5000 * MILLISECOND)
    assert club.leads("B")
    assert club.configuration("B") == Configuration.of("B")
    assert not club.leads("A")


def test_who_leaves_still_learns_of_it() -> None:
    """It gets the log until its removal is committed: then it rests, and nobody sends it anything."""
    club = Club(3).lead("A")
    club.change("A", "rC")
    assert club.configuration("C") == Configuration.of("AB")
    assert [name for name, _ in club.role("A").peers] == ["B"]
    club.pass_time(1000 * MILLISECOND)
    club.sent.clear()
    club.pass_time(5000 * MILLISECOND)
    assert club["C"].wake_at == FOREVER
    assert not [said for said in club.sent if "C" in said[:2]]


def test_who_was_cut_off_while_it_was_removed_disturbs_nobody() -> None:
    """Dissertation 4.2.3, zoo M9: it asks, is told by the leader that it is outside (rule 3.36), and rests."""
    club = Club(3).lead("A")
    club.cut = "C"
    club.change("A", "rC")
    club.pass_time(3000 * MILLISECOND)
    assert club.configuration("C") == Configuration.of("ABC")
    club.cut, term = "", club["A"].term
    club.pass_time(3000 * MILLISECOND)
    assert (club.leads("A"), club["A"].term) == (True, term)
    assert (club.configuration("C"), club["C"].wake_at) == (NOBODY, FOREVER)
    club.change("A", "vC")
    assert club.configuration("C") == Configuration.of("ABC"), "a leader speaks to it: it is inside again"


def test_only_a_ready_leader_says_who_is_outside() -> None:
    """A follower or a fresh leader may know too little."""
    for raft in (following(node(), "B"), node()):
        _, effects = take(raft, "X", ask(1, trial=True))
        assert all(getattr(effect.message, "outside", None) is None for effect in effects)  # type: ignore[union-attr]
    told = VoteReply(1, 1, False, True, 0, outside=2)
    resting, _ = take(node(), "B", told)
    assert resting == node(), "who did not ask is told nothing"


@pytest.mark.parametrize(("term", "rests"), [(1, False), (2, True)])
def test_the_word_of_an_older_leader_puts_nobody_outside(term: int, rests: bool) -> None:
    """A leader of an older term may not know that the node is a member again; one of the own term does (rule 3.36)."""
    asking, _ = step(node("1 1", term=2), TimedOut(), at(START + RACHIS.election * 3))
    assert isinstance(asking.role, Candidate)
    told, effects = take(asking, "B", VoteReply(term, 3, False, True, 0, outside=2))
    assert effects == ()
    assert (told.configuration == NOBODY) is rests
    assert isinstance(told.role, Follower if rests else Candidate)


@pytest.mark.parametrize(
    ("terms", "index", "commit", "word", "rests"),
    [
        ("1 2", 2, 1, 1, False),  # this leader wrote it after its word
        ("1 2", 2, 1, 2, True),  # the word is of that very entry, or of a later one
        ("1 2", 2, 1, 3, True),
        ("1 1", 2, 1, 1, True),  # an earlier leader wrote it, and did not commit it: this leader's log lacks it
        ("1 1", 2, 2, 1, False),  # committed: this leader must have it, and spoke before
        ("1 1", 2, 2, 2, True),
        ("1 2", 0, 2, 0, True),  # a founder, who was never removed as it knows
    ],
)
def test_a_word_that_was_delayed_puts_nobody_outside(
    terms: str, index: int, commit: int, word: int, rests: bool
) -> None:
    """A node joins again by an entry behind the one of which its leader spoke: it is a member (rule 3.36)."""
    raft = node(terms, term=2, commit=commit)
    raft = attrs.evolve(raft, configured=((index, raft.configuration),))
    asking, _ = step(raft, TimedOut(), at(START + RACHIS.election * 3))
    told, _ = take(asking, "B", VoteReply(2, 3, False, True, 0, outside=word))
    assert (told.configuration == NOBODY) is rests


def test_an_answer_of_who_has_left_deposes_nobody() -> None:
    """Its term may have run ahead."""
    club = Club(3, 1).lead("A")
    leader = club["A"]
    assert take(leader, "D", refusal(99))[0] is leader


def test_a_stranger_may_lead() -> None:
    """Dissertation 4.1: the leader's configuration is newer than ours."""
    raft, _ = take(node(), "X", AppendEntries(2, 0, 0, entries("2"), 0, 0))
    assert raft.role == Follower("X", START)


def test_a_commit_that_waited_for_who_leaves_waits_no_more() -> None:
    """etcd TestCommitAfterRemoveNode: what is before the removal is committed with it."""
    club = Club(2).lead("A")
    club.cut = "B"
    club.put("A")
    assert club["A"].commit < club.last("A")
    club.cut = ""
    club.change("A", "rB", settle=False)
    club.settle()
    assert club["A"].commit == club.last("A")


def test_with_the_papers_timer_members_change_too() -> None:
    """Nothing here rests on Rachis's timing, only the peace from those who have left."""
    club = Club(3, 2, PAPER).lead("A")
    club.change("A", "vD vE rB")
    assert club.configuration("A") == Configuration.of("ACDE")
