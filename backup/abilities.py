"""What this version can do with a definition: the kinds it makes, the places it fills. One line plugs in another.

What is not here is refused when a task is defined, by name; what is here is done. Never here: how.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from backup.blocks import Block, LocalFolder
from backup.definition import Kind
from backup.destinations.port import Destination
from backup.keys import EncryptionMode
from backup.shelves import Shelves

KINDS: tuple[Kind, ...] = (Kind.BACKUP, Kind.SNAPSHOT)
"""What a task may make."""
ENCRYPTION: tuple[EncryptionMode, ...] = tuple(EncryptionMode)
"""How files may be sealed."""
RETENTION = True
"""Whether old backups are removed."""

Opens = Callable[[Shelves, str, Block], Destination]
"""The place of a block, for a node of that name."""


def _local(shelves: Shelves, node: str, block: Block) -> Destination:
    assert isinstance(block, LocalFolder)
    return shelves.destination(node, block.path)


PLACES: Mapping[type[Block], Opens] = MappingProxyType({LocalFolder: _local})
"""The kinds of destinations that files can be sent to."""


def place(shelves: Shelves, node: str, block: Block) -> Destination:
    """The destination of a usable block on a node. ValueError for one that leads elsewhere."""
    return PLACES[type(block)](shelves, node, block)
