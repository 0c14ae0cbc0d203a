"""The faults that were given to the destinations of a world: which last, and which of them never met anything."""

from typing import Any

from backup.destinations.faults import OF_THE_WAY, Trouble, Well
from backup.destinations.registry import is_remote


class GivenFaults:
    """Every fault that was given, by place. A place is a node and a path of it, or `""` and the address of a cloud."""

    def __init__(self) -> None:
        self._lasting: dict[tuple[str, str], dict[type[Trouble], tuple[str, Trouble]]] = {}
        """By place, or node and address for the way to a cloud: the faults there, at most one of each class, as they were given."""
        self._given: dict[tuple[str, Trouble | Well], tuple[str, bool]] = {}
        """By node and fault, as they were given: path or address of the place, and whether it has struck."""
        self._used: dict[str, dict[str, None]] = {}
        """By node: the places that it has used, in the order of their first use."""

    def begin(self, node: str, place: tuple[str, str], trouble: Trouble) -> None:
        """A fault begins, and takes the place of one of its class."""
        concerned = (node, place[1]) if isinstance(trouble, OF_THE_WAY) else place
        self._lasting.setdefault(concerned, {})[type(trouble)] = node, trouble
        self._given.setdefault((node, trouble), (place[1], False))

    def end(self, node: str, place: tuple[str, str], well: Well) -> None:
        """All faults of a place, and of the node's way to it, end."""
        for each in (place, (node, place[1])):
            self._lasting.pop(each, None)
        before = any(path == place[1] and not isinstance(given, Well) for (_, given), (path, _) in self._given.items())
        self._given[node, well] = place[1], before

    def end_all(self) -> None:
        """All faults end."""
        self._lasting.clear()

    def met(self, node: str, place: tuple[str, str], kind: type[Trouble]) -> Any:
        """The fault of that kind that a use of the place by `node` meets now, which strikes; None if there is none."""
        path = place[1]
        self._used.setdefault(node, {})[path] = None
        if not self._lasting:
            return None
        for where in (place, (node, path)):
            found = self._lasting.get(where, {}).get(kind)
            if found is not None:
                self._given[found] = path, True
                return found[1]
        return None

    def never_struck(self) -> tuple[str, ...]:
        """The faults that never met anything, each with the reason: sentences without a full stop."""
        return tuple(
            f"{given.says(node)}; {self._why(node, path, given)}"
            for (node, given), (path, has_struck) in self._given.items()
            if not has_struck
        )

    def _why(self, node: str, path: str, given: Trouble | Well) -> str:
        if isinstance(given, Well):
            return "no fault was given there"
        everybody = is_remote(path) and not isinstance(given, OF_THE_WAY)
        users = list(self._used) if everybody else [node]
        used = sorted({each for user in users for each in self._used.get(user, ())})
        if path in used:
            return "nothing that was done there met it"
        who = "the cluster" if everybody else node
        return f"{who} has used {'only ' + ', '.join(used) if used else 'no place'}"
