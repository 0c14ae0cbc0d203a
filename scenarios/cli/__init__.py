"""The command `unkindness`: what was typed, where lines go, and the exit code. All that is heavy is imported late.

Exit codes: 0 held; 1 a promise or an assertion was broken; 2 inconclusive; 3 a replay diverged; 64 the user's mistake;
70 our own; 130 Ctrl-C; 141 nobody reads any more. One file a family of commands. Never here: how a run is played, kept,
compared or described.
"""

from scenarios.cli.base import (
    BROKEN,
    BUG,
    DIVERGED,
    HELD,
    INCONCLUSIVE,
    INTERRUPTED,
    MISTAKE,
    NOBODY_READS,
    app,
    version,
)
from scenarios.cli.entry import main

# isort: off
# Each offers its commands as it comes in: in this order they are named to whoever mistypes one.
from scenarios.cli import playing, asking, judging, restoring, measuring

__all__ = [
    "BROKEN",
    "BUG",
    "DIVERGED",
    "HELD",
    "INCONCLUSIVE",
    "INTERRUPTED",
    "MISTAKE",
    "NOBODY_READS",
    "app",
    "asking",
    "judging",
    "main",
    "measuring",
    "playing",
    "restoring",
    "version",
]
