"""Restoring a folder of backup files: its restore points, the check that the chain is whole, and the restore itself.

Where RavenDB restores what it finds (rules 17.3, 17.4, 22.7, 22.20), a broken chain is refused with the reason, unless
RavenDB's own rules apply: a database that lacks a part cannot be told from one that is whole.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from backup.content import file_names
from backup.content.encryption import NoKey, WrongKey, plain
from backup.content.logical import read_manifest
from backup.content.manifest import DamagedBackup, FileKind, Manifest, UnreadableBackup
from backup.database.documents import Contents, Store
from backup.database.items import Document
from backup.destinations.port import Destination
from backup.record.encryption_keys import Key
from backup.record.rules import Rules
from backup.restore.assembly import DatabaseAssembly
from cluster.value import value

UTC = ZoneInfo("UTC")
OURS = Rules()
MOST_NAMED = 5
"""The most folders that an error lists."""


class NothingToRestore(ValueError):
    """There is no such restore point. The message lists the existing ones."""


class BrokenChain(ValueError):
    """The files of a folder do not make one whole chain. Nothing was restored."""


@value
class RestorePoint:
    """One file up to which a folder can be restored, by its name alone (rule 17.11)."""

    folder: str
    file: str
    at: int
    """µs: start of the backup."""
    full: bool
    snapshot: bool
    encrypted: bool
    database: str
    """Empty if the folder's name does not tell."""
    node: str
    files_needed: int


def restore_points(destination: Destination, folder: str, zone: ZoneInfo = UTC) -> tuple[RestorePoint, ...]:
    """The finished backup files of a folder in order (rules 17.2, 17.11, 17.12).

    `zone` is the time zone of the node that wrote them. BrokenChain if a snapshot follows another file (rule 17.4), and for a
    file whose date does not exist.
    """
    named = file_names.parse_folder(folder, zone)
    files = destination.files(folder)
    for file in files:
        if file_names.is_misdated(file):
            raise BrokenChain(
                f"{file} in {folder} has a date that does not exist: give it back its name, or move it away"
            )
    found = [
        (file, parsed) for file in files if (parsed := file_names.parse_file(file, zone)) and not parsed.in_progress
    ]
    found.sort(key=lambda each: (each[0].partition(".")[0], not each[1].snapshot, not each[1].full))
    for file, parsed in found[1:]:
        if parsed.snapshot:
            raise BrokenChain(
                f"snapshot {file} stands behind {found[0][0]} in {folder}: move it to a folder of its own"
            )
    database, node = (named.database, named.node) if named else ("", "")
    return tuple(
        RestorePoint(folder, file, parsed.at, parsed.full, parsed.snapshot, parsed.encrypted, database, node, needed)
        for needed, (file, parsed) in enumerate(found, 1)
    )


def restore(
    destination: Destination,
    folder: str,
    last_file: str | None = None,
    *,
    node: str = "A",
    database_id: str = "restored",
    unsealed: bool = False,
    keys: Iterable[Key] = (),
    rules: Rules = OURS,
) -> DatabaseAssembly:
    """Restore a folder, up to and including `last_file` (in any case), into a new copy on `node` (rules 17.2-17.5).

    Nothing is returned before every file is verified. NothingToRestore, BrokenChain, DamagedBackup or
    UnreadableBackup say why not, and which file; NoKey or WrongKey where none of `keys` opens an encrypted one.
    `unsealed` takes files as RavenDB writes them, unverified, in the order of their names. `rules` say what is refused.
    """
    points = restore_points(destination, folder)
    if not points:
        raise NothingToRestore(f"No files to restore: {folder} holds no finished backup; {_folders_of(destination)}")
    keys = tuple(keys)

    def take(assembly: DatabaseAssembly, file: str) -> Manifest | None:
        return assembly.take_file(file, content_of(destination, folder, file, keys), unsealed=unsealed)

    with _collector_paused():
        begun, known = DatabaseAssembly(node, database_id), dict[str, Manifest]()
        if not _is_by_name(unsealed, rules):
            # The folder's first file nearly always begins the chain: it is applied while it is read to be verified.
            _chosen(points, last_file, rules)
            try:
                manifest = take(begun, points[0].file)
            except (DamagedBackup, UnreadableBackup, NoKey, WrongKey):
                manifest = None  # if the chain needs it, it is read again, and the error told
            if manifest is not None and manifest.file.lower() == points[0].file.lower():
                known[points[0].file] = manifest
        chain = chain_of(destination, points, last_file, unsealed=unsealed, keys=keys, rules=rules, known=known)
        is_begun = begun.files[:1] == chain[:1]
        assembly = begun if is_begun else DatabaseAssembly(node, database_id)
        for file in chain[is_begun:]:
            take(assembly, file)
    assembly.left_out = dict(sorted(assembly.left_out.items()))
    return assembly


