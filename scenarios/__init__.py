"""Stories, the command `unkindness`, and the public names for stories and tests of your own.

`from scenarios import World, run, play, hours, minutes, days` is all that a story or a test needs to begin with. Importing
this package imports nothing else of ours: each name is brought in when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cluster.sim.run import play, run
    from cluster.sim.world import World
    from cluster.time_units import days, hours, minutes

    __version__: str

__all__ = ["World", "__version__", "days", "hours", "minutes", "play", "run"]

HOMES = {
    "World": "cluster.sim.world",
    "days": "cluster.time_units",
    "hours": "cluster.time_units",
    "minutes": "cluster.time_units",
    "play": "cluster.sim.run",
    "run": "cluster.sim.run",
}
"""The module in which each public name is defined."""


def __getattr__(name: str) -> Any:
    """Bring in a public name when it is first asked for (PEP 562); AttributeError for any other."""
    if name == "__version__":
        from importlib.metadata import version

        return version("unkindness")
    if name in HOMES:
        found = getattr(import_module(HOMES[name]), name)
        globals()[name] = found  # asked for once: from here on it is an ordinary name
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: its public names are {', '.join(__all__)}")
