"""Fences: what a story or an application must not do is refused at its line, and what everybody else does goes on."""

import asyncio
import datetime
import logging
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import date
from datetime import datetime as moment
from random import randint
from time import time as now
from typing import Any

import attrs
import pytest
import structlog
import trio
import trio.lowlevel
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.member import Member
from cluster.sim.errors import Fenced
from cluster.sim.run import HELD, MISTAKE, play, run
from cluster.sim.user_code import is_users, remember_story
from cluster.sim.world import World
from scenarios.bench import load as yardstick
from scenarios.cli import main
from scenarios.gallery import load
from scenarios.register import Put, Register


def imported_inside() -> None:
    """As inline code does."""
    from datetime import datetime
    from time import time

    datetime.fromisoformat("2024-01-01")
    time()


@attrs.define
class Ticket:
    """Draws its number as it is made."""

    number: Any = attrs.field(factory=lambda: uuid.uuid4())


REFUSED: dict[str, Callable[[], Any]] = {
    "time.time": lambda: time.time(),
    "time.sleep": lambda: time.sleep(0),
    "time.perf_counter": lambda: time.perf_counter(),
    "time.localtime": lambda: time.localtime(),
    "from time import time": lambda: now(),
    "imported inside": imported_inside,
    "datetime.datetime.now": lambda: datetime.datetime.now(),  # noqa: DTZ005
    "from datetime import datetime": lambda: moment.now(datetime.UTC),
    "date.today": lambda: date.today(),  # noqa: DTZ011
    "random.random": lambda: random.random(),
    "from random import randint": lambda: randint(1, 6),
    "random.Random()": lambda: random.Random(),
    "os.urandom": lambda: os.urandom(8),
    "uuid.uuid4": lambda: uuid.uuid4(),
    "in a factory of attrs": lambda: Ticket(),
    "secrets.token_hex": lambda: secrets.token_hex(),
    "socket.socket": lambda: socket.socket(),
    "socket.create_connection": lambda: socket.create_connection(("127.0.0.1", 9)),
    "threading.Thread": lambda: threading.Thread(target=print),
    "subprocess.run": lambda: subprocess.run([sys.executable, "-V"], check=True),
    "asyncio.new_event_loop": lambda: asyncio.new_event_loop(),
    "trio.to_thread.run_sync": lambda: trio.to_thread.run_sync(print),
}


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("by", ["story", "apply", "swallowed"])
def test_what_the_world_does_not_have_is_refused(act: Callable[[], Any], by: str) -> None:
    """At the line of the caller, as a mistake, with what to take instead; nobody can swallow it."""

    class Mine(Register):
        def apply(self, state: Any, command: Any, index: int) -> Any:
            if by == "apply":
                act()
            return super().apply(state, command, index)

    async def story(world: World) -> None:
        cluster = world.start("A", Mine)
        leader = await world.elected()
        if by == "story":
            act()
        if by == "swallowed":
            try:
                act()
            except Exception:
                await trio.sleep(1)
        await cluster.ask(leader, Put("x", 1))

    outcome = play(story)
    assert outcome.verdict == MISTAKE
    assert isinstance(outcome.failure, Fenced)
    place, _, says = str(outcome.failure).partition(": ")
    assert place.rpartition(":")[0] == __file__
    assert int(place.rpartition(":")[2]) > 0
    assert "`" in says
    with pytest.raises(Fenced):
        run(story)


def goes_on(act: Callable[[Member[Any]], Any]) -> None:
    """Play a story and an application that do this; it holds."""

    class Mine(Register):
        async def run(self, member: Any) -> None:
            await super().run(member)
            done = act(member)
            if done is not None:
                await done

    async def story(world: World) -> None:
        world.start("A", Mine)
        await world.elected()
        await trio.sleep(10)

    assert play(story).verdict == HELD


def seeded(member: Member[Any]) -> None:
    """Luck with a seed, and dates without a clock."""
    assert random.Random(7).random() == random.Random(7).random()
    instant = moment(2024, 1, 1, tzinfo=datetime.UTC)
    assert isinstance(instant, moment)
    assert isinstance(instant, datetime.datetime)
    assert isinstance(instant, date)
    assert type(instant) is type(moment.fromisoformat("2024-01-01"))
    assert time.gmtime(0).tm_year == 1970
    assert uuid.uuid5(uuid.NAMESPACE_DNS, "x").version == 5


def logs(member: Member[Any]) -> None:
    """Each reads the clock for its record."""
    logging.getLogger("mine").warning("hello %s", member.name)
    processors: list[Any] = [structlog.processors.TimeStamper(), structlog.processors.JSONRenderer()]
    assert "timestamp" in structlog.wrap_logger(structlog.ReturnLogger(), processors=processors).info("hello")


def outside(member: Member[Any]) -> Any:
    """Clocks, luck and threads are real there."""

    def work() -> None:
        time.sleep(0.001)
        assert os.urandom(1) != b""
        assert time.time() > uuid.uuid4().int * 0
        thread = threading.Thread(target=time.time)
        thread.start()
        thread.join()

    return member.outside(work, 1_000)


def traced(member: Member[Any]) -> None:
    """As a debugger and coverage do: a function of another file is called at every line."""
    seen = []

    def trace(frame: Any, event: str, arg: Any) -> Any:
        seen.append(event)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        seeded(member)
    finally:
        sys.settrace(before)
    assert seen


def prompt(member: Member[Any]) -> None:
    """What is typed at a debugger's prompt."""
    exec(compile("time.time()", "<stdin>", "exec"), globals())


@pytest.mark.parametrize("act", [seeded, logs, outside, traced, prompt])
def test_what_others_do_goes_on(act: Callable[[Any], Any]) -> None:
    """Installed packages, threads of `member.outside`, and whoever looks on."""
    goes_on(act)


@settings(max_examples=3)
@given(st.data())
def test_hypothesis_draws_inside_a_story(data: st.DataObject) -> None:
    """Its luck is its own."""

    async def story(world: World) -> None:
        world.start("A")
        await trio.sleep(data.draw(st.integers(1, 5)))
        data.draw(st.randoms()).random()

    run(story)


def test_the_fences_are_gone_after_the_run() -> None:
    """Every name is what it was, even after a run that struck one."""
    before = {name: value for name, value in globals().items() if not name.startswith("@")}
    importing = __import__

    async def story(world: World) -> None:
        world.start("A")
        time.time()

    assert play(story).verdict == MISTAKE
    assert {name: value for name, value in globals().items() if name in before} == before
    assert __import__ is importing
    assert random.random() < time.time()
    assert moment.now(datetime.UTC).year > 2000


def test_the_command_says_it_in_one_line(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Even where a class of the story has kept the function; exit code 64."""
    path = tmp_path / "mine.py"
    path.write_text(
        "from uuid import uuid4\n\n\nclass Kept:\n    draw = staticmethod(uuid4)\n\n\n"
        "async def story(world):\n    world.start('ABC')\n    Kept.draw()\n"
    )

    assert main(["run", str(path), "-q"]) == 64

    said = capsys.readouterr().err
    assert said.startswith(f"unkindness: {path}:10: uuid.uuid4 is luck that no seed decides: take ")
    assert len(said.splitlines()) == 1


def test_a_story_of_the_product_that_measures_is_no_users() -> None:
    """The yardsticks look at the processor's clock in stories of their own; a story of the gallery is held like a user's."""
    tale = load("split_vote").story
    for story in (yardstick.replication, tale):
        remember_story(story)

    assert not is_users(yardstick.__file__)
    assert is_users(tale.__code__.co_filename)
