"""`unkindness audit`: what the backups of a run came to."""

from scenarios.cli.base import HELD, Bug, Json, KeyFile, Rules, app, keys_of, say, width


@app.command(name="audit")
def audit_command(
    run: str, /, *, bug: Bug = None, rules: Rules = None, key_file: KeyFile = None, json: Json = False
) -> int:
    """What a run's backups came to: owners, starts and files in double, unplanned fulls, gaps, late reports, chains.

    Parameters
    ----------
    run
        A folder that `--out` kept, its trace.ndjson or result.json, or `STORY@SEED`. It is played again to its end.
    """
    from scenarios.inspect.audit import as_fields, audit, lines

    found = audit(run, keys_of(key_file), bug=bug, rules=rules)
    say(lambda: as_fields(found), lines(found, width()), json)
    return HELD
