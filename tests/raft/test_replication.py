"""How entries reach the others: durability before words, windows, probes, losses (§5.3; rules 3.4, 3.25-3.33)."""

import attrs
import pytest

from cluster.raft.messages import Entry, Request
from cluster.raft.progress import Progress
from cluster.raft.state import Apply, Leader, Raft, Refuse, Save, Send, Stored
from cluster.raft.step import step
from cluster.raft.timing import Timing
from cluster.time_units import MILLISECOND
from tests.raft.vocabulary import (
    PAPER,
    RACHIS,
    START,
    accepted,
    answer,
    append,
    appends,
    applied,
    at,
    candidate,
    entries,
    following,
    grant,
    leading,
    node,
    of,
    only,
    progress,
    propose,
    refused,
    role,
    said,
    store,
    take,
    terms,
    the,
    wake,
)

# ---- the leader's first steps ----


def test_a_new_leader_appends_an_empty_entry_at_once() -> None:
    """Rule 3.25, §5.2: it goes to all, after the last entry the leader had; what the peers hold is not known yet."""
    leader, effects = take(candidate(node("1 1", term=2)), "B", grant(2))
    own = Entry(2, None, b"")
    assert the(Save, effects) == Save(2, "A", 2, (own,), (), 1)
    assert only(Send, effects) == [Send(peer, append(2, (2, 1), "2")) for peer in "BC"]
    assert of(leader, "B") == Progress(0, 3, True, (3,), START, 0)
    assert leader.wake_at == START + 100 * MILLISECOND


def test_a_leader_is_ready_when_its_own_term_is_committed() -> None:
    """Rule 3.25: LeaderElect before, Leader after; commands are taken from the first moment on."""
    leader, effects = take(candidate(node("1", term=2)), "B", grant(2))
    assert isinstance(leader.role, Leader)
    assert not leader.role.ready
    leader, _ = store(leader, effects)
    leader, effects = propose(leader, b"x")
    assert the(Save, effects).entries == (Entry(2, Request("A#1", 1, 1), b"x"),)
    leader, effects = take(leader, "B", accepted(2, 2))
    assert applied(effects) == (1, 2)
    assert isinstance(leader.role, Leader)
    assert leader.role.ready


def test_who_does_not_lead_refuses_each_command() -> None:
    """Definite: it was not taken and will not happen by this node's doing."""
    for other in (node(), following(node(), "B"), candidate(node())):
        after, effects = propose(other, b"x", b"y")
        assert after == other
        assert effects == [Refuse(Request("A#1", 1, 1)), Refuse(Request("A#1", 2, 1))]


def test_a_leader_sends_without_waiting_for_its_disk() -> None:
    """Dissertation 10.2.1: the write and the appends go out together, one append shared by equal peers."""
    leader, effects = propose(leading(node("1 1")), b"x", b"y")
    saving = the(Save, effects)
    assert (saving.after, len(saving.entries), saving.then) == (2, 2, ())
    to_b, to_c = only(Send, effects)
    assert to_b.message is to_c.message
    assert of(leader, "B") == progress(2, 5, inflight=(4,))


def test_nothing_proposed_is_nothing_done() -> None:
    """An empty proposal writes nothing."""
    leader = leading(node())
    assert propose(leader) == (leader, [])


# ---- commit ----


def test_a_leader_counts_itself_only_up_to_what_is_stored() -> None:
    """Zoo D4: B's acceptance and a leader's memory are not a majority of three disks."""
    leader, effects = propose(leading(node("1")), b"x")
    leader, _ = take(leader, "B", accepted(1, 2))
    assert leader.commit == 1
    leader, effects = store(leader, effects)
    assert the(Apply, effects) == Apply(2, leader.log.slice(2, 2))
    assert isinstance(leader.role, Leader)
    assert leader.role.stored == 2


def test_a_majority_of_others_is_enough() -> None:
    """Dissertation 10.2.1: two of three hold it, so it is committed before the leader's own write is."""
    leader, _ = propose(leading(node("1")), b"x")
    leader, _ = take(leader, "B", accepted(1, 2))
    leader, effects = take(leader, "C", accepted(1, 2))
    assert applied(effects) == (2, 2)


