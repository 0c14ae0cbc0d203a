"""A word on the screen while a command waits for a real place, which takes time that no clock of a story shows.

Never here: how long a place may keep silent (backup/destinations/store_options.py).
"""

import threading

from scenarios.cli.base import complain

SECONDS = 5
"""How long a place may take before something is said; after that it is said again each time the wait has doubled."""


class Patience:
    """For as long as it is entered, standard error says which real place is waited for, and for how long already."""

    def __init__(self, tick: float = 1.0) -> None:
        """`tick`: the seconds between two looks; SECONDS counts looks."""
        self._tick = tick
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Patience":
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        from backup.destinations.waiting import oldest_wait

        known, looks, said = None, 0, SECONDS
        while not self._over.wait(self._tick):
            oldest = oldest_wait()
            if oldest != known:
                known, looks, said = oldest, 0, SECONDS
            looks += 1
            if oldest is not None and looks == said:
                said *= 2
                complain(f"waiting for {oldest[1]}, which has not answered for {looks} s")
