"""A snapshot: the raw store and its indexes in a zip archive, sealed, streamed, and restored as it was (18.1, 17.10)."""

import io
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.content import snapshot
from backup.content.logical import read_manifest
from backup.content.manifest import DamagedBackup, FileKind, begun_manifest
from backup.content.snapshot import SnapshotReader, SnapshotWriter
from backup.database import agreed_values as agreed
from backup.database.agreed_values import NOTHING, IndexDefinition, Values, combined
from backup.database.contents import Contents
from backup.database.documents import Store
from backup.database.indexes import IndexData, IndexHeader
from backup.database.revisions import Policies, RevisionPolicy
from backup.restore.assembly import DatabaseAssembly

BY_N = IndexDefinition("Orders/ByN", "Orders", ("n",))
POLICIES = (RevisionPolicy("Orders", 2),)


def shop() -> tuple[Contents, Values, list[tuple[str, bytes]]]:
    """A copy, what was agreed beside it, and its index."""
    store = Store("A", "source")
    store.configure(Policies(3, POLICIES))
    for number in range(5):
        store.put(f"orders/{number}", {"n": number}, number, "Orders")
    store.attach("orders/1", "x", b"content" * 9, 9)
    store.delete("orders/2", 10)
    data = IndexData(IndexHeader(BY_N, "source", 1))
    data.take(list(store.changes_after(0)))
    values = agreed.with_identity(NOTHING, "orders|", 4, 5)
    values = agreed.with_exchanged(values, "key", '{"ü":1}', 6)
    values = agreed.with_policies(agreed.with_index(values, BY_N, 7), POLICIES, 8)
    return store.frozen_at(), values, [(BY_N.name, b"".join(data.frames()))]


def file_of(level: int = 1, **changes: Any) -> bytes:
    """The whole file."""
    contents, values, indexes = shop()
    given: dict[str, Any] = {
        "file": "file",
        "database": "Shop",
        "task_id": 1,
        "started_at": 0,
        "raft_index": 9,
        "snapshot": True,
        **changes,
    }
    manifest, record = begun_manifest(contents, **given), {"DatabaseName": "Shop"}
    return b"".join(SnapshotWriter(contents, record, manifest, values, indexes=indexes, level=level).chunks())


def test_any_unzip_reads_it() -> None:
    """Members as in RavenDB's archive: the raw store, the indexes, the record; checksums, and nothing of the day."""
    content = file_of()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "Documents/00000001",
            "Indexes/0001",
            "Values.json",
            "DatabaseRecord.json",
            "Manifest.json",
        ]
        assert len(archive.comment) == 64
    assert content == file_of()
    manifest = read_manifest("file", [content])
    assert (manifest.kind, manifest.documents, manifest.tombstones, manifest.last_etag) == (FileKind.SNAPSHOT, 4, 1, 14)


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
def test_it_comes_back_as_it_was(level: int, size: int) -> None:
    """Etags and vectors stay, the copy is another (17.10), indexes come with it; however the file is cut into chunks."""
    contents, values, _ = shop()
    content = file_of(level=level)
    assembly = DatabaseAssembly("C", "fresh")
    assembly.take_file("file", (content[start : start + size] for start in range(0, len(content), size)))
    store = assembly.store
    assert (store.node, store.database_id, store.etag) == ("C", "fresh", contents.etag)
    assert list(store.changes_after(0)) == list(contents.items())
    assert store.change_vector == contents.change_vector
    assert assembly.fingerprint == combined(contents.fingerprint_sum, values)
    assert [(each.definition, each.etag, len(each)) for each in assembly.indexes] == [(BY_N, 14, 4)]
    assert store.attachment("orders/1", "x") == b"content" * 9


def outcome(content: bytes) -> object:
    """What a restore would see of a file, or that it is damaged."""
    try:
        assembly = DatabaseAssembly("A", "x")
        manifest = assembly.take_file("file", [content])
        return assembly.fingerprint, list(assembly.store.changes_after(0)), manifest, read_manifest("file", [content])
    except DamagedBackup:
        return "damaged"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_flipped_bit_passes(data: st.DataObject) -> None:
    """The seal covers every byte, those that say nothing about the content too."""
    content = file_of()
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    damaged = bytearray(content)
    damaged[place // 8] ^= 1 << place % 8
    assert outcome(bytes(damaged)) == "damaged"


def test_no_truncation_or_addition_passes() -> None:
    """A file cut anywhere, or followed by anything, is damaged."""
    content = file_of()
    assert {outcome(content[:size]) for size in range(len(content))} == {"damaged"}
    assert outcome(content + b"\0") == outcome(content + content) == "damaged"


def test_a_large_store_is_written_a_piece_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The raw store goes into members of bounded size, and each is read alone."""
    monkeypatch.setattr(snapshot, "PIECE", 100)
    content = file_of()
    reader = SnapshotReader("file", [content])
    sizes = [sum(map(len, each)) for name, each in reader.members() if name.startswith("Documents/")]
    assert len(sizes) > 3
    assert outcome(content) != "damaged"