def test_an_older_tail_does_not_hide_an_own_entry() -> None:
    """Zoo C2: with [1 1 3] in term 3 an answer for 2 commits nothing, the one for 3 commits all."""
    leader = leading(node("1 1 3", term=3), B=progress(1), C=progress(0, 1))
    leader, _ = take(leader, "B", accepted(3, 2))
    assert leader.commit == 0
    leader, _ = take(leader, "B", accepted(3, 3))
    assert leader.commit == 3


def test_a_commit_travels_with_the_next_message() -> None:
    """A commit alone sends nothing; the next append or beat carries it."""
    leader, _ = propose(leading(node("1 1", commit=2)), b"x")
    leader, _ = take(leader, "C", accepted(1, 3))
    leader, effects = take(leader, "B", accepted(1, 3))
    assert (leader.commit, said(effects)) == (3, [])
    _, effects = propose(leader, b"y")
    assert {message.commit for message in appends(effects, "B")} == {3}
    _, effects = wake(leader)
    assert {message.commit for message in appends(effects, "B")} == {3}


def test_an_acceptance_of_an_earlier_leadership_says_nothing() -> None:
    """Zoo L9: what was verified in term 1 may have been overwritten since."""
    leader = leading(node("2 3", term=3), B=progress(0, 3), C=progress(0, 3))
    assert take(leader, "B", accepted(1, 2)) == (leader, ())


def test_match_never_goes_back() -> None:
    """Late and repeated acceptances leave match and next where they are (zoo L10, NGM)."""
    leader = leading(node("1 1 1"))
    after, _ = take(leader, "B", accepted(1, 1))
    assert of(after, "B") == of(leader, "B")


# ---- the follower: durable before said ----


def test_an_acceptance_rides_on_the_save_of_its_entries() -> None:
    """Zoo D4: it is released when the entries are durable."""
    follower, effects = take(following(node(), "B"), "B", append(1, (0, 0), "1 1"))
    assert effects == [Save(1, None, 0, entries("1 1"), (Send("B", accepted(1, 2)),), 1)]
    assert terms(follower.log) == "1 1"


def test_a_repeat_never_overtakes_the_save_of_its_entries() -> None:
    """Until the first write is durable the repeat's answer rides on an empty Save behind it; then it just leaves."""
    follower, first = take(following(node(), "B"), "B", append(1, (0, 0), "1"))
    follower, again = take(follower, "B", append(1, (0, 0), "1"))
    assert again == [Save(1, None, -1, (), (Send("B", accepted(1, 1)),), 2)]
    follower, _ = store(follower, first)
    follower, again = take(follower, "B", append(1, (0, 0), "1"))
    assert again == [Send("B", accepted(1, 1))]


def test_a_beat_is_answered_past_a_pending_write() -> None:
    """A beat verifies only what is durable already, so a slow disk does not cost the leader its office (rule 3.5)."""
    follower, _ = take(following(node("1"), "B"), "B", append(1, (1, 1), "1"))
    _, effects = take(follower, "B", append(1, (1, 1), beat=4))
    assert effects == [Send("B", accepted(1, 1, beat=4))]


def test_a_new_term_is_saved_before_the_answer() -> None:
    """§5.1, §5.2: also if nothing is written; and a refusal is no exception."""
    for prev, reply in (((0, 0), accepted(3, 0)), ((4, 2), refused(3, 4, (0, 0)))):
        follower, effects = take(node(vote="C"), "B", append(3, prev))
        assert list(effects) == [Save(3, None, -1, (), (Send("B", reply),), 1)]
        assert follower.term == 3


def test_one_save_holds_the_term_and_the_entries() -> None:
    """Zoo D2: never two writes with a crash between them."""
    _, effects = take(node("1", vote="C"), "B", append(3, (1, 1), "3"))
    assert list(effects) == [Save(3, None, 1, entries("3"), (Send("B", accepted(3, 2)),), 1)]


def test_an_older_save_says_nothing_about_a_newer_tail() -> None:
    """ABA: two writes of equal length, the second in place of the first: one's completion is not the other's."""
    follower, first = take(following(node("1"), "B"), "B", append(1, (1, 1), "1 1"))
    follower, second = take(follower, "C", append(2, (1, 1), "2 2"))
    assert terms(follower.log) == "1 2 2"
    assert follower.durable.cuts == ((2, 1),)
    one, two = the(Save, first), the(Save, second)
    follower, _ = step(follower, Stored(one.term, one.vote, 3, one.number), at())
    assert follower.durable.last == 1
    _, effects = take(follower, "C", append(2, (1, 1), "2 2"))
    assert only(Send, effects) == []
    follower, _ = step(follower, Stored(two.term, two.vote, 3, two.number), at())
    assert (follower.durable.last, follower.durable.cuts) == (3, ())