def _folders_of(destination: Destination) -> str:
    """What a place has, as a clause with the remedy."""
    there = [folder for folder in destination.folders() if file_names.is_meant_as_folder(folder, UTC)]
    more = f", the newest {MOST_NAMED} of {len(there)}" if len(there) > MOST_NAMED else ""
    return f"give one of {', '.join(there[-MOST_NAMED:])}{more}" if there else "no folder of backups is there at all"


def content_of(destination: Destination, folder: str, file: str, keys: Iterable[Key]) -> Iterable[bytes]:
    """The content of a file of a folder, decrypted if its name says that it is encrypted. NoKey or WrongKey as `restore`."""
    return plain(file, destination.read(f"{folder}/{file}"), keys)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Search for no circular garbage: a restore makes none, and the search would go over every document again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def chain_of(
    destination: Destination,
    points: tuple[RestorePoint, ...],
    last_file: str | None = None,
    *,
    unsealed: bool = False,
    keys: Iterable[Key] = (),
    rules: Rules = OURS,
    known: dict[str, Manifest] | None = None,
) -> tuple[str, ...]:
    """The files to apply, in order, to restore the folder of these points; verified unless the rules do without.

    `known`: manifests read before, by file; those read now are added.
    """
    last = _chosen(points, last_file, rules)
    if _is_by_name(unsealed, rules):
        return _by_name(points, last, headless=not rules.needs_whole_chain)
    return _by_manifests(destination, points, last, keys, {} if known is None else known)


def _is_by_name(unsealed: bool, rules: Rules) -> bool:
    """Whether the files' names alone say what the chain is."""
    return unsealed or not rules.needs_whole_chain


def _chosen(points: tuple[RestorePoint, ...], last_file: str | None, rules: Rules) -> str | None:
    if last_file is None:
        return None
    for point in points:
        if point.file.lower() == last_file.lower():  # rule 17.3
            return point.file
    if not rules.needs_last_file:
        return None  # rule 22.7: restore every file
    listed = ", ".join(point.file for point in points)
    raise NothingToRestore(f"there is no file {last_file} in {points[0].folder}: give one of {listed}")


def _by_name(points: tuple[RestorePoint, ...], last: str | None, *, headless: bool) -> tuple[str, ...]:
    """The chain as RavenDB orders it (rule 17.2); `headless`: even without its full file (rule 17.4)."""
    if not (points[0].full or headless):
        raise _headless(points[0].file, points[0].folder)
    files = [point.file for point in points]
    return tuple(files[: files.index(last) + 1] if last else files)


def _by_manifests(
    destination: Destination,
    points: tuple[RestorePoint, ...],
    last: str | None,
    keys: Iterable[Key],
    known: dict[str, Manifest],
) -> tuple[str, ...]:
    """The chain by the files' manifests: names are local times, which the end of summer time repeats."""
    folder = points[0].folder
    files = {point.file for point in points}

    def manifest_of(file: str) -> Manifest:
        if file not in known:
            found = read_manifest(file, content_of(destination, folder, file, keys))
            if found.file.lower() != file.lower():
                raise BrokenChain(f"{file} was written as {found.file}: give it that name again")
            known[file] = found
        return known[file]

    def chain_to(file: str) -> tuple[str, ...]:
        chain = [file]
        while (manifest := manifest_of(chain[-1])).kind is FileKind.INCREMENTAL:
            if manifest.previous in chain:
                raise BrokenChain(
                    f"{chain[-1]} continues {manifest.previous}, which continues it: they were not written like this"
                )
            if manifest.previous not in files:
                if not any(point.full for point in points):
                    raise _headless(chain[-1], folder)
                raise BrokenChain(
                    f"{chain[-1]} continues {manifest.previous}, which is not in {folder}: put that file back, "
                    f"or name the last file before the gap"
                )
            check_link(manifest.previous, manifest_of(manifest.previous), chain[-1], manifest)
            chain.append(manifest.previous)
        return tuple(reversed(chain))

    if last is not None:
        return chain_to(last)
    continued = {manifest_of(point.file).previous for point in points}
    ends = [point.file for point in points if point.file not in continued]
    if len(ends) > 1:  # a run that did not reach every place may have left its file in this one (rule 9.8)
        every = [manifest_of(point.file) for point in points]
        ends = [file for file in ends if not any(_covers(other, manifest_of(file)) for other in every)]
    chains = [chain_to(file) for file in ends]
    if len(chains) != 1:
        listed = " and ".join(chain[-1] for chain in chains)
        raise BrokenChain(
            f"{folder} holds {len(chains)} chains, which end with {listed or 'nothing'}: name the last file to restore"
        )
    return chains[0]


