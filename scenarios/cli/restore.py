"""`restore-points` and `restore`: documents out of backup files, from a folder or a cloud.

Never here: how a file is read (scenarios/inspect/restore_files.py).
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import BROKEN, HELD, Flag, KeyFile, app, complain, keys_of, new_file
from scenarios.cli.patience import Patience

Where = Annotated[
    str,
    Parameter(
        help="The folder of a run that was kept (--out), of a destination, or of one chain; or the address of a cloud, "
        "such as s3://bucket/folder, with what gets in to it in the environment."
    ),
]


@app.command(name="restore-points")
def restore_points(
    where: Where,
    /,
    *,
    key_file: KeyFile = None,
    unsealed: Annotated[bool, Flag] = False,
    json: Annotated[bool, Flag] = False,
) -> int:
    """What can be restored from the backup files in a folder: every file is read, and its chain verified.

    Parameters
    ----------
    unsealed
        Also read a chain that RavenDB wrote, which nobody can verify.
    json
        Print one JSON object a line instead.
    """
    from json import dumps

    from scenarios.inspect.restore_files import fields, inspected, lines, unsafe
    from scenarios.terminal import in_json, printable

    keys = keys_of(key_file, unsafe(where))
    with Patience():
        found = inspected(where, keys, unsealed=unsealed)
    if json:
        for point in found:
            for each in fields(point):
                print(in_json(dumps(each, ensure_ascii=False)))
    else:
        for line in lines(found):
            print(printable(line))
    return HELD if all(point.chain.whole or point.chain.empty for point in found) else BROKEN


@app.command
def restore(
    where: Where,
    /,
    *,
    at: str | None = None,
    last_file: str | None = None,
    database: str = "",
    key_file: KeyFile = None,
    into: Path | None = None,
    unsealed: Annotated[bool, Flag] = False,
) -> int:
    """Documents out of backup files, as JSON lines; the newest there are, if nothing else is asked for.

    Parameters
    ----------
    at
        As the database was at that time, as far as it was backed up: '2024-01-05 09:03' in UTC, or '02:30' on the first day.
    last_file
        Up to and including this file of the chain.
    database
        Which one, where the files are of several.
    into
        A new file for the documents; without it they are printed.
    unsealed
        Also read a chain that RavenDB wrote, which nobody can verify.
    """
    from scenarios.inspect.restore_files import document_parts, instant_of_files, restored, unsafe

    when = instant_of_files(at) if at is not None else None
    keys = keys_of(key_file, unsafe(where))
    with new_file("--into", into) as file, Patience():
        found = restored(where, keys, at=when, last_file=last_file, database=database, unsealed=unsealed)
        documents, count = 0, len(found.files)
        for parts in document_parts(found):
            documents += 1
            for part in parts:
                print(part, end="", file=file)
    left_out = "".join(f"; {number} of {what} left out" for what, number in found.left_out.items())
    noun, files = "document" if documents == 1 else "documents", "file" if count == 1 else "files"
    complain(f"restored {documents:,} {noun} from {count} {files}, the last {found.files[-1]}{left_out}")
    return HELD
