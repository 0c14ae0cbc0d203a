"""Names of the folders and files of backups (section 11): written and parsed.

They hold the local time of the node that runs the backup.
"""

import re
from collections.abc import Callable, Container
from datetime import datetime
from zoneinfo import ZoneInfo

from backup.destinations.port import IN_PROGRESS
from backup.record.task import Kind
from cluster.time_units import SECOND, as_datetime, as_instant
from cluster.value import value

UTC = ZoneInfo("UTC")

_STAMP = "%Y-%m-%d-%H-%M-%S"
_DATE = r"(?P<date>\d{4}(?:-\d{2}){4,5})"  # without seconds: the legacy form (rule 11.7)
_FOLDER = re.compile(_DATE + r"\.ravendb-(?P<database>.+)-(?P<node>[A-Za-z]+)-(?P<kind>backup|snapshot)")
_FILE = re.compile(
    _DATE + r"\.ravendb-(?P<encrypted>encrypted-)?(?P<what>full-backup|incremental-backup|snapshot)"
    r"(?P<in_progress>\.in-progress)?"
)


@value
class FolderName:
    """The parts of a folder's name (rule 11.1)."""

    at: int
    """Wall instant in µs; a local time that occurs twice is read as the first of the two."""
    database: str
    node: str
    kind: Kind


@value
class FileName:
    """The parts of a file's name (rule 11.2)."""

    at: int
    """Wall instant in µs, as in `FolderName`."""
    full: bool
    """Whether it is a full backup or a snapshot, and not an incremental backup."""
    snapshot: bool
    encrypted: bool
    in_progress: bool


def folder_name(database: str, node: str, kind: Kind, started_at: int, zone: ZoneInfo) -> str:
    """The name of the folder of a chain whose full backup started at `started_at` (rules 11.1, 11.4)."""
    return f"{_local_text(started_at, zone)}.ravendb-{database}-{node}-{kind.value.lower()}"


def file_name(kind: Kind, full: bool, started_at: int, zone: ZoneInfo, *, encrypted: bool = False) -> str:
    """The name of the file of a run. Incrementals of a Snapshot task are named like others (rules 11.2, 11.6)."""
    match full, kind:
        case True, Kind.SNAPSHOT:
            what = "snapshot"
        case True, _:
            what = "full-backup"
        case _:
            what = "incremental-backup"
    return f"{_local_text(started_at, zone)}.ravendb-{'encrypted-' if encrypted else ''}{what}"


def first_free(name: Callable[[int], str], started_at: int, taken: Container[str]) -> tuple[str, int]:
    """The first name that is not taken, second by second from `started_at` on, and its instant in µs (rule 11.5).

    A name is also taken while its file is being written. `name(instant)` calls one of the two functions above. Folders
    and incremental files move on like this; a full *file* that exists already is an error of the run instead.
    """
    at = started_at
    while (text := name(at)) in taken or text + IN_PROGRESS in taken:
        at += SECOND
    return text, at


def parse_folder(name: str, zone: ZoneInfo) -> FolderName | None:
    """The parts of a folder's name; None if it is not the name of a backup's folder (rule 11.7)."""
    found = _FOLDER.fullmatch(name)
    at = _parse_date(found["date"], zone) if found else None
    if found is None or at is None:
        return None
    return FolderName(at, found["database"], found["node"], Kind(found["kind"].capitalize()))


def parse_file(name: str, zone: ZoneInfo) -> FileName | None:
    """The parts of a file's name; None if it is not the name of a backup's file (rules 11.2, 11.3, 11.7)."""
    found = _FILE.fullmatch(name)
    at = _parse_date(found["date"], zone) if found else None
    if found is None or at is None:
        return None
    what = found["what"]
    return FileName(
        at,
        full=what != "incremental-backup",
        snapshot=what == "snapshot",
        encrypted=found["encrypted"] is not None,
        in_progress=found["in_progress"] is not None,
    )


def _local_text(instant: int, zone: ZoneInfo) -> str:
    return as_datetime(instant).astimezone(zone).strftime(_STAMP)


def _parse_date(text: str, zone: ZoneInfo) -> int | None:
    numbers = [int(part) for part in text.split("-")]
    try:
        return as_instant(datetime(*numbers[:5], *numbers[5:], tzinfo=zone))  # type: ignore[misc,arg-type]
    except ValueError:  # a date that does not exist, such as the 31st of June
        return None


def is_misdated(name: str) -> bool:
    """Whether it would be the name of a backup's file or folder, if its date existed."""
    found = _FILE.fullmatch(name) or _FOLDER.fullmatch(name)
    return found is not None and _parse_date(found["date"], UTC) is None


def is_meant_as_folder(name: str, zone: ZoneInfo) -> bool:
    """Whether a folder is one of a backup by its name, be it with a date that does not exist."""
    return parse_folder(name, zone) is not None or is_misdated(name)


def is_encrypted(file: str) -> bool:
    """Whether a file's name says that it is encrypted (rule 11.2)."""
    found = _FILE.fullmatch(file)
    return found is not None and found["encrypted"] is not None
