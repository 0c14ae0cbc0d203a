"""`unkindness tasks`: the Backups page of a run at any time of it."""

from scenarios.cli.base import HELD, Bug, Json, Rules, app, say, width


@app.command
def tasks(
    run: str,
    /,
    *,
    on: str = "",
    at: str | None = None,
    database: str = "",
    bug: Bug = None,
    rules: Rules = None,
    json: Json = False,
) -> int:
    """The backup tasks of a run at any time of it, as the Backups page of one node shows them.

    Parameters
    ----------
    run
        A folder that `--out` kept, its trace.ndjson or result.json, or `STORY@SEED`. It is played again up to that time.
    on
        The node that is asked; without it the first that is up and has the database. Another may know more, or less.
    at
        '12:00', '1d 02:00:00', '90min' after the start, or '2024-01-01 12:00' in UTC; without it the end of the run.
    database
        One database; without it all.
    """
    from scenarios.inspect.backups_page import as_fields, page, page_lines

    found = page(run, at, on, database, bug=bug, rules=rules)
    say(lambda: as_fields(found), page_lines(found, width()), json)
    return HELD
