"""The restore points of a destination, chain by chain: which of them can be restored, and the one of a given instant.

What a file's manifest tells is never taken from its name. The restore itself is in chain_reader.py.
"""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from backup.content import file_names
from backup.content.encryption import NoKey, WrongKey
from backup.content.file_names import UTC
from backup.content.logical import read_manifest
from backup.content.manifest import DamagedBackup, Manifest, UnreadableBackup
from backup.destinations.port import Destination, DestinationError
from backup.record.encryption_keys import Key
from backup.restore.assembly import DatabaseAssembly, read_through
from backup.restore.chain_reader import (
    BrokenChain,
    NothingToRestore,
    RestorePoint,
    chain_of,
    content_of,
    restore_points,
)
from cluster.time_units import DAY, as_datetime
from cluster.value import value

Unusable = (DamagedBackup, UnreadableBackup, BrokenChain, NothingToRestore, WrongKey, NoKey, DestinationError)
"""The errors for which a file, or a chain up to it, cannot be restored."""


@value
class CheckedPoint:
    """One restore point whose file was read and checked."""

    point: RestorePoint
    manifest: Manifest | None
    """The file's manifest; None if the file cannot be read, or has none."""
    problem: str
    """Why the chain cannot be restored up to this point; empty if it can."""
    files: tuple[str, ...] = ()
    """The files that a restore would apply, in order."""
    unsealed: int | None = None
    """Of a file without a seal, which RavenDB wrote: how many documents are in it."""

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.point.file

    @property
    def full(self) -> bool:
        """Whether it is a full backup; else an incremental one, which needs the files before it."""
        return self.point.full

    @property
    def documents(self) -> int | None:
        """How many documents are in its own file; None if nobody could read it."""
        return self.manifest.documents if self.manifest is not None else self.unsealed


@value
class Chain:
    """The chain in one folder of a destination."""

    folder: str
    points: tuple[CheckedPoint, ...]
    in_progress: tuple[str, ...] = ()
    """Unfinished files that a crash left, which are no part of any chain (rule 17.12)."""
    problem: str = ""
    """The error of the folder as a whole; empty: none."""

    @property
    def whole(self) -> bool:
        """Whether the chain has a backup and every backup in it can be restored."""
        return bool(self.points) and not self.problem and not any(each.problem for each in self.points)

    @property
    def empty(self) -> bool:
        """Whether no finished file is in the folder, so that there is no chain that could be broken."""
        return not self.points and not self.problem

    @property
    def last(self) -> CheckedPoint | None:
        """Its newest point that can be restored; None if none can."""
        return next((each for each in reversed(self.points) if not each.problem), None)


def chains(
    destination: Destination,
    *,
    keys: Iterable[Key] = (),
    zone: ZoneInfo = UTC,
    unsealed: bool = False,
    thorough: bool = False,
) -> tuple[Chain, ...]:
    """Every chain of a destination, in the order of the folders' names; folders of other names are skipped."""
    return tuple(
        check_chain(destination, folder, keys=keys, zone=zone, unsealed=unsealed, thorough=thorough)
        for folder in destination.folders()
        if file_names.is_meant_as_folder(folder, zone)
    )


def check_chain(
    destination: Destination,
    folder: str,
    *,
    keys: Iterable[Key] = (),
    zone: ZoneInfo = UTC,
    unsealed: bool = False,
    thorough: bool = False,
) -> Chain:
    """Read every file of a folder, verify its seal and its place in the chain, and return which points can be restored.

    `thorough`: read every item too, so that what a manifest counts is what is there.
    `unsealed`: as for `restore`. The files are read from end to end, in the order of their names.
    """
    keys = tuple(keys)
    if file_names.is_misdated(folder):
        return Chain(folder, (), (), "its name has a date that does not exist: give it back the one that it had")
    try:
        files = destination.files(folder)
    except ValueError as error:  # no name for a folder: other folders beside it have theirs
        return Chain(folder, (), (), str(error))
    in_progress = tuple(
        file for file in files if (parsed := file_names.parse_file(file, zone)) is not None and parsed.in_progress
    )
    try:
        points = restore_points(destination, folder, zone)
    except BrokenChain as error:
        return Chain(folder, (), in_progress, str(error))
    if unsealed:
        return Chain(folder, tuple(_read_unsealed(destination, points, keys)), in_progress)
    known: dict[str, Manifest] = {}
    checked = (_checked(destination, points, point, keys, known, thorough=thorough) for point in points)
    return Chain(folder, tuple(checked), in_progress)


