"""Names of folders and files, made and read back (ravendb.md section 11)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.content.file_names import file_name, first_free, folder_name, parse_file, parse_folder
from backup.destinations.port import IN_PROGRESS
from backup.record.record import Kind
from cluster.time_units import SECOND, as_instant

WORLD = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
AT = as_instant(datetime(2024, 7, 4, 1, 2, 3, 999_999, tzinfo=UTC))


def test_a_folder_is_named_after_local_time_database_node_and_kind() -> None:
    """Rule 11.1."""
    assert folder_name("Shop", "A", Kind.BACKUP, AT, WORLD) == "2024-07-04-01-02-03.ravendb-Shop-A-backup"
    assert folder_name("Shop", "A", Kind.SNAPSHOT, AT, NEW_YORK) == "2024-07-03-21-02-03.ravendb-Shop-A-snapshot"


@pytest.mark.parametrize(
    ("kind", "full", "encrypted", "ending"),
    [
        (Kind.BACKUP, True, False, "full-backup"),
        (Kind.BACKUP, False, False, "incremental-backup"),
        (Kind.BACKUP, True, True, "encrypted-full-backup"),
        (Kind.BACKUP, False, True, "encrypted-incremental-backup"),
        (Kind.SNAPSHOT, True, False, "snapshot"),
        (Kind.SNAPSHOT, True, True, "encrypted-snapshot"),
        (Kind.SNAPSHOT, False, False, "incremental-backup"),
    ],
)
def test_a_file_is_named_after_local_time_and_what_it_holds(
    kind: Kind, full: bool, encrypted: bool, ending: str
) -> None:
    """Rules 11.2, 11.6."""
    name = file_name(kind, full, AT, WORLD, encrypted=encrypted)
    assert name == f"2024-07-04-01-02-03.ravendb-{ending}"
    found = parse_file(name, WORLD)
    assert found is not None
    assert (found.full, found.encrypted, found.in_progress) == (full, encrypted, False)
    assert found.snapshot == (full and kind is Kind.SNAPSHOT)


def test_a_file_that_is_being_written_says_so() -> None:
    """Rule 11.3."""
    found = parse_file(file_name(Kind.BACKUP, True, AT, WORLD) + IN_PROGRESS, WORLD)
    assert found is not None
    assert found.in_progress


def test_a_taken_name_gives_way_to_the_next_second() -> None:
    """Rule 11.5; a name in progress is taken too."""

    def name(at: int) -> str:
        return file_name(Kind.BACKUP, False, at, WORLD)

    taken = {name(AT), name(AT + SECOND) + IN_PROGRESS}
    assert first_free(name, AT, taken) == (name(AT + 2 * SECOND), AT + 2 * SECOND)
    assert first_free(name, AT, ()) == (name(AT), AT)


def test_the_database_name_is_read_greedily_and_seconds_may_lack() -> None:
    """Rule 11.7."""
    found = parse_folder("2024-07-04-01-02.ravendb-My-A-backup-Shop-BC-snapshot", WORLD)
    assert found is not None
    assert (found.database, found.node, found.kind) == ("My-A-backup-Shop", "BC", Kind.SNAPSHOT)
    assert found.at == as_instant(datetime(2024, 7, 4, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "photos",
        "2024-07-04-01-02-03.ravendb-Shop-A",
        "2024-13-04-01-02-03.ravendb-Shop-A-backup",
        "x.ravendb-backup",
    ],
)
def test_other_names_are_nobodys(name: str) -> None:
    assert parse_folder(name, WORLD) is None
    assert parse_file(name, WORLD) is None


@given(
    database=st.text("abcXYZ-._ 0", min_size=1, max_size=12),
    node=st.text("ABCD", min_size=1, max_size=4),
    kind=st.sampled_from(Kind),
    second=st.integers(0, 10 * 365 * 86_400),
)
def test_a_folder_name_is_read_back_as_it_was_made(database: str, node: str, kind: Kind, second: int) -> None:
    at = second * SECOND
    found = parse_folder(folder_name(database, node, kind, at, WORLD), WORLD)
    assert found is not None
    assert (found.at, found.database, found.node, found.kind) == (at, database, node, kind)
