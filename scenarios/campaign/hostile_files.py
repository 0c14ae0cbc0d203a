"""A fuzzer of backup files by their grammar: what was written is changed in one or two places, sealed again, and read as a user reads it.

Whatever a file holds, a command shows documents that are JSON, or one error that names what is damaged. Never here: how files
are read.
"""

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgpack

from backup.content.compression import compressed, decompressed
from backup.content.logical import SEAL, TAIL
from backup.content.snapshot import DOCUMENTS, EPOCH, MANIFEST
from backup.database.exact_json import decoded
from backup.database.journal import frame, frames_in
from cluster.sim.dice import Dice
from cluster.sim.run import play
from cluster.sim.world import World
from scenarios.backups import Kind, backups
from scenarios.inspect.restore_files import FilesError, document_lines, fields, inspected, lines, restored

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|true|false|null|[{}\[\],:]', re.DOTALL)
"""The tokens of JSON."""
EVIL = (
    b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"9" * 30, b"1.10", b"null", b"true", b"[]", b"{}", b'""', b"[" * 3_000, b'{"a":' * 300,
    b'"\\ud800"', b'"\\u001b[2J"', b'"\x1b[31m"', b'"\xff"', b'"a\nb"', b'"' + b"x" * 100_000 + b'"', b'"@metadata"', b',"@metadata":{',
    b'"2024-13-45T99:00:00.0000000Z"', b'"A:99999999999999999999-x"', b"\x00", b"}", b"]", b",",
)  # fmt: skip
"""What stands where something else is expected."""
FIELDS = (None, -1, 0, 1 << 63, "", "\x1b[2J", "[" * 3_000, "NaN", b"\xff", (), ("x",), True, 1.5, "x" * 100_000)
"""The same for the fields of a snapshot's journal."""
NAMES = (
    "2024-01-02-01-00-00.ravendb-Sh\x1bop-A-backup", "2024-01-02-01-00-00.ravendb-Shop\n-A-backup",
    "2024-13-45-01-00-00.ravendb-Shop-A-backup", "9999-12-31-23-59-59.ravendb-Shop-Z-backup",
    "0000-00-00-00-00-00.ravendb-x-A-backup", "2024-01-02-01-00-00.ravendb-" + "x" * 150 + "-A-backup",
)  # fmt: skip
"""Names of folders beside the good one."""


async def _story(world: World) -> None:
    client = backups(world)
    client.start("A")
    await world.elected()
    shop = await client.create_database("Shop")
    await shop.configure_revisions(Orders=2)
    await shop.define_index("Orders/ByTotal", "Orders", ("total",))
    await shop.put({f"orders/{number}": {"total": number / 4, "note": "ünï"} for number in range(5)})
    await shop.attach("orders/1", "contract.pdf", b"signed" * 9)
    await shop.next_identity("orders|")
    await shop.put_compare_exchange("books/7", {"lent to": "users/3"})
    tasks = [
        await shop.define(full="0 0 * * *", incremental="0 * * * *", kind=kind, path=kind.value.lower())
        for kind in (Kind.BACKUP, Kind.SNAPSHOT)
    ]
    for task in tasks:
        await task.ran(within=7_200)
    await shop.put({"orders/1": {"total": 9}})
    await shop.delete("orders/2")
    for task in tasks:
        await task.ran(within=7_200)


def written(place: Path) -> None:
    """Write a chain of each kind below a folder."""
    outcome = play(_story, 1, places={"backups": str(place)})
    assert outcome.failure is None, outcome.failure


def without_seal(content: bytes) -> bytes:
    """What a file of a logical backup says, unpacked, up to its seal."""
    return b"".join(decompressed("it", [content]))[: -SEAL - len(TAIL)]


def sealed(stream: bytes) -> bytes:
    """The file of a logical backup that says this, whatever it is, with the right seal."""
    return b"".join(compressed([stream, hashlib.sha256(stream).hexdigest().encode(), TAIL.encode()]))


def spoilt(place: Path, seed: int) -> str:
    """Change something below a folder that `written` has filled, by that seed. Returns what, in a phrase."""
    dice = Dice(seed, ("hostile files",))
    files = sorted(path for path in place.rglob("*") if path.is_file())
    path = files[dice.below(len(files))]
    content = path.read_bytes()
    ways: tuple[Callable[[bytes, Dice], bytes], ...] = (_bytes, _cut, _resealed, _resealed, _resealed, _bomb)
    match dice.below(10):
        case 0:
            return _odd_folder(path, dice)
        case 1:
            return _no_file(path, dice)
        case number if content.startswith(b"PK"):
            way: Callable[[bytes, Dice], bytes] = (_bytes, _repacked, _repacked, _repacked, _bomb)[number % 5]
        case number:
            way = ways[number % len(ways)]
    path.write_bytes(way(content, dice))
    return f"{way.__name__[1:]} {path.name}"


