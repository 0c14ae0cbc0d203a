"""Real backup files as a user finds them: which folders hold them, what can be restored, and documents out of them.

Works without a cluster or a world, on the files that a run kept (`run … --out`) or on those of a real cloud,
`s3://bucket/folder`, with credentials from the environment. Never here: how a chain is read (backup/restore/chain_reader.py), and
what goes to a terminal (cli/).
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backup.content import file_names
from backup.content.manifest import DamagedBackup, stamp
from backup.content.texts import in_parts
from backup.database import exact_json
from backup.database.items import METADATA, Document, body_and_metadata, text_of
from backup.destinations.local import LocalDestination
from backup.destinations.port import Destination, DestinationError
from backup.destinations.registry import is_remote, settings_at
from backup.destinations.world_destinations import TEMPORARY
from backup.record.encryption_keys import BadKey, Key
from backup.restore.chain_documents import ChainDocuments
from backup.restore.chain_reader import BrokenChain, NothingToRestore, chain_of, restore, restore_points
from backup.restore.restore_points import (
    Chain,
    CheckedPoint,
    Unusable,
    chains,
    check_chain,
    manifest_of,
    point_at,
    time_text,
)
from cluster.value import value
from cluster.written_times import instant_of_text


class FilesError(ValueError):
    """The files do not hold what was asked for. The text names the value and the remedy."""


class DamagedFiles(FilesError):
    """The files are not what was written, or some of them are missing."""


@value
class FilesPlace:
    """A folder that holds folders of backups: a task's local folder, or one in a cloud."""

    name: str
    """The path of the folder, or the address in the cloud."""
    destination: Destination
    only: str = ""
    """The only chain to look at; empty: all."""


@value
class RestoredDocuments:
    """What was found in files."""

    documents: Iterable[Document]
    """In the order of their last changes."""
    files: tuple[str, ...]
    """The files they are from, in order."""
    left_out: Mapping[str, int]
    """By section or metadata field that the model cannot hold: how often it occurred."""


@value
class Point:
    """One chain in one place."""

    place: FilesPlace
    chain: Chain


def places(where: str | Path) -> list[FilesPlace]:
    """Every place at or below a folder, which may itself be one chain, or the one of an address. FilesError if there is none."""
    if is_remote(str(where)):
        return [_cloud(str(where))]
    folder = Path(where)
    if not folder.is_dir():
        raise FilesError(f"there is no folder {folder}: give that of a run (--out), of a destination, or of one chain")
    whole = folder.resolve()
    if file_names.is_meant_as_folder(whole.name, file_names.UTC):
        return [_local(whole.parent, whole.name)]
    found = sorted(
        {
            path.parent
            for path in whole.rglob("*")
            if path.is_dir()
            and file_names.is_meant_as_folder(path.name, file_names.UTC)
            # not a folder under construction, nor one whose node died meanwhile
            and TEMPORARY not in path.relative_to(whole).parts
        }
    )
    if not found:
        raise FilesError(f"{folder} holds no folder of backups, nor does any folder below it: give another")
    return [_local(path) for path in found]


def _local(path: Path, only: str = "") -> FilesPlace:
    return FilesPlace(str(path), LocalDestination(path), only)


def _cloud(where: str) -> FilesPlace:
    parts = where.rstrip("/").split("/")
    is_chain = (
        len(parts) > len(["s3:", "", "bucket"]) and file_names.parse_folder(parts[-1], file_names.UTC) is not None
    )
    only = parts.pop() if is_chain else ""
    try:
        return FilesPlace(where, settings_at("/".join(parts)).open(), only)
    except (DestinationError, ValueError) as error:
        raise FilesError(str(error)) from error


def _said(error: BaseException) -> str:
    """The text of an error for who restores: there is no next run that would try again."""
    return str(error).replace("; the next run tries again", ", and try again")


def keys_in(path: Path | None) -> tuple[Key, ...]:
    """The keys in a key file, one a line as base64; () for no file. FilesError never holds what was in it."""
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="ascii").split()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise FilesError(f"key file {path} cannot be read ({why}): give a file with a key on each line") from None
    if not lines:
        raise FilesError(f"key file {path} is empty: put a key on its first line, 32 bytes as base64")
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(Key.of_text(line))
        except BadKey as error:
            raise FilesError(f"key file {path}, line {number}: {error}") from None
    return tuple(found)


def unsafe(where: str | Path) -> str:
    """What is unsafe about how an address is reached, as a sentence without a full stop; empty: nothing is. FilesError."""
    try:
        return settings_at(str(where)).warning if is_remote(str(where)) else ""
    except ValueError as error:
        raise FilesError(str(error)) from error


