"""What a copy holds beside documents: attachments, revisions, ids of its own, and how copies come to agree on them (19)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.database import journal
from backup.database.blobs import Blobs
from backup.database.documents import NoDocument, Store
from backup.database.items import Attachment, Blob, Document, Item, Revision, Tombstone, hash_of
from backup.database.replication import ReplicationAck, offer, receive
from backup.database.revisions import Policies, RevisionPolicy

ALL = Policies(1, (RevisionPolicy(""),))
TWO = Policies(2, (RevisionPolicy("Orders", 2),))


def store(node: str = "A", policies: Policies = Policies()) -> Store:
    """A copy with one document."""
    copy = Store(node, f"copy-{node}")
    copy.configure(policies)
    copy.put("orders/1", {"n": 0}, at=1, collection="Orders")
    return copy


def bring(source: Store, target: Store, limit: int = 3) -> None:
    """Replicate until nothing is owed, asking for what is missing."""
    wanted: tuple[str, ...] = ()
    while (message := offer(1, source, target.received.get(source.database_id, 0), limit, wanted)) is not None:
        wanted = receive(target, message)[1].wanted


# ---- attachments


def test_an_attachment_is_a_change_of_its_document() -> None:
    """It has a name in any case, a type and a hash; a put keeps it, a deletion takes it along."""
    copy = store()
    copy.attach("orders/1", "b.txt", b"two", at=2, content_type="text/plain")
    changed = copy.attach("orders/1", "A.txt", b"one", at=3)
    assert changed.etag == 3
    assert [(each.name, each.size) for each in changed.attachments] == [("A.txt", 3), ("b.txt", 3)]
    assert copy.put("orders/1", {"n": 1}, at=4).attachments == changed.attachments
    assert copy.attachment("ORDERS/1", "B.TXT") == b"two"
    assert copy.attach("orders/1", "a.TXT", b"three", at=5).attachments[0] == Attachment(
        "a.TXT", hash_of(b"three"), "", 5
    )
    assert copy.content(hash_of(b"one")) is None
    assert copy.detach("orders/1", "none", at=6) is None
    copy.delete("orders/1", at=7)
    assert (copy.size.attachments, copy.size.bytes, copy.fingerprint_sum) == (0, 200, 0)
    with pytest.raises(NoDocument, match="there is no document 'orders/1' to attach to: put it first"):
        copy.attach("orders/1", "x", b"", at=8)


def test_equal_content_is_kept_once() -> None:
    """Two documents may name one content; it goes with the last of them."""
    copy = store()
    copy.put("orders/2", {}, at=2)
    copy.attach("orders/1", "x", b"same", at=3)
    before = copy.size
    copy.attach("orders/2", "y", b"same", at=4)
    assert copy.size == before
    copy.detach("orders/1", "x", at=5)
    assert copy.attachment("orders/2", "y") == b"same"
    copy.detach("orders/2", "y", at=6)
    assert copy.size.attachments == 0


def test_a_content_under_a_wrong_hash_is_refused() -> None:
    """What a message or a journal calls by another name is not taken."""
    with pytest.raises(ValueError, match="has another hash"):
        Blobs().hold(Blob(hash_of(b"a"), b"b"))


def test_contents_travel_once_and_are_asked_for_when_missing() -> None:
    """A batch brings the contents that are new with it; a copy that let go of one asks, and takes nothing before."""
    a, b = store("A"), Store("B", "copy-B")
    a.attach("orders/1", "x", b"1" * 10, at=2)
    first = offer(1, a, 0, 10)
    assert first is not None
    assert first.blobs == (Blob(hash_of(b"1" * 10), b"1" * 10),)
    receive(b, first)
    a.patch("orders/1", {"n": 2}, at=3)
    second = offer(1, a, first.last_etag, 10)
    assert second is not None
    assert second.blobs == ()
    b.delete("orders/1", at=0)
    assert b.size.attachments == 0
    a.patch("orders/1", {"n": 3}, at=100)
    third = offer(1, a, 2, 10)
    assert third is not None
    taken, answer = receive(b, third)
    assert (taken, answer) == ([], ReplicationAck(1, "copy-A", 2, (hash_of(b"1" * 10),)))
    bring(a, b)
    bring(b, a)
    assert b.attachment("orders/1", "x") == b"1" * 10
    assert a.fingerprint == b.fingerprint


def test_large_contents_go_a_few_at_a_time() -> None:
    """A message holds about a mebibyte of attachments, and at least one item."""
    a, b = Store("A", "copy-A"), Store("B", "copy-B")
    for number in range(4):
        a.put(f"d{number}", {}, at=number)
        a.attach(f"d{number}", "x", bytes([number]) * 700_000, at=number)
    sizes = []
    while (message := offer(1, a, b.received.get("copy-A", 0), 10)) is not None:
        sizes.append(len(message.items))
        receive(b, message)
    assert sizes == [1, 1, 1, 1]
    assert a.fingerprint == b.fingerprint


# ---- revisions


def test_each_change_leaves_a_revision() -> None:
    """Where a collection keeps them: of puts, patches and deletions, as many as are to be kept, the oldest going first."""
    copy = store(policies=ALL)
    copy.put("Orders/1", {"n": 1}, at=2, collection="Orders")
    copy.delete("orders/1", at=3)
    found = copy.revisions("orders/1")
    assert [(each.body, each.deleted, each.last_modified) for each in found] == [
        ('{"n":0}', False, 1),
        ('{"n":1}', False, 2),
        ("{}", True, 3),
    ]
    assert [each.change_vector.text() for each in found[:2]] == ["A:1-copy-A", "A:1-copy-A".replace("1", "3", 1)]
    copy.configure(TWO)
    assert [each.last_modified for each in copy.revisions("orders/1")] == [2, 3]
    copy.put("users/1", {}, at=4, collection="Users")
    assert copy.revisions("users/1") == ()
    assert (copy.size.documents, copy.size.tombstones, copy.size.revisions) == (1, 1, 2)


def test_the_loser_of_a_conflict_is_kept() -> None:
    """Rule 19.3: the latest wins, and what it replaced unseen is a revision on every copy; equal contents leave none."""
    a, b = store("A"), Store("B", "copy-B")
    bring(a, b)
    a.put("orders/1", {"by": "A"}, at=5, collection="Orders")
    b.put("orders/1", {"by": "B"}, at=6, collection="Orders")
    for source, target in ((a, b), (b, a), (a, b)):
        bring(source, target)
    for copy in (a, b):
        held = copy.get("orders/1")
        assert held is not None
        assert held.data == {"by": "B"}
        assert [each.data for each in copy.revisions("orders/1")] == [{"by": "A"}]
    assert a.fingerprint == b.fingerprint
    a.put("orders/2", {}, at=7)
    b.put("orders/2", {}, at=8)
    bring(a, b)
    assert b.revisions("orders/2") == ()


def test_who_let_go_too_early_takes_it_again() -> None:
    """Copies hear of a policy at different times; when all have, they keep the same."""
    a, b = store("A", TWO), store("B", TWO)
    for at in range(2, 6):
        a.put("orders/1", {"n": at}, at, "Orders")
    bring(a, b)
    more = Policies(9, (RevisionPolicy("Orders", 4),))
    a.configure(more)
    for at in range(6, 8):
        a.put("orders/1", {"n": at}, at, "Orders")
    bring(a, b)
    assert len(a.revisions("orders/1")) == 4
    assert len(b.revisions("orders/1")) == 2
    b.configure(more)
    a.configure(Policies(10, more.policies))
    b.configure(Policies(10, more.policies))
    bring(a, b)
    bring(b, a)
    assert a.fingerprint == b.fingerprint


# ---- ids


def test_ids_that_the_node_gives() -> None:
    """`orders/` is completed by the node's etag and tag, and never to an id that is taken."""
    copy = Store("A", "copy-A")
    assert copy.put("orders/", {}, at=1).id == "orders/0000001-A"
    copy.put("orders/0000003-a", {}, at=2)
    assert copy.put("orders/", {}, at=3).id == "orders/0000004-A"
    assert copy.collections() == {"@empty": 3}


