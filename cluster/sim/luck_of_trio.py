"""The one place that touches trio's private switches: its scheduler's own dice. No order in a history depends on them.

The agenda makes one task runnable at a time, so trio has nothing to choose; what is left are bursts that a story makes
itself (several tasks of its own sleeping to one instant). Those are settled here; a test proves that no seed matters.
"""

import trio._core._run as scheduler


def settle_scheduler(seed: int) -> None:
    """Make trio's batches repeatable in this process; `seed` shuffles them differently, which must not matter."""
    scheduler._r.seed(seed)
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True
