"""A reader of the stream of a logical backup that knows RavenDB's rules and nothing of ours (11, 18, 26.5, 26.6).

It is as strict as RavenDB's reader is where that is known, and shares no code with the product.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

KNOWN = {
    "DatabaseRecord": dict,
    **dict.fromkeys(
        (
            *("Docs", "RevisionDocuments", "Tombstones", "Conflicts", "Indexes", "Identities", "CompareExchange"),
            *("CompareExchangeTombstones", "CounterGroups", "Subscriptions", "TimeSeries", "TimeSeriesDeletedRanges"),
            "ReplicationHubCertificates",
        ),
        list,
    ),
}
"""The sections that RavenDB 5.4 has names for, and what each is."""
VECTOR = re.compile(r"[A-Z]{1,4}:[1-9]\d*-[A-Za-z0-9+/]{22}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
TIME_SPAN = re.compile(r"(\d+\.)?\d\d:\d\d:\d\d(\.\d{7})?")
HASH = re.compile(r"[A-Za-z0-9+/]{43}=")
SPACE = re.compile(r"[ \t\r\n]*")
COMMA = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|,(?=[ \t\r\n]*[}\]])', re.DOTALL)


class Refused(Exception):
    """The import ends here."""


def read(stream: bytes) -> dict[str, list[Any]]:
    """The items by section, in the order of the stream, sections of other names left out. Refused says what it did not take."""
    found: dict[str, list[Any]] = {}
    for section, item in _items(stream.decode("latin-1")):
        found.setdefault(section, []).append(item)
        _check(section, item)
    return found


def _items(text: str) -> Iterator[tuple[str, Any]]:
    at = _expect(text, 0, "{")
    first, at = _value(text, at)
    build, at = _value(text, _expect(text, at, ":"))
    _need(first == "BuildVersion" and isinstance(build, int) and build >= 40_000, f"{first!r} is {build!r}")
    at = _after_comma(text, at)
    while text[at] != "}":
        name, at = _value(text, at)
        at = _expect(text, at, ":")
        if KNOWN.get(name) is dict:
            content, at = _value(text, at)
            _need(isinstance(content, dict), f"{name} is no object")
            yield name, content
        else:
            _need(text[at] == "[", f"Expected start array, got {text[at]!r}, in section {name!r}")
            at = _space(text, at + 1)
            while text[at] != "]":
                content, at = _value(text, at)
                size = _size(content)
                if size:
                    content = {**content, "bytes": text[at : at + size].encode("latin-1")}
                    at = _space(text, at + size)
                if name in KNOWN:
                    yield name, content
                at = _after_comma(text, at)
            at = _space(text, at + 1)
        at = _after_comma(text, at)
    _need(not text[at + 1 :].strip(), "something follows the end")


def _size(content: Any) -> int:
    if isinstance(content, dict) and "@raven-blob-size" in content:
        return int(content["@raven-blob-size"])
    match content:
        case {"@metadata": {"@export-type": "Attachment"}, "Size": int(size)}:
            return size
        case _:
            return 0


def _check(section: str, item: Any) -> None:
    match section, item:
        case "Docs" | "RevisionDocuments", {"@metadata": {"@export-type": "Attachment"}}:
            _need(
                HASH.fullmatch(item["Hash"]) is not None and item["Tag"].count("|") == 4,
                f"the attachment {item['Tag']}",
            )
        case "Docs" | "RevisionDocuments", {"@metadata": metadata}:
            _vector(metadata["@change-vector"])
            _need(len(metadata["@id"].encode("latin-1")) <= 512, f"the id {metadata['@id']}")
            _need(TIME.fullmatch(metadata["@last-modified"]) is not None, f"the time {metadata['@last-modified']}")
            _need(bool(metadata["@collection"]), f"the collection of {metadata['@id']}")
            for each in metadata.get("@attachments", ()):
                _need(each.keys() == {"Name", "Hash", "ContentType", "Size"}, f"{each} of {metadata['@id']}")
        case "Tombstones", _:
            _vector(item["ChangeVector"])
            _need(item["Type"] in ("Document", "Revision", "Attachment"), f"a tombstone of a {item['Type']}")
            _need(TIME.fullmatch(item["LastModified"]) is not None, f"the time {item['LastModified']}")
            _need(isinstance(item["Etag"], int) and isinstance(item["DeletedEtag"], int), "the etags of a tombstone")
        case "Identities", _:
            _need(item["Key"].endswith("|") and isinstance(item["Value"], str) and item["Value"].isdigit(), str(item))
        case "CompareExchange", _:
            _need("Object" in json.loads(item["Value"]), str(item))
        case "Indexes", _:
            _need(item["Type"] in ("Map", "MapReduce", "AutoMap", "AutoMapReduce"), f"an index of type {item['Type']}")
            _need(isinstance(item["IndexDefinition"]["Name"], str), str(item))
        case "DatabaseRecord", _:
            for task in item.get("PeriodicBackups") or ():
                _task(task)


def _task(task: dict[str, Any]) -> None:
    _need(task["BackupType"] in ("Backup", "Snapshot"), f"a task of type {task['BackupType']}")
    for field in ("FullBackupFrequency", "IncrementalBackupFrequency", "MentorNode"):
        _need(isinstance(task[field], str | None), f"{field} is {task[field]!r}")
    retention = task["RetentionPolicy"]
    if retention is not None and retention["MinimumBackupAgeToKeep"] is not None:
        age = retention["MinimumBackupAgeToKeep"]
        _need(isinstance(age, str) and TIME_SPAN.fullmatch(age) is not None, f"a retention of {age!r}")


def _vector(text: str) -> None:
    for entry in text.split(", "):
        _need(VECTOR.fullmatch(entry) is not None, f"the change vector {entry!r}")


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        content, end = json.JSONDecoder().raw_decode(text, at)
    except json.JSONDecodeError:  # a comma too many before a closing brace, which RavenDB writes itself
        depth, end = 0, at
        for token in re.finditer(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', text[at:]):
            depth += (token[0] in "{[") - (token[0] in "}]")
            if not depth:
                end = at + token.end()
                break
        content = json.loads(COMMA.sub(lambda found: found[1] or "", text[at:end]))
    return content, _space(text, end)


def _expect(text: str, at: int, character: str) -> int:
    _need(text[at] == character, f"{character!r} is missing, and there is {text[at]!r}")
    return _space(text, at + 1)


def _after_comma(text: str, at: int) -> int:
    return _space(text, at + 1) if text[at] == "," else at


def _space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _need(true: bool, what: str) -> None:
    if not true:
        raise Refused(what)
