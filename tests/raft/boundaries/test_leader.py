"""A leader keeps what a step is not about; its beats and its patience (rules 3.4, 3.25-3.27)."""

import attrs
import pytest

from cluster.raft import replication
from cluster.raft.configuration import Configuration
from cluster.raft.messages import Confirm
from cluster.raft.progress import Progress
from cluster.raft.state import Apply, Durable, Follower, Leader, Raft, Reading, Save, Send, Stored, Transfer
from cluster.raft.step import step
from cluster.time_units import FOREVER
from tests.raft.vocabulary import (
    ALSO,
    ASKED,
    START,
    accepted,
    append,
    appends,
    ask,
    at,
    candidate,
    entries,
    grant,
    in_force,
    in_role,
    leading,
    log,
    node,
    of,
    only,
    progress,
    propose,
    ready,
    role,
    take,
    wake,
)


def busy(raft: Raft, stored: int) -> Raft:
    """A leader whose every field says something: beat 5 of a grid of its own, a hand-over and a read under way."""
    handing = Transfer("C", START + 10_000_000, True)
    asked = Reading(3, START, 1, (ASKED,), frozenset("A"), (ALSO,), START - 1)
    return ready(
        leading(raft, stored), beats_from=START - 500_000, beat=5, transfer=handing, reading=asked, leases=False
    )


def test_an_append_changes_the_peers_and_nothing_else() -> None:
    """Dissertation 10.2.1: what is under way goes on when the leader ends a joint configuration by itself."""
    leader = busy(node("1 1", commit=1), stored=1)
    after, effects = replication.append(leader, entries("1"))
    assert after == attrs.evolve(
        in_role(leader, peers=tuple((peer, Progress(2, 4, False, (3,), START, 5)) for peer in "BC")),
        log=log("1 1 1"),
        saves=1,
    )
    sent = append(1, (2, 1), "1", commit=1)
    assert effects == [Save(1, "A", 2, entries("1"), (), 1), Send("B", sent), Send("C", sent)]


def test_an_answer_changes_its_peer_and_what_is_committed() -> None:
    """§5.3, §5.4.2: with and without a commit, whatever else is under way."""
    leader = busy(node("1 1 1", commit=1), stored=1)
    behind = in_role(leader, peers=(("B", progress(1)), ("C", progress(1))))
    heard, effects = take(behind, "B", accepted(1, 2), now=START + 9)
    known = Progress(2, 4, False, (3,), START + 9, 5)
    assert heard == in_role(behind, peers=(("B", known), ("C", progress(1))))
    assert list(effects) == [Send("B", append(1, (2, 1), "1", commit=1))]

    unready = in_role(heard, ready=False)
    for before in (heard, unready):
        after, effects = take(before, "C", accepted(1, 2), now=START + 10)
        also = Progress(2, 4, False, (3,), START + 10, 5)
        assert after == attrs.evolve(in_role(heard, peers=(("B", known), ("C", also))), commit=2)
        assert list(effects) == [Send("C", append(1, (2, 1), "1", commit=2)), Apply(2, entries("1"))]


def test_the_own_disk_changes_what_is_stored_and_committed() -> None:
    """Dissertation 10.2.1, rule 3.26: the leader counts up to what its disk holds, and no further."""
    leader = busy(node("1 1 1", commit=1), stored=1)
    leader = in_role(leader, peers=(("B", progress(2)), ("C", progress(1))))
    after, effects = step(leader, Stored(1, "A", 2, 1), at())
    durable = Durable(1, "A", 2, ())
    assert after == attrs.evolve(in_role(leader, stored=2), commit=2, durable=durable)
    assert list(effects) == [Apply(2, entries("1"))]
    unready = in_role(leader, ready=False)
    assert step(unready, Stored(1, "A", 2, 1), at())[0] == after
    behind = in_role(unready, peers=(("B", progress(1)), ("C", progress(1))))
    after, effects = step(behind, Stored(1, "A", 2, 1), at())
    assert after == attrs.evolve(in_role(behind, stored=2), durable=durable)
    assert list(effects) == []


def test_a_beat_changes_its_number_and_the_appointment() -> None:
    """Rule 3.4: and nothing that is under way; the question of the read goes out again behind it."""
    leader = busy(node("1 1", commit=1), stored=2)
    after, effects = wake(leader, now=START + 123_456)
    assert after == attrs.evolve(in_role(leader, beat=6), wake_at=START + 200_000)
    said_to = [(send.to, send.message) for send in only(Send, effects)]
    beats = [(peer, append(1, (2, 1), "", commit=1, beat=6)) for peer in "BC"]
    assert said_to == [*beats, *[(peer, Confirm(1, 3)) for peer in "BC"]]


