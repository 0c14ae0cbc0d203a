"""What is in a backup file: round trips, flat memory, and that no damage passes (rules 18.2-18.4)."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.content.compression import compressed, decompressed
from backup.content.logical import LogicalReader, LogicalWriter, read_manifest
from backup.content.manifest import (
    DamagedBackup,
    FileKind,
    Manifest,
    UnreadableBackup,
    begun_manifest,
    instant_of,
    stamp,
)
from backup.content.sections import DocumentLine, SectionItem, Sections, extent
from backup.content.texts import LeaveOut, document_of, document_on_line
from backup.database.agreed_values import NOTHING, Values
from backup.database.documents import Contents, Store
from backup.database.items import Blob, Document, Item, Tombstone, text_of

CHAIN = Path(__file__).parent / "data" / "2026-11-22-23-13-25.ravendb-Shop-A-backup"
ORDER = [
    "BuildVersion",
    "DatabaseRecord",
    "Docs",
    "RevisionDocuments",
    "Tombstones",
    "Docs",
    "Conflicts",
    "Indexes",
    "Identities",
    "CompareExchange",
    "CompareExchangeTombstones",
    "CounterGroups",
    "Subscriptions",
    "TimeSeriesDeletedRanges",
    "TimeSeries",
    "ReplicationHubCertificates",
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
bodies = st.dictionaries(texts.filter(lambda name: name != "@metadata"), json_values, max_size=4)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(str.isprintable)
puts = st.tuples(ids, bodies, ids, st.integers(-(10**15), 10**16))


def shop() -> Contents:
    """Some documents, one of them changed and one deleted."""
    store = Store("A", "LKRUcorlJEid1JC+TrnGVQ")
    for number in range(4):
        store.put(f"orders/{number}-A", {"Total": number / 3, "Note": 'ü "quoted" ]}'}, at=number, collection="Orders")
    store.put("orders/1-A", {}, at=9, collection="Orders")
    store.delete("orders/2-A", at=10)
    return store.frozen_at()


def writer(contents: Contents, values: Values = NOTHING, **changes: Any) -> LogicalWriter:
    """A full backup of `contents`, or what `changes` make of it."""
    given: dict[str, Any] = {
        "file": "file",
        "database": "Shop",
        "task_id": 11,
        "started_at": 1_000_000,
        "raft_index": 7,
        **changes,
    }
    manifest = begun_manifest(contents, **given)
    return LogicalWriter(contents, {"DatabaseName": "Shop", "Tasks": [{"Name": "ü"}]}, manifest, values)


def file_of(contents: Contents, **changes: Any) -> bytes:
    """The whole file."""
    return b"".join(writer(contents, **changes).chunks())


def read(content: bytes, name: str = "file") -> tuple[list[Item | Blob], LogicalReader]:
    """Everything in it, and the reader that has read it."""
    reader = LogicalReader(name, [content])
    return list(reader.items()), reader


def without_etag(item: Item) -> Item:
    """As the stream holds it: the etag of a document is in its vector."""
    return attrs.evolve(item, etag=0) if isinstance(item, Document) else item


# ---- what is in it


def test_sections_are_ravendbs_and_then_ours() -> None:
    """The sections stand in RavenDB's order, the manifest behind them; the text is plain JSON."""
    content = b"".join(decompressed("file", [file_of(shop())]))
    objects: list[list[tuple[str, Any]]] = []

    def keep(found: list[tuple[str, Any]]) -> dict[str, Any]:
        objects.append(found)
        return dict(found)

    json.loads(content, object_pairs_hook=keep)
    pairs = objects[-1]
    assert [name for name, _ in pairs] == [*ORDER, "UnkindnessManifest"]
    sections = dict(pairs)
    assert sections["Tombstones"] == [
        {
            "Key": "orders/2-a",
            "Type": "Document",
            "Collection": "Orders",
            "Flags": "None",
            "ChangeVector": "A:6-LKRUcorlJEid1JC+TrnGVQ",
            "DeletedEtag": 3,
            "Etag": 6,
            "LastModified": "2024-01-01T00:00:00.0000100Z",
        }
    ]
    assert pairs[2][1][0]["@metadata"] == {
        "@collection": "Orders",
        "@change-vector": "A:1-LKRUcorlJEid1JC+TrnGVQ",
        "@id": "orders/0-A",
        "@last-modified": "2024-01-01T00:00:00.0000000Z",
    }


