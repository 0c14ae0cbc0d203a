"""The surroundings of a node in a search: the bounds, the numbering of its messages, and the storage that reads its disk.

Each message and each disk is worked out once and remembered. Nothing here steps or searches.
"""

from collections.abc import Callable
from typing import Any

from cluster import trace
from cluster.raft.configuration import NOBODY, Configuration
from cluster.raft.messages import Message
from cluster.raft.state import Send
from cluster.storage import RecoveredFile
from scenarios.explore.bounds import Bounds
from scenarios.explore.identity import Lanes, Renaming, encoded
from scenarios.explore.state_parts import Mail, Paper
from scenarios.explore.storage_probe import read_again, says_early


class Surroundings:
    """The surroundings, the same for every node of a search."""

    def __init__(self, bounds: Bounds) -> None:
        self.told: Callable[[trace.Note], None] | None = None
        """Takes the notes that nodes make. None during a search, which makes none of its millions of states tell anything."""
        self.bounds = bounds
        self.names = tuple(bounds.names)
        self.lanes = Lanes(self.names, alike=bounds.alike)
        self.timing = bounds.timing
        self.founders = Configuration.of(bounds.founders)
        self.early = says_early()
        """Whether the storage reports as durable what a crash would lose."""
        self.mails: list[Mail] = []
        self.steps = 0
        """How many steps of the core were taken."""
        self._mail: dict[tuple[int, int, Message], Mail] = {}
        self._recovered: dict[Paper, RecoveredFile] = {}
        self._place = {name: place for place, name in enumerate(self.names)}

    def founded(self, name: str) -> Configuration:
        """The configuration of a node with an empty log: the first one, or an empty one for a node outside the cluster."""
        return self.founders if self.founders.votes(name) else NOBODY

    def mail(self, sender: str, send: Send) -> Mail:
        """The message as a part of states."""
        key = (self._place[sender], self._place[send.to], send.message)
        mail = self._mail.get(key)
        if mail is None:
            name = self.names

            def content(names: Renaming) -> Any:
                return "mail", names[name[key[0]]], names[name[key[1]]], encoded(send.message, names)

            mail = self._mail[key] = Mail(*key, len(self.mails), self.lanes.of(content))
            self.mails.append(mail)
        return mail

    def recovered(self, disk: Paper) -> RecoveredFile:
        """What the storage reads from a disk with these contents."""
        found = self._recovered.get(disk)
        if found is None:
            found = self._recovered[disk] = read_again(disk)
        return found
