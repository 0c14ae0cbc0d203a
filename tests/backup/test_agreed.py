"""What nodes say of what was applied, the status after a run, requests, paths, sentences, counts: all pure."""

from pathlib import Path
from typing import get_args

import attrs
import pytest

from backup import notes
from backup.content.manifest import FileKind, Manifest
from backup.database.documents import Store
from backup.destinations.local import LocalDestination, LocalFolder
from backup.destinations.port import NotThere
from backup.destinations.world_destinations import WorldDestinations
from backup.record.commands import Command, apply
from backup.record.database_commands import ChangeTopology, CreateDatabase, RemoveDatabase
from backup.record.record import Assignment, Kind, Reason, Record, Status, Task, Topology
from backup.record.record_changes import tell
from backup.record.rules import Rules
from backup.record.task_commands import Assign, Assigned, DefineTask, RemoveTask, ReportStatuses, ToggleTask
from backup.requests import Request
from backup.requests.document_requests import DeleteDocuments, PutDocuments
from backup.runs import run_status
from cluster.member import Refused
from cluster.time_units import HOUR, MINUTE, SECOND
from cluster.trace import Agreed, Happened, Note, Stopped
from scenarios.inspect.backup_results import counts
from scenarios.inspect.run_history import RunHistory

HOURLY = Task(full="0 0 * * *", incremental="0 * * * *", destinations=(LocalFolder("/b"),))
START: tuple[Command, ...] = (CreateDatabase("Shop", ("A", "B", "C"), at=5), DefineTask("Shop", HOURLY, at=9))


def told(*commands: Command) -> list[Note]:
    """What is said of the last of the commands."""
    record = Record()
    for index, command in enumerate(commands, 1):
        before = record
        record, answer = apply(record, command, index)
        said = list(tell(before, record, command, answer, index, Rules()))
    return said


def assign(node: str, reason: Reason, since: int, mark: int | None = None) -> Assign:
    return Assign((Assigned("Shop", 2, Assignment(node, reason, since, mark)),))


FIRST = assign("B", Reason.NON_EXISTING_RESPONSIBLE_NODE, 20)
MARKED = assign("B", Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING, 20, mark=100)
STATUS = Status(2, Kind.BACKUP, "B", last_full=50, last_full_internal=50, last_etag=1, version=1)


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        (START[:1], notes.DatabaseCreated(1, "Shop", ("A", "B", "C"))),
        ((*START[:1], RemoveDatabase("shop")), notes.DatabaseRemoved(2, "Shop", True)),
        (
            START,
            notes.TaskDefined(
                2, "Shop", 2, "Backup to Local", "0 0 * * *", "0 * * * *", "", False, False, 9, ("/b",), "defined"
            ),
        ),
        ((*START, RemoveTask("Shop", 2)), notes.TaskRemoved(3, "Shop", 2)),
        (
            (*START[:1], ChangeTopology("Shop", Topology(("A", "B"), rehabs=("C",)), 1, 30, 1, "C is silent")),
            notes.TopologyChanged(2, "Shop", ("A", "B", "C"), (), (), ("A", "B"), (), ("C",), "C is silent"),
        ),
        ((*START, FIRST, MARKED), notes.MoveAnnounced(4, "Shop", 2, "B", 100, 100 + 30 * MINUTE)),
        ((*START, FIRST, MARKED, FIRST), notes.MoveCalledOff(5, "Shop", 2, "B")),
        (
            (*START, ReportStatuses("Shop", (STATUS,), True)),
            notes.StatusStored(3, "Shop", 2, "B", 50, True, 1, "", True),
        ),
    ],
)
def test_what_is_said_of_a_command(commands: tuple[Command, ...], said: Note) -> None:
    """One note a change, with the resulting values."""
    assert told(*commands) == [said]


def test_a_toggled_task_is_told_whole() -> None:
    """So that watchers need not remember."""
    (note,) = told(*START, ToggleTask("Shop", 2, disabled=True))
    assert isinstance(note, notes.TaskDefined)
    assert (note.disabled, note.change, note.full) == (True, "disabled", "0 0 * * *")