@pytest.mark.parametrize(
    ("age", "number", "next_at"),
    [(99_999, None, 100_000), (100_000, 1, 200_000), (199_999, 1, 200_000), (200_000, 2, 300_000)],
)
def test_a_beat_leaves_at_its_place_on_the_grid(age: int, number: int | None, next_at: int) -> None:
    """Rule 3.4: beat n at n T/3; a µs early it only makes the appointment anew."""
    leader = attrs.evolve(leading(node("1")), wake_at=START + 1)
    after, effects = wake(leader, now=START + age)
    assert after.wake_at == START + next_at
    assert {message.beat for message in appends(effects, "B")} == ({number} if number is not None else set())


def test_a_leader_without_peers_has_no_beat() -> None:
    """Rule 3.8: woken all the same it says nothing, and waits for nothing."""
    alone = ready(leading(node("1", voters="A")))
    after, effects = wake(alone, now=START + 250_000)
    assert (after, effects) == (attrs.evolve(alone, wake_at=FOREVER), ())


@pytest.mark.parametrize(("silent", "leads"), [(300_000, True), (300_001, False)])
def test_a_majority_is_heard_within_t(silent: int, leads: bool) -> None:
    """Rule 3.27: an answer that is exactly T old still counts."""
    heard = Progress(1, 2, False, (), START + 600_000 - silent, 0)
    leader = leading(node("1"), B=heard, C=progress(1))
    after, effects = wake(leader, now=START + 600_000)
    assert (role(after) == "leader") is leads
    if not leads:
        assert [send.message for send in only(Send, effects)] == [ask(2, (1, 1), trial=True)] * 2
        assert (after.ticks_from, after.vote) == (START + 600_000, "A")


def test_a_leader_that_may_not_stand_only_follows() -> None:
    """Rules 3.7, 3.27: a leader that has no vote any more gives up without a trial."""
    leader = in_force(leading(node("1", commit=1)), Configuration.of("BC", "A"), 1)
    after, effects = wake(leader, now=START + 400_000)
    assert (after.role, list(effects)) == (Follower(None, START + 400_000), [])


def test_what_a_new_leader_knows() -> None:
    """Rule 3.25: of its peers nothing but where its own log ended, of itself what its disk holds; the first beat in T/3."""
    standing = candidate(node("1 1", term=2))
    standing = attrs.evolve(standing, durable=Durable(2, "A", 1, ()))
    leader, _ = take(standing, "B", grant(2), now=START + 5)
    known = Progress(0, 3, True, (3,), START + 5, 0)
    assert leader.role == Leader((("B", known), ("C", known)), 1, START + 5, 0, False)
    assert leader.wake_at == START + 100_005


def test_the_head_of_a_window_keeps_its_beat() -> None:
    """What goes out behind an append that is on its way does not make that one younger; the first one is as old as now."""
    waiting = Progress(1, 3, False, (2,), START, 3)
    leader = in_role(leading(node("1 1"), B=waiting, C=progress(2)), beat=5)
    leader, _ = propose(leader, b"x")
    assert (of(leader, "B").inflight, of(leader, "B").head_beat) == ((2, 3), 3)
    assert (of(leader, "C").inflight, of(leader, "C").head_beat) == ((3,), 5)


@pytest.mark.parametrize(
    ("voters", "outgoing", "learners", "matches", "agreed"),
    [
        ("ABC", "", "", {"B": 3, "C": 4}, 4),
        ("ABC", "", "", {"B": 3, "C": 2}, 3),
        ("AB", "", "C", {"B": 3, "C": 9}, 3),
        ("AB", "", "CD", {"B": 3, "C": 9, "D": 9}, 3),
        ("ABC", "AB", "", {"B": 1, "C": 9}, 1),
        ("AB", "ABC", "", {"B": 9, "C": 1}, 5),
        ("BC", "", "", {"B": 3, "C": 4}, 3),
        ("AC", "", "", {"B": 9, "C": 4}, 4),
        ("A", "", "", {"B": 9}, 5),
    ],
)
def test_what_a_majority_has(voters: str, outgoing: str, learners: str, matches: dict[str, int], agreed: int) -> None:
    """Rule 3.26, dissertation 4.2.2, 4.3: of leader A, whose disk holds 5; learners and who leaves count for nothing."""
    configuration = Configuration(tuple(voters), tuple(outgoing), tuple(learners))
    leader = attrs.evolve(leading(node()), configuration=configuration)
    assert replication.agreed_index(leader, 5, [(peer, progress(match)) for peer, match in matches.items()]) == agreed
