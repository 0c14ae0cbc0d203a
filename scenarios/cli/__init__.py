"""The command `unkindness`: what was typed, where lines go, and the exit code. Everything slow to import is imported late.

Exit codes: 0 held; 1 a promise or an assertion was broken; 2 inconclusive; 3 a replay diverged; 64 the user's mistake;
65 a damaged backup; 70 a bug of ours; 74 output that is refused, as by a full disk; 130 Ctrl-C; 141 the reader went away; 143
terminated. Each command is in the file of its name. Never here: how a run is played,
kept, compared or described.
"""

from importlib import import_module

from scenarios.cli.base import (
    BROKEN,
    BUG,
    DAMAGED,
    DIVERGED,
    HELD,
    INCONCLUSIVE,
    INTERRUPTED,
    MISTAKE,
    NOBODY_READS,
    UNWRITABLE,
    app,
)
from scenarios.cli.entry import main

# Each module registers its commands when imported: the order here is the one in which a mistyped command is corrected.
for command in (
    "list",
    "run",
    "replay",
    "tasks",
    "why",
    "explain",
    "audit",
    "diff",
    "draw",
    "open",
    "export",
    "validate",
):
    import_module(f"scenarios.cli.{command}")
app.command(  # its options are the bounds of a search, which are imported with it
    "scenarios.cli.explore:explore",
    help="Try every interleaving of a tiny cluster, breadth first: the shortest way to a broken promise, or none.",
)
for command in ("hunt", "shrink", "fate", "zoo", "restore", "bench", "doctor"):
    import_module(f"scenarios.cli.{command}")

__all__ = [
    "BROKEN", "BUG", "DAMAGED", "DIVERGED", "HELD", "INCONCLUSIVE", "INTERRUPTED", "MISTAKE", "NOBODY_READS", "UNWRITABLE", "app",
    "main",
]  # fmt: skip
