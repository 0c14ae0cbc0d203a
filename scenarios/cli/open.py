"""`unkindness open`: the page of a run, written to a temporary folder and opened in a browser."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scenarios.cli.base import HELD, Bug, Flag, Rules, app, complain, new_file
from scenarios.provenance import version


@app.command(name="open")
def open_command(
    run: str | None = None,
    /,
    *,
    bug: Bug = None,
    rules: Rules = None,
    out: Path = Path("runs"),
    documents: Annotated[bool, Flag] = False,
    browser: Annotated[bool, Parameter(negative="--no-browser")] = True,
) -> int:
    """A run as a page with every moment in it: written to a temporary folder, opened in the browser. Prints its path.

    Parameters
    ----------
    run
        A folder that `--out` kept, its trace.ndjson or result.json, `STORY@SEED`, or a STORY with its own seed; `RUN:SEQ` opens
        at that event. Without it the newest kept run.
    out
        The folder below which the newest kept run is looked for.
    documents
        Show with each restore point the documents that it would give: whoever has the page can read them.
    browser
        Open the page; without that its path is only printed.
    """
    from scenarios.page.command import newest_kept, page_of

    named = run if run is not None else str(newest_kept(out))
    path, made, moment = page_of(named, version(), bug=bug, rules=rules, documents=documents)
    try:
        with new_file("the page", path) as file:
            print(made, end="", file=file)
    except BaseException:
        path.parent.rmdir()  # it was made for this page
        raise
    print(f"{path}{moment}")
    if browser:
        import webbrowser

        if not webbrowser.open(path.as_uri() + moment):
            complain("no browser was found: open the file above in one")
    return HELD
