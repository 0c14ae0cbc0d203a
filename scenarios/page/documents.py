"""The documents that a restore up to each file of a run would give, read from the files while the run is played.

Later they may be gone by retention. A page has them only if somebody asks for them: `--documents`. Never here: how a chain is
read (backup/restore/chain_reader.py).
"""

from itertools import islice
from typing import TYPE_CHECKING, Any

from backup.checks.files import Restores, WatchedFiles, home
from backup.notes.runs import BackupFinished, Uploaded
from backup.restore.chain_reader import restore
from backup.restore.restore_points import Unusable
from cluster.trace import Happened
from scenarios.inspect.restore_files import document_line

if TYPE_CHECKING:
    from cluster.sim.world import World

FILES, SHOWN, LONGEST, MOST_TEXT = 400, 40, 400, 2_000_000
"""Of the first 400 files the 40 newest documents each, 400 characters of each, and 2,000,000 characters in all."""
FULL = "not in this page, which has no room for more documents"


class PageDocuments:
    """Reads along while a run is played: give `follow` to `perform`, and take `fields` afterwards."""

    def __init__(self) -> None:
        self._world: World
        self._texts: dict[str, int] = {}
        self._files: dict[int, list[Any]] = {}
        self._room = MOST_TEXT

    def follow(self, world: "World") -> None:
        """The argument `follow` of `perform`."""
        self._world = world
        world.history.followers.append(self._see)

    def fields(self) -> dict[str, Any]:
        """The field of a recording's header: the texts, each once; and by the event with which a file came to its place, how many
        documents a restore up to it gives, the places of those texts that are shown, and what is wrong (empty: nothing).
        """
        return {"texts": list(self._texts), "files": self._files}

    def _see(self, event: Happened) -> None:
        note = event.note
        if isinstance(note, Uploaded):
            self._read(event, note.path, note.folder, note.file)
        elif isinstance(note, BackupFinished):
            started = self._watched().started[event.node, note.task, note.started_at]
            if started.path:
                self._read(event, started.path, note.folder, note.file)

    def _read(self, event: Happened, path: str, folder: str, file: str) -> None:
        if len(self._files) >= FILES or self._room < 0:
            self._files[event.seq] = [0, [], FULL]
            return
        files = self._watched()
        try:
            place = files.destinations.place(home(event.node, path), path)
            found = restore(place, folder, file, keys=files.keys).store.frozen_at().documents()
        except Unusable as error:
            self._files[event.seq] = [0, [], f"cannot be restored: {files.destinations.plain(error)}"]
            return
        documents = list(found)
        lines = [_shortened(document_line(each)) for each in islice(reversed(documents), SHOWN)]
        self._room -= sum(len(line) for line in lines if line not in self._texts)
        shown = [self._texts.setdefault(line, len(self._texts)) for line in lines]
        self._files[event.seq] = [len(documents), shown, ""]

    def _watched(self) -> WatchedFiles:
        return next(watcher.files for watcher in self._world.watchers if isinstance(watcher, Restores))


def _shortened(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