def test_full_and_manifest() -> None:
    """A full backup holds every document and tombstone, the record, and what it is."""
    contents = shop()
    wrote = writer(contents)
    items, reader = read(b"".join(wrote.chunks()))
    held: list[Item] = [*contents.documents(), *contents.tombstones()]
    assert items == [without_etag(item) for item in held]
    revisions: dict[str, Any] = {"Default": None, "Collections": {}}
    assert reader.record == {"DatabaseName": "Shop", "Tasks": [{"Name": "ü"}], "Revisions": revisions}
    assert (
        reader.manifest
        == read_manifest("file", [file_of(contents)])
        == wrote.manifest
        == Manifest(
            kind=FileKind.FULL,
            file="file",
            database="Shop",
            database_id="LKRUcorlJEid1JC+TrnGVQ",
            node="A",
            task_id=11,
            started_at=1_000_000,
            from_etag=0,
            last_etag=6,
            change_vector="A:6-LKRUcorlJEid1JC+TrnGVQ",
            raft_index=7,
            previous="",
            documents=3,
            tombstones=1,
            content_sha256=wrote.manifest.content_sha256,
        )
    )
    assert reader.left_out == {}


def test_incremental() -> None:
    """An incremental holds what changed after an etag, deletions, and the whole record (rules 18.3, 18.4)."""
    items, reader = read(file_of(shop(), from_etag=4, previous="full"))
    assert [(type(item), item.id) for item in items if not isinstance(item, Blob)] == [
        (Document, "orders/1-A"),
        (Tombstone, "orders/2-a"),
    ]
    assert reader.record["DatabaseName"] == "Shop"
    assert reader.manifest is not None
    assert (reader.manifest.kind, reader.manifest.from_etag, reader.manifest.previous) == ("incremental", 4, "full")
    with pytest.raises(ValueError, match="do not fit: an incremental has both, a full neither"):
        writer(shop(), from_etag=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(puts, max_size=6), st.integers(1, 50))
def test_round_trip(written: list[tuple[str, dict[str, Any], str, int]], size: int) -> None:
    """Whatever JSON was put comes back, to the character, however the file is cut into chunks."""
    store = Store("A", "copy")
    for document_id, body, collection, at in written:
        store.put(document_id, body, at, collection)
    content = file_of(store.frozen_at())
    reader = LogicalReader("file", (content[start : start + size] for start in range(0, len(content), size)))
    assert list(reader.items()) == [without_etag(document) for document in store.frozen_at().documents()]


def test_equal_input_gives_equal_bytes() -> None:
    """Two copies with the same history make the same file, byte for byte."""
    assert file_of(shop()) == file_of(shop())


@given(st.integers(-(10**16), 10**17))
def test_stamps(instant: int) -> None:
    """A time stamp has seven digits behind the second and loses no microsecond."""
    assert instant_of(stamp(instant)) == instant
    assert len(stamp(instant)) == 28


def test_memory_stays_flat() -> None:
    """Writing and reading hold a piece at a time, not the database."""
    store = Store("A", "copy")
    for number in range(12_000):
        store.put(f"d/{number}", {"text": f"{number} " * 150, "list": [number] * 5}, at=number)
    contents = store.frozen_at()
    assert contents.size.bytes > 8_000_000
    chunks = list(writer(contents).chunks())
    tracemalloc.start()
    try:
        sum(1 for _ in LogicalReader("file", iter(chunks)).items())
        reading = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        sum(map(len, writer(contents).chunks()))
        writing = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(reading, writing) < 4_000_000


# ---- what is refused


def outcome(content: bytes) -> object:
    """What a restore would see of a file: its items, record and manifest, or that it is damaged."""
    try:
        items, reader = read(content)
        return items, reader.record, reader.manifest, read_manifest("file", [content])
    except DamagedBackup:
        return "damaged"


def test_no_flipped_bit_passes() -> None:
    """Of every single bit of a file: flipped, it is noticed, or changes nothing that is restored."""
    content = file_of(shop())
    whole = outcome(content)
    harmless = 0
    for place in range(len(content) * 8):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        found = outcome(bytes(damaged))
        assert found in ("damaged", whole)
        harmless += found == whole
    assert harmless < len(content) * 8 / 100  # bits of zstd's headers that say nothing about the content


