"""What data of a size take in memory: runs with `--data`, and restores of the files they leave, as processes of their own.

A figure is the peak of resident memory, beside the size of the data.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

COMMAND = """
import sys
from scenarios.cli import main
code = main(sys.argv[1:])
from scenarios.bench.resident import peak
sys.stderr.write(f"\\n{peak()}")
sys.exit(code)
"""
"""Plays a command and writes the peak of its memory as the last line of the standard error."""
ROW = 123
"""About how many bytes a row of the long document has."""
LONG, MANY = 200_000_000, 1_000_000
"""Bytes of the one long document, and how many small ones there are."""
STORY = '''"""One node, one full backup."""

from scenarios import World, hours
from scenarios.backups import backups


async def story(world: World) -> None:
    shop = await backups(world).shop("A", replication_factor=1)
    task = await shop.define(full="0 1 * * *")
    await task.ran(within=hours(2))
'''


def data(long: int = LONG, many: int = MANY) -> dict[str, Any]:
    """Peak MiB of a run and of a restore, for one document of about `long` bytes and for `many` of about 100."""
    rows = {}
    with TemporaryDirectory() as folder:
        story = Path(folder, "one.py")
        story.write_text(STORY, encoding="utf-8")
        for name, lines in (("one long document", [_long(long)]), ("many small documents", _many(many))):
            source = Path(folder, "data.jsonl")
            with source.open("w", encoding="utf-8") as file:
                file.writelines(lines)
            kept = Path(folder, name.replace(" ", "_"))
            run = _peak("run", str(story), "-q", "--data", str(source), "--out", str(kept))
            restored = _peak("restore", str(kept), "--into", str(Path(folder, "restored.jsonl")))
            size = source.stat().st_size
            Path(folder, "restored.jsonl").unlink()
            rows[name] = {"data": _mebibytes(size), "run": run, "restore": restored}
    return {"peak_mebibytes": rows}


def _long(size: int) -> str:
    rows = size // ROW
    parts = ",".join(
        f'{{"n":{n},"name":"a row of it","price":{n / 7!r},"text":"and some text {n:040}"}}' for n in range(rows)
    )
    return f'{{"id":"long/1","collection":"Longs","rows":[{parts}]}}\n'


def _many(count: int) -> Iterator[str]:
    for n in range(count):
        row = {
            "id": f"orders/{n}",
            "collection": "Orders",
            "company": f"companies/{n % 97}",
            "total": n % 1000,
            "lines": n % 7,
        }
        yield json.dumps(row) + "\n"


def _peak(*words: str) -> float:
    """The most MiB that a command of ours held."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise RuntimeError(f"unkindness {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return float(done.stderr.splitlines()[-1])


def _mebibytes(size: int) -> float:
    return round(size / (1 << 20), 1)


def as_lines(result: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    head = "peak memory of a process, MiB       data      run   of the data   restore   of the data"
    return [head] + [
        f"  {name:<30} {row['data']:>8.1f} {row['run']:>8.1f} {row['run'] / row['data']:>13.1f}"
        f" {row['restore']:>9.1f} {row['restore'] / row['data']:>13.1f}"
        for name, row in result["peak_mebibytes"].items()
    ]
