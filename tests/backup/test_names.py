"""Names of folders and files, made and read back (ravendb.md section 11)."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backup.content.file_names import file_name, first_free, folder_name, parse_file, parse_folder
from backup.destinations.port import IN_PROGRESS, parts_of
from backup.record.database_commands import FORBIDDEN, LONGEST_NAME, check_new_name
from backup.record.record import Kind, Record
from cluster.member import Refused
from cluster.steps import Impossible
from cluster.time_units import SECOND, as_instant
from scenarios import World, hours, play
from scenarios.backups import backups

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


# ---- names of databases, documents and paths (rule 26.8) ----

LONELY = "\ud800"


@given(st.text(max_size=LONGEST_NAME + 20), st.from_regex("[A-Z]{1,4}", fullmatch=True), st.sampled_from(Kind))
@example("x" * LONGEST_NAME, "ABCD", Kind.SNAPSHOT)
@example("é" * (LONGEST_NAME // 2), "ABCD", Kind.SNAPSHOT)
@example("a-B-backup", "A", Kind.BACKUP)
def test_a_database_that_can_be_made_can_be_backed_up(name: str, node: str, kind: Kind) -> None:
    """Its folder is one that every destination takes, and is read back; all other names are refused at creation."""
    try:
        check_new_name(Record(), name)
    except (Refused, UnicodeEncodeError):
        return
    folder = folder_name(name, node, kind, AT, WORLD)
    assert parts_of(folder, 1) == (folder,)
    found = parse_folder(folder, WORLD)
    assert found is not None
    assert (found.database, found.node, found.kind) == (name, node, kind)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *((f"a{each}b", "cannot be a part of a file name") for each in f"{FORBIDDEN}\n\0\x7f\u200b"),
        *((each, "cannot be a part of a file name") for each in ("", " ", ".", "..", ".a", "a.")),
        ("x" * 231, "has 231 bytes in UTF-8"),
        ("x" * (LONGEST_NAME + 1), "give 213 or fewer"),
        ("é" * 120, "has 240 bytes in UTF-8"),
    ],
)
def test_a_name_without_a_folder_is_refused_at_creation(name: str, why: str) -> None:
    """With the value, and what may be given instead."""
    with pytest.raises(Refused, match=why) as refusal:
        check_new_name(Record(), name)
    assert repr(name) in str(refusal.value)


@pytest.mark.parametrize("rules", ["unkindness", "ravendb-6.2", "ravendb-4.2"])
@pytest.mark.parametrize(
    ("database", "path", "fails"),
    [
        ("x" * LONGEST_NAME, "backups", ""),
        ("日本 é", "ordner/é", ""),
        ("a\nb", "backups", "cannot be a part of a file name"),
        ("é" * 120, "backups", "has 240 bytes"),
        ("Shop", "x" * 300, "has 300 bytes"),
        ("Shop", "a\0b", "give printable characters"),
        ("Shop", "a/" * 600, "has 1,200 bytes: give 1024 or fewer"),
    ],
)
def test_a_story_fares_alike_in_memory_and_on_disk(
    rules: str, database: str, path: str, fails: str, tmp_path: Path
) -> None:
    """Whether a name can be used does not depend on where the run keeps its files."""

    async def whole(world: World) -> None:
        client = backups(world)
        client.start("A")
        await world.elected()
        shop = await client.create_database(database)
        await shop.put({"orders/1": {"total": 12}})
        task = await shop.define(full="0 * * * *", path=path)
        assert (await task.ran(within=hours(2))).outcome == "written"

    memory, disk = (
        play(whole, places=places, options={"rules": rules}) for places in ({}, {"backups": str(tmp_path / "b")})
    )
    assert memory.digest == disk.digest
    assert repr(memory.failure) == repr(disk.failure)
    assert (fails in str(memory.failure)) if fails else memory.failure is None


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("a long id", "is a document id of 513 bytes: give 512 or fewer"),
        ("a long id of a server", "is a document id of 5.. bytes: give 512 or fewer"),
        ("a long key", "is a key of a compare-exchange value of 514 bytes: give 512 or fewer"),
        ("a long identity", "is a key of an identity of 513 bytes: give 512 or fewer"),
        ("a collection", "is no collection: give at least one character, all of them printable"),
        ("half an id", r"PutDocuments for node A holds '\\ud800', of which half a character"),
        ("half a key", r"PutCompareExchange for node A holds '\\ud800.*give whole characters"),
        ("half a task", r"DefineTask for node A holds '\\ud800"),
        ("half a database", r"CreateDatabase for node A holds '\\ud800"),
        ("half a text", r"document 'a' has no JSON form \('\\ud800' is half a character"),
    ],
)
def test_ids_and_keys_that_cannot_be_are_refused_by_name(what: str, says: str) -> None:
    """Ids above 512 bytes and texts that no UTF-8 has are refused before anything is recorded; 512 bytes are kept."""

    async def whole(world: World) -> None:
        client = backups(world)
        client.start("A")
        await world.elected()
        shop = await client.create_database("Shop")
        await shop.put({"é" * 256: {}})
        await shop.put_compare_exchange("k" * 512, 1)
        before = len(world.history.events)
        with pytest.raises((Refused, Impossible, ValueError), match=says):
            match what:
                case "a long id":
                    await shop.put({"x" * 513: {}})
                case "a long id of a server":
                    await shop.store({}, f"{'x' * 505}/")
                case "a long key":
                    await shop.put_compare_exchange("é" * 257, 1)
                case "a long identity":
                    await shop.next_identity("x" * 512 + "|")
                case "a collection":
                    await shop.put({"a": {}}, collection="a\nb")
                case "half an id":
                    await shop.put({LONELY: {}})
                case "half a key":
                    await shop.put_compare_exchange(f"k{LONELY}", 1)
                case "half a task":
                    await shop.define(full="0 * * * *", name=LONELY)
                case "half a database":
                    await client.create_database(LONELY)
                case "half a text":
                    await shop.put({"a": {"text": LONELY}})
        assert not what.startswith("half") or len(world.history.events) == before

    assert play(whole).failure is None