def test_one_completion_may_stand_for_several_saves() -> None:
    """A disk that syncs in groups reports only the last: every earlier one is durable with it."""
    follower, _ = take(following(node("1"), "B"), "B", append(1, (1, 1), "1 1"))
    follower, second = take(follower, "C", append(2, (1, 1), "2 2"))
    follower, _ = store(follower, second)
    assert (follower.durable.last, follower.durable.cuts, follower.durable.term) == (3, (), 2)


def test_a_cut_takes_back_what_was_durable() -> None:
    """What is cut is not durable any more, even if the new tail is as long."""
    follower, _ = take(following(node("1 1 1"), "B"), "C", append(2, (1, 1), "2"))
    assert (follower.durable.last, terms(follower.log)) == (1, "1 2")


def test_old_states_stay_valid() -> None:
    """A state is a value: what is done later to the log does not show in it."""
    before = following(node("1 1"), "B")
    after, _ = take(before, "C", append(2, (1, 1), "2 2"))
    assert (terms(before.log), terms(after.log)) == ("1 1", "1 2 2")


# ---- flow ----


def small(batch: int = 128, inflight: int = 64) -> Raft:
    """A leader with [1] whose batch or window is small; B and C hold entry 1."""
    return leading(node("1", timing=attrs.evolve(RACHIS, batch=batch, inflight=inflight)))


def test_appends_are_cut_into_batches() -> None:
    """Rule 3.29: at most `batch` entries an append; one after the other without waiting."""
    leader, effects = propose(small(batch=2), *[b"x"] * 5)
    assert [(message.prev_index, len(message.entries)) for message in appends(effects, "B")] == [(1, 2), (3, 2), (5, 1)]
    assert of(leader, "B") == progress(1, 7, inflight=(3, 5, 6))


def test_a_full_window_waits() -> None:
    """Zoo L17: beyond `inflight` appends nothing goes out; an answer frees the places of all it covers."""
    leader = small(inflight=2, batch=1)
    leader, effects = propose(leader, *[b"x"] * 5)
    assert len(appends(effects, "B")) == 2
    leader, effects = propose(leader, b"y")
    assert appends(effects, "B") == []
    leader, effects = take(leader, "B", accepted(1, 3))
    assert [message.prev_index for message in appends(effects, "B")] == [3, 4]
    assert of(leader, "B").inflight == (4, 5)


def test_a_probe_is_one_append_at_a_time() -> None:
    """While it is not known where the logs agree, proposals wait; the answer opens the window."""
    leader, _ = take(candidate(node("1", term=2)), "B", grant(2))
    leader, effects = propose(leader, b"x")
    assert appends(effects, "B") == []
    leader, effects = take(leader, "B", accepted(2, 2))
    assert [(message.prev_index, len(message.entries)) for message in appends(effects, "B")] == [(2, 1)]
    assert not of(leader, "B").probing


def test_a_refusal_while_streaming_starts_again_from_match() -> None:
    """One append was overtaken or lost: go back to what is sure, not to the hint; the others' refusals are old then."""
    leader, _ = propose(small(batch=1), b"x", b"y", b"z")
    leader, effects = take(leader, "B", refused(1, 2, (1, 1)))
    assert of(leader, "B") == progress(1, 2, probing=True, inflight=(2,))
    assert [message.prev_index for message in appends(effects, "B")] == [1]
    leader, effects = take(leader, "B", refused(1, 3, (1, 1)))
    assert said(effects) == []
    leader, effects = take(leader, "B", accepted(1, 2))
    assert [message.prev_index for message in appends(effects, "B")] == [2, 3]


def test_an_old_refusal_is_ignored() -> None:
    """What was refused is accepted meanwhile."""
    leader = leading(node("1 1 1"))
    after, effects = take(leader, "B", refused(1, 2, (1, 1)))
    assert (of(after, "B"), said(effects)) == (of(leader, "B"), [])


# ---- heartbeats ----


