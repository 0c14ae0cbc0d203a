"""A storm, and then half a minute without a cloud: the keeper of the bugs by which nothing wrong happens, and nothing at all."""

from collections.abc import Awaitable, Callable

from cluster.sim.world import World
from scenarios.zoo.storm import storm

CALM = 32.0
"""Virtual seconds: more than twice what *progress* gives a cluster, and than a command may take."""


def drought(names: str = "ABC") -> Callable[[World], Awaitable[None]]:
    """A story for any seed."""
    return storm(names, calm=CALM)
