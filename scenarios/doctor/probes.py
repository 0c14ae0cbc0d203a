"""A probe: a story that fails unless one verb, or one trouble of a place, does what its name says, and no more."""

import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from cluster.sim.run import HELD, play
from cluster.sim.world import World

Probe = Callable[[World], Awaitable[None]]
PROBES: dict[str, Probe] = {}
"""The probe of each verb (`crash`), and of each trouble of a place (`Full`)."""


def shows(name: str) -> Callable[[Probe], Probe]:
    """Enter a probe for a verb or a trouble."""

    def enter(probe: Probe) -> Probe:
        PROBES[name] = probe
        return probe

    return enter


def failure_of(name: str) -> str:
    """What a probe found wrong; empty if it held."""
    outcome = play(PROBES[name])
    if outcome.verdict == HELD:
        return ""
    failure = outcome.failure
    last = traceback.extract_tb(failure.__traceback__)[-1:] if failure is not None else []
    where = "".join(f" ({Path(frame.filename).name}:{frame.lineno}: {frame.line})" for frame in last)
    said = str(failure).partition("\n")[0]
    return f"{name}: {outcome.verdict}: {type(failure).__name__}: {said}{where}"
