"""`unkindness audit`: what the backups of a run came to."""

from scenarios.cli.base import HELD, Json, KeyFile, app, say, width


@app.command(name="audit")
def audit_command(run: str, /, *, key_file: KeyFile = None, json: Json = False) -> int:
    """What a run's backups came to: owners, starts and files in double, unplanned fulls, gaps, late reports, chains.

    Parameters
    ----------
    run
        The --out folder of a kept run (or a file in it), or `STORY@SEED`. It is played again to its end.
    """
    from scenarios.inspect.audit import as_fields, audit, lines
    from scenarios.inspect.restore_files import keys_in

    found = audit(run, keys_in(key_file))
    say(lambda: as_fields(found), lines(found, width()), json)
    return HELD
