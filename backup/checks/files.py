"""Promises about files: what is reported is there and whole, and every restore point gives back what was backed up.

They read the files that the nodes wrote, real or simulated, with no help from who wrote them.
"""

from collections.abc import Iterable
from typing import ClassVar

from backup.assembly import Assembly
from backup.checks.model import Sees
from backup.content.encryption import NoKey, WrongKey, plain
from backup.content.logical import read_manifest
from backup.content.manifest import DamagedBackup, FileKind, Manifest, UnreadableBackup
from backup.destinations.port import Destination, DestinationError
from backup.notes import BackupFinished, BackupStarted, FolderExpired, Reported
from backup.premises import KeyRing
from backup.restore import BrokenChain, NothingToRestore, check_link, restore
from backup.shelves import Shelves
from cluster.checks import Watcher
from cluster.trace import Happened

Unusable = (DamagedBackup, UnreadableBackup, WrongKey, NoKey, BrokenChain, NothingToRestore, DestinationError)
Run = tuple[str, int, int]
"""Node, task and start of a run."""


class Files:
    """What the trace says of files, and the files."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self.started: dict[Run, BackupStarted] = {}
        self.finished: set[Run] = set()
        self.gone: set[tuple[str, str, str]] = set()
        """Node, path and folder of chains that retention removes: nobody counts on them any more."""
        self._manifests: dict[tuple[str, str, str, str], Manifest] = {}

    def place(self, node: str, path: str) -> Destination:
        """A node's local folder."""
        return self._shelves.place(node, path)

    def plain(self, error: BaseException) -> str:
        """Its text without real paths."""
        return self._shelves.plain(error)

    def manifest(self, node: str, path: str, folder: str, file: str) -> Manifest:
        """What a file says of itself, its seal verified once."""
        key = (node, path, folder, file)
        if key not in self._manifests:
            self._manifests[key] = read_manifest(file, self.content(self.place(node, path), folder, file))
        return self._manifests[key]

    @property
    def keys(self) -> KeyRing:
        """The operator's."""
        return self._shelves.keys

    def content(self, place: Destination, folder: str, file: str) -> Iterable[bytes]:
        """What a file holds, decrypted with a key of the operator's."""
        return plain(file, place.read(f"{folder}/{file}"), self.keys)


class ReportedIsKept(Watcher):
    promise: ClassVar[str] = "reported means kept"
    says: ClassVar[str] = "when a run is reported, its file is there, sealed, and continues the file before it (11, 17)"

    def __init__(self, files: Files) -> None:
        self._files = files

    def sees(self) -> Sees:
        return {
            BackupStarted: self._started,
            BackupFinished: self._finished,
            Reported: self._reported,
            FolderExpired: self._expired,
        }

    def _started(self, event: Happened) -> None:
        assert isinstance(event.note, BackupStarted)
        self._files.started[event.node, event.note.task, event.note.started_at] = event.note

    def _finished(self, event: Happened) -> None:
        assert isinstance(event.note, BackupFinished)
        self._files.finished.add((event.node, event.note.task, event.note.started_at))

    def _expired(self, event: Happened) -> None:
        assert isinstance(event.note, FolderExpired)
        self._files.gone.add((event.node, event.note.path, event.note.folder))

    def _reported(self, event: Happened) -> None:
        assert isinstance(event.note, Reported)
        run = (event.node, event.note.task, event.note.started_at)
        if run not in self._files.finished:  # it failed, or had nothing to write
            return
        started = self._files.started[run]
        if (event.node, started.path, started.folder) in self._files.gone:
            return
        where = f"{event.node} has reported task {started.task} of {started.database}, and its file {started.file}"
        try:
            manifest = self._files.manifest(event.node, started.path, started.folder, started.file)
            if manifest.previous:
                before = self._files.manifest(event.node, started.path, started.folder, manifest.previous)
                check_link(manifest.previous, before, started.file, manifest)
        except Unusable as error:
            raise self.broken(f"{where} is no good: {self._files.plain(error)}") from error
        said = (manifest.file, manifest.node, manifest.task_id, manifest.started_at, manifest.last_etag)
        meant = (started.file, event.node, started.task, started.started_at, started.etag)
        is_full = manifest.kind is not FileKind.INCREMENTAL
        if said != meant or is_full is not started.full:
            raise self.broken(f"{where} says {said}, full {is_full}, where the run was {meant}, full {started.full}")


class Restores(Watcher):
    promise: ClassVar[str] = "restored equals backed up"
    says: ClassVar[str] = "every finished backup, restored, holds the documents the node held when it started (17)"

    def __init__(self, files: Files) -> None:
        self._files = files
        self.restored = 0
        """Restore points that were compared."""

    def sees(self) -> Sees:
        return {}

    def finish(self) -> None:
        """Restore every chain, and compare at every file."""
        chains: dict[tuple[str, str, str], list[BackupStarted]] = {}
        for run, started in self._files.started.items():
            if run in self._files.finished and (run[0], started.path, started.folder) not in self._files.gone:
                chains.setdefault((run[0], started.path, started.folder), []).append(started)
        for (node, path, folder), runs in chains.items():
            try:
                self._restore(node, path, folder, runs)
            except Unusable as error:
                plain = self._files.plain(error)
                raise self.broken(f"{folder} on {node} cannot be restored: {plain}") from error

    def _restore(self, node: str, path: str, folder: str, runs: list[BackupStarted]) -> None:
        """The whole folder as a user would, then file by file for the points in between."""
        place = self._files.place(node, path)
        last = runs[-1]
        whole = restore(place, folder, last.file, keys=self._files.keys)
        self._compare(node, last, whole.fingerprint)
        if len(runs) == 1:
            return
        wanted = {started.file: started for started in runs[:-1]}
        assembly = Assembly("A", "restored")
        for file in whole.files[:-1]:
            assembly.take_file(file, self._files.content(place, folder, file))
            if file in wanted:
                self._compare(node, wanted[file], assembly.fingerprint)

    def _compare(self, node: str, started: BackupStarted, fingerprint: str) -> None:
        self.restored += 1
        if fingerprint != started.fingerprint:
            raise self.broken(
                f"{started.folder}/{started.file}, restored, does not hold what {node} held of {started.database} "
                f"when that backup started: fingerprint {fingerprint} is not {started.fingerprint}"
            )
