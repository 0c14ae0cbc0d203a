"""Our files are read by a reader that knows RavenDB's rules alone, as is one of RavenDB's own; older files of ours are read."""

import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from backup.content.compression import decompressed
from backup.content.encryption import plain
from backup.content.logical import read_manifest
from backup.content.manifest import UnreadableBackup
from backup.destinations.local import LocalDestination
from backup.record.encryption_keys import Encryption, EncryptionMode, Key
from backup.record.retention_policy import Retention
from backup.record.task import Kind, Task
from backup.record.task_json import LeftOut, task_json, tasks_of, time_span
from backup.restore.assembly import DatabaseAssembly
from backup.restore.chain_reader import restore
from backup.restore.restore_points import check_chain
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, days
from scenarios import World, hours, play
from scenarios.backups import backups
from tests.backup import ravendb_reader

DATA = Path(__file__).parent / "data"
RAVENDB = DATA / "2026-11-22-23-13-25.ravendb-Shop-A-backup"
OLD = DATA / "format-2"
KEY = Key(bytes.fromhex("cd7a0fda89b3adff3cb5df8f9359db687e8117db147e9fc3f41344223243efe7"))
"""The key of the older files."""
SECTIONS = ["DatabaseRecord", "Docs", "RevisionDocuments", "Indexes", "Identities", "CompareExchange"]


def streams(folder: Path, *keys: Key, open_ended: bool = False) -> Iterator[tuple[str, bytes]]:
    """The name and the uncompressed stream of each logical backup below a folder, in the order of their names."""
    for path in sorted(folder.rglob("*-backup")):
        if path.is_file():
            content = plain(path.name, iter([path.read_bytes()]), keys)
            yield path.name, b"".join(decompressed(path.name, content, open_ended=open_ended))


async def everything(world: World) -> None:
    """A database with all that a file can hold, backed up in every way: two files a task."""
    client = backups(world)
    shop = await client.shop("ABC", documents=3)
    await shop.configure_revisions(Orders=2)
    await shop.put({"orders/1": {"total": 12, "text": "ünïcødé"}, "orders/2": {}, "é" * 256: {"a": [1, 2.5, None]}})
    await shop.attach("orders/1", "a.txt", b"attached \x00\xff", "text/plain")
    await shop.next_identity("orders|")
    await shop.put_compare_exchange("emails/a@b.c", "users/1-A")
    gone = await shop.put_compare_exchange("emails/x", 1)
    await shop.define_index("Orders/ByTotal", "Orders", ["total"])
    await shop.define_index("Orders/ByText", "Orders", ["total", "text"], group_by="text", sums=["total"])
    provided = Encryption(EncryptionMode.USE_PROVIDED_KEY, KEY)
    for path, more in (("plain", {}), ("raw", {"kind": Kind.SNAPSHOT}), ("secret", {"encryption": provided})):
        await shop.define(full="0 1 * * *", incremental="0 2 * * *", path=path, mentor="B", keep=days(2), **more)
    await trio.sleep(hours(1.5) - world.now)
    await shop.put({"orders/1": {"total": 13}}, on="C")
    await shop.delete("orders/2", on="A")
    await shop.delete_compare_exchange("emails/x", gone.index)
    await trio.sleep(hours(1))


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
def test_a_reader_that_knows_ravendbs_rules_alone_takes_our_files(rules: str, tmp_path: Path) -> None:
    """Every section, and the manifest skipped: full and incremental, encrypted, and those of a Snapshot task."""
    assert play(everything, places={"backups": str(tmp_path)}, options={"rules": rules}).failure is None
    found = [(name, ravendb_reader.read(stream)) for name, stream in streams(tmp_path, KEY)]
    assert len(found) == 5, "of the Snapshot task the incremental alone"
    fulls = [sections for name, sections in found if "full" in name]
    for name, sections in found:
        if "full" in name:
            assert list(sections) == SECTIONS
            assert len(sections["Docs"]) == 4 + 1, "with what is attached"
        else:
            assert {"Docs", "RevisionDocuments", "Tombstones", "CompareExchangeTombstones"} <= sections.keys()
    assert fulls[0]["Docs"] == fulls[1]["Docs"]
    vectors = [item["@metadata"]["@change-vector"] for _, each in found for item in each["Docs"] if "Hash" not in item]
    ids = {entry.partition(":")[0]: entry.partition("-")[2] for vector in vectors for entry in vector.split(", ")}
    assert len(ids) == len(set(ids.values())) == 2, (
        "the copies on A and C, which took the writes, have an id each (26.6)"
    )


def test_the_reader_takes_what_ravendb_wrote() -> None:
    """It is no stricter than RavenDB: a real chain of 5.4 passes."""
    found = [ravendb_reader.read(stream) for _, stream in streams(RAVENDB, open_ended=True)]
    assert [len(sections.get("Docs", ())) for sections in found] == [209, 0, 0]


