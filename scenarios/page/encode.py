"""A recording as bytes of a page: columns and tables of strings, so that 100,000 events stay small.

`decode.js` reads them. Never here: what a recording holds (recording.py).
"""

import base64
import gzip
import json
from collections.abc import Iterable
from typing import Any

from scenarios.page.recording import Recording, Row

ENVELOPE = ("seq", "t", "node", "kind", "cause", "parent", "weight", "text")


class Strings:
    """A table of strings, each once."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """The place of the text in the table."""
        if (place := self._places.get(text)) is None:
            place = self._places[text] = len(self.all)
            self.all.append(text)
        return place


def columns(recording: Recording) -> Row:
    """The recording as one JSON object. Times are differences; a cause is how many events before, and so is a parent, or 0 if it is
    the cause; texts are places in a table.
    """
    strings = Strings()
    kinds: dict[str, list[Row]] = {}
    before = 0
    envelope: dict[str, list[int]] = {field: [] for field in ENVELOPE[1:]}
    for row in recording.rows:
        kinds.setdefault(row["kind"], []).append(row)
    order = {name: place for place, name in enumerate(kinds)}
    for row in recording.rows:
        envelope["t"].append(row["t"] - before)
        before = row["t"]
        envelope["node"].append(strings.place(row["node"]))
        envelope["kind"].append(order[row["kind"]])
        envelope["cause"].append(row["seq"] - row["cause"] if row["cause"] else 0)
        envelope["parent"].append(row["seq"] - row["parent"] if row["parent"] != row["cause"] else 0)
        envelope["weight"].append(row["weight"])
        envelope["text"].append(strings.place(row["text"]))
    return {
        "header": recording.header,
        "kinds": [_kind(name, rows, strings) for name, rows in kinds.items()],
        "events": envelope,
        "strings": strings.all,
    }


def _kind(name: str, rows: list[Row], strings: Strings) -> Row:
    fields = [field for field in rows[0] if field not in ENVELOPE]
    return {"name": name, "fields": {field: _column((row[field] for row in rows), strings) for field in fields}}


def _column(values: Iterable[Any], strings: Strings) -> list[Any]:
    """The type of the column, then its values: `s` places of strings, `j` plain JSON, `1` the same value throughout."""
    found = list(values)
    if all(each == found[0] and type(each) is type(found[0]) for each in found):
        return ["1", found[0]]
    if all(isinstance(each, str) for each in found):
        return ["s", *map(strings.place, found)]
    return ["j", *found]


def encoded(recording: Recording) -> str:
    """The recording as text for a page: JSON, compressed, as base64. The same recording gives the same text."""
    plain = json.dumps(columns(recording), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(plain.encode("utf-8", "replace"), 6, mtime=0)).decode("ascii")
