"""One copy of a database: writing, looking, freezing, replicating, surviving (rules 19.1-19.3)."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.database import journal
from backup.database.change_vector import ChangeVector
from backup.database.documents import ContentsSize, NoDocument, Store
from backup.database.items import Document, Item, Revision, Tombstone
from backup.database.replication import ReplicateDocuments, ReplicationAck, delta, offer, receive
from cluster.time_units import SECOND


def store(node: str = "A") -> Store:
    """An empty copy on that node."""
    return Store(node, f"copy-{node}")


def visible(copy: Store) -> dict[str, tuple[Any, ...]]:
    """What replicas must agree on at once: everything but etags, and revisions, which are exchanged."""
    return {
        item.id.lower(): (
            type(item).__name__,
            item.collection,
            item.body if isinstance(item, Document) else "",
            item.change_vector.text(),
            item.last_modified,
        )
        for item in copy.changes_after(0)
        if not isinstance(item, Revision)
    }


# ---- writing and looking


def test_put_get_patch_delete() -> None:
    """A document is found by its id in any case, a patch changes named fields, a deletion leaves a tombstone."""
    copy = store()
    copy.put("orders/1-A", {"Total": 1, "Lines": [{"Qty": 2}]}, at=5, collection="Orders")
    copy.patch("ORDERS/1-a", {"Total": None, "Note": "ü"}, at=6)
    found = copy.get("Orders/1-A")
    assert found is not None
    assert (found.id, found.collection, found.data) == ("orders/1-A", "Orders", {"Lines": [{"Qty": 2}], "Note": "ü"})
    assert copy.delete("orders/1-A", at=7) == Tombstone(
        "orders/1-a", "Orders", ChangeVector.parse("A:3-copy-A"), etag=3, deleted_etag=2, last_modified=7
    )
    assert copy.get("orders/1-A") is None
    assert copy.delete("orders/1-A", at=8) is None
    with pytest.raises(NoDocument, match=r"^there is no document 'orders/1-A' to patch: put it first$"):
        copy.patch("orders/1-A", {}, at=9)


@pytest.mark.parametrize(
    ("document_id", "data"),
    [
        ("", {}),
        ("a\nb", {}),
        ("x", {"@metadata": {"@id": "y"}}),
        ("x", {"@metadata": [1]}),
        ("x", {"n": float("nan")}),
        ("x", {"t": "\ud800"}),
        ("x", {"o": {1}}),
    ],
)
def test_what_cannot_be_kept_is_refused(document_id: str, data: dict[str, Any]) -> None:
    """What a backup could not hold is refused when it is written, and changes nothing."""
    copy = store()
    with pytest.raises(ValueError, match="document"):
        copy.put(document_id, data, at=0)
    assert copy.etag == 0


def test_a_copy_needs_a_name_for_vectors() -> None:
    """A database id that a change vector cannot hold is refused."""
    with pytest.raises(ValueError, match="is no change vector"):
        Store("A", "two words")


def test_changes_after_is_in_etag_order() -> None:
    """A changed item moves to the end; changes after an etag are the newer ones, each once."""
    copy = store()
    for number in range(5):
        copy.put(f"d{number}", {}, at=number)
    copy.put("d1", {"again": True}, at=9)
    copy.delete("d3", at=9)
    assert [(item.id, item.etag) for item in copy.changes_after(2)] == [("d2", 3), ("d4", 5), ("d1", 6), ("d3", 7)]
    assert [item.etag for item in copy.changes_after(0)] == [1, 3, 5, 6, 7]
    assert list(copy.changes_after(7)) == []
    assert copy.frozen_at().size_after(5) == ContentsSize(1, 1, 200 + len('{"again":true}') + 200)
    assert (copy.size.documents, copy.size.tombstones) == (4, 1)


def test_frozen_contents_stay() -> None:
    """A view is what was there at its moment, whatever is written afterwards, and shares what did not change."""
    copy = store()
    copy.put("a", {"n": 1}, at=1)
    copy.put("b", {"n": 1}, at=2)
    view = copy.frozen_at()
    assert copy.frozen_at() is view
    copy.put("a", {"n": 2}, at=3)
    copy.delete("b", at=4)
    copy.put("c", {}, at=5)
    assert [(document.id, document.data) for document in view.documents()] == [("a", {"n": 1}), ("b", {"n": 1})]
    assert list(view.tombstones()) == []
    assert (view.etag, view.change_vector.text(), view.size.documents) == (2, "A:2-copy-A", 2)
    assert [document.id for document in copy.frozen_at().documents(after=2)] == ["a", "c"]
    assert [tombstone.id for tombstone in copy.frozen_at().tombstones(after=2)] == ["b"]


def test_many_views_are_cheap() -> None:
    """Documents are shared between views: freezing thousands costs no copy of a document."""
    copy = store()
    for number in range(1_000):
        copy.put(f"d{number}", {"text": "x" * 100}, at=number)
    before = copy.frozen_at()
    copy.put("d0", {}, at=2_000)
    assert copy.frozen_at().get("d1") is before.get("d1")


def test_sizes_are_kept() -> None:
    """The running counts are what counting anew gives, after any writes."""
    luck = random.Random(3)
    copy = store()
    for at in range(300):
        act(copy, luck.randrange(6), luck.randrange(3), at)
    items = list(copy.changes_after(0))
    documents = sum(isinstance(item, Document) for item in items)
    recounted = sum(200 + (len(item.body) if isinstance(item, Document) else 0) for item in items)
    assert copy.size == ContentsSize(documents, len(items) - documents, recounted)


# ---- replication


def act(copy: Store, key: int, what: int, at: int) -> Item | None:
    """One write: a deletion for 0, otherwise a put whose content tells writes apart."""
    if what == 0:
        return copy.delete(f"d{key}", at)
    return copy.put(f"d{key}", {"by": copy.node, "etag": copy.etag + 1}, at, "Things")


def test_older_newer_equal() -> None:
    """Of versions of which one has seen the other, the one that has seen more stays, in either order (rule 19.2)."""
    a, b = store("A"), store("B")
    first = a.put("d", {"n": 1}, at=1)
    second = a.put("d", {"n": 2}, at=2)
    assert b.merge(second) == (b.get("d"),)
    assert b.merge(first) == ()
    assert b.merge(second) == ()
    assert visible(a) == visible(b)
    held = b.get("d")
    assert held is not None
    assert (held.etag, held.change_vector.text()) == (1, "A:2-copy-A")


@pytest.mark.parametrize(("at_a", "at_b", "winner"), [(5, 4, "A"), (4, 5, "B"), (5, 5, "B")])
def test_conflict(at_a: int, at_b: int, winner: str) -> None:
    """Of conflicting versions the latest wins on both sides; of equally late ones the higher vector (rule 19.3)."""
    a, b = store("A"), store("B")
    from_a, from_b = a.put("d", {"by": "A"}, at_a), b.put("d", {"by": "B"}, at_b)
    a.merge(from_b)
    b.merge(from_a)
    for copy in (a, b):
        found = copy.get("d")
        assert found is not None
        assert found.data == {"by": winner}
        assert copy.change_vector.text() == "A:1-copy-A, B:1-copy-B"


def test_a_clock_behind_does_not_lose_writes() -> None:
    """A write over a version of a node whose clock is ahead is later than it: a third node takes it in either order."""
    a, b = store("A"), store("B")
    ahead = a.put("d", {"n": 1}, at=100 * SECOND)
    b.merge(ahead)
    mine = b.put("d", {"n": 2}, at=1 * SECOND)
    assert mine.last_modified == 100 * SECOND + 1
    for order in ((ahead, mine), (mine, ahead)):
        c = store("C")
        for item in order:
            c.merge(item)
        assert c.get("d") == Document("d", "@empty", '{"n":2}', mine.change_vector, c.etag, mine.last_modified)


writes = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 4))
"""Node, document, what, wall clock: few of each, so that they meet; clocks may go back."""
exchanges = st.tuples(st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=150, deadline=None)
@given(st.lists(writes | exchanges, max_size=25), st.randoms(use_true_random=False))
def test_replicas_converge(history: list[tuple[int, ...]], luck: random.Random) -> None:
    """Whatever was written and exchanged before, any order and repetition of deliveries ends in the same contents."""
    copies = [store(node) for node in "ABC"]
    made: list[Item] = []
    for event in history:
        match event:
            case (node, key, what, at):
                item = act(copies[node], key, what, at)
                made += [item] if item else []
            case (source, target):
                for item in copies[source].changes_after(0):
                    copies[target].merge(item)
    copies.append(store("D"))
    for copy in copies:
        deliveries = made + luck.choices(made, k=len(made)) if made else []
        luck.shuffle(deliveries)
        for item in deliveries:
            copy.merge(item)
    assert len({str(sorted(visible(copy).items())) for copy in copies}) == 1
    assert len({copy.change_vector.text() for copy in copies}) == 1
    for _ in range(2):  # once to bring every revision to the first, once from there to all
        for one in copies:
            for other in copies:
                for change in one.changes_after(0):
                    other.merge(change)
    assert len({copy.fingerprint for copy in copies}) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(writes, max_size=20), st.integers(1, 4), st.lists(st.booleans(), max_size=60))
def test_batches_arrive_in_spite_of_losses(history: list[tuple[int, ...]], limit: int, fates: list[bool]) -> None:
    """Batches and answers may be lost: what is acknowledged has arrived, and asking on brings all of it."""
    a, b = store("A"), store("B")
    for _, key, what, at in history:
        act(a, key, what, at)
    acknowledged = 0
    for lost in [*fates, *[False] * 50]:
        message = offer(1, a, acknowledged, limit)
        if message is None:
            break
        _, ack = receive(b, message)
        if not lost:
            acknowledged = max(acknowledged, ack.last_etag)
    assert visible(a) == visible(b)
    assert offer(1, a, acknowledged, limit) is None


def test_a_gap_is_not_taken() -> None:
    """A batch that begins beyond what arrived is refused by an answer that says where to go on."""
    a, b = store("A"), store("B")
    for number in range(4):
        a.put(f"d{number}", {}, at=number)
    later = offer(1, a, 2, 10)
    assert later is not None
    assert receive(b, later) == ((), ReplicationAck(1, "copy-A", 0))
    assert b.etag == 0


def test_delta() -> None:
    """A batch ends with its last item's etag; the last batch with the copy's, though its newest change was replaced."""
    a = store()
    for number in range(3):
        a.put(f"d{number}", {}, at=number)
    assert [item.etag for item in delta(a, 0, 2)[0]] == [1, 2]
    assert delta(a, 0, 2)[1] == 2
    assert delta(a, 3, 2) == ((), 3)
    assert offer(1, a, 1, 5) == ReplicateDocuments(1, "copy-A", tuple(a.changes_after(1)), 1, 3)


# ---- surviving a crash


def journalled() -> tuple[Store, list[bytes]]:
    """A copy with writes of its own and of another, and its journal, frame by frame."""
    copy, other = store("A"), store("B")
    frames = [copy.state_frame()]
    luck = random.Random(5)
    for at in range(40):
        changed = act(copy, luck.randrange(5), luck.randrange(3), at)
        frames += [journal.encode_change(changed)] if changed else []
        act(other, luck.randrange(5), luck.randrange(3), at)
    message = offer(1, other, 0, 100)
    assert message is not None
    taken, _ = receive(copy, message)
    frames += [*map(journal.encode_change, taken), copy.state_frame()]
    return copy, frames


def same(first: Store, second: Store) -> bool:
    """Whether nothing at all tells the two copies apart."""
    return [*first.frames()] == [*second.frames()] and first.size == second.size


def test_recover() -> None:
    """A copy is what its journal says, in one file or many, grown or compacted."""
    copy, frames = journalled()
    assert same(Store.recover([b"".join(frames)]), copy)
    assert same(Store.recover(frames), copy)
    assert same(Store.recover(copy.frames()), copy)


def test_a_torn_end_is_dropped() -> None:
    """A journal cut anywhere in its last frame is the copy before that change."""
    _, frames = journalled()
    whole, last = b"".join(frames[:-2]), frames[-2]
    before = Store.recover([whole])
    for size in range(len(last)):
        assert same(Store.recover([whole + last[:size]]), before)
    flipped = bytes([*last[:-1], last[-1] ^ 1])
    assert same(Store.recover([whole + flipped]), before)


def test_damage_elsewhere_is_refused() -> None:
    """A broken frame that others follow is no torn write: the journal is refused, with the place."""
    _, frames = journalled()
    place = len(frames[0])
    for offset, bit in ((0, 1), (1, 128), (3, 64), (4, 1), (12, 4)):  # in the length, in the checksum, in the content
        content = bytearray(b"".join(frames))
        content[place + offset] ^= bit
        with pytest.raises(journal.DamagedJournal, match=f"journal file 0 is damaged at byte {place}: wipe this copy"):
            Store.recover([bytes(content)])
    with pytest.raises(journal.DamagedJournal, match="does not open with a state frame"):
        Store.recover(frames[1:])
    with pytest.raises(journal.DamagedJournal, match="is empty"):
        Store.recover([])
    with pytest.raises(journal.DamagedJournal, match="of two copies"):
        Store.recover([store("A").state_frame(), store("B").state_frame()])


def test_a_deletion_that_wins_is_told_once_more() -> None:
    """A copy that left the group comes back with what it wrote alone; who has forgotten the deletion would keep that for ever."""
    a, b, c = store("A"), store("B"), store("C")
    (first,) = [a.put("orders/1", {"at": "all"}, at=1, collection="Orders")]
    for copy in (b, c):
        copy.merge(first)
    late = a.put("orders/1", {"at": "A alone"}, at=2, collection="Orders")
    gone = b.delete("orders/1", at=3)
    assert gone is not None
    c.merge(gone)
    b.clean_tombstones(gone.etag)

    b.merge(late)
    told, *_ = c.merge(late)
    b.merge(told)

    assert isinstance(told, Tombstone)
    assert told.etag == 3, "a new one: it was the second change of this copy"
    assert visible(b) == visible(c)
    assert b.get("orders/1") is None
