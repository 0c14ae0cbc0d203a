"""Which slot of a copy changed at which etag: to find what came after one without looking at what came before.

Never here: what is in a slot.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping

from backup.database.items import Item

SPARE = 1_024
"""It is put in order when more than half of it, and so much more, is of changes that were overtaken."""


class EtagOrder:
    """Etags and slots in the order of the changes; one that was overtaken stays until it is put in order."""

    __slots__ = ("_etags", "_slots")

    def __init__(self) -> None:
        self._etags = array("q")
        self._slots: list[str] = []

    def add(self, etag: int, slot: str, items: Mapping[str, Item]) -> None:
        """The slot has changed at that etag, which no change before had; `items` by slot, that change among them."""
        self._etags.append(etag)
        self._slots.append(slot)
        if len(self._slots) > 2 * len(items) + SPARE:
            self._etags = array("q", [item.etag for item in items.values()])
            self._slots = list(items)

    def after(self, etag: int, items: Mapping[str, Item], limit: int | None = None) -> list[Item]:
        """The first so many items that changed after that etag, in etag order."""
        etags, slots = self._etags, self._slots
        found: list[Item] = []
        for place in range(bisect_right(etags, etag), len(slots)):
            item = items.get(slots[place])
            if item is not None and item.etag == etags[place]:
                found.append(item)
                if len(found) == limit:
                    break
        return found
