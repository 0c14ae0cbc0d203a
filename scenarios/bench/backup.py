"""`unkindness bench backup`: documents into a file and back, beside `json.dumps` and zstd of the same documents.

Each part is measured in a process of its own. Memory added is the peak of the process less what it holds anyway: the
documents of the source, or those of the restored copy. Never here: virtual time.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backup.content.compression import compressed
from backup.content.logical import LogicalWriter
from backup.content.manifest import begun_manifest
from backup.database.documents import Store
from backup.destinations.local import LocalDestination
from backup.destinations.port import write
from backup.restore.chain_reader import restore

DOCUMENTS = 100_000
BATCH = 1_000
FOLDER = "2024-01-01-00-00-00.ravendb-Shop-A-backup"
FILE = "2024-01-01-00-00-00.ravendb-full-backup"


def backup(documents: int = DOCUMENTS) -> dict[str, Any]:
    """Measure rates per CPU second, and the memory added, with `documents` documents of 1 KB."""
    with TemporaryDirectory(prefix="unkindness-") as folder:
        parts = {part: _child(part, folder, documents) for part in ("plain", "backup", "restore")}
    plain = parts["plain"]
    return {
        "documents": documents,
        "mebibytes": plain["mebibytes"],
        "cpu_seconds": {part: round(figures["cpu"], 2) for part, figures in parts.items()},
        "documents_per_cpu_second": {part: round(documents / figures["cpu"]) for part, figures in parts.items()},
        "ratio_to_plain": {part: round(plain["cpu"] / parts[part]["cpu"], 2) for part in ("backup", "restore")},
        "added_mebibytes": {part: parts[part]["added"] for part in ("backup", "restore")},
        "held_mebibytes": {part: parts[part]["held"] for part in ("backup", "restore")},
        "file_mebibytes": {part: parts[part]["file"] for part in ("plain", "backup")},
    }


def as_lines(result: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    lines = [f"{result['documents']:,} documents, {result['mebibytes']:,} MiB of JSON; rates per CPU second"]
    rates, ratios = result["documents_per_cpu_second"], result["ratio_to_plain"]
    lines.append(f"  json.dumps and zstd   {rates['plain']:>9,} documents, {result['file_mebibytes']['plain']:,} MiB")
    added, held = result["added_mebibytes"], result["held_mebibytes"]
    return lines + [
        f"  {part:<20}  {rates[part]:>9,} documents: {ratios[part]:.2f} of that; "
        f"adds {added[part]:,} MiB to the {held[part]:,} it holds"
        for part in ("backup", "restore")
    ]


def _child(part: str, folder: str, documents: int) -> dict[str, Any]:
    code = f"from scenarios.bench.backup import child\nchild({part!r}, {folder!r}, {documents})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def child(part: str, folder: str, documents: int) -> None:
    """Measure one part in this process and print its figures as JSON."""
    done = {"plain": _plain, "backup": _backup, "restore": _restore}[part](Path(folder), documents)
    sys.stdout.write(json.dumps(done))


def _plain(folder: Path, documents: int) -> dict[str, Any]:
    """The yardstick: what any script would do, dump each document and compress the lines. Making the documents is not counted."""
    making, size = 0.0, 0

    def lines() -> Iterator[bytes]:
        nonlocal making, size
        for start in range(0, documents, BATCH):
            before = time.process_time()
            made = [document(number) for number in range(start, min(start + BATCH, documents))]
            making += time.process_time() - before
            content = "".join([json.dumps(each) + "\n" for each in made]).encode()
            size += len(content)
            yield content

    path = folder / "plain.zst"
    began = time.process_time()
    with path.open("wb") as file:
        for chunk in compressed(lines()):
            file.write(chunk)
    cpu = time.process_time() - began - making
    return {"cpu": cpu, "mebibytes": size >> 20, "file": path.stat().st_size >> 20}


def _backup(folder: Path, documents: int) -> dict[str, Any]:
    store = Store("A", "source")
    for number in range(documents):
        store.put(f"orders/{number}", document(number), number, "Orders")
    contents = store.frozen_at()
    held = _forget_peak()
    began = time.process_time()
    writer = LogicalWriter(contents, {}, begun_manifest(contents, file=FILE, database="Shop", task_id=1, started_at=0))
    size = write(LocalDestination(folder), f"{FOLDER}/{FILE}", writer.chunks())
    cpu = time.process_time() - began
    return {"cpu": cpu, "held": held, "added": _peak() - held, "file": size >> 20}


def _restore(folder: Path, documents: int) -> dict[str, Any]:
    _forget_peak()
    began = time.process_time()
    restored = restore(LocalDestination(folder), FOLDER)
    cpu = time.process_time() - began
    assert restored.store.size.documents == documents, "all came back"
    peak, held = _peak(), _held()
    return {"cpu": cpu, "held": held, "added": peak - held}


def document(number: int) -> dict[str, Any]:
    """A document of about 1 KB of JSON, the same for the same number."""
    luck = blake2b(b"%d" % number).hexdigest()
    return {
        "company": f"companies/{number % 91}-A",
        "employee": f"employees/{number % 9}-A",
        "ordered at": f"2024-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:00:00.0000000",
        "freight": (number * 37 % 1000) / 100,
        "ship to": {"city": f"Città {number % 300}", "street": f"{number % 99} {luck[:16]}", "post code": luck[16:21]},
        "lines": [
            {
                "product": f"products/{(number * 13 + line) % 77}-A",
                "name": f"Chef {luck[line * 8 : line * 8 + 8]}'s mix",
                "price per unit": line + 0.5,
                "quantity": 1 + (number + line) % 9,
                "discount": 0.05 * (line % 3),
            }
            for line in range(5)
        ],
        "note": f"{luck[40:80]} " * 3,
    }


def _held() -> int:
    return int(_status("VmRSS")) >> 10


def _peak() -> int:
    return int(_status("VmHWM")) >> 10


def _forget_peak() -> int:
    """Reset the process's peak of memory where the system can; return the memory in use now, in MiB."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _held()


def _status(field: str) -> str:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return lines[field].split()[0]