def judged(place: Path) -> str:
    """What is wrong with how the files below a folder are read; empty: nothing."""
    try:
        found = inspected(place, ())
        shown = [*lines(found), *(json.dumps(each) for point in found for each in fields(point))]
    except FilesError as error:
        return "" if _is_one_line(str(error)) else f"{str(error)!r} is more than one line"
    if not shown:
        return "nothing is said of it"
    for folder in sorted({Path(point.place.name) / point.chain.folder for point in found}):
        try:
            for line in document_lines(restored(folder, ())):
                if not isinstance(decoded(line), dict):
                    return f"{line[:80]!r} is no document"
        except FilesError as error:
            if not _is_one_line(str(error)):
                return f"{str(error)[:80]!r} is more than one line"
    return ""


def _is_one_line(text: str) -> bool:
    return "\n" not in text and len(text) < 2_000


def _bytes(content: bytes, dice: Dice) -> bytes:
    changed = bytearray(content)
    for _ in range(1 + dice.below(3)):
        changed[dice.below(len(changed))] = dice.below(256)
    return bytes(changed)


def _cut(content: bytes, dice: Dice) -> bytes:
    return content[: dice.below(len(content))] + b"\x00" * dice.below(3)


def _bomb(content: bytes, dice: Dice) -> bytes:
    """A file that says little at length."""
    filling = (b"\x00", b'{"BuildVersion":54000,"Docs":[' + b" ", b'{"BuildVersion":54000,"x":"')[dice.below(3)]
    return b"".join(compressed([filling, *[filling[-1:] * (1 << 20)] * 40]))


def _resealed(content: bytes, dice: Dice) -> bytes:
    """One or two tokens of a logical backup are others, and its seal is that of what it says now."""
    stream = without_seal(content)
    for _ in range(1 + dice.below(2)):
        tokens = list(TOKEN.finditer(stream))
        at = tokens[dice.below(len(tokens))]
        put = EVIL[dice.below(len(EVIL))] if dice.below(4) else stream[at.start() : at.end()] * dice.below(3)
        stream = stream[: at.start()] + put + stream[at.end() :]
    return sealed(stream)


def _repacked(content: bytes, dice: Dice) -> bytes:
    """A member of a snapshot says something else, and its seals are those of what it says now."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = [(each.filename, archive.read(each)) for each in archive.infolist()]
    place = dice.below(len(members))
    name, held = members[place]
    members[place] = (name, _reframed(held, dice) if name.startswith(DOCUMENTS) else _retold(held, dice))
    if not dice.below(5):
        del members[dice.below(len(members))]
    seal = hashlib.sha256(b"".join(held for name, held in members if name != MANIFEST)).hexdigest()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as again:
        for name, held in members:
            if name == MANIFEST:
                held = re.sub(rb'"ContentSha256":"[^"]*"', f'"ContentSha256":"{seal}"'.encode(), held)
            again.writestr(zipfile.ZipInfo(name, EPOCH), held, zipfile.ZIP_DEFLATED)
        again.comment = b"0" * SEAL
    whole = packed.getvalue()[:-SEAL]
    return whole + hashlib.sha256(whole).hexdigest().encode()


def _retold(held: bytes, dice: Dice) -> bytes:
    tokens = list(TOKEN.finditer(held))
    if not tokens:
        return held
    at = tokens[dice.below(len(tokens))]
    return held[: at.start()] + EVIL[dice.below(len(EVIL))] + held[at.end() :]


def _reframed(held: bytes, dice: Dice) -> bytes:
    frames = [each for each in frames_in([held]) if isinstance(each, tuple)]
    place = dice.below(len(frames))
    chosen = list(frames[place])
    if dice.below(5):
        chosen[dice.below(len(chosen))] = FIELDS[dice.below(len(FIELDS))]
    else:
        del chosen[dice.below(len(chosen))]
    frames[place] = tuple(chosen)
    try:
        return b"".join(map(frame, frames))
    except (ValueError, TypeError, OverflowError, msgpack.PackException):
        return held[: len(held) // 2]


def _odd_folder(path: Path, dice: Dice) -> str:
    """A folder of an odd name stands beside the good ones, with a file that looks like one of them or is not there."""
    folder = path.parent.with_name(NAMES[dice.below(len(NAMES))])
    folder.mkdir()
    if dice.below(2):
        shutil.copy(path, folder)
    return f"odd folder {folder.name!r}"


def _no_file(path: Path, dice: Dice) -> str:
    """Where a file was, or beside it, is what can be read like none."""
    if dice.below(2):
        path = path.with_name(re.sub(r"^\d{4}-\d\d", "2024-19", path.name))
    else:
        path.unlink()
    match dice.below(3):
        case 0:
            path.mkdir()
        case 1:
            path.symlink_to(path.name)
        case _:
            os.mkfifo(path)
    return f"no file {path.name}"
