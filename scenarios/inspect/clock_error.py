"""By how much a node's clock is wrong, as readers of a run are told it: a schedule goes by the clock of its node."""

from backup.notes import duration_text
from cluster.time_units import SECOND


def clock_error(ahead: int) -> str:
    """`1 h ahead of` or `5 min behind` for a clock that many µs ahead; empty if it is right to a second."""
    if abs(ahead) < SECOND:
        return ""
    return f"{duration_text(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"
