"""The search of a kept run for secrets: in names, events, the result and the backups.

A run that an older version kept may hold an address that the settings refuse by now. Spellings of a secret are in
secret_spellings.py, the promise in secrets.py.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from backup.checks.secret_spellings import Spellings, holds
from backup.destinations.address_secrets import masked
from backup.destinations.registry import KINDS

CHUNK = 1 << 20
OVERLAP = 512
"""Minimum number of bytes that two successive windows of a file share."""
_BY_NAME = {kind.__name__: kind for kind in KINDS}
_MARKS = tuple(f'"{name}"'.encode() for name in _BY_NAME)


def shown_in(trace: Path, others: Iterable[Path], known: Sequence[Spellings]) -> str:
    """Where in a run's events or other files a known secret, or an address that carries one, stands; empty: nowhere."""
    if number := _line_with_address(trace):
        return f"{trace.name}, line {number},"
    for path in (trace, *others) if known else ():
        if holds(path.name.encode(errors="surrogateescape"), known):
            return "the name of a file"
        if path.is_file() and any(holds(window, known) for window in windows(_chunks(path), known)):
            return path.name
    return ""


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def windows(chunks: Iterable[bytes], known: Sequence[Spellings]) -> Iterator[bytes]:
    """The chunks, each preceded by the end of the one before, so that a secret across an edge is found."""
    overlap = max(OVERLAP, *(6 * len(spelt) for each in known for spelt in each)) if known else OVERLAP
    tail = b""
    for chunk in chunks:
        window = tail + chunk
        yield window
        tail = window[-overlap:]


def _line_with_address(trace: Path) -> int:
    """The first line of a trace with settings that would be refused; 0 if there is none."""
    with trace.open("rb") as file:
        for number, line in enumerate(file, 1):
            if any(mark in line for mark in _MARKS):
                try:
                    told = json.loads(line)
                except ValueError:
                    continue  # a damaged line is reported by the comparison of the runs
                if _carries(told):
                    return number
    return 0


def _carries(told: Any) -> bool:
    """Whether settings of a destination in that JSON carry a secret in a field that is shown."""
    if isinstance(told, list):
        return any(map(_carries, told))
    if not isinstance(told, dict):
        return False
    kind, fields = _BY_NAME.get(str(told.get("kind"))), told.get("fields")
    if kind is not None and isinstance(fields, dict):
        places = kind.place_fields()
        return any(
            masked(text, is_place=name in places) != text for name, text in fields.items() if isinstance(text, str)
        )
    return any(map(_carries, told.values()))