def _checked(
    destination: Destination,
    points: tuple[RestorePoint, ...],
    point: RestorePoint,
    keys: tuple[Key, ...],
    known: dict[str, Manifest],
    *,
    thorough: bool,
) -> CheckedPoint:
    try:
        files = chain_of(destination, points, point.file, keys=keys, known=known)
        if thorough:
            read_through(point.file, content_of(destination, point.folder, point.file, keys))
    except Unusable as error:
        return CheckedPoint(point, known.get(point.file), str(error))
    return CheckedPoint(point, known[point.file], "", files)


def _read_unsealed(
    destination: Destination, points: tuple[RestorePoint, ...], keys: tuple[Key, ...]
) -> Iterator[CheckedPoint]:
    """Each point of a chain of which some files have no seal: whatever follows a file that cannot be read cannot be restored."""
    assembly, problem = DatabaseAssembly("A", "read"), ""
    for point in points:
        manifest, before = None, assembly.documents
        try:
            if not problem:
                chain_of(destination, points, point.file, unsealed=True)
                content = content_of(destination, point.folder, point.file, keys)
                manifest = assembly.take_file(point.file, content, unsealed=True)
        except Unusable as error:
            problem = str(error)
        documents = assembly.documents - before if manifest is None and not problem else None
        yield CheckedPoint(point, manifest, problem, () if problem else assembly.files, documents)


def manifest_of(destination: Destination, point: RestorePoint, keys: Iterable[Key] = ()) -> Manifest:
    """The manifest of a point's file, with its seal verified."""
    return read_manifest(point.file, content_of(destination, point.folder, point.file, keys))


def point_at(
    destination: Destination, at: int, database: str = "", *, keys: Iterable[Key] = (), zone: ZoneInfo = UTC
) -> RestorePoint:
    """The newest backup that had started at wall µs `at`.

    A backup holds the database as it was when the backup started. If no database is named, the place must hold only one.
    NothingToRestore lists what there is. The error of a file that may be the one is raised; an older file is never used
    instead.
    """
    keys = tuple(keys)
    found: list[RestorePoint] = []
    unread: list[tuple[int, BrokenChain]] = []
    for folder in destination.folders():
        if (named := file_names.parse_folder(folder, zone)) is None:
            continue
        try:
            found += restore_points(destination, folder, zone)
        except (BrokenChain, ValueError) as error:
            unread.append((named.at, BrokenChain(str(error))))
    known = sorted({point.database for point in found})
    if not database and len({name.lower() for name in known}) > 1:
        raise NothingToRestore(f"there are backups of {', '.join(known)}: name the database")
    ours = [point for point in found if not database or point.database.lower() == database.lower()]
    if not ours and unread:
        raise unread[0][1]
    if not ours:
        there = f"there are backups of {', '.join(known)}" if known else "there are no backups at all"
        raise NothingToRestore(f"there is no backup of {database or 'any database'} here: {there}")
    # Names are local times of the node that wrote them, up to a day off the instants, which the manifests hold.
    ours.sort(key=lambda point: (point.at, point.file), reverse=True)
    best: tuple[int, RestorePoint] | None = None
    for point in ours:
        if point.at > at + DAY:
            continue
        if best is not None and point.at < best[0] - DAY:
            break
        started_at = manifest_of(destination, point, keys).started_at
        if started_at <= at and (best is None or started_at > best[0]):
            best = started_at, point
    for started_at, unreadable in unread:
        if started_at <= at and (best is None or started_at > best[0]):
            raise unreadable
    if best is None:
        first = ours[-1]
        raise NothingToRestore(
            f"no backup of {first.database or 'it'} had started at {time_text(at)}: "
            f"the first is {first.file} in {first.folder}"
        )
    return best[1]


def time_text(instant: int) -> str:
    """A wall instant as a sentence shows it, in UTC."""
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S")
