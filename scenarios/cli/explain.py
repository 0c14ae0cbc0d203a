"""`unkindness explain`: one event of a run, what led to it, and what it led to."""

from scenarios.cli.base import HELD, Bug, Json, Rules, app, say


@app.command(name="explain")
def explain_command(run: str, /, *, bug: Bug = None, rules: Rules = None, json: Json = False) -> int:
    """One event of a run: what led to it, back to the fault or the client that began it, and what it led to.

    Parameters
    ----------
    run
        `RUN:SEQ`. RUN is a folder that `--out` kept, its trace.ndjson or result.json, or `STORY@SEED`; SEQ is the number
        of an event, as `run -v` and the report of a failure show it.
    """
    from scenarios.inspect.explain import explain, fields, lines

    found = explain(run, bug, rules)
    say(lambda: fields(found), lines(found), json)
    return HELD
