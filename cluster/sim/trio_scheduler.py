"""The only module that touches trio's private switches: the random order of its scheduler.

The agenda makes one task runnable at a time, so trio has no choice, and a test proves that no shuffle matters. Only
tasks of the story itself can become runnable together, when they begin at once or sleep to one instant; their order is
fixed here, the same in every run.
"""

import trio._core._run as scheduler


def settle_scheduler(seed: int) -> None:
    """Make the order of trio's batches repeatable in this process; `seed` selects another order, which must not matter."""
    scheduler._r.seed(seed)
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]  # trio means it to be set from outside