def test_no_truncation_or_addition_passes() -> None:
    """A file cut anywhere, or followed by anything, is damaged."""
    content = file_of(shop())
    assert {outcome(content[:size]) for size in range(len(content))} == {"damaged"}
    assert outcome(content + b"\0") == outcome(content + content) == "damaged"


def reseal(content: bytes, old: str, new: str, *, everywhere: bool = False) -> bytes:
    """The file with other content, compressed anew: what only the seal can notice."""
    changed = b"".join(decompressed("file", [content])).replace(old.encode(), new.encode(), -1 if everywhere else 1)
    return b"".join(compressed([changed]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Total":0.0', '"Total":1.0'),
        ('"LastEtag":6', '"LastEtag":5'),
        ('"Node":"A"', '"Node":"B"'),
        ('"Documents":3', '"Documents":2'),
        ('"Kind":"full"', '"Kind":"odd"'),
        ('"File":"file"', '"File":"fire"'),
        ('"TaskId":11', '"TaskId":"11"'),
        (',"Conflicts":[]', ""),
        ("{", "{ "),
        ("}}", "} }"),
        ('"@id":"orders/0-A",', ""),
        ('"Etag":6', '"Etag":x'),
    ],
)
def test_the_seal_holds_every_field(old: str, new: str) -> None:
    """Content and manifest cannot be edited: the seal covers both."""
    content = file_of(shop())
    assert old.encode() in b"".join(decompressed("file", [content]))
    assert outcome(reseal(content, old, new)) == "damaged"


def test_newer_formats_and_missing_manifests() -> None:
    """What is not damage is said to be something else, with what to do."""
    for number, why in (
        (4, "and this version reads up to 3: use a newer"),
        (1, "of an early version, and this one reads 2"),
    ):
        other = reseal(file_of(shop()), '"Format":3', f'"Format":{number}')
        for refused in (lambda: read(other), lambda: read_manifest("file", [other])):  # noqa: B023  # called at once
            with pytest.raises(UnreadableBackup, match=f"file has format {number} {why}"):
                refused()
    bare = b"".join(compressed([b'{"BuildVersion":1,"DatabaseRecord":{},"Docs":[]}']))
    for refused in (lambda: read(bare), lambda: read_manifest("file", [bare])):
        with pytest.raises(UnreadableBackup, match="file has no seal"):
            refused()


# ---- the shape of the stream


def sections(text: bytes, size: int) -> Iterator[SectionItem]:
    """The sections of a stream that comes in pieces of `size` bytes."""
    found = Sections("file", (text[start : start + size] for start in range(0, len(text), size)))
    return (item for item in found if isinstance(item, SectionItem))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_almost_json(size: int) -> None:
    """Raw bytes behind items, needless commas, numbers and escapes at the edge of a piece: all are read."""
    text = (
        '{"N":12345 ,"Docs":[{"@metadata":{"@export-type":"Attachment"},"Size":5}]}",{,\n{"a":"ü\\"]","b":[1,{},]}],'
        '"T":[{"@raven-data":{},"@raven-blob-size":3}\\"[,{"c,":",]"}],"Docs":[],"S":"x","Z":null}\n '
    ).encode()
    assert [(found.section, found.content, len(found.raw or b"")) for found in sections(text, size)] == [
        ("N", 12345, 0),
        ("Docs", {"@metadata": {"@export-type": "Attachment"}, "Size": 5}, 5),
        ("Docs", {"a": 'ü"]', "b": [1, {}]}, 0),
        ("T", {"@raven-data": {}, "@raven-blob-size": 3}, 3),
        ("T", {"c,": ",]"}, 0),
        ("S", "x", 0),
        ("Z", None, 0),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "it ends before its last section is closed"),
        ("[]", "'{' is missing at its start"),
        ('{"a" 1}', "':' is missing after 'a'"),
        ("{1:2}", "a section's name is 1"),
        ('{"a":[{},', "it ends before"),
        ('{"a":[{}', "it ends in 'a'"),
        ('{"a":[{"b":', "it ends in 'a'"),
        ('{"a":[{}{}]}', "two items of 'a' run into each other"),
        ('{"a":NaN}', "NaN is no JSON number"),
        ('{"a":{"b":1 2}}', "unreadable in 'a'"),
        ('{"a":1}x', "something follows its last section"),
        ('{"a":[{"@raven-data":{},"@raven-blob-size":3}xy', "ends in the raw bytes"),
        ('{"a":"\x01"}', "unreadable in 'a'"),
    ],
)
def test_no_such_shape(text: str, what: str) -> None:
    """What is not of this shape is damage, and says where."""
    with pytest.raises(DamagedBackup, match=what):
        list(sections(text.encode(), 1000))


