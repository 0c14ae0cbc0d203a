"""Promises about keys: a backup is encrypted if the task asks for it, and a run writes no key anywhere (section 13).

Keys come from the operator's key ring, as no trace holds one. Addresses with a password or a signature are searched for
as well, as those may not be known as secrets.
"""

from collections.abc import Iterable
from typing import ClassVar

from backup import notes as kinds
from backup.checks.files import EDITED, WatchedFiles
from backup.checks.kept_secrets import windows
from backup.checks.secret_spellings import Spellings, holds, spellings, spellings_of
from backup.content import file_names
from backup.content.compression import decompressed
from backup.destinations.address_secrets import stands_in
from backup.notes import BackupStarted, DatabaseCreated, TaskDefined
from backup.record.encryption_keys import EncryptionMode
from backup.record.key_ring import KeyRing
from backup.restore.restore_points import Unusable
from cluster.checks import Sees, Watcher, on
from cluster.steps import Step
from cluster.trace import Failed, Happened, Note, Said, Stepped

LATELY = 1_000
"""Number of recent steps searched again when a client names a new key: its step precedes the key's entry in the ring."""


class EncryptedAsAsked(Watcher):
    promise: ClassVar[str] = "encrypted as asked"
    says: ClassVar[str] = (
        "a file is encrypted if its task says so, or if its database is and the task says nothing (13.2)"
    )

    def __init__(self) -> None:
        self._databases: dict[str, bool] = {}
        """By lower-case name: whether the database is encrypted."""
        self._tasks: dict[int, tuple[int, str]] = {}
        """By task: true time of its last definition, and its encryption mode."""

    def sees(self) -> Sees:
        return [on(DatabaseCreated, self._created), on(TaskDefined, self._defined), on(BackupStarted, self._started)]

    def _created(self, event: Happened[DatabaseCreated]) -> None:
        self._databases[event.note.database.lower()] = event.note.encrypted

    def _defined(self, event: Happened[TaskDefined]) -> None:
        note = event.note
        known = self._tasks.get(note.task)
        if known is None or known[1] != note.encryption:
            self._tasks[note.task] = (event.t, note.encryption)

    def _started(self, event: Happened[BackupStarted]) -> None:
        note = event.note
        since, mode = self._tasks.get(note.task, (event.t, ""))
        if event.t - since <= EDITED:
            return
        by_itself = self._databases.get(note.database.lower(), False)
        parsed = file_names.parse_file(note.file, file_names.UTC)
        snapshot = parsed is not None and parsed.snapshot  # rule 13.4: it is encrypted if its database is
        wanted = by_itself if snapshot or not mode else mode != EncryptionMode.NONE.value
        if file_names.is_encrypted(note.file) is not wanted:
            how = "in the open" if wanted else "encrypted"
            raise self.broken(
                f"{event.node} writes {note.file} of task {note.task} of {note.database} {how}, and it was to be "
                f"{'encrypted' if wanted else 'plain'}"
            )


class KeysStaySecret(Watcher):
    promise: ClassVar[str] = "keys stay secret"
    says: ClassVar[str] = (
        "no key, and nothing that gets in to a cloud, is in any event, any name or any file that a run writes, however it "
        "is spelt, nor any address with a password (13)"
    )

    def __init__(self, files: WatchedFiles) -> None:
        self._files = files
        self._known: list[Spellings] = []
        """The spellings of each known secret."""
        self._learnt = (0, 0)
        """The number of keys, and of other secrets, in the ring when it was last read."""
        self._lately: list[tuple[int, Step]] = []

    def sees(self) -> Sees:
        named = [kind for kind in vars(kinds).values() if isinstance(kind, type) and issubclass(kind, Note)]
        ours = [kind for kind in named if kind.__module__.startswith(kinds.__name__)]
        return [on(kind, self._look) for kind in (Stepped, Said, Failed, *ours)]

    def _look(self, event: Happened) -> None:
        if isinstance(event.note, Stepped):
            self._lately.append((event.seq, event.note.step))
            del self._lately[:-LATELY]
        if self._learnt != (len(self._files.keys), len(self._files.keys.secrets)):
            self._learn()
        told = event.note.text()
        if self._known:
            self._need_clean(f"{event.note!r} {told}".encode(), f"event {event.seq}")
        # a step may carry documents, which may hold anything
        if not isinstance(event.note, Stepped) and stands_in(told):
            raise self.broken(f"event {event.seq} shows an address with a password or a signature")

    def finish(self) -> None:
        """Search the files: their names and their contents."""
        self._learn()
        if not self._known:
            return
        for run, started in self._files.started.items():
            for owner, path, _ in self._files.kept(run):
                place = self._files.destinations.place(owner, path)
                name = f"{started.folder}/{started.file}"
                self._need_clean(name.encode(), f"the name of a file of task {run[1]}")
                try:
                    self._need_clean_stream(place.read(name), f"{name} in {path} of {run[0]}")
                    content = self._files.content(place, started.folder, started.file)
                    self._need_clean_stream(decompressed(started.file, content), f"the content of {name} in {path}")
                except Unusable:
                    continue  # other promises cover unreadable files

    def _learn(self) -> None:
        self._learnt = len(self._files.keys), len(self._files.keys.secrets)
        self._known = self.known
        for seq, step in self._lately:
            self._need_clean(repr(step).encode(), f"event {seq}")

    @property
    def ring(self) -> KeyRing:
        """Every key and secret that the run was given."""
        return self._files.keys

    @property
    def known(self) -> list[Spellings]:
        """The spellings of each secret in the ring."""
        return [*map(spellings, self._files.keys), *map(spellings_of, self._files.keys.secrets)]

    def _need_clean_stream(self, chunks: Iterable[bytes], where: str) -> None:
        for window in windows(chunks, self._known):
            self._need_clean(window, where)

    def _need_clean(self, text: bytes, where: str) -> None:
        if holds(text, self._known):
            raise self.broken(f"{where} holds a key, or what gets in to a cloud")
