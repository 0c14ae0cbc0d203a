"""`unkindness draw`: a run as a space-time diagram."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import HELD, Bug, Rules, app, new_file


@app.command(name="draw")
def draw_command(
    run: str,
    /,
    *,
    bug: Bug = None,
    rules: Rules = None,
    start: Annotated[str, Parameter(name="--from")] = "",
    until: Annotated[str, Parameter(name="--to")] = "",
    nodes: str = "",
    only: str = "",
    svg: Path | None = None,
) -> int:
    """A run as a space-time diagram: life lines, messages, logs, backups, and where a promise broke. An SVG, printed.

    Parameters
    ----------
    run
        A folder that `--out` kept, its trace.ndjson or result.json, `STORY@SEED`, or a STORY with its own seed.
    start, until
        Only this while, as for `tasks --at`: '00:00:14.4', '90min' after the start.
    nodes
        Only these, for example ABC; names of more letters with commas, for example A,AA,AB.
    only
        `backups`: no logs and no messages, a day on one screen; whom the cluster and whom each node itself holds
        responsible, and who was cut off from whom.
    svg
        A new file to write instead.
    """
    from scenarios.drawing.command import draw

    with new_file("--svg", svg) as file:
        print(draw(run, bug=bug, rules=rules, start=start, until=until, nodes=nodes, only=only), end="", file=file)
    return HELD
