"""Every step of the law in a run, as it was taken: who, before, what happened, after, what it asked for. Only a record."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cluster.raft import step as law
from cluster.raft.state import Effect, Event, Moment, Raft
from cluster.value import value


@value
class Began:
    """A node read its disk and was made anew."""

    raft: Raft


@value
class Took:
    """One step."""

    before: Raft
    event: Event
    at: Moment
    after: Raft
    effects: tuple[Effect, ...]


Record = list[Began | Took]


@contextmanager
def recorded() -> Iterator[Record]:
    """Whatever is played below is recorded, in the order in which it happened."""
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
