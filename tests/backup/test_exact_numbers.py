"""Numbers and the user's own metadata are the same on every way: into a database, to another copy, into a file, and back out of it."""

import json
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.content.compression import compressed
from backup.content.logical import LogicalReader
from backup.database import exact_json
from backup.database.documents import Store
from backup.database.items import Document, body_and_metadata, with_metadata
from backup.database.journal import decode, encode_change
from backup.record.task import Kind
from backup.requests.document_requests import PatchDocument
from cluster.sim.run import play
from cluster.sim.world import World
from scenarios.backups import backups
from scenarios.inspect.restore_files import document_line, restored
from scenarios.sample_documents import documents

NUMBERS = (
    "12345678901234567890.123",
    "1.10",
    "1.0",
    "-0",
    "-0.0",
    "1e5",
    "1E+5",
    "0.1e1",
    "1e-400",
    "123456789012345678901234567890",
    "0.1000000000000000055511151231257827",
    "79228162514264337593543950335",
    "2.50",
    "1.7976931348623157e308",
)
WRITTEN = f'{{"n":[{",".join(NUMBERS)}],"o":{{"price":1.10}},"t":"1.10 é"}}'
OWN = '{"Raven-Clr-Type":"Shop.Order, Shop","@expires":"2030-01-01T00:00:00.0000000Z","rate":1.10,"in":{"@metadata":{"x":1}}}'


@pytest.fixture(scope="module", params=[Kind.BACKUP, Kind.SNAPSHOT])
def line(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The line of a document that went from a file of documents through three copies and a chain of files."""
    folder = tmp_path_factory.mktemp("exact")
    data, files = folder / "data.jsonl", folder / "files"
    data.write_text(f"{with_metadata(WRITTEN, OWN)}\n", encoding="utf-8")

    async def story(world: World) -> None:
        client = backups(world)
        client.start("ABC")
        await world.elected()
        shop = await client.create_database("Shop", replication_factor=3)
        assert await shop.fill() == 1
        task = await shop.define(full="0 0 * * *", incremental="0 * * * *", kind=request.param)
        await task.ran()
        await shop.ask(PatchDocument("Shop", "docs/1", '{"added":1}'))
        await task.ran()

    outcome = play(story, 1, places={"backups": str(files)}, options={"data": str(data)})
    assert outcome.failure is None
    (found,) = restored(files, ()).documents
    return document_line(found)


def test_a_number_comes_out_of_a_chain_as_it_was_given(line: str) -> None:
    """`--data`, replication, a patch of another field, a full file, an incremental, a restore: not one digit is lost."""
    for number in NUMBERS:
        assert any(f"{before}{number}{after}" in line for before in "[," for after in ",]"), number
    assert '"o":{"price":1.10}' in line
    assert '"added":1' in line


def test_metadata_of_the_users_own_comes_out_as_it_was_given(line: str, tmp_path: Path) -> None:
    """It stands beside what the database writes, and the line is data for another run."""
    metadata = json.loads(line)["@metadata"]
    assert {name: metadata[name] for name in json.loads(OWN)} == json.loads(OWN)
    assert '"rate":1.10' in line
    again = tmp_path / "again.jsonl"
    again.write_text(line + "\n", encoding="utf-8")
    (found,) = documents(str(again))
    assert (found.id, found.collection) == ("docs/1", "@empty")
    assert body_and_metadata(found.body) == (f'{WRITTEN[:-1]},"added":1}}', OWN)


def ravendbs(documents: Iterable[str]) -> bytes:
    """A file as RavenDB writes it, without a seal."""
    rows = ",\n".join(documents)
    return b"".join(compressed([f'{{"BuildVersion":54178,"DatabaseRecord":{{}},"Docs":[{rows}]}}'.encode()]))


@pytest.mark.parametrize("gap", ["", " "])
def test_numbers_of_a_file_of_ravendb_are_kept(gap: str) -> None:
    """Whatever the way in which its documents are parsed; the metadata that RavenDB's users wrote too."""
    metadata = (
        f'{OWN[:-1]},"@collection":"Orders","@change-vector":"A:1-{"a" * 22}","@id":"orders/1",'
        '"@last-modified":"2026-11-22T23:11:42.8021300Z","@counters":["likes"]}'
    )
    reader = LogicalReader("it", [ravendbs([f'{WRITTEN[:-1]},{gap}"@metadata":{metadata}}}'])], unsealed=True)
    (document,) = reader.items()
    assert isinstance(document, Document)
    assert body_and_metadata(document.body) == (WRITTEN, OWN)
    assert reader.left_out == {"@counters": 1}


def test_a_patch_changes_no_number_that_it_does_not_name() -> None:
    """The other fields are written as they were."""
    store = Store("A", "copy")
    store.put("a", exact_json.decoded(WRITTEN), at=0)
    store.patch("a", exact_json.decoded('{"t":3.30}'), at=1)
    found = store.get("a")
    assert found is not None
    assert found.body == WRITTEN.replace('"1.10 é"', "3.30")
    (again,) = decode([encode_change(found)])
    assert again == found


json_numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@given(
    st.recursive(
        json_numbers, lambda inner: st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]"), max_leaves=5
    )
)
def test_any_number_is_written_as_it_was_read(text: str) -> None:
    """A text without spaces is its own canonical form."""
    assert exact_json.encoded(exact_json.decoded(text)) == text


