"""Promises about keys: what is to be encrypted is, and no key is in anything that a run writes (section 13).

Keys themselves come from the operator's ring, as no trace has ever held one. Where there is no key nothing is looked at.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import ClassVar
from urllib.parse import quote

from backup import notes as kinds
from backup.checks.files import EDITED, WatchedFiles
from backup.content import file_names
from backup.content.compression import decompressed
from backup.notes import BackupStarted, DatabaseCreated, TaskDefined
from backup.record.encryption_keys import EncryptionMode, Key
from backup.restore.restore_points import Unusable
from cluster.checks import Sees, Watcher, on
from cluster.steps import Step
from cluster.trace import Failed, Happened, Note, Said, Stepped

LATELY = 1_000
"""So many steps are looked at again when a client names a new key: the step that brings a key comes before the key."""

SHORTEST = 8
"""A password of fewer characters might stand anywhere by chance, and is not looked for."""


def spellings(key: Key) -> tuple[bytes, ...]:
    """Every way in which a key might stand in a text or a file: raw, hexadecimal, base64, as Python shows bytes."""
    secret = key.secret
    return (
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        b64encode(secret).rstrip(b"="),
        urlsafe_b64encode(secret).rstrip(b"="),
        repr(secret)[2:-1].encode(),
        ", ".join(map(str, secret)).encode(),
        ",".join(map(str, secret)).encode(),
    )


def spellings_of(secret: str) -> tuple[bytes, ...]:
    """The same of what gets in to a cloud."""
    raw = secret.encode()
    return raw, b64encode(raw).rstrip(b"="), repr(secret)[1:-1].encode(), quote(secret, safe="").encode()


class EncryptedAsAsked(Watcher):
    promise: ClassVar[str] = "encrypted as asked"
    says: ClassVar[str] = (
        "a file is encrypted if its task says so, or if its database is and the task says nothing (13.2)"
    )

    def __init__(self) -> None:
        self._databases: dict[str, bool] = {}
        """By name in lower case, whether it is encrypted."""
        self._tasks: dict[int, tuple[int, str]] = {}
        """By task: true time of its last definition, and the mode."""

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
        snapshot = parsed is not None and parsed.snapshot  # rule 13.4: it is as its database is
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
        "is spelt (13)"
    )

    def __init__(self, files: WatchedFiles) -> None:
        self._files = files
        self._known: list[tuple[bytes, ...]] = []
        self._learnt = (0, 0)
        """How many keys and other secrets there were when it was last asked."""
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
        if self._known:
            self._need_clean(f"{event.note!r} {event.note.text()}".encode(), f"event {event.seq}")

    def finish(self) -> None:
        """Look into the files: their names, what lies there, and what is in it."""
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
                    continue  # other promises are about that

    def _learn(self) -> None:
        ring = self._files.keys
        self._learnt = len(ring), len(ring.secrets)
        long = [secret for secret in ring.secrets if len(secret) >= SHORTEST]
        self._known = [*map(spellings, ring), *map(spellings_of, long)]
        for seq, step in self._lately:
            self._need_clean(repr(step).encode(), f"event {seq}")

    def _need_clean_stream(self, chunks: Iterable[bytes], where: str) -> None:
        for window in _windows(chunks):
            self._need_clean(window, where)

    def _need_clean(self, text: bytes, where: str) -> None:
        for spelt in self._known:
            if any(spelling in text for spelling in spelt):
                raise self.broken(f"{where} holds a key")


def _windows(chunks: Iterable[bytes], overlap: int = 256) -> Iterator[bytes]:
    """The chunks, each with the end of the one before, so that nothing hides on an edge."""
    tail = b""
    for chunk in chunks:
        window = tail + chunk
        yield window
        tail = window[-overlap:]