def test_the_reader_does_not_take_our_older_files() -> None:
    """26.5, 26.6: a manifest that is an object ended an import; database ids of 16 characters and ages in seconds, too."""
    for name, stream in streams(OLD, KEY):
        with pytest.raises(ravendb_reader.Refused, match=r"a retention of 172800.0"):
            ravendb_reader.read(stream)
        with pytest.raises(ravendb_reader.Refused, match=r"the change vector 'A:\d+-[0-9a-f]{16}'"):
            ravendb_reader.read(re.sub(rb'"PeriodicBackups":\[.*?\}\]', b'"PeriodicBackups":[]', stream))
        with pytest.raises(ravendb_reader.Refused, match=r"Expected start array, got '{', in section 'Unkind"):
            list(ravendb_reader._items(stream.decode("latin-1")))
        assert name.startswith("2024-01-01-0")


@pytest.mark.parametrize("path", ["plain", "raw", "secret"])
def test_files_written_before_stay_readable(path: str) -> None:
    """Format 2: the chain is whole, and each file gives back what it held."""
    place = LocalDestination(OLD / path)
    (folder,) = place.folders()
    chain = check_chain(place, folder, keys=[KEY])
    assert chain.whole
    files = [each.point.file for each in chain.points]
    fingerprints = [restore(place, folder, file, keys=[KEY]).fingerprint for file in files]
    assert fingerprints == ["e8377afdd01139a3936eddc027558277", "dc0e878addba7064770e461c6846813a"]


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (2 * DAY, "2.00:00:00"),
        (6 * HOUR + 30 * MINUTE, "06:30:00"),
        (SECOND * 3 // 2, "00:00:01.5000000"),
        (400 * DAY + 23 * HOUR + 59 * MINUTE + 59 * SECOND + 1, "400.23:59:59.0000010"),
        (0, "00:00:00"),
    ],
)
def test_an_age_is_written_as_dotnet_does_and_read_back(age: int, text: str) -> None:
    """Of format 2 the number of seconds is read, and anything else leaves the task out by name."""
    assert time_span(age) == text
    task = Task(full="0 1 * * *", name="nightly", retention=Retention(age))
    written = task_json(task)
    assert written["RetentionPolicy"] == {"Disabled": False, "MinimumBackupAgeToKeep": text}
    (read,) = tasks_of({"PeriodicBackups": [written]})
    assert isinstance(read, Task)
    assert read.retention == Retention(age)
    written["RetentionPolicy"] = {"Disabled": False, "MinimumBackupAgeToKeep": age / SECOND}
    (read,) = tasks_of({"PeriodicBackups": [written]})
    assert isinstance(read, Task)
    assert read.retention == Retention(age)
    written["RetentionPolicy"] = {"Disabled": False, "MinimumBackupAgeToKeep": "soon"}
    (left,) = tasks_of({"PeriodicBackups": [written]})
    assert isinstance(left, LeftOut)
    assert "'soon' is no duration" in left.why


def test_the_tasks_of_ravendbs_own_file_are_read() -> None:
    """Its retention of two days was none of ours, so that the task was left out."""
    (first, *_) = [ravendb_reader.read(stream) for _, stream in streams(RAVENDB, open_ended=True)]
    tasks = [each for each in tasks_of(first["DatabaseRecord"][0]) if isinstance(each, Task)]
    assert [(each.name, each.retention) for each in tasks] == [("nightly", Retention(2 * DAY)), ("late", None)]


def test_files_that_only_ravendb_reads_are_named_as_that(tmp_path: Path) -> None:
    """Neither a Snapshot of its own storage nor a file of the years of gzip is called damaged."""
    archive = io.BytesIO()
    with zipfile.ZipFile(_Unseekable(archive), "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("Documents/headers.one", b"x" * 200)
    for name, content, says in (
        ("2024-01-01-01-00-00.ravendb-snapshot", archive.getvalue(), "is a Snapshot of RavenDB's own storage"),
        (
            "2024-01-01-01-00-00.ravendb-full-backup",
            gzip.compress(b'{"BuildVersion":42000}'),
            "is compressed with gzip",
        ),
    ):
        with pytest.raises(UnreadableBackup, match=f"{name} {says}"):
            read_manifest(name, [content])
        with pytest.raises(UnreadableBackup, match=f"{name} {says}"):
            DatabaseAssembly("A", "it").take_file(name, [content], unsealed=True)


class _Unseekable(io.RawIOBase):
    """A file in which nobody can go back: each size of an archive then stands behind its member, as .NET writes it."""

    def __init__(self, inner: io.BytesIO) -> None:
        self._inner = inner

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return self._inner.write(content)