# ---- any history

steps = st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 7), st.integers(0, 3))
"""Copy, document, what, and which content."""


def act(copy: Store, key: int, what: int, which: int, at: int) -> None:
    """One write."""
    document_id = f"d{key}"
    match what:
        case 0:
            copy.delete(document_id, at)
        case 1 | 2 if copy.get(document_id):
            copy.attach(document_id, f"n{which % 2}", bytes([which]) * 4, at)
        case 3 if copy.get(document_id):
            copy.detach(document_id, "n0", at)
        case 4:
            copy.configure(Policies(copy.policies.index + 1, (RevisionPolicy("Orders", which),)))
        case _:
            copy.put(document_id, {"by": copy.node, "at": at}, at, "Orders")


def recounted(copy: Store) -> tuple[int, set[str], str]:
    """Bytes, contents and fingerprint, counted anew by replaying a journal in another order of thought."""
    items = list(copy.changes_after(0))
    named = {each.hash for item in items if not isinstance(item, Tombstone) for each in item.attachments}
    anew = Store(copy.node, "anew")
    for hash in sorted(named):
        content = copy.content(hash)
        assert content is not None
        anew.hold(Blob(hash, content))
    for item in items:
        anew.adopt(item)
    anew.sweep()
    return anew.size.bytes, named, anew.fingerprint


