"""The vertical scale: true time runs downward, instants get the room that their signs need, and long waits are folded.

The distance between two instants grows with the logarithm of the time, so that a millisecond can be seen beside a third of a
second. A wait of `FOLDED` or longer is drawn as one fold of fixed height.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log2

from cluster.time_units import SECOND
from cluster.value import value

FOLDED = SECOND
FOLD_HEIGHT = 34.0


@value
class TimeFold:
    """A wait that is drawn as a mark."""

    y: float
    duration: int


@value
class Room:
    """A request for `height` below an instant in one lane, in which nothing else is drawn there."""

    t: int
    lane: str
    height: float
    slack: float = 0.0
    """How far it may be moved down from its instant before the instant itself is moved down."""


@value
class Scale:
    """The vertical coordinates of instants, and of the rooms in the order in which they were requested."""

    at: Mapping[int, float]
    places: tuple[float, ...]
    folds: tuple[TimeFold, ...]
    bottom: float


def gap(duration: int) -> float:
    """The least distance of two instants that are `duration` µs apart."""
    return min(36.0, 1.5 + 5.6 * log2(1 + duration / 500))


def scale(instants: Sequence[int], rooms: Iterable[Room], top: float) -> Scale:
    """Lay out the instants, which are in order, from `top` down."""
    wanted: dict[int, list[tuple[int, Room]]] = {}
    for number, room in enumerate(rooms):
        wanted.setdefault(room.t, []).append((number, room))
    at: dict[int, float] = {}
    places: dict[int, float] = {}
    folds: list[TimeFold] = []
    taken: dict[str, float] = {}
    y, before = top, instants[0]
    for t in instants:
        wait = t - before
        folded = wait >= FOLDED
        below = y
        y += FOLD_HEIGHT if folded else gap(wait) if wait else 0.0
        needed: dict[str, float] = {}
        for _, room in wanted.get(t, ()):  # the first room of each lane is to begin at the instant itself
            if room.lane not in needed:
                needed[room.lane] = taken.get(room.lane, top) - room.slack
        y = max(y, *needed.values()) if needed else y
        if folded:
            folds.append(TimeFold((below + y) / 2, wait))
        at[t] = y
        for number, room in wanted.get(t, ()):
            places[number] = max(y, taken.get(room.lane, top))
            taken[room.lane] = places[number] + room.height
        before = t
    bottom = max([y, *taken.values()])
    return Scale(at, tuple(places[number] for number in range(len(places))), tuple(folds), bottom)