def instant_of_files(text: str) -> int:
    """The wall µs of a text such as `2024-01-05 09:03` or `02:30`. FilesError if it is no time."""
    try:
        return instant_of_text(text)
    except ValueError as error:
        raise FilesError(str(error)) from None


# ---- what there is


def inspected(where: str | Path, keys: tuple[Key, ...], *, unsealed: bool = False) -> list[Point]:
    """Every chain at or below a folder, or at an address, each file of it read, and verified where it is not `unsealed`."""
    found = []
    for place in places(where):
        try:
            destination = place.destination
            if place.only:
                known: tuple[Chain, ...] = (
                    check_chain(destination, place.only, keys=keys, unsealed=unsealed, thorough=True),
                )
            else:
                known = chains(destination, keys=keys, unsealed=unsealed, thorough=True)
        except DestinationError as error:
            raise FilesError(_said(error)) from error
        found += [Point(place, chain) for chain in known]
    return found


def fields(point: Point) -> Iterator[dict[str, Any]]:
    """One JSON object for each restore point of a chain (rule 17.11), and for each file that is not a restore point."""
    place, chain = point.place, point.chain
    for each in chain.points:
        yield _fields(place, each)
    for file in chain.in_progress:
        yield {"place": place.name, "folder": chain.folder, "file": file, "problem": "it was never finished"}
    if chain.problem:
        yield {"place": place.name, "folder": chain.folder, "problem": chain.problem}


def _fields(place: FilesPlace, checked: CheckedPoint) -> dict[str, Any]:
    point, manifest = checked.point, checked.manifest
    return {
        "place": place.name,
        "folder": point.folder,
        "file": point.file,
        "at": stamp(manifest.started_at if manifest is not None else point.at),
        "kind": "snapshot" if point.snapshot else "full" if point.full else "incremental",
        "encrypted": point.encrypted,
        "database": point.database,
        "node": point.node,
        "filesNeeded": point.files_needed,
        "documents": manifest.documents if manifest is not None else checked.unsealed,
        "sealed": manifest is not None,
        "restorable": not checked.problem,
        "problem": checked.problem,
    }


def lines(points: Iterable[Point]) -> Iterator[str]:
    """The same as text: a line for each chain and each file in it, with its problem if it has one."""
    shown = None
    for point in points:
        chain = point.chain
        if point.place.name != shown:
            shown = point.place.name
            yield shown
        count = len(chain.points)
        if chain.empty:
            yield f"  {chain.folder}: no finished backup: a run failed or died there, or its files were removed"
            yield from (f"    {'':19}  {file}: never finished" for file in chain.in_progress)
            continue
        seal = "" if all(each.unsealed is None for each in chain.points) else " as far as can be told without a seal"
        verdict = f"whole{seal}" if chain.whole else "not whole"
        yield f"  {chain.folder}: {count} file{'' if count == 1 else 's'}, {verdict}"
        for each in chain.points:
            yield f"    {_line(each)}"
        for file in chain.in_progress:
            yield f"    {'':19}  {file}: never finished, no part of the chain"
        if chain.problem:
            yield f"    {chain.problem}"


def _line(checked: CheckedPoint) -> str:
    point, manifest = checked.point, checked.manifest
    when = time_text(manifest.started_at if manifest is not None else point.at)
    kind = "snapshot" if point.snapshot else "full" if point.full else "incremental"
    sort = f"{kind}{', encrypted' if point.encrypted else ''}"
    if checked.problem:
        return f"{when}  {sort}: NOT RESTORABLE: {checked.problem}"
    documents = manifest.documents if manifest is not None else checked.unsealed
    noun = "document" if documents == 1 else "documents"
    seal = "" if manifest is not None else ", without a seal"
    return f"{when}  {sort}, {documents:,} {noun}{seal}; needs {len(checked.files)} of the chain: {point.file}"


# ---- out of the files


def restored(
    where: str | Path,
    keys: tuple[Key, ...],
    *,
    at: int | None = None,
    last_file: str | None = None,
    database: str = "",
    unsealed: bool = False,
) -> RestoredDocuments:
    """The documents of the files: up to `last_file` of a chain, as of wall instant `at`, or else the newest."""
    try:
        return _restored(where, keys, at, last_file, database, unsealed)
    except (DamagedBackup, BrokenChain) as error:
        raise DamagedFiles(str(error)) from error
    except (*Unusable, ValueError) as error:  # a ValueError: what was named is no name for a file
        raise FilesError(_said(error)) from error


