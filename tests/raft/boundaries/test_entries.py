"""Boundaries of what is taken, sent, written and kept (§5.3, §5.4, §7; rules 3.29, 3.32)."""

import attrs
import pytest

from cluster.raft import election, replication
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Request
from cluster.raft.progress import Progress
from cluster.raft.state import Refuse, Save
from tests.raft.vocabulary import (
    RACHIS,
    START,
    answer,
    append,
    appends,
    at,
    entries,
    following,
    leading,
    log,
    node,
    of,
    only,
    progress,
    propose,
    refused,
    take,
    the,
    wake,
)

# ---- what is taken, and what goes out ----


@pytest.mark.parametrize(
    ("limit", "taken"),
    [
        (
            6,
            [
                b"",
            ],
        ),
        (9, [b"xx", b""]),
        (10, [b"xx", b"xxx", b""]),
        (13, [b"xx", b"xxx", b""]),
        (14, [b"xx", b"xxx", b"", b"xxxx"]),
    ],
)
def test_commands_that_wait_have_a_limit(limit: int, taken: list[bytes]) -> None:
    """Each is counted with those before it: one that reaches the limit is taken, one that passes it is refused."""
    leader = leading(node("1", commit=1, timing=attrs.evolve(RACHIS, uncommitted_bytes=limit)))
    leader, _ = propose(leader, b"xxxxx")
    asked = [b"xx", b"xxx", b"", b"xxxx"]
    after, effects = propose(leader, *asked)
    own = [(entry.request, entry.command) for entry in after.log.slice(3, after.log.last_index)]
    assert own == [(Request("A#1", asked.index(each) + 1, 1), each) for each in taken]
    refused_ones = [Request("A#1", asked.index(each) + 1, 1) for each in asked if each not in taken]
    waiting = 5 + sum(len(each) for each in taken)
    assert [refusal_of.request for refusal_of in only(Refuse, effects)] == refused_ones
    assert not refused_ones or only(Refuse, effects)[-1].waiting == waiting


def test_a_command_larger_than_the_limit_is_taken_when_nothing_waits() -> None:
    """Else it never would be; the next one is refused with what waits, and an empty one is not."""
    leader = leading(node("1", commit=1, timing=attrs.evolve(RACHIS, uncommitted_bytes=4)))
    after, effects = propose(leader, b"xxxxx", b"x", b"")
    one, three = Request("A#1", 1, 1), Request("A#1", 3, 1)
    assert the(Save, effects).entries == (Entry(1, one, b"xxxxx"), Entry(1, three, b""))
    assert only(Refuse, effects) == [Refuse(Request("A#1", 2, 1), waiting=5)]
    same, effects = propose(after, b"x")
    assert (same, effects) == (after, [Refuse(Request("A#1", 1, 1), waiting=5)])


