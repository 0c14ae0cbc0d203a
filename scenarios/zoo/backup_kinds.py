"""The kinds of faults that a weather over backups may bring: those of any cluster whose members stay, clocks, and what ails places."""

from collections.abc import Mapping

from backup.destinations.faults import Cutting, Disconnected, Full, Losing, ReadOnly, Refusing, Slow, Well
from cluster import steps
from cluster.sim.dice import Dice
from cluster.time_units import hours
from scenarios.backups import FOLDER
from scenarios.weather.kinds import KINDS as OF_ANY_CLUSTER
from scenarios.weather.kinds import (
    PER_LINK,
    Drawn,
    FaultKind,
    Names,
    at_once,
    chosen,
    one_of,
    stands_still,
    strike,
)

MOMENTS = (
    "DocumentsWritten",
    "BackupStarted",
    "BackupFinished",
    "BackupFailed",
    "Reported",
    "OwnerChanged",
    "Committed",
)
"""The notes at which a strike may come."""
TROUBLES = (Cutting, Disconnected, Full, Losing, ReadOnly, Refusing)


def _place_ails(dice: Dice, names: Names) -> Drawn:
    """A folder of one node cannot be used for a while."""
    node, wait = one_of(dice, names), 60.0 * (1 + dice.below(60))
    return ((0.0, steps.Disturb(node, chosen(dice, *TROUBLES)(FOLDER))), (wait, steps.Disturb(node, Well(FOLDER))))


def _place_is_slow(dice: Dice, names: Names) -> Drawn:
    node, wait = one_of(dice, names), 60.0 * (1 + dice.below(60))
    return ((0.0, steps.Disturb(node, Slow(FOLDER, chosen(dice, 10, 100)))), (wait, steps.Disturb(node, Well(FOLDER))))


def _clock_is_set(dice: Dice, names: Names) -> Drawn:
    return at_once(steps.JumpClock(one_of(dice, names), hours(dice.below(5) - 2) / 2))


OWN = (
    FaultKind("clock stands still", 2, stands_still(60.0, 600)),
    FaultKind("clock is set", 2, _clock_is_set),
    FaultKind("place ails", 4, _place_ails),
    FaultKind("place is slow", 2, _place_is_slow),
    FaultKind("strike", 5, strike(MOMENTS, steps.Crash, steps.Restart, steps.Pause)),
)
KINDS: Mapping[str, FaultKind] = {
    **{name: kind for name, kind in OF_ANY_CLUSTER.items() if not kind.changes_members and name not in PER_LINK},
    **{each.name: each for each in OWN},
}
"""Every kind, by name."""
