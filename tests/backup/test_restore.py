"""From files back to a database: order, completeness, refusals, equality (section 17)."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.content.compression import compressed
from backup.content.encryption import NoKey
from backup.content.logical import LogicalWriter
from backup.content.manifest import DamagedBackup, Manifest, UnreadableBackup, begun_manifest
from backup.database.agreed_values import IndexDefinition
from backup.database.documents import Contents, Store
from backup.database.revisions import RevisionPolicy
from backup.destinations.local import LocalDestination
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import Destination, write
from backup.restore.chain_documents import ChainDocuments
from backup.restore.chain_reader import (
    BrokenChain,
    NothingToRestore,
    RestorePoint,
    equal_contents,
    restore,
    restore_points,
)
from cluster.time_units import MINUTE, SECOND

DATA = Path(__file__).parent / "data"
REAL = "2026-11-22-23-13-25.ravendb-Shop-A-backup"
FOLDER = "2024-01-01-00-00-00.ravendb-Shop-A-backup"
FULL = "2024-01-01-00-00-00.ravendb-full-backup"


def increment(number: int) -> str:
    """Name of the incremental that many minutes after the full."""
    return f"2024-01-01-00-0{number}-00.ravendb-incremental-backup"


class Source:
    """A database that is backed up into a vault, one chain in one folder; keeps what it held at each backup."""

    def __init__(self, place: Destination | None = None) -> None:
        self.place = place or MemoryDestination()
        self.store = Store("A", "source")
        self.held: dict[str, Contents] = {}
        self.last: tuple[str, Manifest] | None = None

    def back_up(self, file: str, **changes: Any) -> None:
        """A full if the file's name says so, else what changed since the last."""
        if "incremental" in file and self.last is not None:
            previous, manifest = self.last
            changes = {"from_etag": manifest.last_etag, "previous": previous, **changes}
        given: dict[str, Any] = {
            "file": file,
            "database": "Shop",
            "task_id": 1,
            "started_at": len(self.held) * MINUTE,
            **changes,
        }
        self.held[file] = self.store.frozen_at()
        writer = LogicalWriter(
            self.held[file],
            {"DatabaseName": "Shop", "Backups": len(self.held)},
            begun_manifest(self.held[file], **given),
        )
        write(self.place, f"{FOLDER}/{file}", writer.chunks())
        self.last = (file, writer.manifest)


def chain() -> Source:
    """A full and three incrementals, with documents new, changed, deleted and come again."""
    source = Source()
    for number in range(4):
        source.store.put(f"orders/{number}", {"n": number}, number, "Orders")
    source.back_up(FULL)
    source.store.delete("orders/0", 10)
    source.store.put("orders/1", {"n": "changed"}, 11, "Orders")
    source.back_up(increment(1))
    source.store.put("Orders/0", {"n": "again"}, 12, "Orders")
    source.store.delete("orders/2", 13)
    source.back_up(increment(2))
    source.store.put("orders/9", {}, 14, "Orders")
    source.back_up(increment(3))
    return source


# ---- what restores


def test_each_point_is_what_the_source_held() -> None:
    """Restored up to a file, the database is what the source held when that backup started."""
    source = chain()
    for file in source.held:
        restored = restore(source.place, FOLDER, file)
        comparison = equal_contents(restored.store, source.held[file])
        assert comparison, comparison.text()
        assert restored.files[-1] == file
        assert restored.record["Backups"] == len(restored.files)  # rule 17.5
    assert equal_contents(restore(source.place, FOLDER).store, source.store)


def test_a_restored_copy_is_its_own() -> None:
    """It has vectors and a database id of its own (rule 17.10); counts say what was read."""
    restored = restore(chain().place, FOLDER, node="C", database_id="fresh")
    assert (restored.store.node, restored.store.database_id) == ("C", "fresh")
    assert restored.store.change_vector.text() == f"C:{restored.store.etag}-fresh"
    assert (restored.documents, restored.tombstones, restored.left_out) == (4 + 1 + 1 + 1, 2, {})
    assert restored.manifest is not None
    assert restored.manifest.previous == increment(2)
    restored.store.put("orders/10", {}, 20)
    assert restored.store.get("orders/1") is not None


