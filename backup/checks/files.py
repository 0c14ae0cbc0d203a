"""Promises about files: a reported file exists and is whole, and every restore point gives back what was backed up.

They read the files that the nodes wrote, real or simulated, without help from the nodes.
"""

from collections.abc import Iterable
from typing import ClassVar

from backup.checks.model import NEVER
from backup.content.encryption import plain
from backup.content.logical import read_manifest
from backup.content.manifest import FileKind, Manifest
from backup.destinations.port import Destination
from backup.destinations.registry import is_remote
from backup.destinations.world_destinations import WorldDestinations
from backup.notes import BackupFinished, BackupStarted, FileLost, FolderExpired, Reported, TaskDefined, Uploaded
from backup.record.key_ring import KeyRing
from backup.record.rules import Rules
from backup.restore.assembly import DatabaseAssembly
from backup.restore.chain_reader import check_link, restore
from backup.restore.restore_points import Unusable
from cluster.checks import Sees, Watcher, on
from cluster.time_units import SECOND
from cluster.trace import Happened
from cluster.value import value

EDITED = 5 * SECOND
"""µs after an edit of a task in which a run may still start with the old definition."""
Run = tuple[str, int, int]
"""Node, task and start of a run."""
StoredFolder = tuple[str, str, str]
"""A folder in a place: the owner of the place (see `home`), its path, and the folder."""


@value
class LostFile:
    """A file that somebody outside the cluster removed or corrupted: it, and what its chain holds after it, is excused."""

    file: str
    """Place and name, as a sentence shows it."""
    how: str
    after: int
    """How many files of finished runs need it."""

    def text(self) -> str:
        """One sentence without a full stop."""
        more = f", and with it {self.after:,} that need{'s' if self.after == 1 else ''} it" if self.after else ""
        return f"{self.file} {'has' if self.how == 'expired' else 'was'} {self.how}{more}"


class WatchedFiles:
    """The files, and what the trace says of them."""

    def __init__(self, destinations: WorldDestinations, keys: KeyRing, rules: Rules) -> None:
        """`keys` is the operator's key ring."""
        self.notices = rules.looks_at_every_place
        """Whether an incremental goes on only where every file it needs is there; RavenDB looks for a full file alone (8.7)."""
        self.destinations = destinations
        self.keys = keys
        self.started: dict[Run, BackupStarted] = {}
        self.began: dict[Run, int] = {}
        """By run: true time in µs of its start."""
        self.finished: set[Run] = set()
        self.sent: dict[Run, list[str]] = {}
        """By run: addresses of the clouds that have its file, as the trace says."""
        self.gone: set[StoredFolder] = set()
        """Chains that retention removes, which are not checked any more."""
        self.there: dict[StoredFolder, set[str]] = {}
        """By folder: the files that finished runs have written there."""
        self._lost: dict[StoredFolder, dict[str, tuple[int, str]]] = {}
        """By folder: files lost by nobody of the cluster, until when that excuses, and how.

        A run that started later, by true time in µs, should have begun anew, if rules have it look; nobody notices a
        corrupted file.
        """
        self._manifests: dict[tuple[StoredFolder, str], Manifest] = {}

    def kept(self, run: Run) -> list[StoredFolder]:
        """The folders where the run's file is to stay, of the places that can be read."""
        started = self.started[run]
        paths = [*([started.path] if started.path else []), *self.sent.get(run, ())]
        where = [(home(run[0], path), path, started.folder) for path in paths]
        return [
            each
            for each in where
            if each not in self.gone
            and not self._is_lost(run, each)
            and self.destinations.place(each[0], each[1]).gives_back
        ]

    def note_finished(self, run: Run) -> None:
        """The run has ended well, and its file is where the trace says that it was sent."""
        self.finished.add(run)
        for where in self.kept(run):
            self.there.setdefault(where, set()).add(self.started[run].file)

    def is_continued(self, where: StoredFolder, manifest: Manifest) -> bool:
        """Whether what the file of that manifest continues was ever written to the same folder."""
        return manifest.kind is not FileKind.INCREMENTAL or manifest.previous in self.there.get(where, ())

    def lose(self, event: Happened[FileLost]) -> None:
        """A file was lost: it and what its chain holds after it need not be there, or whole."""
        note = event.note
        until = event.t if self.notices and note.how != "corrupted" else NEVER
        self._lost.setdefault((home(event.node, note.path), note.path, note.folder), {})[note.file] = until, note.how
        self._manifests.clear()

    def excused(self) -> list[LostFile]:
        """The files that were lost, each with what needs it."""
        found = []
        for (owner, path, folder), lost in self._lost.items():
            here = f"in {path} of {owner}" if owner else f"in {path}"
            for file, (until, how) in lost.items():
                runs = [run for run in self.finished if self.started[run].folder == folder]
                after = {self.started[run].file for run in runs if self.began[run] <= until}
                needing = sum(each > file for each in after)
                found.append(LostFile(f"{folder}/{file} {here}", how, needing))
        return found

    def _is_lost(self, run: Run, where: StoredFolder) -> bool:
        lost = self._lost.get(where, {})
        return any(file <= self.started[run].file and self.began[run] <= until for file, (until, _) in lost.items())

    def manifest(self, where: StoredFolder, file: str) -> Manifest:
        """The manifest of a file, whose seal is verified once."""
        if (where, file) not in self._manifests:
            owner, path, folder = where
            content = self.content(self.destinations.place(owner, path), folder, file)
            self._manifests[where, file] = read_manifest(file, content)
        return self._manifests[where, file]

    def content(self, place: Destination, folder: str, file: str) -> Iterable[bytes]:
        """The content of a file, decrypted with one of the operator's keys."""
        return plain(file, place.read(f"{folder}/{file}"), self.keys)


