"""`unkindness replay`: a run is played again and compared event by event.

Never here: how two runs are compared (scenarios/kept_run.py).
"""

from typing import TYPE_CHECKING

from scenarios.cli.base import BROKEN, DIVERGED, HELD, app, check_data
from scenarios.cli.run_screen import RunScreen, backups_folder, interrupted

if TYPE_CHECKING:
    from cluster.sim.run import Outcome


@app.command
def replay(run: str, /) -> int:
    """Play a run again and prove that it is the same to the last event, or name the first that differs.

    Parameters
    ----------
    run
        `FILE[:SEQ]`, a trace.ndjson or result.json of an --out folder, or `STORY@SEED[:SEQ]`. With SEQ, show that
        event, its neighbours and what led to it.
    """
    from scenarios.gallery import load
    from scenarios.inspect.result import verdict_of
    from scenarios.kept_run import Kept, difference, find, look_lines, perform, secret_shown

    named, seq = find(run)
    request = named.request if isinstance(named, Kept) else named
    loaded = load(request.story)
    check_data(request.data)
    outcomes: list[Outcome] = []
    with RunScreen(quiet=True) as shown:
        for shuffle in (0,) if isinstance(named, Kept) else (0, 1):  # how trio shuffles its batches must not matter
            with backups_folder(None) as backups:
                outcome = perform(loaded, request, backups, stop_asked=shown.stop_asked, shuffle=shuffle)
            if outcome.verdict == "stopped":
                return interrupted(outcome, request)
            outcomes.append(outcome)
    looked = look_lines(outcomes[-1].history, seq) if seq is not None else []
    said = difference(named, [each.history for each in outcomes])
    if said:
        shown.screen.text(f"diverged: {request.command()} does not repeat {run}")
    else:
        verdict = verdict_of(outcomes[-1], loaded)
        events = len(outcomes[-1].history)
        shown.screen.text(f"identical: {events:,} events, digest {outcomes[-1].digest}, verdict {verdict}")
    for line in [*said, *looked]:
        shown.screen.text(line)
    if isinstance(named, Kept) and named.trace is not None and (shows := secret_shown(named.trace, outcomes[-1])):
        shown.screen.text(f"broken: {shows}")
        return DIVERGED if said else BROKEN
    return DIVERGED if said else HELD
