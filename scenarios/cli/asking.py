"""`tasks`, `why`, `audit` and `draw`: what is asked of a run that was played.

Never here: how an answer is found and worded (scenarios/tasks.py, why/, audit.py, drawing/).
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import HELD, Flag, app, say_json, width


@app.command
def tasks(
    run: str,
    /,
    *,
    on: str = "",
    at: str | None = None,
    database: str = "",
    json: Annotated[bool, Flag] = False,
) -> int:
    """The backup tasks of a run at any time of it, as the Backups page of one node shows them.

    Parameters
    ----------
    run
        The --out folder of a kept run (or a file in it), or `STORY@SEED`. It is played again up to that time.
    on
        The node that is asked; without it the first that is up and has the database. Another may know more, or less.
    at
        '12:00', '1d 02:00:00', '90min' after the start, or '2024-01-01 12:00' in UTC; without it the end of the run.
    database
        One database; without it all.
    json
        Print one JSON object instead.
    """
    from scenarios.tasks import as_fields, page, page_lines

    found = page(run, at, on, database)
    if json:
        say_json(as_fields(found))
    else:
        for line in page_lines(found, width()):
            print(line)
    return HELD


@app.command(name="why")
def why_command(run: str, task: str, time: str, /, *, json: Annotated[bool, Flag] = False) -> int:
    """Why a task ran at a time of a run, or why it did not: a sentence with its rule, and what it rests on.

    Parameters
    ----------
    run
        The --out folder of a kept run (or a file in it), or `STORY@SEED`. It is played again up to that time.
    task
        Its id, or its name.
    time
        As for `tasks --at`. A run that starts within five seconds after it is the one that is meant.
    json
        Print one JSON object instead.
    """
    from attrs import asdict

    from scenarios.why.answering import lines, why

    found = why(run, task, time)
    if json:
        say_json({**asdict(found), "chain": dict(found.chain)})
    else:
        for line in lines(found, width()):
            print(line)
    return HELD


@app.command(name="audit")
def audit_command(run: str, /, *, key_file: Path | None = None, json: Annotated[bool, Flag] = False) -> int:
    """What a run's backups came to: owners and why, double runs, unplanned fulls, gaps, late reports, chains.

    Parameters
    ----------
    run
        The --out folder of a kept run (or a file in it), or `STORY@SEED`. It is played again to its end.
    key_file
        The keys of encrypted files, one a line, 32 bytes as base64.
    json
        Print one JSON object instead.
    """
    from scenarios.audit import as_fields, audited, lines
    from scenarios.files import keys_in

    found = audited(run, keys_in(key_file))
    if json:
        say_json(as_fields(found))
    else:
        for line in lines(found, width()):
            print(line)
    return HELD


@app.command(name="draw")
def draw_command(
    run: str,
    /,
    *,
    bug: str | None = None,
    start: Annotated[str, Parameter(name="--from")] = "",
    until: Annotated[str, Parameter(name="--to")] = "",
    nodes: str = "",
    svg: Path | None = None,
) -> int:
    """A run as a space-time diagram: life lines, messages, logs, backups, and where a promise broke. An SVG, printed.

    Parameters
    ----------
    run
        A story as for `run`, `STORY@SEED`, or the --out folder of a kept run (or a file in it).
    bug
        Plant a bug of the zoo meanwhile.
    start, until
        Only this while, as for `tasks --at`: '00:00:14.4', '90min' after the start.
    nodes
        Only these, for example ABC.
    svg
        A file to write instead.
    """
    from scenarios.drawing.command import draw
    from scenarios.gallery import StoryError

    drawn = draw(run, bug=bug, start=start, until=until, nodes=nodes)
    if svg is None:
        print(drawn, end="")
        return HELD
    try:
        svg.write_text(drawn, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoryError(f"--svg {svg} cannot be written ({error.strerror}): name another file") from error
    return HELD
