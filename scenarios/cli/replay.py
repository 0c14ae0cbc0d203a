"""`unkindness replay`: a run is played again and compared event by event.

Never here: how two runs are compared (scenarios/kept_run.py).
"""

from scenarios.cli.base import BROKEN, DIVERGED, HELD, Bug, Rules, app, check_data
from scenarios.cli.run_screen import RunScreen, interrupted


@app.command
def replay(run: str, /, *, bug: Bug = None, rules: Rules = None) -> int:
    """Play a run again and prove that it is the same to the last event, or name the first that differs.

    Parameters
    ----------
    run
        A folder that `--out` kept, its trace.ndjson or result.json, or `STORY@SEED`. It is played twice at once, here
        and in a process of its own whose sets are in another order, and both must be the same.
    """
    from scenarios.inspect.result import verdict_of
    from scenarios.kept_run import Kept, PlayedHere, data_of, difference, find_whole, perform, secret_shown, story_of
    from scenarios.second_play import SecondPlay

    named = find_whole(run, bug, rules)
    request = named.request if isinstance(named, Kept) else named
    loaded = story_of(request)
    check_data(data_of(request))
    with RunScreen(quiet=True) as shown, SecondPlay(request) as second:
        outcome = perform(loaded, request, stop_asked=shown.stop_asked)
        if outcome.verdict == "stopped":
            return interrupted(outcome, request)
        second.wait()
        said = difference(named, [PlayedHere(outcome.history), second])
    if said:
        shown.screen.text(f"diverged: {request.command()} does not repeat {run}")
    else:
        verdict = verdict_of(outcome, loaded)
        events = len(outcome.history)
        shown.screen.text(f"identical: {events:,} events, digest {outcome.digest}, verdict {verdict}")
    for line in said:
        shown.screen.text(line)
    if isinstance(named, Kept) and named.trace is not None and (shows := secret_shown(named.trace, outcome)):
        shown.screen.text(f"broken: {shows}")
        return DIVERGED if said else BROKEN
    return DIVERGED if said else HELD
