"""The one place that touches trio's private switches: its scheduler's own dice.

The agenda makes one task runnable at a time, so trio has nothing to choose, and a test proves that no shuffle matters.
What is left are bursts that a story makes itself: several tasks of its own that begin at once or sleep to one instant.
Those are settled here, the same in every run.
"""

import trio._core._run as scheduler


def settle_scheduler(seed: int) -> None:
    """Make trio's batches repeatable in this process; `seed` shuffles them differently, which must not matter."""
    scheduler._r.seed(seed)
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]  # trio means it to be set from outside