actions = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(actions, min_size=1, max_size=5))
def test_any_history(batches: list[list[tuple[int, int]]]) -> None:
    """Whatever happens between backups, each restore point is what was held, and every missing incremental is seen.

    Document by document it is the same, in the same order.
    """
    source = Source()
    for number, batch in enumerate(batches):
        for key, what in batch:
            if what:
                source.store.put(f"d{key}", {"etag": source.store.etag}, source.store.etag)
            else:
                source.store.delete(f"d{key}", source.store.etag)
        source.back_up(increment(number) if number else FULL)
    files = list(source.held)
    for file in files:
        restored = restore(source.place, FOLDER, file)
        assert equal_contents(restored.store, source.held[file])
        one_by_one = [each.id for each in ChainDocuments(source.place, FOLDER, restored.files)]
        assert one_by_one == [each.id for each in restored.store.frozen_at().documents()]
    for missing in files[:-1]:
        hidden = b"".join(source.place.read(f"{FOLDER}/{missing}"))
        source.place.delete(f"{FOLDER}/{missing}")
        with pytest.raises(BrokenChain):
            restore(source.place, FOLDER)
        write(source.place, f"{FOLDER}/{missing}", [hidden])
    assert restore(source.place, FOLDER).files == tuple(files)


def test_points_by_name() -> None:
    """The list needs names only: order of rule 17.2, flags, how many files each point needs (rule 17.11)."""
    source = chain()
    for extra in (f"{increment(4)}.in-progress", "notes.txt"):
        write(source.place, f"{FOLDER}/{extra}", [b"?"])
    points = restore_points(source.place, FOLDER)
    assert [point.file for point in points] == [FULL, increment(1), increment(2), increment(3)]
    assert points[1] == RestorePoint(
        FOLDER,
        increment(1),
        MINUTE,
        full=False,
        snapshot=False,
        encrypted=False,
        database="Shop",
        node="A",
        files_needed=2,
    )


def test_in_progress_is_ignored() -> None:
    """What a crash left in progress changes nothing (rule 17.12)."""
    source = chain()
    write(source.place, f"{FOLDER}/{increment(4)}.in-progress", [b"half"])
    assert equal_contents(restore(source.place, FOLDER).store, source.store)


def test_last_file_in_any_case() -> None:
    """The last file is found in any case (rule 17.3)."""
    assert restore(chain().place, FOLDER, increment(1).upper()).files == (FULL, increment(1))


def test_an_hour_that_comes_twice() -> None:
    """Names are local times: in the autumn night a later file may have the earlier name. The files know their order."""
    source = Source()
    later, earlier = increment(1), increment(9)
    source.store.put("d", {"n": 0}, 0)
    source.back_up(FULL)
    for number, file in enumerate((earlier, later), 1):
        source.store.put("d", {"n": number}, number)
        source.back_up(file)
    assert restore(source.place, FOLDER).files == (FULL, earlier, later)
    assert equal_contents(restore(source.place, FOLDER, later).store, source.store)
    assert restore(source.place, FOLDER, earlier).files == (FULL, earlier)


# ---- what is refused


def test_nothing_there() -> None:
    """A folder without finished backups, and a last file that is not there, are refused (rules 17.2, 17.3, 22.7)."""
    source = chain()
    with pytest.raises(NothingToRestore, match="No files to restore: elsewhere holds no finished backup"):
        restore(source.place, "elsewhere")
    with pytest.raises(NothingToRestore, match=f"there is no file {increment(7)} in {FOLDER}: give one of {FULL}, "):
        restore(source.place, FOLDER, increment(7))


def test_a_missing_full() -> None:
    """Incrementals alone restore nothing (rules 17.4, 22.20)."""
    source = chain()
    source.place.delete(f"{FOLDER}/{FULL}")
    for last in (None, increment(2)):
        with pytest.raises(BrokenChain, match=f"{FOLDER} holds no full backup, which {increment(1)} needs"):
            restore(source.place, FOLDER, last)


