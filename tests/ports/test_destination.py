"""What every place for backup files promises: every kind of the registry, real and simulated, and the one in memory."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from backup.destinations.local import LocalDestination, LocalFolder
from backup.destinations.memory import MemoryDestination
from backup.destinations.port import AlreadyThere, Destination, DestinationError, NotThere, parts_of, write
from backup.destinations.registry import REMOTE
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import DestinationSettings
from tests.ports.clouds import SERVED, Clouds

FOLDER = "2026-11-22-23-13-25.ravendb-Shop-A-backup"
FULL = f"{FOLDER}/2026-11-22-23-13-25.ravendb-full-backup"
NAME = "2026-11-22-23-13-25.ravendb-full-backup"


@attrs.frozen
class Row:
    """One place that keeps the contract: of which kind, and how to have one that is empty."""

    kind: type[DestinationSettings]
    make: Callable[[Path, pytest.FixtureRequest], Destination]
    is_real: bool = True


def simulated(kind: type[DestinationSettings]) -> Row:
    """The kind as a simulation has it, its files in memory."""
    address = f"{kind.scheme}://nightly"
    return Row(kind, lambda path, request: kind.simulated(MemoryDestination(), address), is_real=False)


def served(kind: type[DestinationSettings], make: Callable[[Clouds], Destination]) -> Row:
    """The real kind, on a server of this session's own."""
    return Row(kind, lambda path, request: make(request.getfixturevalue("clouds")))


ROWS: dict[str, Row] = {
    "local": Row(LocalFolder, lambda path, request: LocalFolder(str(path / "not" / "made yet")).open()),
    "memory": Row(LocalFolder, lambda path, request: MemoryDestination(), is_real=False),
    **{f"simulated {kind.scheme}": simulated(kind) for kind in REMOTE},
    "simulated s3 in a folder": Row(
        AmazonS3, lambda path, request: AmazonS3.simulated(LocalDestination(path), "s3://nightly"), is_real=False
    ),
    **{name: served(kind, make) for name, (kind, make) in SERVED.items()},
}
READABLE = [name for name, row in ROWS.items() if row.kind.gives_back]
CLOSED = [name for name, row in ROWS.items() if not row.kind.gives_back]


@pytest.fixture(params=READABLE)
def row(request: pytest.FixtureRequest) -> Row:
    """Each kind of place that can be read."""
    return ROWS[request.param]


@pytest.fixture
def place(row: Row, request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """A place of that kind, empty."""
    return row.make(tmp_path, request)


@pytest.fixture
def in_progress(row: Row) -> tuple[str, ...]:
    """What is to be seen of a file on its way."""
    return (NAME + ".in-progress",) if row.kind.shows_progress else ()


def content(place: Destination, name: str) -> bytes:
    """The whole file."""
    return b"".join(place.read(name))


# ---- the contract


def test_write_read_list_delete(place: Destination) -> None:
    """What was written is read back under its name, listed sorted, and gone when deleted."""
    assert place.folders() == ()
    assert place.files(FOLDER) == ()
    assert write(place, FULL, iter([b"one, ", b"", b"two"])) == 8
    write(place, f"{FOLDER}/0.ravendb-full-backup", [])
    write(place, "Straße 1/a b#c", [b"\0" * 300_000])
    assert content(place, FULL) == b"one, two"
    assert content(place, f"{FOLDER}/0.ravendb-full-backup") == b""
    assert content(place, "Straße 1/a b#c") == b"\0" * 300_000
    assert place.folders() == (FOLDER, "Straße 1")
    assert place.files(FOLDER) == ("0.ravendb-full-backup", NAME)
    place.delete(FULL)
    place.delete(FULL)
    assert place.files(FOLDER) == ("0.ravendb-full-backup",)
    place.delete_folder(FOLDER)
    place.delete_folder(FOLDER)
    assert place.folders() == ("Straße 1",)


def test_a_file_appears_when_it_is_whole(place: Destination, in_progress: tuple[str, ...]) -> None:
    """While it is written a file has its in-progress name only (rule 11.3), or none."""
    upload = place.start(FULL)
    upload.write(b"half")
    assert place.files(FOLDER) == in_progress
    with pytest.raises(NotThere):
        content(place, FULL)
    upload.write(b" and half")
    upload.finish()
    assert place.files(FOLDER) == (NAME,)
    assert content(place, FULL) == b"half and half"
    upload.discard()
    assert place.files(FOLDER) == (NAME,)


def test_a_crash_leaves_what_it_leaves(place: Destination, in_progress: tuple[str, ...]) -> None:
    """An abandoned upload keeps what was written, in progress; nothing clears it away but deleting it."""
    upload = place.start(FULL)
    upload.write(b"half")
    upload.abandon()
    upload.discard()
    assert place.files(FOLDER) == in_progress
    for file in in_progress:  # what was still on the wire is lost
        assert b"half".startswith(content(place, f"{FOLDER}/{file}"))
    place.delete(FULL + ".in-progress")
    write(place, FULL, [b"again"])
    assert content(place, FULL) == b"again"


def test_an_error_leaves_nothing(place: Destination) -> None:
    """When the backup fails in the middle, its file is removed (rule 9.6c)."""

    def failing() -> Iterator[bytes]:
        yield b"half"
        raise LookupError("the source failed")

    with pytest.raises(LookupError, match="the source failed"):
        write(place, FULL, failing())
    assert place.files(FOLDER) == ()


def test_being_killed_leaves_the_file_in_progress(place: Destination, in_progress: tuple[str, ...]) -> None:
    """What is no error but an end, such as a cancellation, leaves the file as a crash does (rule 22.6)."""

    def killed() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(place, FULL, killed())
    assert place.files(FOLDER) == in_progress


def test_nothing_is_overwritten(row: Row, place: Destination) -> None:
    """A file that is there stays, finished or in progress, also when it came while ours was written (rule 11.5)."""
    first, other = place.start(FULL), f"{FOLDER}/2026-11-22-23-13-26.ravendb-incremental-backup"
    first.write(b"first")
    if row.kind.shows_progress or not row.is_real:
        with pytest.raises(AlreadyThere, match=r"in-progress: the file already exists; take the current second"):
            place.start(FULL)
        first.finish()
    else:
        second = place.start(FULL)
        second.write(b"second")
        first.finish()
        with pytest.raises(AlreadyThere, match=NAME):
            second.finish()
        second.discard()
    with pytest.raises(AlreadyThere, match=NAME):
        write(place, FULL, [b"second"])
    assert content(place, FULL) == b"first"
    write(place, other, [b"third"])
    assert content(place, other) == b"third"


@pytest.mark.parametrize("name", ["", "file", "/file", "folder/", "a/b/c", "../file", "./file", "a/..", "a\\b/c"])
def test_names_lead_nowhere_else(place: Destination, name: str) -> None:
    """A name that is not folder/file is refused before anything is touched."""
    for act in (place.start, place.delete, lambda name: content(place, name)):
        with pytest.raises(ValueError, match="names nothing in a destination"):
            act(name)
    assert parts_of(FULL, 2) == (FOLDER, NAME)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a/b\n", "give printable characters"),
        ("a\0/b", "give printable characters"),
        ("a/\ud800", "give printable characters"),
        (f"{'x' * 256}/b", "has 256 bytes in UTF-8, more than the 255"),
        (f"{'é' * 128}/b", "has 256 bytes in UTF-8, more than the 255"),
    ],
)
def test_what_no_file_system_takes_is_refused_everywhere(place: Destination, name: str, why: str) -> None:
    """Also where files are kept in memory: a story fails or succeeds alike wherever its files are."""
    for act in (place.start, place.delete, lambda name: content(place, name)):
        with pytest.raises(ValueError, match=why):
            act(name)


