"""Probes of the fences: each name of `cluster.sim.fences.TABLE` is called by a story file and by an application in one.

A file is written, loaded and played as a user's is. The arguments are such that nothing would happen if a fence were broken.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from cluster.sim.errors import Fenced
from cluster.sim.fences import CLOCK, LUCK, OUTSIDE, SLEEP, TABLE
from cluster.sim.run import Outcome, play
from cluster.value import value
from scenarios.gallery import load

BY_STORY = """\
import {module}


async def story(world):
    world.start("A")
    await world.elected()
    {module}.{name}({given})
"""
BY_APPLICATION = """\
from {module} import {first}
from scenarios.register import Put, Register


class Mine(Register):
    def apply(self, state, command, index):
        {name}({given})
        return super().apply(state, command, index)


async def story(world):
    cluster = world.start("A", Mine)
    await cluster.ask(await world.elected(), Put("x", 1))
"""


@value
class Fence:
    """One fenced name."""

    module: str
    name: str
    """The function or class; with a point, the class method: `datetime.now`."""
    bare: bool
    """Whether only a call without arguments is refused."""

    def is_here(self) -> bool:
        """Whether this Python has it on this system."""
        found: object = import_module(self.module)
        for part in self.name.split("."):
            found = getattr(found, part, None)
        return found is not None


def fences(says: str) -> list[Fence]:
    """The fenced names of which that is said, in the order of the table."""
    names = [(module, name) for module, names, said in TABLE if said == says for name in names.split()]
    return [Fence(module, name.rstrip("?"), name.endswith("?")) for module, name in names]


OF_KIND: Mapping[str, str] = {"clock": CLOCK, "sleep": SLEEP, "luck": LUCK, "outside": OUTSIDE}
"""The advice of each kind of fence."""


def failure_of(fence: Fence) -> str:
    """What a probe found wrong; empty if the call is refused at its line wherever it stands."""
    given = "" if fence.bare else "object()"
    for template in (BY_STORY, BY_APPLICATION):
        text = template.format(module=fence.module, first=fence.name.partition(".")[0], name=fence.name, given=given)
        line = next(at for at, each in enumerate(text.splitlines(), 1) if each.endswith(f"{fence.name}({given})"))
        outcome, place = played(text)
        failure = outcome.failure
        if not isinstance(failure, Fenced) or not str(failure).startswith(f"{place}:{line}: "):
            return f"{fence.module}.{fence.name}: {outcome.verdict}: {failure!r}"
    return ""


def played(text: str, years: float = 1_000) -> tuple[Outcome, str]:
    """Play the text of a story file, for that many virtual years at most; also return the path that it had."""
    with TemporaryDirectory(prefix="unkindness-") as folder:
        path = Path(folder) / "probe.py"
        path.write_text(text, encoding="utf-8")
        return play(load(str(path)).story, years=years), str(path)