def test_a_missing_incremental() -> None:
    """A gap is refused with both its ends; what is before it can be restored by name."""
    source = chain()
    source.place.delete(f"{FOLDER}/{increment(2)}")
    with pytest.raises(
        BrokenChain, match=f"{increment(3)} continues {increment(2)}, which is not in {FOLDER}: put that"
    ):
        restore(source.place, FOLDER)
    assert equal_contents(restore(source.place, FOLDER, increment(1)).store, source.held[increment(1)])


def test_links_that_do_not_fit() -> None:
    """Etags that leave a gap, and another copy's file under the right name, are refused."""
    source = chain()
    source.back_up(increment(4), from_etag=source.store.etag - 1)
    with pytest.raises(
        BrokenChain, match=f"{increment(4)} begins after etag 8, but {increment(3)} ends with 9: changes"
    ):
        restore(source.place, FOLDER)
    other = chain()
    other.store.database_id = "other"
    other.store.put("d", {}, 20)
    other.back_up(increment(4))
    with pytest.raises(BrokenChain, match=r"copy other, but .* copy source; restore up to"):
        restore(other.place, FOLDER)


def test_two_chains_in_a_folder() -> None:
    """Where one folder holds two chains, the last file must be named."""
    source = chain()
    source.back_up("2024-01-01-00-05-00.ravendb-full-backup")
    source.back_up(increment(6))
    with pytest.raises(
        BrokenChain, match=f"holds 2 chains, which end with {increment(3)} and {increment(6)}: name the"
    ):
        restore(source.place, FOLDER)
    assert restore(source.place, FOLDER, increment(3)).files == (FULL, increment(1), increment(2), increment(3))
    assert len(restore(source.place, FOLDER, increment(6)).files) == 2


def test_a_damaged_file() -> None:
    """A damaged file is named, and concerns only what needs it."""
    source = chain()
    name = f"{FOLDER}/{increment(2)}"
    content = b"".join(source.place.read(name))
    source.place.delete(name)
    write(source.place, name, [content[:-1]])
    for last in (None, increment(2), increment(3)):
        with pytest.raises(DamagedBackup, match=f"{increment(2)} is damaged: it is cut short"):
            restore(source.place, FOLDER, last)
    assert equal_contents(restore(source.place, FOLDER, increment(1)).store, source.held[increment(1)])


def test_renamed_over_each_other() -> None:
    """Two incrementals that swapped their names do not restore in the wrong order."""
    source = chain()
    first, second = (b"".join(source.place.read(f"{FOLDER}/{increment(number)}")) for number in (1, 2))
    for number, content in ((1, second), (2, first)):
        source.place.delete(f"{FOLDER}/{increment(number)}")
        write(source.place, f"{FOLDER}/{increment(number)}", [content])
    for last in (None, increment(1), increment(2)):
        with pytest.raises(BrokenChain, match=r"was written as .*: give it that name again"):
            restore(source.place, FOLDER, last)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("2024-01-01-00-04-00.ravendb-encrypted-incremental-backup", "is encrypted and no key was given"),
        ("2023-01-01-00-04-00.ravendb-snapshot", "is cut short|is damaged"),
    ],
)
def test_kinds_that_are_not_read(file: str, says: str) -> None:
    """A file of a kind that is not read is said to be so, and never passed over."""
    source = chain()
    write(source.place, f"{FOLDER}/{file}", [b"?"])
    with pytest.raises((DamagedBackup, NoKey), match=says):
        restore(source.place, FOLDER)


def test_a_snapshot_behind_others() -> None:
    """A snapshot after other files is an error of the folder (rule 17.4)."""
    source = chain()
    write(source.place, f"{FOLDER}/2024-01-01-00-04-00.ravendb-snapshot", [b"?"])
    with pytest.raises(BrokenChain, match=f"stands behind {FULL} in {FOLDER}"):
        restore_points(source.place, FOLDER)


# ---- RavenDB's own


