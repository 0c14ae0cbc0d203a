"""Where a run keeps what it makes, and what those places hold already (rules 9.6, 11.8).

Never here: which places a task names (blocks.py), and what is made of what they hold (continuing.py).
"""

from collections.abc import Callable

from backup.destinations.port import Destination, DestinationError
from backup.uploads import Remote
from cluster.value import value


@value
class Places:
    """Where a run keeps what it makes."""

    base: Destination
    """Where the file is built: the local folder, or else a temporary place (rule 11.8)."""
    path: str
    """That local folder as the task names it; empty: it is temporary."""
    remotes: tuple[Remote, ...] = ()

    @property
    def lasting(self) -> tuple[tuple[Destination, str], ...]:
        """Every place in which the file is to stay, with its address."""
        local = ((self.base, self.path),) if self.path else ()
        return (*local, *((remote.place, remote.address) for remote in self.remotes))

    def clear(self) -> None:
        """Remove from a temporary place what a crash left there."""
        if not self.path:
            for folder in self.base.folders():
                self.base.delete_folder(folder)

    def looked(self, look: Callable[[Destination], tuple[str, ...]]) -> list[tuple[Destination, tuple[str, ...]]]:
        """What the places hold, as far as they give it back; a cloud out of reach is passed over if another is not."""
        found: list[tuple[Destination, tuple[str, ...]]] = []
        errors: list[DestinationError] = []
        for place, path in self.lasting:
            try:
                if place.gives_back:
                    found.append((place, look(place)))
            except DestinationError as error:
                if path == self.path:
                    raise
                errors.append(error)
        if errors and not found:
            raise errors[0]
        return found