@given(json_values.filter(lambda content: isinstance(content, dict | list | str)), texts)
def test_extent(content: Any, behind: str) -> None:
    """The end of a value is where its brackets close, whatever its strings hold and whatever follows."""
    text = json.dumps(content, ensure_ascii=False)
    assert extent(text + "," + behind, 0) == len(text)
    assert all(extent(text[:size], 0) is None for size in range(len(text)))


# ---- RavenDB's own


def test_ravendb_files() -> None:
    """Files that RavenDB 5.4 wrote are read unsealed; what the model has no place for is named and counted."""
    found: dict[str, tuple[list[int], dict[str, int]]] = {}
    told: dict[str, tuple[list[tuple[str, int]], list[tuple[str, str]]]] = {}
    for path in sorted(CHAIN.iterdir()):
        reader = LogicalReader(path.name, [path.read_bytes()], unsealed=True)
        items = list(reader.items())
        assert len(items) == sum(reader.counts.values())
        found[path.name[17:19]] = ([*reader.counts.values()], reader.left_out)
        told[path.name[17:19]] = (reader.identities, reader.exchanged)
        assert reader.record["DatabaseName"] == "Shop"
        assert reader.manifest is None
        with pytest.raises(DamagedBackup, match="the compressed frame has no end"):
            list(LogicalReader(path.name, [path.read_bytes()]).items())
    assert found == {  # documents, revisions, tombstones, attachments
        "25": ([208, 11, 2, 1], {"@counters": 1, "@timeseries": 1, "CounterGroups": 1, "TimeSeries": 1}),
        "26": ([0, 0, 1, 0], {}),
        "27": ([0, 0, 1, 0], {}),
    }
    assert told == {
        "25": ([("invoices/|", 1), ("orders|", 502)], [("emails/a@b.c", '"users/1-A"')]),
        "26": ([], []),
        "27": ([("orders|", 503)], []),
    }


# ---- documents on lines


@given(
    collection=ids,
    document_id=ids,
    body=bodies,
    vector=st.sampled_from(["A:17-source", "", "A:0-source", "B:3-x+/=_-, A:1-y", "A:17 -source", "Ä:1-x"]),
    late=st.sampled_from(
        ["2024-01-01T00:00:00.0000170Z", "2024-01-01 00:00:00.0000170Z", "2024-13-01T00:00:00.0000170Z"]
    ),
    flags=st.sampled_from([None, "HasRevisions", "Resolved"]),
)
def test_a_line_reads_as_its_json_does(
    collection: str, document_id: str, body: dict[str, Any], vector: str, late: str, flags: str | None
) -> None:
    """Plain metadata are taken from a line without JSON; what is found, or refused, is what JSON would have found."""
    metadata = {"@collection": collection, "@change-vector": vector, "@id": document_id, "@last-modified": late}
    if flags is not None:
        metadata["@flags"] = flags

    def outcome(reading: Callable[[LeaveOut], Document]) -> object:
        left_out: list[str] = []
        try:
            return reading(left_out.append), left_out
        except ValueError as error:
            return str(error)

    line = DocumentLine(text_of(body), text_of(metadata))
    by_json = outcome(lambda leave_out: document_of({**body, "@metadata": metadata}, leave_out))
    assert outcome(lambda leave_out: document_on_line(line, leave_out)) == by_json


@pytest.mark.parametrize("size", [1, 40, 100, 1000])
def test_lines_are_found_whatever_the_pieces(size: int) -> None:
    """A line that a piece cuts is read as a line all the same, and its text comes back letter by letter."""
    text = (
        '{"Docs":[{"a":1.10,"@metadata":{"@id":"a"}},\n{"ü":"]}","@metadata":{"@id":"b"}},\n'
        '{"@metadata":{"@id":"c"}},\n{"d":1e5,"@metadata":{"@id":"d"}}\n],"N":1}'
    ).encode()
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    found = list(Sections("file", pieces, lines_of="Docs"))
    whole = [each.body if isinstance(each, DocumentLine) else each.content for each in found]
    assert whole == ['{"a":1.10}', '{"ü":"]}"}', {"@metadata": {"@id": "c"}}, '{"d":1e5}', 1]