def test_a_chain_of_ravendb() -> None:
    """A folder that RavenDB 5.4 wrote restores when unsealed files are allowed, and says what was left out."""
    place = LocalDestination(DATA)
    with pytest.raises(UnreadableBackup, match=r"has no seal, as RavenDB writes its files, .* with --unsealed"):
        restore(place, REAL)
    restored = restore(place, REAL, unsealed=True)
    assert len(restored.files) == 3
    assert restored.store.size.documents == 206
    assert (restored.documents, restored.tombstones) == (208, 4)
    assert dict(restored.left_out) == {"@counters": 1, "@timeseries": 1, "CounterGroups": 1, "TimeSeries": 1}
    assert restored.store.attachment("orders/1-A", "A.txt") == b"hello attachment" * 10
    assert [each.data["Name"] for each in restored.store.revisions("products/1-A")] == ["P1", "P1 changed"]
    values = restored.values
    assert {each.key: each.number for each in values.identities.values()} == {"invoices/|": 1, "orders|": 503}
    assert values.exchanged["emails/a@b.c"].text == '"users/1-A"'
    assert [*values.indexes.values()] == [
        IndexDefinition("Auto/Orders/ByTotal", "Orders", ("Total",)),
        IndexDefinition("Orders/ByCompany", "Orders", ("Company", "Total")),
    ]
    assert values.policies.policies == (RevisionPolicy("Products", 2),)
    first = restored.store.get("ORDERS/1-a")
    assert first is not None
    assert first.data["Note"] == "ünïcødé x"
    assert first.last_modified % SECOND == 213_750
    assert restored.store.get("orders/4-A") is None
    assert restore(place, REAL, restored.files[0], unsealed=True).store.size.documents == 208


def test_a_headless_chain_of_ravendb(tmp_path: Path) -> None:
    """Without its full file it is refused, where RavenDB restores nothing and calls it completed (rule 22.20)."""
    shutil.copytree(DATA / REAL, tmp_path / REAL, ignore=shutil.ignore_patterns("*full-backup"))
    with pytest.raises(BrokenChain, match="holds no full backup"):
        restore(LocalDestination(tmp_path), REAL, unsealed=True)


def test_unsealed_is_not_cut() -> None:
    """Even unsealed, a file whose sections are not closed is damage."""
    place = MemoryDestination()
    write(place, f"{FOLDER}/{FULL}", compressed([b'{"BuildVersion":1,"Docs":[']))
    with pytest.raises(DamagedBackup, match="it ends before its last section is closed"):
        restore(place, FOLDER, unsealed=True)


# ---- equality


def test_differences_can_be_read() -> None:
    """A comparison is true for equal copies, and otherwise names the documents and what differs."""
    first, second = Store("A", "x"), Store("B", "y")
    for copy, at in ((first, 1), (second, 1)):
        copy.put("same", {"n": 1}, at)
    assert equal_contents(first, second)
    assert equal_contents(first, second).text() == "the documents are equal"
    first.put("mine", {}, 2)
    first.put("both", {"n": 1}, 2)
    second.put("both", {"n": 2}, 2)
    for number in range(3):
        second.put(f"theirs/{number}", {}, 3)
    comparison = equal_contents(first, second.frozen_at())
    assert not comparison
    assert comparison.text(limit=2) == (
        "1 only in the first: mine; 3 only in the second: theirs/0, theirs/1, and 1 more; "
        '1 not alike: both (body {"n":1} against {"n":2})'
    )
    assert not attrs.evolve(comparison, only_first=(), only_second=())


def test_each_file_of_a_chain_is_read_twice_but_the_first() -> None:
    """The folder's first file is applied while it is verified; if it is damaged and the chain is another, it does no harm."""
    source = chain()
    reads: list[str] = []

    class Counting(MemoryDestination):
        def read(self, name: str) -> Iterator[bytes]:
            reads.append(name.partition("/")[2])
            return source.place.read(name)

    place = Counting()
    place.files = source.place.files  # type: ignore[method-assign]
    assert equal_contents(restore(place, FOLDER).store, source.held[increment(3)])
    assert [reads.count(file) for file in (FULL, increment(1), increment(2), increment(3))] == [1, 2, 2, 2]
    assert gc.isenabled()
    with pytest.raises(NothingToRestore):
        restore(place, FOLDER, "nothing")
    assert len(reads) == 7, "a wrong name is refused before anything is read"