def home(node: str, path: str) -> str:
    """The node that a place belongs to; empty for a cloud."""
    return "" if is_remote(path) else node


class ReportedIsKept(Watcher):
    promise: ClassVar[str] = "reported means kept"
    says: ClassVar[str] = (
        "when a run is reported, its file is in every place of its task, sealed, and continues the file before it "
        "there, if rules have it looked for (9.8, 11, 17, 26.3)"
    )

    def __init__(self, files: WatchedFiles) -> None:
        self._files = files
        self._clouds: dict[int, tuple[int, tuple[str, ...]]] = {}
        """By task: true time at which its clouds last changed, and their addresses."""

    def sees(self) -> Sees:
        return [
            on(TaskDefined, self._defined),
            on(BackupStarted, self._started),
            on(Uploaded, self._uploaded),
            on(BackupFinished, self._finished),
            on(Reported, self._reported),
            on(FolderExpired, self._expired),
            on(FileLost, self._files.lose),
        ]

    def _defined(self, event: Happened[TaskDefined]) -> None:
        note = event.note
        if note.task not in self._clouds or self._clouds[note.task][1] != note.clouds:
            self._clouds[note.task] = event.t, note.clouds

    def _uploaded(self, event: Happened[Uploaded]) -> None:
        note = event.note
        self._files.sent.setdefault((event.node, note.task, note.started_at), []).append(note.path)

    def _started(self, event: Happened[BackupStarted]) -> None:
        self._files.began[event.node, event.note.task, event.note.started_at] = event.t
        self._files.started[event.node, event.note.task, event.note.started_at] = event.note

    def _finished(self, event: Happened[BackupFinished]) -> None:
        self._files.note_finished((event.node, event.note.task, event.note.started_at))

    def _expired(self, event: Happened[FolderExpired]) -> None:
        self._files.gone.add((home(event.node, event.note.path), event.note.path, event.note.folder))

    def _reported(self, event: Happened[Reported]) -> None:
        run = (event.node, event.note.task, event.note.started_at)
        if run not in self._files.finished:  # it failed, or had nothing to write
            return
        started = self._files.started[run]
        what = f"{event.node} has reported task {started.task} of {started.database}, and its file {started.file}"
        since, clouds = self._clouds.get(started.task, (0, ()))
        if since + EDITED < self._files.began[run] and (lacking := set(clouds) - set(self._files.sent.get(run, ()))):
            raise self.broken(f"{what} was never sent to {' and '.join(sorted(lacking))}, where its task wants it")
        for where in self._files.kept(run):
            self._look(event.node, where, started, what)

    def _look(self, node: str, where: StoredFolder, started: BackupStarted, what: str) -> None:
        try:
            manifest = self._files.manifest(where, started.file)
            looked_at = self._files.notices or self._files.is_continued(where, manifest)
            if manifest.previous and looked_at:  # else it goes on from what this place never had (26.3)
                before = self._files.manifest(where, manifest.previous)
                check_link(manifest.previous, before, started.file, manifest)
        except Unusable as error:
            raise self.broken(f"{what} is no good: {self._files.destinations.plain(error)}") from error
        said = (manifest.file, manifest.node, manifest.task_id, manifest.started_at, manifest.last_etag)
        meant = (started.file, node, started.task, started.started_at, started.etag)
        is_full = manifest.kind is not FileKind.INCREMENTAL
        if said != meant or is_full is not started.full:
            raise self.broken(f"{what} says {said}, full {is_full}, where the run was {meant}, full {started.full}")


