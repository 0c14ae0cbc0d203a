"""Names of folders and files (section 11), made and read back. Local time of the node that runs the backup.

Only text: nothing here looks at a disk.
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
    """What a folder's name says (rule 11.1)."""

    at: int
    """µs; a local time that occurs twice is read as the first."""
    database: str
    node: str
    kind: Kind


@value
class FileName:
    """What a file's name says (rule 11.2)."""

    at: int
    """µs, as in `FolderName`."""
    full: bool
    """A full backup or a snapshot."""
    snapshot: bool
    encrypted: bool
    in_progress: bool


def folder_name(database: str, node: str, kind: Kind, started_at: int, zone: ZoneInfo) -> str:
    """The folder of a chain whose full backup started then (rules 11.1, 11.4)."""
    return f"{_local_text(started_at, zone)}.ravendb-{database}-{node}-{kind.value.lower()}"


def file_name(kind: Kind, full: bool, started_at: int, zone: ZoneInfo, *, encrypted: bool = False) -> str:
    """The file of a run. An incremental of a Snapshot task is an ordinary incremental (rules 11.2, 11.6)."""
    match full, kind:
        case True, Kind.SNAPSHOT:
            what = "snapshot"
        case True, _:
            what = "full-backup"
        case _:
            what = "incremental-backup"
    return f"{_local_text(started_at, zone)}.ravendb-{'encrypted-' if encrypted else ''}{what}"


def first_free(name: Callable[[int], str], started_at: int, taken: Container[str]) -> tuple[str, int]:
    """The name of the first second, from that of `started_at` on, that is not taken, and its instant (rule 11.5).

    A name is taken while it is being written, too. `name(instant)` is one of the two functions above. An incremental
    may move on like this; a full *file* that exists is an error of the run instead.
    """
    at = started_at
    while (text := name(at)) in taken or text + IN_PROGRESS in taken:
        at += SECOND
    return text, at


def parse_folder(name: str, zone: ZoneInfo) -> FolderName | None:
    """What the folder's name says, or None if it is no backup's (rule 11.7)."""
    found = _FOLDER.fullmatch(name)
    at = _parse_date(found["date"], zone) if found else None
    if found is None or at is None:
        return None
    return FolderName(at, found["database"], found["node"], Kind(found["kind"].capitalize()))


def parse_file(name: str, zone: ZoneInfo) -> FileName | None:
    """What the file's name says, or None if it is no backup's (rules 11.2, 11.3, 11.7)."""
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
    except ValueError:  # the 31st of June
        return None


def is_encrypted(file: str) -> bool:
    """Whether a file's name says that it is encrypted (rule 11.2)."""
    found = _FILE.fullmatch(file)
    return found is not None and found["encrypted"] is not None