def _covers(later: Manifest, earlier: Manifest) -> bool:
    """Whether incremental `later` holds all of `earlier`: both continue the same file of the same copy, and it goes further."""

    def begins(manifest: Manifest) -> tuple[object, ...]:
        return manifest.previous, manifest.from_etag, manifest.from_raft_index, manifest.database_id, manifest.node

    return (
        later.kind is earlier.kind is FileKind.INCREMENTAL
        and begins(later) == begins(earlier)
        and later.started_at > earlier.started_at
        and later.last_etag >= earlier.last_etag
        and later.raft_index >= earlier.raft_index
    )


def check_link(before: str, manifest: Manifest, after: str, continuing: Manifest) -> None:
    """BrokenChain unless the file `after` holds exactly what followed the file `before`."""
    if continuing.from_etag != manifest.last_etag:
        raise BrokenChain(
            f"{after} begins after etag {continuing.from_etag}, but {before} ends with {manifest.last_etag}: "
            f"changes between them are in neither; restore up to {before}"
        )
    if continuing.from_raft_index > manifest.raft_index:
        raise BrokenChain(
            f"{after} begins after log entry {continuing.from_raft_index}, but {before} ends with {manifest.raft_index}: "
            f"identities and values changed between them are in neither; restore up to {before}"
        )
    theirs = (continuing.database, continuing.database_id, continuing.node)
    if theirs != (manifest.database, manifest.database_id, manifest.node):
        raise BrokenChain(
            f"{after} is of database {continuing.database} on {continuing.node}, copy {continuing.database_id}, "
            f"but {before} of {manifest.database} on {manifest.node}, copy {manifest.database_id}; "
            f"restore up to {before}"
        )


def _headless(file: str, folder: str) -> BrokenChain:
    return BrokenChain(
        f"{folder} holds no full backup, which {file} needs: put it back, or restore another folder"
    )  # rules 17.4, 22.20


@value
class Comparison:
    """The difference between the documents of two copies, as sorted ids; true if there is none."""

    only_first: tuple[str, ...] = ()
    only_second: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    """One sentence for each document that both copies hold with different contents."""

    def __bool__(self) -> bool:
        return not (self.only_first or self.only_second or self.different)

    def text(self, limit: int = 5) -> str:
        """The difference in words, at most `limit` examples of each kind."""
        if self:
            return "the documents are equal"
        parts = []
        for what, found in (
            ("only in the first", self.only_first),
            ("only in the second", self.only_second),
            ("not alike", self.different),
        ):
            if found:
                more = f", and {len(found) - limit} more" if len(found) > limit else ""
                parts.append(f"{len(found)} {what}: {', '.join(found[:limit])}{more}")
        return "; ".join(parts)


def equal_contents(first: Store | Contents, second: Store | Contents) -> Comparison:
    """Compare two copies document for document: id, collection, JSON, attachments and time of the last change.

    Revisions are not compared; fingerprints cover them. Etags, vectors and tombstones belong to a copy, not to its documents.
    """
    ours, theirs = _documents(first), _documents(second)
    different = []
    for key in sorted(ours.keys() & theirs.keys()):
        mine, other = ours[key], theirs[key]
        parts = [
            f"{name} {getattr(mine, name)} against {getattr(other, name)}"
            for name in ("id", "collection", "body", "last_modified", "attachments")
            if getattr(mine, name) != getattr(other, name)
        ]
        if parts:
            different.append(f"{mine.id} ({'; '.join(parts)})")
    return Comparison(
        tuple(ours[key].id for key in sorted(ours.keys() - theirs.keys())),
        tuple(theirs[key].id for key in sorted(theirs.keys() - ours.keys())),
        tuple(different),
    )


def _documents(copy: Store | Contents) -> dict[str, Document]:
    contents = copy.frozen_at() if isinstance(copy, Store) else copy
    return {document.id.lower(): document for document in contents.documents()}
