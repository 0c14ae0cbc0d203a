"""What surrounds a node while an action lasts: the bounds, the wires that take its mail, the storage that reads its disk.

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
    """The same for every node of a search."""

    def __init__(self, bounds: Bounds) -> None:
        self.told: Callable[[trace.Note], None] | None = None
        """Who hears what happens in a node, in the words of a trace. Nobody, while millions of states are searched."""
        self.bounds = bounds
        self.names = tuple(bounds.names)
        self.lanes = Lanes(self.names, alike=bounds.alike)
        self.timing = bounds.timing
        self.founders = Configuration.of(bounds.founders)
        self.early = says_early()
        """Whether the storage calls durable what a crash would lose."""
        self.mails: list[Mail] = []
        self.steps = 0
        """How often the law was stepped."""
        self._mail: dict[tuple[int, int, Message], Mail] = {}
        self._recovered: dict[Paper, RecoveredFile] = {}
        self._place = {name: place for place, name in enumerate(self.names)}

    def founded(self, name: str) -> Configuration:
        """What a node goes by before its log says anything: one outside waits to be told."""
        return self.founders if self.founders.votes(name) else NOBODY

    def mail(self, sender: str, send: Send) -> Mail:
        """The message on its way."""
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
        """What the storage reads from a disk with this on it."""
        found = self._recovered.get(disk)
        if found is None:
            found = self._recovered[disk] = read_again(disk)
        return found