@pytest.mark.parametrize(("limit", "sent"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_bytes_on_the_way_have_a_limit(limit: int, sent: int) -> None:
    """The append that reaches it still goes, of two bytes each; then the leader waits for an answer."""
    leader = leading(node("1", timing=attrs.evolve(RACHIS, batch=1, inflight_bytes=limit)))
    _, effects = propose(leader, b"xx", b"xx", b"xx")
    assert len(appends(effects, "B")) == sent


@pytest.mark.parametrize(
    ("batch", "size", "ends"),
    [
        (2, 99, [3, 5]),
        (3, 99, [4, 5]),
        (9, 2, [3, 5]),
        (9, 3, [4, 5]),
        (9, 1, [2, 3, 4, 5]),
    ],
)
def test_an_append_ends_where_its_limits_do(batch: int, size: int, ends: list[int]) -> None:
    """Rule 3.29: at most so many commands and so many bytes; each begins where the one before ended."""
    leader = leading(node("1", timing=attrs.evolve(RACHIS, batch=batch, batch_bytes=size)))
    leader, effects = propose(leader, b"x", b"x", b"x", b"x")
    messages = appends(effects, "B")
    assert [message.prev_index + len(message.entries) for message in messages] == ends
    assert [message.prev_index for message in messages] == [1, *ends[:-1]]
    assert of(leader, "B") == progress(1, 6, inflight=ends)


# ---- a log that lost its beginning ----

SNAPPED = Log.of(entries("3 4"), 10, 3)
"""Entries 11 and 12 behind a snapshot up to entry 10 of term 3."""


@pytest.mark.parametrize(
    ("prev", "matches"),
    [
        ((8, 9), True),
        ((9, 9), True),
        ((10, 3), True),
        ((10, 2), False),
        ((12, 4), True),
        ((12, 3), False),
        ((13, 4), False),
    ],
)
def test_what_is_compacted_away_matches(prev: tuple[int, int], matches: bool) -> None:
    """§5.3, §5.4: before the boundary anything does, at it and behind it the term decides, beyond the end nothing."""
    assert replication.log_matches(SNAPPED, *prev) is matches


@pytest.mark.parametrize(
    ("prev", "new", "written"),
    [
        (8, "3 3 3 4", (-1, "")),
        (8, "3 3 3 4 4", (12, "4")),
        (8, "3 3 5", (10, "5")),
        (8, "3 3", (-1, "")),
        (8, "3", (-1, "")),
        (9, "3 3", (-1, "")),
        (10, "3 5", (11, "5")),
        (10, "3", (-1, "")),
        (12, "", (-1, "")),
        (12, "4", (12, "4")),
        (11, "4 4", (12, "4")),
    ],
)
def test_entries_before_the_boundary_are_not_written_again(prev: int, new: str, written: tuple[int, str]) -> None:
    """§5.3, §7: only what lies behind the boundary and is not there, or conflicts, is written."""
    after, kept = replication.entries_to_write(SNAPPED, prev, entries(new))
    assert (after, kept) == (written[0], entries(written[1]))


def test_another_entry_at_the_boundary_breaks_leader_completeness() -> None:
    """§5.4: what is compacted away was committed, so that a leader that sends another entry is a bug."""
    why = (
        r"^entry 10 of term 3 is committed and compacted away, and a leader sends another one of term 2: "
        r"Leader Completeness \(§5\.4\) is broken$"
    )
    with pytest.raises(AssertionError, match=why):
        replication.entries_to_write(SNAPPED, 8, entries("1 2 4"))


def test_the_last_entry_and_the_boundary_are_held() -> None:
    """§7: both ends are inside; the place before the one and behind the other is not."""
    held = [(index, term) for index in range(8, 15) for term in range(6) if SNAPPED.holds(index, term)]
    assert held == [(10, 3), (11, 3), (12, 4)]


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (-1, "no entry -1 in a log that ends at 12: ask for 11..12"),
        (0, "entry 0 is compacted away: this log begins after entry 10, ask for later ones or send the snapshot"),
        (9, "entry 9 is compacted away: this log begins after entry 10, ask for later ones or send the snapshot"),
        (13, "no entry 13 in a log that ends at 12: ask for 11..12"),
    ],
)
def test_what_is_outside_a_log_is_said_exactly(index: int, why: str) -> None:
    """Before the first entry there ever was, compacted away, or not yet there."""
    with pytest.raises(IndexError) as error:
        SNAPPED.term_at(index)
    assert str(error.value) == why


def test_a_hash_is_of_the_length_and_the_last_entry() -> None:
    """Equal logs are found in a set whatever their storage, the empty one too; others rarely share a hash."""
    assert hash(log("1 2").cut(0)) == hash(Log.of())
    assert hash(log("1 2").cut(1)) == hash(log("1"))
    assert len({hash(each) for each in (Log.of(), log("1"), log("2"), log("1 1"), log("1 2"), Log.of((), 2, 2))}) == 6


def test_a_log_is_written_as_it_is_made() -> None:
    """`Log.of` of its entries, and of the boundary only where it has lost its beginning."""
    assert repr(log("1")) == f"Log.of({[*entries('1')]!r})"
    assert repr(SNAPPED) == f"Log.of({[*entries('3 4')]!r}, base=10, base_term=3)"