@settings(max_examples=120, deadline=None)
@given(st.lists(steps, max_size=25), st.integers(1, 4))
def test_any_history(history: list[tuple[int, int, int, int]], limit: int) -> None:
    """Whatever two copies do: the sums are what counting anew gives, a journal is the copy, and they come to agree."""
    copies = (Store("A", "copy-A"), Store("B", "copy-B"))
    for at, (which, key, what, content) in enumerate(history):
        act(copies[which], key, what, content, at)
        if what == 7:
            bring(copies[which], copies[1 - which], limit)
    newest = Policies(100, (RevisionPolicy("Orders", 2),))
    for copy in copies:
        size, named, fingerprint = recounted(copy)
        assert (copy.size.bytes, copy.fingerprint) == (size, fingerprint)
        assert copy.size.attachments == len(named)
        again = Store.recover([b"".join(copy.frames())])
        assert sorted(again.frames()) == sorted(copy.frames())
        assert (again.size, again.fingerprint, again.collections()) == (copy.size, copy.fingerprint, copy.collections())
        copy.configure(newest)
    for _ in range(3):
        bring(copies[0], copies[1], limit)
        bring(copies[1], copies[0], limit)
    assert copies[0].fingerprint == copies[1].fingerprint
    assert {item.id for item in copies[0].changes_after(0)} == {item.id for item in copies[1].changes_after(0)}


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=20))
def test_a_journal_grows_with_its_copy(history: list[tuple[int, int, int, int]]) -> None:
    """The frames of each change, one after the other, are the copy: contents, revisions and policies too."""
    copy = Store("A", "copy-A")
    written = [copy.state_frame()]
    for at, (_, key, what, content) in enumerate(history):
        before = copy.etag
        act(copy, key, what, content, at)
        written += copy.frames_after(before)
        if what == 4:
            written.append(copy.state_frame())
    again = Store.recover([b"".join(written)])
    assert (again.fingerprint, again.size, again.etag) == (copy.fingerprint, copy.size, copy.etag)
    held: list[Item] = [*again.changes_after(0)]
    assert held == [*copy.changes_after(0)]
    assert all(isinstance(item, Document | Revision | Tombstone) for item in held)


def test_a_journal_without_a_content_is_damage() -> None:
    """An item whose attachment is nowhere is not taken for a whole copy."""
    copy = store()
    copy.attach("orders/1", "x", b"content", at=2)
    frames = [copy.state_frame(), *map(journal.encode_change, copy.changes_after(0))]
    with pytest.raises(journal.DamagedJournal, match="lacks the attachment"):
        Store.recover(frames)
