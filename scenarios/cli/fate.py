"""`unkindness fate`: when a break became inevitable. Never here: how that is found out (scenarios/hunt)."""

from pathlib import Path

from scenarios.cli.base import HELD, Bug, Json, Rules, Run, app, new_file, say


@app.command
def fate(
    run: Run,
    /,
    *,
    bug: Bug = None,
    rules: Rules = None,
    moments: int | None = None,
    tries: int | None = None,
    svg: Path | None = None,
    json: Json = False,
) -> int:
    """When did a break become inevitable? Play on from earlier moments with other luck, and count how often it breaks.

    Parameters
    ----------
    moments
        From how many moments.
    tries
        How often from each.
    svg
        Draw the share that breaks over time into this file, a new one.
    """
    from scenarios.hunt.fate import MOMENTS, TRIES, fate, fate_lines
    from scenarios.hunt.fate_svg import fate_svg
    from scenarios.terminal import printable

    with new_file("--svg", svg) as file:
        shown = (lambda _: None) if json else (lambda line: print(printable(line), flush=True))
        found = fate(run, bug, rules, MOMENTS if moments is None else moments, TRIES if tries is None else tries, shown)
        if file is not None:
            print(fate_svg(found), end="", file=file)
    say(found.fields, fate_lines(found), json)
    return HELD