def test_another_owner_is_told_with_its_grounds() -> None:
    """Rule, inputs, and a sentence for users (23.14)."""
    (first,) = told(*START, FIRST)
    assert isinstance(first, notes.OwnerChanged)
    assert (first.owner_before, first.owner_after, first.rule) == ("", "B", "7.8.3")
    assert ("members", "A B C") in first.inputs
    in_rehab = ChangeTopology("Shop", Topology(("A", "C"), rehabs=("B",)), 2, 30, 1, "B is silent")
    moved = assign("C", Reason.CURRENT_RESPONSIBLE_NODE_NOT_RESPONDING, 200)
    (second,) = told(*START, FIRST, in_rehab, MARKED, moved)
    assert isinstance(second, notes.OwnerChanged)
    assert (second.owner_before, second.owner_after, second.rule) == ("B", "C", "7.8.8")
    assert ("rehabs", "B") in second.inputs
    assert second.text().endswith("goes from B to C: the node that had the task does not respond")


def test_an_overtaken_report_is_told_as_such() -> None:
    """24.6: it is in the history, and not the status."""
    earlier = attrs.evolve(STATUS, last_full_internal=40)
    (note,) = told(*START, ReportStatuses("Shop", (STATUS,), True), ReportStatuses("Shop", (earlier,), True))
    assert isinstance(note, notes.StatusStored)
    assert not note.newest


def test_a_refused_command_says_nothing() -> None:
    """Nothing changed."""
    assert list(tell(Record(), Record(), START[0], Refused("no"), 3, Rules())) == []


# ---- the status after a run ----

RUN = run_status.RunStart(2, Kind.BACKUP, "B", 500, True, 7, 3)
MANIFEST = Manifest(FileKind.FULL, "f", "Shop", "0f", "B", 2, 500, 0, 99, "A:99-0f", 7, "")


def test_after_a_success() -> None:
    """9.9, 9.10: all times are starts; a full moves the times of fulls."""
    status = run_status.status_after_success(None, RUN, MANIFEST, "folder", "f", 8)
    assert (status.last_full, status.last_full_internal, status.last_incremental_internal) == (500, 500, None)
    assert (status.last_etag, status.last_raft_index, status.last_full_raft_index) == (99, 7, 7)
    assert (status.version, status.duration, status.file, status.started_at) == (1, 8, "f", 500)
    again = run_status.status_after_success(
        status, attrs.evolve(RUN, full=False, started_at=900), MANIFEST, "folder", "g", 8
    )
    assert (again.last_full, again.last_incremental, again.version, again.is_full) == (500, 900, 2, False)


def test_after_a_failure_only_the_attempt_moves() -> None:
    """9.11: what succeeded before stays; a later success clears the error."""
    before = run_status.status_after_success(None, RUN, MANIFEST, "folder", "f", 8)
    after = run_status.status_after_failure(before, attrs.evolve(RUN, full=False, started_at=900), "no space", 950, 50)
    assert (after.last_incremental, after.last_incremental_internal, after.last_etag) == (None, 900, 99)
    assert (after.error, after.error_at, after.folder, after.file) == ("no space", 950, "folder", None)
    assert run_status.status_after_skip(after, attrs.evolve(RUN, full=False, started_at=1_000)).error is None


# ---- requests, paths, sentences, counts ----


def test_requests_stay_short_and_say_themselves() -> None:
    """However much they carry; two with different documents look different."""
    many = PutDocuments.of("Shop", {f"a/{number}": {"n": number} for number in range(5_000)}, "A")
    other = PutDocuments.of("Shop", {f"a/{number}": {"n": number} for number in range(1, 5_001)}, "A")
    assert len(repr(many)) < 80
    assert repr(many) != repr(other)
    assert many.says() == "writes 5,000 documents in Shop"
    assert repr(DeleteDocuments("Shop", ("a/1",))) == "DeleteDocuments('Shop', ('a/1',))"
    assert len(repr(DeleteDocuments("Shop", tuple(str(number) for number in range(100))))) < 80
    assert eval(
        repr(CreateDatabase("Shop", replication_factor=3)), {"CreateDatabase": CreateDatabase}
    ) == CreateDatabase("Shop", replication_factor=3)
    for kind in get_args(Request):
        assert hasattr(kind, "says"), kind


