"""What no hunt may hang on: stories without an end, and errors of an application."""

import json
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cluster.sim.run import INCONCLUSIVE
from scenarios.cli import MISTAKE, main
from scenarios.gallery import load
from scenarios.hunt import played_seed
from scenarios.hunt.processor_time import SeedTookTooLong, limited_cpu
from scenarios.kept_run import asked

ENDLESS = '''"""Never ends."""

import trio


async def story(world):
    world.start("ABC")
    while True:
        await trio.sleep(0.01)
        world.say("on")
'''
STUBBORN = '''"""Never waits, and heeds no error."""


async def story(world):
    world.start("ABC")
    await world.elected()
    number = 0
    while number < 2:
        try:
            while True:
                pass
        except Exception:
            number += 1
    raise ValueError("told twice")
'''
RAISING = '''"""An application with a bug that needs a second entry."""

import trio

from cluster.member import Application, ClientRequest
from cluster.value import value


@value
class Take(ClientRequest[str]):
    lock: str


class application(Application[dict]):
    words = (Take,)

    def empty(self):
        return {}

    def apply(self, state, command, index):
        if state:
            raise KeyError(command.lock)
        return {command.lock: index}, command.lock

    async def run(self, member):
        self.member = member

    async def serve(self, request):
        return await self.member.propose(request)


async def client(world):
    for _ in range(1 + world.seed % 2):
        await trio.sleep(1)
        await world.ask(world.names[0], Take("door"))
'''


@pytest.mark.parametrize("text", [ENDLESS, STUBBORN], ids=["never ends", "never waits"])
def test_a_seed_without_an_end_has_no_verdict(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: Any
) -> None:
    """After its processor time, wherever the story is just then."""
    path = tmp_path / "mine.py"
    path.write_text(text)
    monkeypatch.setattr(played_seed, "limited_cpu", partial(limited_cpu, 0.3))
    loaded = load(str(path))
    played = played_seed.play_seed(loaded, asked(loaded, None, None, None, None))
    if text == ENDLESS:
        assert played.verdict == INCONCLUSIVE
        assert [each.cause.promise for each in played.breaks] == ["inconclusive, SeedTookTooLong"]
        assert [each.cause.place for each in played.breaks] == [""]
    else:
        assert [each.text for each in played.breaks] == ["ValueError: told twice"], "it is told again and again"


def test_processor_time_is_counted_in_the_block_alone() -> None:
    """Nothing is told after it; in another thread than the main one nothing is told at all."""
    with pytest.raises(SeedTookTooLong, match="its processor time was used up"), limited_cpu(0.05) as processor_time:
        while True:
            pass
    assert processor_time.is_over
    sum(range(3_000_000))

    def elsewhere() -> None:
        with limited_cpu(0.01):
            sum(range(3_000_000))
        ended.append(True)

    ended: list[bool] = []
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert ended


def test_an_error_of_an_application_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its kind and its place, in all seeds that raise it; the first of them does not end the hunt."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(RAISING)
    assert main(["hunt", "mine.py", "--seeds", "1:3", "--jobs", "1", "--json"]) == MISTAKE
    told = json.loads(capsys.readouterr().out)
    (found,) = told["others"]
    assert (found["promise"], found["place"]) == ("mistake, KeyError", "mine.apply")
    assert found["text"] == "KeyError: 'door'"
    assert (told["seeds"], told["held"]) == (3, 3 - len(found["seeds"]))
    assert 1 in found["seeds"]
