"""What nodes tell their leader: only what is new, until it was heard, whatever is lost on the way."""

from hypothesis import given
from hypothesis import strategies as st

from backup.database.change_vector import ChangeVector
from backup.observer.observer_loop import OutgoingReport, merged
from backup.replicas.node_reports import DatabaseReport, Told

LEADER = ("A", 1)


def report(name: str, etag: int) -> DatabaseReport:
    return DatabaseReport(name, True, etag, ChangeVector.of({("A", "x"): etag}))


SHOP, BANK = report("Shop", 1), report("Bank", 1)


def test_all_is_told_until_it_was_heard_and_then_nothing() -> None:
    """A beat without news costs the same with one database and with a thousand."""
    telling = OutgoingReport()
    assert telling.update((SHOP, BANK), None, ())
    for beat in (1, 2):
        assert telling.message(beat, LEADER) == Told(beat, 1, -1, (SHOP, BANK), (), None)
    telling.heard(1)
    assert telling.is_heard
    assert not telling.update((SHOP, BANK), None, ())
    assert telling.message(3, LEADER) == Told(3, 1, 1, (), (), None)


def test_only_what_is_new_and_what_is_gone() -> None:
    """On top of what was heard."""
    telling = OutgoingReport()
    telling.update((SHOP, BANK), None, ())
    telling.message(1, LEADER)
    telling.heard(1)
    newer = report("Shop", 2)
    telling.update((newer,), None, ())
    told = telling.message(2, LEADER)
    assert told == Told(2, 2, 1, (newer,), ("Bank",), None)
    assert merged((SHOP, BANK), told) == (newer,)


def test_another_leader_and_one_that_forgot_are_told_all() -> None:
    """Rule 5.1: what was heard in another term does not count."""
    telling = OutgoingReport()
    telling.update((SHOP,), None, ())
    telling.message(0, LEADER)
    telling.heard(1)
    assert telling.message(1, ("B", 2)).base == -1
    telling.heard(1)
    assert telling.message(2, ("B", 2)).base == 1
    telling.heard(-1)
    assert telling.message(3, ("B", 2)).base == -1


@given(
    steps=st.lists(
        st.tuples(st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)), st.booleans(), st.booleans()), max_size=30
    )
)
def test_whatever_is_lost_the_leader_never_holds_what_was_not_told(
    steps: list[tuple[dict[str, int], bool, bool]],
) -> None:
    """Contents change, words and answers are lost; what the leader holds is always what the node had at that version."""
    telling, known = OutgoingReport(), -1
    held: tuple[DatabaseReport, ...] = ()
    said: dict[int, set[DatabaseReport]] = {}
    for beat, (etags, arrives, answered) in enumerate(steps):
        telling.update(tuple(report(name, etag) for name, etag in etags.items()), None, ())
        told = telling.message(beat, LEADER)
        said[told.version] = set(telling.databases)
        if not arrives:
            continue
        if told.base == -1:
            held = told.databases
        elif known not in (told.base, told.version):
            telling.heard(-1)
            continue
        elif known != told.version:
            held = merged(held, told)
        known = told.version
        assert set(held) == said[known]
        if answered:
            telling.heard(known)
            assert telling.is_heard
