"""The slots of a copy in the order of their etags, so that changes after an etag are found without reading older ones."""

from array import array
from bisect import bisect_right
from collections.abc import Mapping

from backup.database.items import Item

SPARE = 1_024
"""`EtagOrder` drops the entries of replaced changes when there are so many more of them than items."""


class EtagOrder:
    """Etags and slots in the order of the changes. The entry of a replaced change stays until many are dropped at once."""

    __slots__ = ("_etags", "_slots")

    def __init__(self) -> None:
        self._etags = array("q")
        self._slots: list[str] = []

    def add(self, etag: int, slot: str, items: Mapping[str, Item]) -> None:
        """Add a change of the slot at `etag`, which is above all before. `items`: slot to item, after that change."""
        self._etags.append(etag)
        self._slots.append(slot)
        if len(self._slots) > 2 * len(items) + SPARE:
            self._etags = array("q", [item.etag for item in items.values()])
            self._slots = list(items)

    def after(self, etag: int, items: Mapping[str, Item], limit: int | None = None) -> list[Item]:
        """The first `limit` items that changed after that etag, in etag order; None for all of them."""
        etags, slots = self._etags, self._slots
        found: list[Item] = []
        for place in range(bisect_right(etags, etag), len(slots)):
            item = items.get(slots[place])
            if item is not None and item.etag == etags[place]:
                found.append(item)
                if len(found) == limit:
                    break
        return found
