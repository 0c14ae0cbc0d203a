"""`unkindness diff`: two runs beside each other."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import BROKEN, HELD, Bug, Json, Rules, app, new_file, say
from scenarios.provenance import version


@app.command
def diff(
    run: str,
    other: str,
    /,
    *,
    bug: Bug = None,
    rules: Rules = None,
    other_bug: Annotated[str | None, Parameter(help="The bug of the second run alone.")] = None,
    other_rules: Annotated[str | None, Parameter(help="The rules of the second run alone.")] = None,
    html: Path | None = None,
    json: Json = False,
) -> int:
    """Two runs beside each other: the first event that differs, and what came of it for backups.

    Exit code 0: they are equal to the last event; 1: they differ.

    Parameters
    ----------
    run, other
        A folder that `--out` kept, its trace.ndjson or result.json, or `STORY@SEED`. `--bug` and `--rules` hold for both.
    html
        Write both runs as one page, on one axis and with every moment of each: one new file, for any browser.
    """
    from scenarios.inspect.differences import as_fields, compared, lines

    with new_file("--html", html) as page:  # before they are played, so that no play is wasted
        found, one, two = compared(run, other, bug=bug, rules=rules, other_bug=other_bug, other_rules=other_rules)
        if page is not None:
            from scenarios.page.command import diff_text

            print(diff_text(found, one, two, version()), end="", file=page)
    say(lambda: as_fields(found), lines(found), json)
    return HELD if found.divergence is None else BROKEN
