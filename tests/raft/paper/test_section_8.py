"""Section 8 of the Raft paper, sentence by sentence: clients. The list is in `sentences.py`."""

import attrs

from cluster.proposals import Sessions
from cluster.raft.messages import Request
from cluster.raft.state import Follower, Readable, Refuse
from cluster.time_units import MILLISECOND
from tests.raft.club import Club
from tests.raft.paper.words import paper
from tests.raft.vocabulary import (
    PAPER,
    RACHIS,
    START,
    accepted,
    append,
    candidate,
    grant,
    leading,
    propose,
    take,
    terms,
    the,
)

SECOND = 1000 * MILLISECOND


def test_clients_are_served_by_the_leader() -> None:
    """8.1: any other refuses, and says of whom it has heard last."""
    follower, _ = take(paper(), "C", append(1, (0, 0)))
    _, effects = propose(follower, b"x")
    assert len([each for each in effects if isinstance(each, Refuse)]) == 1
    assert follower.role == Follower("C", START)


def test_who_gets_no_answer_asks_again() -> None:
    """8.2: somebody else, for the leader may be gone; what it had taken may have happened, or happen yet."""
    club = Club(3, timing=PAPER).lead("A")
    club.cut = "A"
    club.put("A")
    club.lead("B")
    club.put("B")
    assert club["B"].commit == club.last("B")
    assert club["A"].commit < club.last("A")


def test_a_command_is_executed_once() -> None:
    """8.3: each has a number of its client's; the applied state knows the answers, and a repeat gets the old one."""
    sessions, first = Sessions(), Request("A#1", 1, 1)
    assert sessions.answer(first) is None
    sessions.remember(first, 7, "done")
    assert sessions.answer(first) == (7, "done")
    later = Request("A#1", 2, 2)
    sessions.remember(later, 9, "done too")
    assert sessions.answer(first) == (0, None), "answered long ago: it is not executed again all the same"


def test_a_leader_begins_with_an_empty_entry() -> None:
    """8.4: it holds all that is committed, but knows what that is only when an entry of its own term is."""
    leader, _ = take(candidate(paper("1 1", term=2)), "B", grant(2))
    assert terms(leader.log) == "1 1 2"
    assert (leader.log.entry(3).request, leader.log.entry(3).command) == (None, b"")
    leader, _ = take(leader, "B", accepted(2, 3))
    leader, _ = take(leader, "C", accepted(2, 3))
    assert leader.commit == 3


def test_a_read_is_answered_by_who_leads_for_sure() -> None:
    """8.5: it hears from a majority after the read was asked for, and before its own entry is committed it answers none."""
    club = Club(3, timing=PAPER).lead("A")
    club.cut = "BC"
    club.read("A")
    assert club.readable == []
    club.cut = "B"
    club.pass_time(SECOND)
    assert len(club.readable) == 1
    fresh = leading(paper("1"))
    assert not fresh.role.ready  # type: ignore[union-attr]


def test_or_by_a_lease() -> None:
    """8.6: then safety rests on clocks; by default there is none."""
    leases = attrs.evolve(RACHIS, lease_drift=500)
    club = Club(3, timing=leases)
    club.pass_time(SECOND)
    [leader] = [name for name in "ABC" if club.leads(name)]
    club.read(leader)
    club.cut = "".join(name for name in "ABC" if name != leader)
    club.read(leader, settle=False)
    assert [type(each) for each in club.readable] == [Readable, Readable]
    assert PAPER.lease_drift is None
    assert the(Readable, club.readable[:1]).index == club[leader].commit