def _restored(
    where: str | Path, keys: tuple[Key, ...], at: int | None, last_file: str | None, database: str, unsealed: bool
) -> RestoredDocuments:
    if at is not None and last_file is not None:
        raise FilesError("an instant and a last file were given: give one of them")
    if at is not None and unsealed:
        raise FilesError(
            "files without a seal do not say when they were begun: name the last file instead of an instant"
        )
    found = places(where)
    if last_file is not None or unsealed or (at is None and found[0].only):
        if not found[0].only:
            raise FilesError(f"{where} is no single chain: give the folder of one, named like that of a backup")
        return _documents(found[0].destination, found[0].only, last_file, keys, unsealed=unsealed)
    when = at if at is not None else FAR
    best: tuple[int, FilesPlace, str, str] | None = None
    refused: list[NothingToRestore] = []
    for place in found:
        destination: Any = Only(place) if place.only else place.destination
        try:
            point = point_at(destination, when, database, keys=keys)
        except NothingToRestore as error:
            refused.append(error)
            continue
        started_at = manifest_of(destination, point, keys).started_at
        if best is None or started_at > best[0]:
            best = started_at, place, point.folder, point.file
    if best is None:
        raise refused[0]
    return _documents(best[1].destination, best[2], best[3], keys)


def _documents(
    destination: Destination, folder: str, last_file: str | None, keys: tuple[Key, ...], *, unsealed: bool = False
) -> RestoredDocuments:
    """One document at a time, but for a Snapshot, and for files without a seal, which nobody has checked: those are restored whole."""
    points = restore_points(destination, folder)
    if unsealed or not points or points[0].snapshot:
        whole = restore(destination, folder, last_file, keys=keys, unsealed=unsealed)
        return RestoredDocuments(tuple(whole.store.frozen_at().documents()), whole.files, whole.left_out)
    chain = chain_of(destination, points, last_file, keys=keys)
    found = ChainDocuments(destination, folder, chain, keys)
    return RestoredDocuments(found, found.files, found.left_out)


FAR = instant_of_text("9999-01-01")


class Only:
    """A place of which only one chain is visible."""

    def __init__(self, place: FilesPlace) -> None:
        self._place = place.destination
        self._only = place.only

    gives_back = True

    def folders(self) -> tuple[str, ...]:
        return (self._only,)

    def files(self, folder: str) -> tuple[str, ...]:
        return self._place.files(folder)

    def read(self, name: str) -> Iterator[bytes]:
        return self._place.read(name)


def document_lines(found: RestoredDocuments) -> Iterator[str]:
    """The documents as lines of JSON in the order of their changes, as `--data` of a run takes them.

    DamagedFiles for a document that has no such line: a seal says who wrote a file, not what.
    """
    return ("".join(parts)[:-1] for parts in document_parts(found))


def document_parts(found: RestoredDocuments) -> Iterator[Iterable[str]]:
    """The same lines, each with its end and in parts, so that a large document is nowhere held twice."""
    try:
        for document in found.documents:
            yield in_parts(*_checked(document, found.files[-1]))
            del document  # before the next one is read
    except Unusable as error:
        raise DamagedFiles(str(error)) from error


def _checked(document: Document, last: str) -> tuple[str, str]:
    try:
        exact_json.check_object(document.body)
        if "\\ud" in document.body or "\\uD" in document.body:
            text_of(exact_json.decoded(document.body))  # half a character
        body, rest = _body_and_rest(document)
    except (TypeError, ValueError, RecursionError) as error:
        raise DamagedFiles(
            f"{last}, or a file before it, is damaged: document {document.id!r} is no JSON ({error}); "
            "restore another copy of it"
        ) from error
    return body, f"{rest}\n"


def document_line(document: Document) -> str:
    """A document as a line of JSON, its numbers as they were written."""
    body, rest = _body_and_rest(document)
    return f"{body[:-1]}{rest}"


def _body_and_rest(document: Document) -> tuple[str, str]:
    """A document's body, and what stands in its line in place of the closing brace."""
    body, own = body_and_metadata(document.body)
    metadata: dict[str, Any] = {"@id": document.id, "@collection": document.collection}
    metadata["@last-modified"] = stamp(document.last_modified)
    if document.attachments:
        metadata["@attachments"] = [{"Name": a.name, "Hash": a.hash, "Size": a.size} for a in document.attachments]
    comma = "," if len(body) > 2 else ""
    return body, f'{comma}"{METADATA}":{text_of(metadata)[:-1]}{"," + own[1:] if own else "}"}}}'
