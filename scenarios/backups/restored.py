"""A database that was restored, as a client sees it: what came back, and whether that is what the backup was made of.

What a copy held when a backup of it began is kept in `Client.held`; nothing here steers.
"""

from typing import TYPE_CHECKING

from backup.notes import DatabaseRestored
from backup.requests.restore_requests import RestoreResult
from backup.restore.chain_reader import Comparison, equal_contents
from cluster.sim.checked_verbs import checked_verbs
from cluster.sim.world import Misuse

if TYPE_CHECKING:
    from scenarios.backups.client import Client


@checked_verbs
class RestoredDatabase:
    """A database restored from a backup, with the contents it should have."""

    def __init__(self, client: "Client", name: str, node: str, result: RestoreResult, meant: str = "") -> None:
        """`meant`: the file up to which it should hold; empty: the last of those that were applied."""
        self.client, self._name, self._node, self.result = client, name, node, result
        self._meant = meant or result.files[-1]
        told = [event.note for event in client.world.history.of(DatabaseRestored, node) if event.note.database == name]
        self._folder = told[-1].folder

    @property
    def name(self) -> str:
        """The name of the new database."""
        return self._name

    @property
    def node(self) -> str:
        """The node that has it."""
        return self._node

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were applied, in order."""
        return self.result.files

    @property
    def folder(self) -> str:
        """The folder in which they are."""
        return self._folder

    @property
    def documents(self) -> int:
        """How many documents the new database held when it was opened."""
        return self.result.documents

    @property
    def fingerprint(self) -> str:
        """The fingerprint of all that it held then: that of its source, as `BackupStarted.fingerprint` has it."""
        return self.result.fingerprint

    def compared(self) -> Comparison:
        """Compare it, document by document, with the source as it was when the backup started that was meant to be the last.

        Both have to be known: the node is up, and the backup was made in this run.
        """
        held = self.client.held.get((self._folder, self._meant))
        if held is None:
            raise Misuse(f"compared: {self._meant} was not written in this run: look with `document` and `documents`")
        restored = self.client.store(self.node, self.name)
        if restored is None:
            raise Misuse(f"compared: {self.node} is down, or has lost {self.name}: compare while it has it")
        return equal_contents(restored, held)