def test_every_note_says_itself() -> None:
    """In one sentence without a full stop; agreed ones are told by every node alike."""
    samples = {"str": "x", "int": 3_600_000_000, "bool": True, "tuple[str, ...]": ("A", "B")}
    for kind in vars(notes).values():
        if isinstance(kind, type) and issubclass(kind, Note) and kind not in (Note, Agreed):
            fields = attrs.fields(kind)
            values = [
                samples.get(getattr(field.type, "__name__", str(field.type)), samples.get(str(field.type), ()))
                for field in fields
            ]
            if kind is notes.DeletionsKept:
                values[2] = "SOURCE"  # the name of a reason
            text = kind(*values).text()
            assert text
            assert not text.endswith(".")
            assert "\n" not in text


@pytest.mark.parametrize(("duration", "text"), [(800_000, "0.8 s"), (90 * SECOND, "1.5 min"), (5 * HOUR, "5 h")])
def test_durations_read_well(duration: int, text: str) -> None:
    """In their largest unit."""
    assert notes.duration_text(duration) == text


def test_each_node_has_its_shelf(tmp_path: Path) -> None:
    """In the folder the run was given, or in memory that is shared; never outside, and no error tells the real path."""
    real = WorldDestinations({"backups": str(tmp_path)}).place("A", "/srv/backups")
    assert isinstance(real, LocalDestination)
    assert real.path == tmp_path / "A" / "srv" / "backups"
    in_memory = WorldDestinations()
    assert in_memory.place("A", "/b") is in_memory.place("A", "b")
    assert in_memory.place("B", "/b") is not in_memory.place("A", "b")
    with pytest.raises(ValueError, match="without"):
        WorldDestinations().of_path("A", "../b")
    error = NotThere(f"{tmp_path}/A/b/file")
    assert WorldDestinations({"backups": str(tmp_path)}).plain(error).startswith("A/b/file: there is no such file")


def test_counts() -> None:
    """Double is one occurrence answered by two nodes, however often; what a node's end cuts off is counted, too."""

    def started(at: int) -> Note:
        return notes.BackupStarted("Shop", 2, at, at, True, "backups", "folder", "file", 1, "")

    events: list[tuple[str, Note]] = [
        ("B", notes.BackupSkipped("Shop", 2, HOUR, HOUR, 1)),
        ("C", notes.BackupSkipped("Shop", 2, HOUR, HOUR + 5, 1)),
        ("C", notes.BackupSkipped("Shop", 2, 2 * HOUR, 2 * HOUR, 1)),
        ("C", notes.BackupFailed("Shop", 2, 3 * HOUR, 3 * HOUR, True, "no")),
        *(("A", started(at)) for at in (4 * HOUR, 5 * HOUR)),
        ("A", Stopped()),
        ("C", notes.Reported("Shop", 2, 2 * HOUR, 1, True)),
        ("C", notes.Reported("Shop", 2, 3 * HOUR, 1, True)),
    ]
    happened = [Happened(seq, 0, node, 0, note) for seq, (node, note) in enumerate(events, 1)]
    assert counts(RunHistory(happened)) == {"ok": 3, "late": 1, "missed": 0, "double": 1, "failed": 1, "cut off": 2}


# ---- fingerprints ----


def test_a_fingerprint_knows_documents_and_no_order() -> None:
    """Ids in any case, collections and JSON count; etags, vectors, times and deletions do not."""
    one, other = Store("A", "one"), Store("B", "other")
    one.put("a/1", {"x": 1}, 1, "A")
    one.put("a/2", {"x": 2}, 1, "A")
    other.put("a/3", {"x": 3}, 9, "A")
    other.put("A/2", {"x": 2}, 9, "A")
    other.put("a/1", {"x": 0}, 9, "A")
    other.put("a/1", {"x": 1}, 9, "A")
    assert one.fingerprint != other.fingerprint
    other.delete("a/3", 9)
    assert one.fingerprint == other.fingerprint == one.frozen_at().fingerprint
    assert Store.recover([b"".join(one.frames())]).fingerprint == one.fingerprint
    one.put("a/2", {"x": 2}, 1, "B")
    assert one.fingerprint != other.fingerprint
    assert Store("A", "empty").fingerprint == "0" * 32
