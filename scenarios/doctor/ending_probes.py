"""Probes of how a run ends: what a story forgot, what never ends, what an application raises, and what goes on untouched.

Each is the text of a story file, the verdict that it must have, and a part of what must be said.
"""

from cluster.value import value
from scenarios.doctor.fence_probes import played


@value
class Ending:
    """A story file and how it has to end."""

    says: str
    """What the story does, in a phrase."""
    verdict: str
    shown: str
    """A part of the text of its failure; `LINE` in it is the line that is marked by `# here`."""
    text: str
    years: float = 1_000


ENDINGS = (
    Ending(
        "a verb without `await`",
        "mistake",
        "LINE: `elected` was never awaited",
        """\
async def story(world):
    world.start("ABC")
    leader = world.elected()  # here
""",
    ),
    Ending(
        "no node is started",
        "mistake",
        "LINE: the story starts no node",
        """\
async def story(world):  # here
    pass
""",
    ),
    Ending(
        "a wait for what can never come",
        "mistake",
        "LINE in story waits for Event.wait",
        """\
import trio


async def story(world):
    world.start("A")
    world.crash("A")
    await trio.Event().wait()  # here
""",
    ),
    Ending(
        "a loop in which no time passes",
        "mistake",
        "time stands still",
        """\
import trio


async def story(world):
    world.start("A")
    while True:
        await trio.lowlevel.checkpoint()
""",
    ),
    Ending(
        "an application that raises in `apply`",
        "mistake",
        "'no such key'",
        """\
from scenarios.register import Put, Register


class Mine(Register):
    def apply(self, state, command, index):
        return {}["no such key"], None


async def story(world):
    cluster = world.start("A", Mine)
    await cluster.ask(await world.elected(), Put("x", 1))
""",
    ),
    Ending(
        "more virtual time than `years`",
        "inconclusive",
        "the run took 1 years of virtual time",
        """\
import trio


async def story(world):
    world.start("A")
    while True:
        await trio.sleep(86_400)
""",
        years=1,
    ),
    Ending(
        "an assertion that fails",
        "broken",
        "nobody leads yet",
        """\
async def story(world):
    world.start("A")
    assert world["A"].leader, "nobody leads yet"
""",
    ),
    Ending(
        "seeded luck, logging, `member.outside`",
        "held",
        "",
        """\
import logging
import os
import random
import time
import trio

from scenarios.register import Register


def work():
    time.sleep(0)
    return os.urandom(1) and time.time()


class Mine(Register):
    async def run(self, member):
        await super().run(member)
        random.Random(7).random()
        logging.getLogger("probe").debug("hello")
        await member.outside(work, 1_000)


async def story(world):
    world.start("A", Mine)
    await world.elected()
    await trio.sleep(10)
""",
    ),
)


def failure_of(ending: Ending) -> str:
    """What a probe found wrong; empty if the story ended as it has to, at its line."""
    outcome, path = played(ending.text, years=ending.years)
    lines = [at for at, line in enumerate(ending.text.splitlines(), 1) if line.endswith("# here")]
    shown = ending.shown.replace("LINE", f"{path}:{lines[0]}") if lines else ending.shown
    if outcome.verdict == ending.verdict and shown in str(outcome.failure or ""):
        return ""
    return f"{ending.says}: {outcome.verdict}: {outcome.failure!r}"