def test_a_beat_verifies_what_is_verified_and_nothing_more() -> None:
    """Prev is the peer's match, commit at most that: the answer is a success whatever else is on the way."""
    leader = leading(node("1 1 1", commit=2), B=progress(1, 2), C=progress(3))
    leader, effects = wake(leader)
    assert appends(effects, "B") == [append(1, (1, 1), "", 1, beat=1)]
    assert appends(effects, "C") == [append(1, (3, 1), "", 2, beat=1)]


def test_equal_peers_share_a_beat() -> None:
    """In quiet every peer gets the same object: it is encoded once."""
    _, effects = wake(leading(node("1", commit=1, voters="ABCDE")))
    assert len({id(send.message) for send in only(Send, effects)}) == 1


def test_a_lost_append_is_noticed_by_the_second_answered_beat() -> None:
    """Zoo L17: an append unanswered while two beats after it were answered is lost: probe again from match."""
    leader, _ = propose(leading(node("1")), b"x", b"y")
    leader, effects = take(leader, "B", accepted(1, 1, beat=1))
    assert (said(effects), of(leader, "B").inflight) == ([], (3,))
    leader, effects = take(leader, "B", accepted(1, 1, beat=2))
    assert [(message.prev_index, len(message.entries)) for message in appends(effects, "B")] == [(1, 2)]
    assert of(leader, "B") == progress(1, 2, probing=True, inflight=(3,))
    leader, _ = take(leader, "B", accepted(1, 3))
    assert of(leader, "B") == progress(3)


def test_a_lost_probe_is_noticed_alike() -> None:
    """The probe goes out again from the same place."""
    leader, _ = take(candidate(node("1 1", term=2)), "B", grant(2))
    leader, effects = take(leader, "B", accepted(2, 0, beat=2))
    assert [message.prev_index for message in appends(effects, "B")] == [2]


def test_an_append_sent_after_a_beat_is_not_lost_by_it() -> None:
    """The head of the window counts from when it became the head: a slow stream is not a broken one."""
    leader, _ = wake(leading(node("1")))
    leader, _ = propose(leader, b"x")
    leader, effects = take(leader, "B", accepted(1, 1, beat=2))
    assert (said(effects), of(leader, "B").head_beat) == ([], 1)
    leader, effects = take(leader, "B", accepted(1, 1, beat=3))
    assert len(appends(effects, "B")) == 1


def test_a_beat_does_not_end_probing() -> None:
    """It verifies match 0 and nothing more; the probe near the end of the log goes on."""
    leader, _ = take(candidate(node("1 1 1", term=2)), "B", grant(2))
    leader, _ = take(leader, "B", accepted(2, 0, beat=1))
    assert of(leader, "B") == Progress(0, 4, True, (4,), START, 0)


def test_a_peer_that_lost_its_disk_is_believed() -> None:
    """A beat stands on what the peer acknowledged: if it is refused there, start from nothing."""
    leader = leading(node("1 1"))
    leader, effects = take(leader, "B", refused(1, 2, (0, 0), beat=1))
    assert of(leader, "B") == progress(0, 1, probing=True, inflight=(2,))
    assert [message.prev_index for message in appends(effects, "B")] == [0]


@pytest.mark.parametrize("timing", [RACHIS, PAPER])
def test_follower_and_leader_end_alike_after_any_single_loss(timing: Timing) -> None:
    """Lose any one of the messages of a short exchange: beats repair it."""
    for lost in range(8):
        leader, effects = take(candidate(node("1", term=2)), "C", grant(2))
        follower = node("1", term=2, name="B", timing=timing)
        sent, now = 0, START
        queue = said(effects)
        leader, effects = propose(leader, b"x", b"y")
        queue += said(effects)
        for _ in range(6):
            while queue:
                to, message = queue.pop(0)
                sent += to != "C"
                if to == "C" or sent - 1 == lost:
                    continue
                if to == "B":
                    follower, effects = take(follower, "A", message, now)
                    if only(Save, effects):
                        follower, _ = store(follower, effects)
                    queue += [("A", answer(effects))]
                else:
                    leader, effects = take(leader, "B", message, now)
                    queue += said(effects)
            now = leader.wake_at
            leader, effects = wake(leader)
            if role(leader) != "leader":
                break
            leader, _ = take(leader, "C", accepted(2, 0, beat=1), now)
            queue = said(effects)
        assert follower.log == leader.log, lost
        assert of(leader, "B").match == 4
