"""The manifest of a backup file: its place in a chain, its counts, its seal. And the errors for damaged files.

The manifest is the last section of the stream, so that a file describes itself: a list of one object, as readers that do
not know a section skip it only if it is a list (rule 26.5).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs

from backup.database.contents import Contents
from cluster.time_units import EPOCH, as_datetime
from cluster.value import value

FORMAT = 3
"""The format that is written."""
OLDEST = 2
"""The oldest format that is read: there the section is the object itself, and database ids have 16 characters."""
SECTION = "UnkindnessManifest"
LONGEST = 300
"""The most characters of what is wrong with a file."""
MICROSECOND = timedelta(microseconds=1)


class FileKind(StrEnum):
    """The kind of a backup file."""

    FULL = "full"
    INCREMENTAL = "incremental"
    SNAPSHOT = "snapshot"


class DamagedBackup(ValueError):
    """A file is not what was written, or not whole."""

    def __init__(self, name: str, what: str) -> None:
        what = " ".join(what[:LONGEST].split()) + ("…" if len(what) > LONGEST else "")  # it may quote the file
        super().__init__(f"{name} is damaged: {what}; restore another copy of it, or only up to the file before it")
        self.name = name
        self.what = what


class UnreadableBackup(ValueError):
    """A file is whole, as far as can be told, but this version cannot read it. The text says what to do."""


@value
class Manifest:
    """The description of one backup file. A restore compares those of a chain, file by file."""

    kind: FileKind
    file: str
    """Name of the file without its folder. A file that stands under another name was renamed and is refused."""
    database: str
    database_id: str
    """Database id of the copy that was backed up, to which the etags belong."""
    node: str
    task_id: int
    started_at: int
    """Wall instant of the start in µs, by the clock of `node`."""
    from_etag: int
    """The file holds the changes after this etag; 0 in a full backup."""
    last_etag: int
    """Etag of the copy when the backup started; the next incremental holds the changes after it."""
    change_vector: str
    """Change vector of the copy when the backup started, in text form."""
    raft_index: int
    """Log index up to which the record and the agreed values are in the file."""
    previous: str
    """Name of the file that this one continues; empty in a full backup."""
    from_raft_index: int = 0
    """The file holds the agreed values that changed after this log index; 0 in a full backup."""
    policies_index: int = 0
    """`Policies.index` of the copy. If it differs from that of the file before, this file holds every revision."""
    documents: int = 0
    tombstones: int = 0
    revisions: int = 0
    attachments: int = 0
    """Number of distinct attachment contents in the file."""
    identities: int = 0
    exchanged: int = 0
    """Number of compare-exchange values in the file."""
    content_sha256: str = ""
    """The seal: SHA-256 of all content before it, the manifest's other fields included, in hexadecimal."""


def begun_manifest(
    contents: Contents,
    *,
    file: str,
    database: str,
    task_id: int,
    started_at: int,
    raft_index: int = 0,
    from_etag: int | None = None,
    from_raft_index: int = 0,
    previous: str = "",
    snapshot: bool = False,
) -> Manifest:
    """The manifest of a backup file of these contents before anything is written: its counts are 0 and it has no seal.

    It is that of a full backup, or of an incremental one with `from_etag` and `previous` (the file that it continues).
    `started_at` is in µs by the node's wall clock; `raft_index` is the log index up to which the record is in the file.
    Raises ValueError if only one of `from_etag` and `previous` is given.
    """
    if (from_etag is None) != (not previous):
        raise ValueError(
            f"from_etag {from_etag} and previous {previous!r} do not fit: an incremental has both, a full neither"
        )
    whole = FileKind.SNAPSHOT if snapshot else FileKind.FULL
    return Manifest(
        kind=whole if from_etag is None else FileKind.INCREMENTAL,
        file=file,
        database=database,
        database_id=contents.database_id,
        node=contents.node,
        task_id=task_id,
        started_at=started_at,
        from_etag=from_etag or 0,
        last_etag=contents.etag,
        change_vector=contents.change_vector.text(),
        raft_index=raft_index,
        previous=previous,
        from_raft_index=from_raft_index,
        policies_index=contents.policies.index,
    )


def stamp(instant: int) -> str:
    """An instant in µs as RavenDB writes it: `2026-11-22T23:11:42.8021300Z`."""
    return as_datetime(instant).isoformat(timespec="microseconds")[:26] + "0Z"


def instant_of(text: str) -> int:
    """The instant in µs of a text of the form of `stamp`; digits below µs are dropped. Raises ValueError for other texts."""
    if len(text) != 28 or text[-1] != "Z":
        raise ValueError(f"{text!r} is no time stamp: it should look like '2026-11-22T23:11:42.8021300Z'")
    return (datetime.fromisoformat(text[:26] + "+00:00") - EPOCH) // MICROSECOND


def as_section(manifest: Manifest) -> dict[str, Any]:
    """The manifest as the one JSON object of its section; the seal is the last field."""
    fields: dict[str, Any] = {"Format": FORMAT}
    for field in attrs.fields(Manifest):
        fields[_pascal(field.name)] = getattr(manifest, field.name)
    fields["StartedAt"] = stamp(manifest.started_at)
    return fields


def from_section(name: str, fields: object) -> Manifest:
    """The manifest of the JSON object in the section of file `name`.

    Raises UnreadableBackup if another version wrote it, and DamagedBackup if a field is missing or of a wrong type.
    """
    match fields:
        case {"Format": int(written)} if written > FORMAT:
            raise UnreadableBackup(
                f"{name} has format {written} and this version reads up to {FORMAT}: use a newer version"
            )
        case {"Format": int(written)} if written < OLDEST:
            raise UnreadableBackup(
                f"{name} has format {written} of an early version, and this one reads {OLDEST} to {FORMAT}: use that version"
            )
        case Mapping():
            pass
        case _:
            raise DamagedBackup(name, "its manifest is no JSON object")
    try:
        given: dict[str, Any] = {}
        for field in attrs.fields(Manifest):
            found = fields[_pascal(field.name)]
            match field.name:
                case "kind":
                    given[field.name] = FileKind(found)
                case "started_at":
                    given[field.name] = instant_of(found)
                case _:
                    if not isinstance(found, field.type or object) or isinstance(found, bool):
                        raise TypeError(f"{field.name} is {found!r}")
                    given[field.name] = found
        return Manifest(**given)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedBackup(name, f"its manifest makes no sense ({error})") from error


def _pascal(field: str) -> str:
    return "".join(part.capitalize() for part in field.split("_"))
