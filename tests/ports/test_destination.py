"""What every place for backup files promises. An implementation adds one line that says how to make one."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backup.destinations.local import LocalDestination
from backup.destinations.memory import Vault
from backup.destinations.port import AlreadyThere, Destination, DestinationError, NotThere, parts_of, write
from backup.destinations.simulated import Cloud

FOLDER = "2026-11-22-23-13-25.ravendb-Shop-A-backup"
FULL = f"{FOLDER}/2026-11-22-23-13-25.ravendb-full-backup"
NAME = "2026-11-22-23-13-25.ravendb-full-backup"

MAKERS: dict[str, Callable[[Path], Destination]] = {
    "local": lambda path: LocalDestination(path / "not" / "made yet"),
    "vault": lambda path: Vault(),
    "simulated ftp": lambda path: Cloud(Vault(), "ftp://files.example/backups"),
    "simulated s3": lambda path: Cloud(LocalDestination(path), "s3://nightly"),
}
REAL = ("s3", "google", "azure", "azure by token", "ftp", "ftps", "old ftp")
HIDING = ("simulated s3", "s3", "google", "azure", "azure by token")
"""Object stores, which show a file when it is whole: what ends in any other way leaves nothing to see."""


@pytest.fixture(params=[*MAKERS, *REAL])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of place that can be read."""
    return str(request.param)


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    """A place of that kind, empty."""
    if kind in MAKERS:
        return MAKERS[kind](tmp_path)
    made: Destination = request.getfixturevalue("clouds").place(kind)
    return made


@pytest.fixture
def in_progress(kind: str) -> tuple[str, ...]:
    """What is to be seen of a file on its way."""
    return () if kind in HIDING else (NAME + ".in-progress",)


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


def test_nothing_is_overwritten(place: Destination, kind: str) -> None:
    """A file that is there stays, finished or in progress, also when it came while ours was written (rule 11.5)."""
    first, other = place.start(FULL), f"{FOLDER}/2026-11-22-23-13-26.ravendb-incremental-backup"
    first.write(b"first")
    if kind not in REAL or kind not in HIDING:
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


@pytest.mark.parametrize(
    "name", ["", "file", "/file", "folder/", "a/b/c", "../file", "./file", "a/..", "a\\b/c", "a/b\n"]
)
def test_names_lead_nowhere_else(place: Destination, name: str) -> None:
    """A name that is not folder/file is refused before anything is touched."""
    for act in (place.start, place.delete, lambda name: content(place, name)):
        with pytest.raises(ValueError, match="names nothing in a destination"):
            act(name)
    assert parts_of(FULL, 2) == (FOLDER, NAME)


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
