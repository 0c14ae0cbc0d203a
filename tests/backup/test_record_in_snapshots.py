"""The record of the databases can be kept in a snapshot of the log: all of it, at any size, as it was."""

from typing import Any

import attrs
import pytest

from backup.database.agreed_values import (
    CleanValueTombstones,
    ConfigureRevisions,
    DefineIndex,
    DeleteCompareExchange,
    IndexDefinition,
    NextIdentity,
    PutCompareExchange,
)
from backup.database.revisions import RevisionPolicy
from backup.node.service import Backups
from backup.record.commands import Command, apply
from backup.record.database_commands import CreateDatabase
from backup.record.history import RecordedRuns, Run
from backup.record.record import Database, Reason, Record, Task
from cluster.member import Refused
from cluster.proposals import Sessions
from cluster.raft.messages import Request
from cluster.raft.timing import Compaction, Timing
from cluster.sim.run import HELD, play
from cluster.snapshot_codec import IMAGE_WORDS, digest_of, packed, unpacked
from cluster.wire import Codec, classes_within
from scenarios.zoo.night import night

OFTEN = Timing(compaction=Compaction(entries=3, growth=0, margin=2, part=512))


WORDS = (*Backups().words, *[held for held in classes_within(Record) if held not in Backups().words])
"""As a world declares them."""


def test_the_classes_of_the_record_are_found_by_its_annotations() -> None:
    """In the order of its fields, each once, those inside a history of runs too; so nobody forgets to declare one."""
    found = classes_within(Record)
    assert {Record, Database, Task, RecordedRuns, Run, Reason} <= set(found)
    assert len(found) == len(set(found))
    Codec(WORDS)


def test_a_history_of_runs_travels_as_its_runs() -> None:
    """It has storage of its own and shares none with the one that was packed."""
    codec = Codec(WORDS)
    runs = [Run(7, "A", True, 1_000 * at, 5, f"folder {at}", None, None, at) for at in range(3)]
    history = RecordedRuns.of(runs)
    again = codec.decode(codec.encode(history))
    assert again == history
    assert list(again.with_run(attrs.evolve(runs[0], started_at=9))) == [*runs, attrs.evolve(runs[0], started_at=9)]
    assert list(history) == runs


def test_what_is_packed_comes_back_with_its_sessions() -> None:
    """State, answers and refusals; the digest of what came back is that of what was packed."""
    codec = Codec((*IMAGE_WORDS, *WORDS))
    sessions = Sessions()
    sessions.remember(Request("A#1", 1, 1), 4, (1, 2))
    sessions.remember(Request("A#1", 2, 2), 5, Refused("there is no database 'Shop': create it"))
    state = Backups().empty()
    content = packed(codec, state, sessions)
    restored, known = unpacked(codec, content)
    assert restored == state
    assert known.answer(Request("A#1", 1, 1)) == (0, None), "below its client's floor nobody waits"
    index, refusal = known.answer(Request("A#1", 2, 2)) or (0, None)
    assert (index, type(refusal), str(refusal)) == (5, Refused, "there is no database 'Shop': create it")
    assert packed(codec, restored, known) == content
    assert digest_of(codec, restored, known) == digest_of(codec, state, sessions)


def test_a_record_with_agreed_values_travels() -> None:
    """Identities, exchanged values, indexes and policies, and what their commands answer."""
    codec, record, sessions = Codec((*IMAGE_WORDS, *WORDS)), Record(), Sessions()
    asked: tuple[Command, ...] = (
        CreateDatabase("Shop", ("A",)),
        NextIdentity("Shop", "orders|"),
        PutCompareExchange("Shop", "door", '"Ann"', 0),
        PutCompareExchange("Shop", "door", '"Bob"', 0),
        DeleteCompareExchange("Shop", "door", 3),
        CleanValueTombstones("Shop", 5),
        DefineIndex("Shop", IndexDefinition("Sales", "Orders", ("Total",))),
        ConfigureRevisions("Shop", (RevisionPolicy("Orders", 3),)),
    )
    for index, command in enumerate(asked, 1):
        assert codec.decode(codec.encode(command)) == command
        record, answer = apply(record, command, index)
        sessions.remember(Request("A#1", index, 1), index, answer)
    content = packed(codec, record, sessions)
    restored, known = unpacked(codec, content)
    assert restored == record
    assert known.answer(Request("A#1", 4, 1)) == sessions.answer(Request("A#1", 4, 1))


@pytest.mark.parametrize(("names", "seed"), [("ABCDE", 2)])
def test_a_bad_night_with_snapshots_breaks_no_promise(names: str, seed: int, tmp_path: Any) -> None:
    """Hours of faults while every node compacts its log again and again: every occurrence is covered all the same."""
    outcome = play(night(names), seed, places={"backups": str(tmp_path)}, options={"rules": "unkindness"}, timing=OFTEN)
    kinds = [type(event.note).__name__ for event in outcome.history.events]
    assert outcome.verdict == HELD, outcome.failure
    assert kinds.count("SnapshotTaken") > 20
    assert "RecoveredSnapshot" in kinds
