"""Who waits for what, and where: one line a task of the user's, read from the tasks that trio has.

Never here: whether anything can still happen (clock.py, quiet.py).
"""

from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

import trio

from cluster.sim import checked_verbs
from cluster.sim.user_code import is_users, users_frame

LONGEST = 20
"""How many tasks are named one by one."""
Way = list[tuple[FrameType, int]]
"""The frames of a task from the outermost inwards, each with the line on which it stands."""


def waiting_lines(tasks: Iterable[trio.lowlevel.Task] | None = None) -> list[str]:
    """A line a task that stands in the user's code; of these tasks, or else of all."""
    chosen = None if tasks is None else list(tasks)
    lines = list[str]()
    for task, node in _tasks(trio.lowlevel.current_root_task(), ""):
        if chosen is None or task in chosen:
            lines += _line(list(task.iter_await_frames()), node)
    if len(lines) > LONGEST:
        lines = [*lines[:LONGEST], f"  and {len(lines) - LONGEST:,} tasks more"]
    return lines


def place_lines(frame: FrameType) -> list[str]:
    """The user's line that led to this frame, if one did."""
    found = users_frame(frame)
    return [f"  {found.f_code.co_filename}:{found.f_lineno} in {found.f_code.co_name}"] if found is not None else []


def _tasks(task: trio.lowlevel.Task | None, node: str) -> Iterator[tuple[trio.lowlevel.Task, str]]:
    """A task and all it has started, each with the node whose program it is."""
    if task is None:
        return
    for frame, _ in task.iter_await_frames():
        if frame.f_code.co_qualname == "Programs.live":
            node = frame.f_locals["self"].name
    yield task, node
    for nursery in task.child_nurseries:
        for child in sorted(nursery.child_tasks, key=lambda each: each.name):
            yield from _tasks(child, node)


def _line(whole: Way, node: str) -> Iterator[str]:
    way = [(frame, line) for frame, line in whole if frame.f_code.co_filename != checked_verbs.__file__]
    standing = [number for number, (frame, _) in enumerate(way) if is_users(frame.f_code.co_filename)]
    if standing:
        frame, line = way[standing[-1]]
        code = frame.f_code
        of = f" of node {node}" if node else ""
        inner = way[standing[-1] + 1 :]
        called = inner[0][0].f_code.co_qualname if inner else "its turn"
        yield f"  {code.co_filename}:{line} in {code.co_name}{of} waits for {_what(inner) or called}"
    elif not node and way and way[0][0].f_code.co_qualname.startswith(("World.", "Cluster.")) and (what := _what(way)):
        yield f"  a task of the story's waits for {what}"


def _what(way: Way) -> str:
    """What these calls wait for, where we have words for it."""
    for frame, _ in way:
        known: dict[str, Any] = frame.f_locals
        match frame.f_code.co_qualname:
            case "World.until":
                return str(known["what"])
            case "World.ask":
                return f"the answer of node {known['node']} to {known['request']!r}"
            case "Nursery._nested_child_finished":
                return "the tasks of its nursery"
            case "sleep_forever":
                return "nothing: trio.sleep_forever never ends"
    return ""
