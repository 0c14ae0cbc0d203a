"""The log as a value: what it holds, that old views stay valid, what it costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft.log import Log
from cluster.raft.messages import Entry
from tests.raft.vocabulary import entries, log, terms


def test_an_empty_log_ends_at_entry_0_of_term_0() -> None:
    """Index 0 is the place before the first entry, and agrees with every log (§5.3)."""
    empty = Log.of()
    assert (empty.last_index, empty.last_term, empty.term_at(0)) == (0, 0, 0)


def test_indices_count_from_1() -> None:
    """Entry 1 is the first; a slice includes both ends."""
    some = log("1 1 2")
    assert [some.term_at(index) for index in (1, 2, 3)] == [1, 1, 2]
    assert some.entry(3) == Entry(2, None, b"")
    assert some.slice(2, 3) == entries("1 2")
    assert some.slice(3, 2) == ()
    assert (some.last_index, some.last_term, len(some)) == (3, 2, 3)


@pytest.mark.parametrize("index", [-1, 4])
def test_what_is_outside_is_an_error_that_says_so(index: int) -> None:
    """Neither a negative index nor one beyond the end reads anything, even if storage goes on."""
    some = log("1 1 2 2").cut(3)
    for look in (some.term_at, some.entry, some.cut):
        with pytest.raises(IndexError, match=f"no entry {index} in a log that ends at 3"):
            look(index)
    with pytest.raises(IndexError):
        some.entry(0)
    with pytest.raises(IndexError):
        some.slice(0, 1)
    with pytest.raises(IndexError):
        some.slice(2, 4)


def test_the_newest_view_appends_in_place() -> None:
    """A chain of appends shares one list."""
    first = log("1")
    second = first.extended(entries("1"))
    third = second.extended(entries("2"))
    assert first._entries is second._entries is third._entries
    assert [terms(view) for view in (first, second, third)] == ["1", "1 1", "1 1 2"]


def test_a_fork_copies_and_leaves_the_old_view_alone() -> None:
    """Two views that go on differently from the same place do not see each other."""
    base = log("1 1")
    one = base.extended(entries("2"))
    other = base.extended(entries("3"))
    assert (terms(one), terms(other), terms(base)) == ("1 1 2", "1 1 3", "1 1")
    assert one._entries is not other._entries


def test_what_is_there_already_is_shared() -> None:
    """An older view that appends what the newer ones hold does not copy, nor if it goes on beyond them."""
    base = log("1 1")
    longer = base.extended(entries("2 2"))
    assert base.extended(entries("2"))._entries is longer._entries
    beyond = base.extended(entries("2 2 3"))
    assert beyond._entries is longer._entries
    assert (terms(longer), terms(beyond)) == ("1 1 2 2", "1 1 2 2 3")


def test_equal_content_is_equal_whatever_the_storage() -> None:
    """Equality and hash look at entries."""
    cut, own = log("1 1 2").cut(2), log("1 1")
    assert cut == own
    assert hash(cut) == hash(own)
    assert cut != log("1 2")
    assert cut != log("1 1 1")
    assert cut != "1 1"
    assert repr(own) == repr(cut)


FIND_CONFLICT = [(100, 2, 100), (5, 6, 5), (5, 5, 5), (5, 4, 2), (5, 2, 2), (5, 1, 0), (1, 2, 1), (1, 1, 0), (0, 0, 0)]


@pytest.mark.parametrize(("index", "term", "found"), FIND_CONFLICT)
def test_find_conflict(index: int, term: int, found: int) -> None:
    """The largest index at or below `index` with a term at or below `term`, in [2 2 5 5 5]."""
    assert log("2 2 5 5 5").find_conflict(index, term) == found


@given(st.lists(st.integers(1, 6), max_size=12).map(sorted), st.integers(0, 12), st.integers(0, 7))
def test_find_conflict_is_a_linear_search(held: list[int], index: int, term: int) -> None:
    """The binary search finds what a search entry by entry finds; terms never fall along a log."""
    index = min(index, len(held))
    expected = index
    while expected and held[expected - 1] > term:
        expected -= 1
    assert Log.of([Entry(each, None, b"") for each in held]).find_conflict(index, term) == expected


@given(st.data())
def test_views_behave_like_tuples(data: st.DataObject) -> None:
    """Any tree of appends and cuts: every view, however old, stays what a tuple of its entries is."""
    views: list[tuple[Log, tuple[Entry, ...]]] = [(Log.of(), ())]
    for _ in range(data.draw(st.integers(1, 12))):
        view, model = views[data.draw(st.integers(0, len(views) - 1))]
        if data.draw(st.booleans()):
            added = tuple(Entry(term, None, b"") for term in data.draw(st.lists(st.integers(1, 2), max_size=3)))
            views.append((view.extended(added), model + added))
        else:
            after = data.draw(st.integers(0, len(model)))
            views.append((view.cut(after), model[:after]))
        for each, expected in views:
            assert each.slice(1, each.last_index) == expected
            assert each.last_term == (expected[-1].term if expected else 0)
            for other, content in views:
                assert (each == other) == (expected == content)


# ---- a log that lost its beginning ----


def snapped() -> Log:
    """After a snapshot up to entry 10 of term 3: five entries of terms 3 and 4."""
    return Log.of(entries("3 3 4 4 4"), 10, 3)


def test_a_compacted_log_knows_its_boundary_and_nothing_before() -> None:
    """§7: the term at the boundary is what the next append is checked against."""
    some = snapped()
    assert (some.base, some.base_term, some.last_index, some.last_term, len(some)) == (10, 3, 15, 4, 5)
    assert [some.term_at(index) for index in range(10, 16)] == [3, 3, 3, 4, 4, 4]
    assert some.slice(11, 13) == entries("3 3 4")
    assert (some.holds(10, 3), some.holds(10, 2), some.holds(9, 3), some.holds(16, 4)) == (True, False, False, False)
    for look in (some.term_at, some.entry, some.cut):
        with pytest.raises(IndexError, match="entry 9 is compacted away: this log begins after entry 10"):
            look(9)
    with pytest.raises(IndexError, match="entry 10 is compacted away"):
        some.entry(10)
    with pytest.raises(IndexError, match=r"no entry 16 in a log that ends at 15: ask for 11\.\.15"):
        some.term_at(16)
    empty = Log.of((), 10, 3)
    assert (empty.last_index, empty.last_term, len(empty)) == (10, 3, 0)


AFTER_A_SNAPSHOT = [
    *[(30, 3, 30), (14, 9, 14), (14, 4, 14), (14, 3, 12), (14, 2, 9), (11, 5, 11), (10, 5, 10), (10, 3, 10)],
    *[(10, 2, 9), (9, 2, 9), (4, 2, 4), (0, 0, 0)],
]


@pytest.mark.parametrize(("index", "term", "found"), AFTER_A_SNAPSHOT)
def test_find_conflict_after_a_snapshot(index: int, term: int, found: int) -> None:
    """The published table (etcd, TestFindConflictByTerm): outside the log the index comes back as it is."""
    assert snapped().find_conflict(index, term) == found


def test_compaction_leaves_older_views_alone() -> None:
    """It has storage of its own; what is appended to either is not seen by the other."""
    whole = log("1 1 2 2")
    rest = whole.compacted(3)
    longer, other = whole.extended(entries("3")), rest.extended(entries("4"))
    assert (terms(whole), terms(rest), terms(longer), terms(other)) == ("1 1 2 2", "2", "1 1 2 2 3", "2 4")
    assert rest == Log.of(entries("2"), 3, 2) != Log.of(entries("2"), 3, 1)
    assert rest.compacted(3) is rest
    assert terms(other.cut(4)) == "2"
    assert hash(rest) == hash(Log.of(entries("2"), 3, 2))
    assert repr(rest) == f"Log.of({list(entries('2'))!r}, base=3, base_term=2)"


@given(st.data())
def test_compacted_views_behave_like_the_end_of_a_tuple(data: st.DataObject) -> None:
    """Any tree of appends, cuts and compactions: every view, however old, stays what the tuple behind its base is."""
    views: list[tuple[Log, tuple[Entry, ...], int]] = [(Log.of(), (), 0)]
    for _ in range(data.draw(st.integers(1, 12))):
        view, model, base = views[data.draw(st.integers(0, len(views) - 1))]
        match data.draw(st.integers(0, 2)):
            case 0:
                made = st.builds(Entry, st.integers(1, 2), st.none(), st.binary(max_size=3))
                added = tuple(data.draw(st.lists(made, max_size=3)))
                views.append((view.extended(added), model + added, base))
            case 1:
                after = data.draw(st.integers(base, len(model)))
                views.append((view.cut(after), model[:after], base))
            case _:
                upto = data.draw(st.integers(base, len(model)))
                views.append((view.compacted(upto), model, upto))
        for each, expected, at in views:
            assert each.slice(at + 1, each.last_index) == expected[at:]
            assert (each.base, each.last_index) == (at, len(expected))
            assert each.base_term == (expected[at - 1].term if at else 0)
            assert each.last_term == (expected[-1].term if expected else 0)
            for middle in range(at, len(expected) + 1):
                assert each.size(at, middle) == sum(len(entry.command) for entry in expected[at:middle])
