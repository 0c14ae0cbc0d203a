"""A parser of the stream of a logical backup, piece by piece: an object of sections, lists of items, raw bytes between them.

The stream is not quite JSON: a section may come twice, raw bytes may follow an item, and RavenDB leaves commas before
closing braces. A window of the stream is held as bytes and as Latin-1 text, one character for each byte, so that the C parser of
`json` can work in it and raw bytes can be cut out of it. What a section means is in logical.py.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from backup.content.manifest import DamagedBackup
from backup.database.exact_json import BRACKETS, decoder
from cluster.value import value

NEEDLESS_COMMA = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|,(?=\s*[}\]])', re.DOTALL)
SPACE = b" \t\r\n"
STEP = 1 << 26
"""The most bytes by which a window grows, however much is unread in it."""
NO_SPACE = re.compile(rb"[^ \t\r\n]")
LARGE = 1 << 16
"""The bytes from which on a document is large."""
LARGEST = 1 << 28
"""The most bytes of one item: a document, or the content of an attachment."""
MARK = b',"@metadata":{'
CLOSING = ord("}")
ALONE = b'{"@metadata":'
"""The text with which an attachment begins, and also a document without fields."""


@value
class DocumentLine:
    """A document on a line of its own, as `LogicalWriter` writes it: its body is canonical text and need not be parsed."""

    body: str
    """The JSON object as canonical text, without metadata."""
    metadata: str
    """The JSON text of the metadata, which is not looked at here."""


@value
class SectionItem:
    """One item of a section that is a list, or the whole of a section that is not a list."""

    section: str
    """Name of the section."""
    content: Any
    """Parsed JSON."""
    listed: bool
    """Whether the section is a list."""
    raw: bytes | None = None
    """The raw bytes that followed the item; None for a kind of item that raw bytes never follow."""


class Sections:
    """A parser that reads one stream once."""

    def __init__(self, name: str, pieces: Iterator[bytes], *, lines_of: str = "") -> None:
        """`name` of the file, for errors; `pieces` of its uncompressed content.

        `lines_of`: the section whose documents are read as `DocumentLine` where possible. Their bodies are not checked,
        so the caller must verify the seal of the file in the end.
        """
        self._name = name
        self._lines_of = lines_of
        self._pieces = pieces
        self._window = bytearray()
        self._latin: str | None = None
        self._at = 0

    def __iter__(self) -> Iterator[SectionItem | DocumentLine]:
        """Every item of every section in order. Raises DamagedBackup where the stream is not of the expected form."""
        self._expect("{", "at its start")
        while self._peek() != "}":
            section = self._value("between two sections")
            if not isinstance(section, str):
                raise self._damaged(f"a section's name is {section!r}")
            self._expect(":", f"after {section!r}")
            if self._peek() == "[":
                self._at += 1
                yield from self._list(section)
            else:
                yield SectionItem(section, self._value(f"in {section!r}"), listed=False)
            if self._peek() == ",":
                self._at += 1
        self._at += 1
        while self._at < len(self._window) or self._more():
            if self._window[self._at :].strip(SPACE):
                raise self._damaged("something follows its last section")
            self._at = len(self._window)

    def _list(self, section: str) -> Iterator[SectionItem | DocumentLine]:
        has_lines = section == self._lines_of
        while self._peek() != "]":
            if has_lines:
                yield from self._lines()
                if self._peek() == "]":
                    break
            content = self._value(f"in {section!r}")
            size = raw_size(content)
            yield SectionItem(section, content, True, None if size is None else self._raw(size, section))
            if self._peek() not in ",]":
                raise self._damaged(f"two items of {section!r} run into each other")
            if self._peek() == ",":
                self._at += 1
        self._at += 1

    def _lines(self) -> Iterator[DocumentLine]:
        """The documents that fill the lines from here on, up to the first line that none fills: nothing of it is consumed."""
        while True:
            while len(self._window) - self._at < len(ALONE) and self._more():
                pass
            if self._window.startswith(ALONE, self._at):
                return
            end = self._window.find(b"\n", self._at)  # canonical JSON holds no line break
            while end < 0:
                if not self._more():
                    return
                end = self._window.find(b"\n")
            window, begin = self._window, self._at
            is_last = not window.endswith(b",", begin, end)
            close = end - 1 if is_last else end - 2
            # Inside a JSON string the quotes would be escaped, so the only occurrence begins the metadata.
            mark = window.find(MARK, begin, close)
            if mark < 0 or not window.startswith(b"}", close) or window.find(MARK, mark + 1, close) >= 0:
                return
            window[mark] = CLOSING  # in place of the comma: what is read here is not read again
            try:
                line = DocumentLine(_text_of(window, begin, mark + 1), window[mark + len(MARK) - 1 : close].decode())
            except UnicodeDecodeError as error:
                raise self._damaged(f"an unreadable document ({error})") from error
            self._at = end if is_last else end + 1
            if end - begin >= LARGE:  # what waits for the line need not wait for its window too
                del window[: self._at]
                self._at = 0
                self._latin = None
            yield line
            if is_last:
                return

    def _value(self, where: str) -> Any:
        """The JSON value that begins here. A value at the end of the window is read again: a number might go on there."""
        self._peek()
        while True:
            try:
                content, end = decoder.raw_decode(self._text, self._at)
                if end < len(self._text):
                    source = self._window[self._at : end]
                    self._at = end
                    return content if source.isascii() else decoder.decode(source.decode())
            except json.JSONDecodeError:
                whole = extent(self._text, self._at)  # None: cut by the end of the window; else not quite JSON
                if whole is not None:
                    return self._almost_json(whole, where)
            except (ValueError, RecursionError) as error:
                raise self._damaged(f"unreadable {where} ({error})") from error
            if not self._more():
                raise self._damaged(f"it ends {where}")

    def _almost_json(self, end: int, where: str) -> Any:
        source = self._window[self._at : end]
        self._at = end
        try:
            text = NEEDLESS_COMMA.sub(lambda found: found[1] or "", source.decode())
            return decoder.decode(text)
        except (ValueError, RecursionError) as error:
            raise self._damaged(f"unreadable {where} ({error})") from error

    def _raw(self, size: int, section: str) -> bytes:
        if size > LARGEST:
            raise self._damaged(f"an item of {section!r} claims {size:,} bytes, and {LARGEST:,} is the most")
        parts: list[bytearray] = []
        while len(self._window) - self._at < size:
            parts.append(self._window[self._at :])
            size -= len(parts[-1])
            self._at = len(self._window)
            if not self._more():
                raise self._damaged(f"it ends in the raw bytes of an item of {section!r}")
        parts.append(self._window[self._at : self._at + size])
        self._at += size
        return b"".join(parts)

    def _peek(self) -> str:
        while True:
            found = NO_SPACE.search(self._window, self._at)
            if found is not None:
                self._at = found.start()
                return chr(self._window[self._at])
            self._at = len(self._window)
            if not self._more():
                raise self._damaged("it ends before its last section is closed")

    def _expect(self, character: str, where: str) -> None:
        if self._peek() != character:
            raise self._damaged(f"{character!r} is missing {where}")
        self._at += 1

    def _more(self) -> bool:
        """Add about as much to the window as is unread in it, so that a long value is not parsed again for each piece.

        False if the stream has ended.
        """
        window = self._window
        del window[: self._at]
        self._at = 0
        self._latin = None
        unread = len(window)
        if unread > LARGEST:
            raise self._damaged(f"something in it has more than {LARGEST:,} bytes")
        while len(window) - unread <= min(unread, STEP):
            piece = next(self._pieces, None)
            if piece is None:
                break
            window += piece
        return len(window) > unread

    @property
    def _text(self) -> str:
        """The window as Latin-1 text, made when somebody parses in it."""
        if self._latin is None:
            self._latin = self._window.decode("latin-1")
        return self._latin

    def _damaged(self, what: str) -> DamagedBackup:
        return DamagedBackup(self._name, what)


def _text_of(window: bytearray, begin: int, end: int) -> str:
    """The text of a part of a window. A large one is not copied on the way, which takes as long as copying a small one."""
    if end - begin < LARGE:
        return window[begin:end].decode()
    with memoryview(window) as whole, whole[begin:end] as part:
        return str(part, "utf-8")


def raw_size(content: Any) -> int | None:
    """How many raw bytes follow an attachment or a time-series segment; None for any other item."""
    match content:
        case {"@metadata": {"@export-type": "Attachment"}, "Size": int(size)} if size >= 0:
            return size
        case {"@raven-data": _, "@raven-blob-size": int(size)} if size >= 0:
            return size
        case _:
            return None


def extent(text: str, at: int) -> int | None:
    """Where the object, list or string that begins at `at` ends, found by its brackets; None if the text ends before."""
    depth = 0
    for token in BRACKETS.finditer(text, at):
        found = token[0]
        if found in "{[":
            depth += 1
        elif found in "}]":
            depth -= 1
        elif len(found) == 1 or not found.endswith('"') or token.end() == len(text):
            return None
        if depth <= 0:
            return token.end()
    return None
