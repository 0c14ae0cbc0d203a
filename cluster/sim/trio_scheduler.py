"""The only module that touches trio's private switches: the random order of its scheduler.

The agenda makes one task runnable at a time, so trio has no choice, and a test proves that no shuffle matters. Only
tasks of the story itself can become runnable together, when they begin at once or sleep to one instant; their order is
fixed here, the same in every run.
"""

import trio
import trio._core._run as scheduler


def settle_scheduler(seed: int) -> None:
    """Make the order of trio's batches repeatable in this process; `seed` selects another order, which must not matter."""
    scheduler._r.seed(seed)
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]  # trio means it to be set from outside


def ready_tasks() -> list[trio.lowlevel.Task]:
    """The tasks that would run next."""
    return list(scheduler.GLOBAL_RUN_CONTEXT.runner.runq)


def end_ready_tasks(error: BaseException) -> None:
    """Let each of them end by this error where it stands: for tasks that no cancelling reaches."""
    for task in ready_tasks():
        task._next_send_fn, task._next_send = task.coro.throw, error
