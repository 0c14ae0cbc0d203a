"""`unkindness why`: why a task ran, or why it did not."""

from scenarios.cli.base import HELD, Bug, Json, Rules, app, say, width


@app.command(name="why")
def why_command(
    run: str, task: str, time: str, /, *, on: str = "", bug: Bug = None, rules: Rules = None, json: Json = False
) -> int:
    """Why a task ran at a time of a run, or why it did not: a sentence with its rule, and what it rests on.

    Parameters
    ----------
    run
        A folder that `--out` kept, its trace.ndjson or result.json, or `STORY@SEED`. It is played again up to that time.
    task
        Its id, or its name.
    time
        As for `tasks --at`. A run that starts within five seconds after it is the one that is meant.
    on
        A node of the cluster that is meant, in a world with two; without it the first that has such a task.
    """
    from attrs import asdict

    from scenarios.inspect.why.answer import lines, why

    found = why(run, task, time, on=on, bug=bug, rules=rules)
    say(lambda: {**asdict(found), "chain": dict(found.chain)}, lines(found, width()), json)
    return HELD
