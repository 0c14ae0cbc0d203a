"""`unkindness draw`: a run as a space-time diagram."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import HELD, Bug, Rules, app, writing


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
        Only these, for example ABC.
    svg
        A file to write instead.
    """
    from scenarios.drawing.command import draw

    drawn = draw(run, bug=bug, rules=rules, start=start, until=until, nodes=nodes)
    if svg is None:
        print(drawn, end="")
        return HELD
    with writing(f"--svg {svg}"):
        svg.write_text(drawn, encoding="utf-8", newline="\n")
    return HELD