def test_what_is_appended_behind_a_boundary_is_all_there() -> None:
    """§7: however many entries, and however short the log before them."""
    assert Log.of(entries("1"), 1, 1).extended(entries("1 2 3 4")) == Log.of(entries("1 1 2 3 4"), 1, 1)


def test_sizes_count_what_an_older_view_adds_beyond_the_newer() -> None:
    """Bytes are counted from the end of what both views share."""
    one, two, three = (Entry(1, None, b"x" * size) for size in (1, 2, 4))
    older = Log.of([one])
    older.extended([two])
    beyond = older.extended([two, three])
    assert [beyond.size(after, after + 1) for after in range(3)] == [1, 2, 4]


def test_a_compacted_view_keeps_only_what_it_shows() -> None:
    """§7: neither what lies before it nor what newer views of the same storage go on with."""
    once = log("1 1 2 2 3 3").cut(5).compacted(2)
    again = once.cut(4).compacted(3)
    assert (once._entries, once._ends) == ([*entries("2 2 3")], [0] * 4)
    assert (again._entries, again._ends) == ([*entries("2")], [0] * 2)


@pytest.mark.parametrize(("match", "prev"), [(10, (10, 3)), (9, (0, 0)), (11, (11, 3))])
def test_a_beat_to_a_peer_behind_the_boundary_verifies_nothing(match: int, prev: tuple[int, int]) -> None:
    """§7: of what is compacted away the leader knows no term, so that the beat stands at entry 0."""
    leader = leading(attrs.evolve(node(), log=SNAPPED, commit=12), B=progress(match), C=progress(12))
    _, effects = wake(leader)
    [message] = appends(effects, "B")
    assert (message.prev_index, message.prev_term, message.commit) == (*prev, prev[0])


@pytest.mark.parametrize("probing", [True, False])
def test_a_full_window_waits_behind_the_boundary_too(probing: bool) -> None:
    """Rule 3.29, §7: what a peer needs was compacted away, but it gets nothing new before it has answered."""
    behind = Progress(7, 9, probing, (8,), START, 0)
    raft = attrs.evolve(node(timing=attrs.evolve(RACHIS, inflight=1)), log=SNAPPED, commit=12)
    leader, effects = propose(leading(raft, B=behind, C=progress(12)), b"x")
    assert (of(leader, "B"), appends(effects, "B")) == (behind, [])


def test_a_refusal_names_the_last_place_where_the_logs_may_agree() -> None:
    """§5.3: the hint has the term of its entry; of what is compacted away there is none."""
    follower = following(attrs.evolve(node(term=5), log=SNAPPED, commit=10), "B")
    for prev, hint in (((12, 3), (11, 3)), ((20, 3), (11, 3)), ((20, 9), (12, 4)), ((11, 2), (9, 0))):
        _, effects = take(follower, "B", append(5, prev))
        assert answer(effects) == refused(5, prev[0], hint)


def test_an_overwritten_commit_is_loud() -> None:
    """Rule 3.32: the very entry after the last committed one may be cut, no earlier one."""
    follower = following(node("1 1 1", term=2, commit=2), "B")
    cut, _ = take(follower, "B", append(2, (2, 1), "2"))
    assert cut.log.last_term == 2
    why = (
        r"^A was told to overwrite entry 2, but entries up to 2 are committed: Leader Completeness \(§5\.4\) is broken$"
    )
    with pytest.raises(AssertionError, match=why):
        take(follower, "B", append(2, (1, 1), "2"))


def test_two_leaders_of_a_term_are_named() -> None:
    """§5.2: the error says who, and in which term."""
    with pytest.raises(AssertionError, match=r"^A and B both lead term 1: Election Safety \(§5\.2\) is broken$"):
        take(leading(node()), "B", append(1, (0, 0)))
    with pytest.raises(AssertionError, match=r"^A leads term 1: its beat, not its election timer, keeps it awake$"):
        election.timed_out(leading(node()), at())