@given(
    st.dictionaries(st.text("ab@", max_size=2), st.integers(), min_size=1),
    st.dictionaries(st.text("ab", max_size=2), st.integers()),
)
def test_metadata_and_fields_come_apart_again(metadata: dict[str, Any], fields: dict[str, Any]) -> None:
    """A body keeps the two together, and neither changes."""
    own, plain = exact_json.encoded(metadata), exact_json.encoded(fields)
    assert body_and_metadata(with_metadata(plain, own)) == (plain, own)


json_values = st.recursive(
    st.one_of(json_numbers, st.sampled_from(["true", "null", "-0", '"\\u00e9\\/ü"', '"]}"', "NaN", "1e999"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: f"[ {' ,'.join(each)}\n]"),
        st.lists(st.tuples(st.sampled_from("ab"), inner), max_size=3).map(
            lambda pairs: f"{{{', '.join(f'{chr(34)}{name}{chr(34)} :{found}' for name, found in pairs)} }}"
        ),
    ),
    max_leaves=8,
)


@given(json_values, st.booleans(), st.sampled_from(["", ",", "]", "}", " x"]))
def test_a_long_document_is_read_as_a_short_one(text: str, strict: bool, after: str) -> None:
    """Item by item the same text comes of it, or the same error."""

    def outcome(read: Callable[..., Any]) -> str:
        try:
            return exact_json.encoded(read(text + after, strict=strict))
        except ValueError as error:
            return f"error: {error}"

    assert outcome(exact_json.decoded_long) == outcome(exact_json.decoded)


def test_long_texts_and_lists_take_little_more_than_their_text() -> None:
    """Neither a text nor a list of a million objects becomes values; what is asked for does."""
    rows = ",".join(f'{{"n":{number}.50}}' for number in range(30_000))
    text = f'{{"id":"a","text":"{"x" * 300_000}","rows":[{rows}]}}'
    tracemalloc.start()
    data = exact_json.decoded_long(text, strict=True, whole=("id",))
    body = exact_json.encoded(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (data["id"], body) == ("a", text)
    assert peak < 2.6 * len(text)
    exact_json.check_object(body)


@pytest.mark.parametrize("text", ["[]", "1", '{"a":1,}', '{"a":NaN}', "{" * 201, '{"a":1e999}', ""])
def test_what_is_no_object_is_found_without_keeping_it(text: str) -> None:
    """Each is refused in the words of a short one."""
    with pytest.raises(ValueError, match=r"JSON|nested|Expecting|beyond"):
        exact_json.check_object(text)
