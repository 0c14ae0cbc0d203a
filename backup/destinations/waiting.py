"""What this process waits for at real places now, for whoever sits in front of it (scenarios/cli/patience.py).

Real input and output takes no virtual time, so that nothing of it is in a trace. Never here: how long anybody has waited.
"""

import contextlib
import itertools
import threading
from collections.abc import Iterator

_NUMBERS = itertools.count(1)
_WAITS: dict[int, str] = {}
"""By number, in the order in which they began: the address of each real place that is being asked."""

PAUSE = 4.0
"""The real seconds between two attempts at a real place, however long they are in virtual time: three span eight seconds."""


@contextlib.contextmanager
def waiting_for(address: str) -> Iterator[None]:
    """Say that the real place of that address is being asked, until the block ends. Any thread may."""
    number = next(_NUMBERS)
    _WAITS[number] = address
    try:
        yield
    finally:
        del _WAITS[number]


def oldest_wait() -> tuple[int, str] | None:
    """Number and address of what has been waited for longest; None: nothing is."""
    return next(iter(list(_WAITS.items())), None)


def wait_a_little() -> None:
    """Let real time pass, so that a real place may come back."""
    threading.Event().wait(PAUSE)
