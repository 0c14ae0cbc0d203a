"""`unkindness shrink`: the smallest story that breaks the same. Never here: how a run is made small (scenarios/hunt)."""

from pathlib import Path

from scenarios.cli.base import HELD, Bug, Json, Rules, Run, app, new_file, say


@app.command
def shrink(
    run: Run,
    /,
    *,
    bug: Bug = None,
    rules: Rules = None,
    plays: int | None = None,
    to: Path | None = None,
    json: Json = False,
) -> int:
    """Make a broken run small: the fewest steps and nodes that still break its promise, as a story to keep.

    Parameters
    ----------
    plays
        How many smaller runs are tried at most.
    to
        Write the story to this file, a new one.
    """
    from scenarios.hunt.shrink import PLAYS, shrink, shrunk_lines
    from scenarios.terminal import printable

    with new_file("--to", to) as file:
        found = shrink(run, bug, rules, PLAYS if plays is None else plays)
        if file is not None:
            print(found.whole_story(), end="", file=file)
    say(found.fields, map(printable, shrunk_lines(found, to)), json)
    return HELD
