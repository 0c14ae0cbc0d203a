"""A record of every step of the core in a run: the node, its state before, the event, its state after, the effects."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cluster.raft import step as law
from cluster.raft.state import Effect, Event, Moment, Raft
from cluster.value import value


@value
class Began:
    """A node started with the state it read from its disk."""

    raft: Raft


@value
class Took:
    """One step of the core."""

    before: Raft
    event: Event
    at: Moment
    after: Raft
    effects: tuple[Effect, ...]


Record = list[Began | Took]


@contextmanager
def recorded() -> Iterator[Record]:
    """Record every start and step in the `with` block, in order."""
    record: Record = []
    begin, step = law.begin, law.step

    def begin_and_record(*args: Any, **named: Any) -> Raft:
        raft = begin(*args, **named)
        record.append(Began(raft))
        return raft

    def step_and_record(raft: Raft, event: Event, at: Moment) -> Any:
        after, effects = step(raft, event, at)
        record.append(Took(raft, event, at, after, tuple(effects)))
        return after, effects

    law.begin, law.step = begin_and_record, step_and_record
    try:
        yield record
    finally:
        law.begin, law.step = begin, step
