"""What a backup file says about itself: its place in a chain, what it counts, its seal. And how damage is named.

The manifest is the last section of the stream, so that one file is self-describing; readers that do not know the
section skip it. Never here: streams, compression, files.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs

from backup.database.contents import Contents
from cluster.time_units import EPOCH, as_datetime
from cluster.value import value

FORMAT = 2
SECTION = "UnkindnessManifest"


class FileKind(StrEnum):
    """What a file holds of its database."""

    FULL = "full"
    INCREMENTAL = "incremental"
    SNAPSHOT = "snapshot"


class DamagedBackup(ValueError):
    """A file is not what was written, or not whole. Nothing of it was restored."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} is damaged: {what}; restore another copy of it, or only up to the file before it")
        self.name = name
        self.what = what


class UnreadableBackup(ValueError):
    """A file is whole, as far as can be told, but not one that this version reads. The text says what to do."""


@value
class Manifest:
    """One backup file in its chain. Restoring compares these, file by file."""

    kind: FileKind
    file: str
    """Its own name, without the folder: a file under another name is not the restore point that it seems to be."""
    database: str
    database_id: str
    """The copy that was backed up: its etags mean nothing in another."""
    node: str
    task_id: int
    started_at: int
    """Wall instant of the start in µs, by the clock of `node`."""
    from_etag: int
    """The file holds what changed after this etag; 0 in a full one."""
    last_etag: int
    """Etag of the copy when the backup started: the next incremental begins here."""
    change_vector: str
    """What the copy had seen when the backup started, in text form."""
    raft_index: int
    """Index up to which the record and its values are in the file."""
    previous: str
    """Name of the file that this one continues; empty in a full one."""
    from_raft_index: int = 0
    """The file holds what was agreed after this index, beside what it holds whole; 0 in a full one."""
    policies_index: int = 0
    """`Policies.index` of the copy: a file of another index than the one before it holds every revision there is."""
    documents: int = 0
    tombstones: int = 0
    revisions: int = 0
    attachments: int = 0
    """Contents, each once."""
    identities: int = 0
    exchanged: int = 0
    """Compare-exchange values."""
    content_sha256: str = ""
    """SHA-256 of all content before this field, in hexadecimal: it seals every other field as well."""


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
    """What a backup file of these contents says of itself before anything is written into it: it counts nothing yet.

    A full one, or with `from_etag` and `previous` (the file it continues) an incremental one. `started_at` in µs by the
    node's wall clock; `raft_index` is the log index up to which the record is in it. ValueError if an incremental names
    no file, or a full one does.
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
    """The instant in µs that `stamp` wrote; digits below µs are dropped. ValueError for anything else."""
    if len(text) != 28 or text[-1] != "Z":
        raise ValueError(f"{text!r} is no time stamp: it should look like '2026-11-22T23:11:42.8021300Z'")
    return (datetime.fromisoformat(text[:26] + "+00:00") - EPOCH) // timedelta(microseconds=1)


def as_section(manifest: Manifest) -> dict[str, Any]:
    """The manifest as the JSON object of its section, the seal last."""
    fields: dict[str, Any] = {"Format": FORMAT}
    for field in attrs.fields(Manifest):
        fields[_pascal(field.name)] = getattr(manifest, field.name)
    fields["StartedAt"] = stamp(manifest.started_at)
    return fields


def from_section(name: str, fields: object) -> Manifest:
    """Back from the section of file `name`.

    UnreadableBackup if a newer version wrote it, DamagedBackup if it makes no sense.
    """
    match fields:
        case {"Format": int(written)} if written > FORMAT:
            raise UnreadableBackup(
                f"{name} has format {written} and this version reads up to {FORMAT}: use a newer version"
            )
        case {"Format": int(written)} if written < FORMAT:
            raise UnreadableBackup(
                f"{name} has format {written} of an early version, and this one reads {FORMAT}: use that version"
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