class Restores(Watcher):
    promise: ClassVar[str] = "restored equals backed up"
    says: ClassVar[str] = (
        "every finished backup, restored, holds the documents the node held when it started (17), unless rules let it "
        "go on from what its place never had (26.3)"
    )

    def __init__(self, files: WatchedFiles) -> None:
        self.files = files
        """The files, with which whoever reads them along finds places and keys."""
        self.restored = 0
        """Number of restore points that were compared."""
        self.excused: list[LostFile] = []

    def sees(self) -> Sees:
        return []

    def finish(self) -> None:
        """Restore every chain, and compare at every file; list what was lost."""
        self.excused = self.files.excused()
        chains: dict[StoredFolder, list[tuple[str, BackupStarted]]] = {}
        for run, started in self.files.started.items():
            for where in self.files.kept(run) if run in self.files.finished else ():
                chains.setdefault(where, []).append((run[0], started))
        for (owner, path, folder), runs in chains.items():
            try:
                self._restore(owner, path, folder, self._restorable((owner, path, folder), runs))
            except Unusable as error:
                plain = self.files.destinations.plain(error)
                raise self.broken(
                    f"{folder} {f'on {owner}' if owner else f'in {path}'} cannot be restored: {plain}"
                ) from error

    def _restorable(
        self, where: StoredFolder, runs: list[tuple[str, BackupStarted]]
    ) -> list[tuple[str, BackupStarted]]:
        """The runs up to the first that goes on from what this place never had, which RavenDB does (26.3); else all."""
        if self.files.notices:
            return runs
        for number, (_, started) in enumerate(runs):
            if not self.files.is_continued(where, self.files.manifest(where, started.file)):
                return runs[:number]
        return runs

    def _restore(self, owner: str, path: str, folder: str, runs: list[tuple[str, BackupStarted]]) -> None:
        """Restore the whole folder as a user would, then file by file for the points in between."""
        if not runs:
            return
        place = self.files.destinations.place(owner, path)
        node, last = runs[-1]
        whole = restore(place, folder, last.file, keys=self.files.keys)
        self._compare(node, last, whole.fingerprint)
        if len(runs) == 1:
            return
        wanted = {started.file: started for _, started in runs[:-1]}
        assembly = DatabaseAssembly("A", "restored")
        for file in whole.files[:-1]:
            assembly.take_file(file, self.files.content(place, folder, file))
            if file in wanted:
                self._compare(node, wanted[file], assembly.fingerprint)

    def _compare(self, node: str, started: BackupStarted, fingerprint: str) -> None:
        self.restored += 1
        if fingerprint != started.fingerprint:
            raise self.broken(
                f"{started.folder}/{started.file}, restored, does not hold what {node} held of {started.database} "
                f"when that backup started: fingerprint {fingerprint} is not {started.fingerprint}"
            )
