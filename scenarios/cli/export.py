"""`unkindness export`: a run for other programs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import HELD, Bug, Rules, Run, app, new_file
from scenarios.provenance import version


@app.command(name="export")
def export_command(
    run: Run,
    /,
    *,
    form: Annotated[str, Parameter(name="--as")],
    window: str = "",
    to: Path | None = None,
    bug: Bug = None,
    rules: Rules = None,
) -> int:
    """A run as events, as a diagram of Mermaid's, Perfetto's or ShiViz's, as a picture, or as a test.

    Parameters
    ----------
    form
        ndjson: the trace. mermaid: a sequence diagram. perfetto: a trace for ui.perfetto.dev. shiviz: a log with vector
        clocks. svg: the picture of `draw`. pytest: a test that breaks or holds as the run does.
    window
        Only from A to B, as `A:B`: numbers of events, 400:460, or times as of `tasks --at`, 90min:95min; times with
        colons as `A..B`, 02:29:00..02:31:00.
    to
        A new file; without it the text is printed.
    """
    from scenarios.export.command import export

    with new_file("--to", to) as file:
        for line in export(run, form, window, bug=bug, rules=rules, version=version()):
            print(line, file=file)
    return HELD