@pytest.mark.parametrize("name", CLOSED)
def test_what_gives_nothing_back_says_so(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Where nothing can be listed or read at once, each look is refused with what helps, and names are still checked."""
    place = ROWS[name].make(tmp_path, request)
    assert not place.gives_back
    for look in (place.folders, lambda: place.files(FOLDER), lambda: content(place, FULL)):
        with pytest.raises(DestinationError, match="read by jobs that take hours; retrieve the archives into a local"):
            look()
    place.delete(FULL)
    place.delete_folder(FOLDER)
    with pytest.raises(ValueError, match="names nothing in a destination"):
        place.start("../file")


# ---- the local folder's own


def test_local_order_of_durability(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is durable before it has its name, and the name before anybody is told."""
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(handle: int) -> None:
        done.append(f"fsync {Path(os.readlink(f'/proc/self/fd/{handle}')).name}")
        fsync(handle)

    def noted_rename(path: Path, target: Path) -> Path:
        done.append(f"rename {path.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    write(LocalDestination(tmp_path / "backups"), "folder/file", [b"x"])
    assert done == [
        f"fsync {tmp_path.name}",
        "fsync backups",
        "fsync file.in-progress",
        "rename file.in-progress",
        "fsync folder",
    ]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "no space is left; free some space, or choose another folder"),
        (errno.EACCES, "permission is denied; let the user that runs this write there"),
        (errno.EIO, "the device failed; look at the device"),
        (errno.EXDEV, "Invalid cross-device link; see what the system says about it"),
    ],
)
def test_local_errors_name_path_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str
) -> None:
    """An error of the system becomes one that names the path, the reason and what helps; the file in progress goes."""

    def failing(handle: int, chunk: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", failing)
    place = LocalDestination(tmp_path)
    with pytest.raises(DestinationError, match=says) as caught:
        write(place, FULL, [b"x"])
    assert str(caught.value).startswith(f"{tmp_path}/{FULL}.in-progress: ")
    assert place.files(FOLDER) == ()


def test_local_folder_that_is_a_file(tmp_path: Path) -> None:
    """A path through a file is refused as such."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DestinationError, match="a part of the path is a file, not a folder; remove the file"):
        LocalDestination(tmp_path / "file").start(FULL)


def test_local_survives_its_object(tmp_path: Path) -> None:
    """The files are the folder's, not the object's."""
    write(LocalDestination(tmp_path), FULL, [b"x"])
    assert LocalDestination(str(tmp_path)).files(FOLDER) == (NAME,)
