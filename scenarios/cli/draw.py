"""`unkindness draw`: a run as a space-time diagram."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import HELD, app, writing


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

    drawn = draw(run, bug=bug, start=start, until=until, nodes=nodes)
    if svg is None:
        print(drawn, end="")
        return HELD
    with writing(f"--svg {svg}"):
        svg.write_text(drawn, encoding="utf-8", newline="\n")
    return HELD
