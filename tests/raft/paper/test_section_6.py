"""Section 6 of the Raft paper, sentence by sentence: the configuration changes through a joint one. The list is in `sentences.py`."""

from cluster.raft import active_configuration, membership
from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Way
from cluster.raft.messages import Reconfiguration
from cluster.raft.state import Leader
from cluster.time_units import FOREVER, MILLISECOND
from tests.raft.club import Club
from tests.raft.vocabulary import PAPER, RACHIS, answer, ask, following, node, take

SECOND = 1000 * MILLISECOND


def led(size: int, strangers: int = 0) -> Club:
    return Club(size, strangers, PAPER).lead("A")


def test_entries_go_to_all_of_both_configurations() -> None:
    """6.1: while the change is under way everybody, old and new, gets the log."""
    club = led(3, 3)
    club.change("A", "vD vE vF rA rB rC", Way.Held)
    assert all(club[name].log == club["A"].log for name in "BCDEF")
    assert club.configuration("A").members == tuple("ABCDEF")


def test_whoever_is_of_either_may_lead() -> None:
    """6.2: one of the old and one of the new win while it is joint."""
    for winner in "BE":
        club = led(3, 3)
        club.change("A", "vD vE vF rA rB rC", Way.Held)
        club.lead(winner)
        assert club.configuration(winner).joint


def test_each_majority_must_agree() -> None:
    """6.3: for commits and for elections, each on its own."""
    for silent in ("EF", "BC"):
        club = led(3, 3)
        club.change("A", "vD vE vF rA rB rC", Way.Held)
        club.cut = silent
        club.put("A")
        assert club["A"].commit < club.last("A"), "four of six, but one of three of one half"
        club.cut = "CF"
        club.pass_time(SECOND)
        assert club["A"].commit == club.last("A")


def test_a_configuration_counts_as_soon_as_the_log_holds_it() -> None:
    """6.4: committed or not."""
    club = led(3, 1)
    club.cut = "BCD"
    club.change("A", "vD", Way.Joint)
    assert club.configuration("A").outgoing == ("A", "B", "C")
    assert active_configuration.unsettled(club["A"])


def test_until_then_nobody_decides_alone() -> None:
    """6.5: of old and new, neither majority without the other, while the joint entry is committed or may be."""
    joint = Configuration(("D", "E", "F"), ("A", "B", "C"))
    assert joint.quorum.result({"A", "B", "C"}, ()).value == "pending"
    assert joint.quorum.result({"D", "E", "F"}, ()).value == "pending"
    assert joint.quorum.result({"A", "B", "E", "F"}, ()).value == "won"


def test_the_leader_then_appends_the_new_one() -> None:
    """6.6: as soon as the joint one is committed, and not before."""
    club = led(3, 1)
    club.cut = "BC"
    club.change("A", "vD", Way.Joint)
    assert club.configuration("A").joint
    club.cut = ""
    club.pass_time(SECOND)
    said = [each for each in club["A"].log.slice(1, club.last("A")) if isinstance(each, Reconfiguration)]
    assert [each.configuration.joint for each in said] == [True, False]


def test_who_is_not_in_the_new_one_may_be_switched_off() -> None:
    """6.7: once it is committed by its own majority the old ones are not needed."""
    club = led(2, 3)
    club.change("A", "vC vD vE rA rB")
    club.pass_time(SECOND)
    club.cut = "AB"
    club.pass_time(2 * SECOND)
    [leader] = [name for name in "CDE" if club.leads(name)]
    club.put(leader)
    assert club[leader].commit == club.last(leader)


def test_newcomers_catch_up_before_they_vote() -> None:
    """6.8: they join as learners that the leader promotes once they hold the log."""
    club = led(2, 1)
    for _ in range(5):
        club.put("A")
    club.change("A", "pC", settle=False)
    assert club.configuration("A").learners == ("C",)
    role = club.role("A")
    assert not membership.has_caught_up(club["A"], dict(role.peers)["C"])
    club.settle()
    assert club.configuration("A").voters == ("A", "B", "C")
    assert club["C"].log == club["A"].log


def test_a_removed_leader_steps_down_when_its_removal_is_committed() -> None:
    """6.9: until then it leads without counting itself."""
    club = led(3)
    club.cut = "C"
    club.change("A", "rA")
    assert club.leads("A"), "it and B hold it, but it does not count"
    club.cut = ""
    club.pass_time(300 * MILLISECOND)
    assert not isinstance(club["A"].role, Leader)
    assert club["A"].wake_at == FOREVER


def test_who_hears_a_leader_refuses_those_that_left() -> None:
    """6.10: within the shortest election timeout of a sign of it: no vote, and no term taken over.

    The paper's own refusal is of the request itself. Here, as in the dissertation (4.2.3), it is of the trial that
    comes before each request (rules 3.10, 3.22), or of the request too with leases (6.4.1).
    """
    heard = following(node("1", timing=RACHIS), "B")
    same, effects = take(heard, "X", ask(2, (1, 1), trial=True))
    assert (answer(effects).granted, same) == (False, heard)
    club = Club(3).lead("A")
    club.cut = "C"
    club.change("A", "rC")
    club.pass_time(2 * SECOND)
    term, club.cut = club["A"].term, ""
    club.pass_time(5 * SECOND)
    assert (club.leads("A"), club["A"].term) == (True, term)
