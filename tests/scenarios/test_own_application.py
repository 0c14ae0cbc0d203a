"""A file names an application, a client and watchers instead of a story: the weather is over that."""

import json
from pathlib import Path

import pytest

from cluster.sim.run import HELD as HOLDS
from cluster.sim.run import MISTAKE as IS_MISTAKEN
from cluster.sim.run import play
from cluster.sim.world import Misuse, World
from scenarios.cli import BROKEN, HELD, MISTAKE, main
from scenarios.gallery import StoryError, load
from scenarios.register_promises import Once

LOCKS = '''"""A lock goes to whoever asks last, which its promise forbids."""

import random

import trio

from cluster.checks import Watcher, on
from cluster.member import Application, ClientRequest
from cluster.trace import Note
from cluster.value import value


@value
class Take(ClientRequest[str]):
    lock: str
    client: str


@value
class Got(Note):
    lock: str
    client: str


class Locks(Application[dict]):
    words = (Take,)

    def empty(self):
        return {}

    def apply(self, state, command, index):
        return {"WAY"}, command.client

    async def run(self, member):
        self.member = member

    async def serve(self, request):
        holder = await self.member.propose(request)
        self.member.note(Got(request.lock, holder))
        return holder


class OneHolder(Watcher):
    promise = "one holder"
    says = "a lock has one holder"

    def __init__(self):
        self.held = {}

    def sees(self):
        return [on(Got, self.got)]

    def got(self, event):
        if self.held.setdefault(event.note.lock, event.note.client) != event.note.client:
            raise self.broken(f"{event.note.lock} has two holders")


application = Locks


async def client(world):
    luck = random.Random(world.seed)
    while True:
        await trio.sleep(0.05)
        await world.ask(luck.choice(world.names), Take("door", luck.choice(("Ann", "Bob"))))
'''.replace('{"WAY"}', "{**state, command.lock: command.client}")
WATCHED = LOCKS + "\n\ndef watchers():\n    return [OneHolder()]\n"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user's, in which the command is typed."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_named_application_is_hunted(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the weather of the seed, which is foretold; its client goes on after the errors of bad weather."""
    Path("locks.py").write_text(LOCKS)
    assert main(["hunt", "locks.py", "--seeds", "4", "--jobs", "1"]) == HELD
    assert "4 seeds of locks.py played: none broke a promise" in capsys.readouterr().out
    assert main(["run", "locks.py", "--seed", "17"]) == HELD
    out = capsys.readouterr().out
    assert out.startswith("weather 17: ")
    assert out.count("asks Take(") > 20


def test_promises_of_a_file_are_watched_and_made_small(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The smallest run is a story that names the file's application, requests and watchers, wherever it is played from."""
    Path("locks.py").write_text(WATCHED)
    assert main(["hunt", "locks.py", "--seeds", "1", "--jobs", "1", "--json"]) == BROKEN
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["promise"], found["place"], found["steps"]) == ("one holder", "locks.got", 2)
    assert 'file = brought_in("locks.py")' in Path(found["kept"]).read_text()
    assert main(["run", found["kept"], "-q"]) == BROKEN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("application = 5", "`application` is 5: give the class of your application"),
        (f"{LOCKS}\ndef client(world): ...", "`client` is no client: write it as `async def client(world):`"),
        (f"{LOCKS}\nasync def client(world, more): ...", "`client` is no client"),
        (f"{LOCKS}\nwatchers = [OneHolder()]", "write `def watchers():`, which gives new watchers for each run"),
        ("client = 5", "has no story: write `async def story(world):` in it, or name an `application`"),
    ],
)
def test_a_wrong_name_in_a_file_is_one_sentence(text: str, said: str, elsewhere: Path) -> None:
    """With the value, and how it is written."""
    Path("mine.py").write_text(text)
    with pytest.raises(StoryError, match=r"^mine.py") as told:
        load("mine.py")
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("def watchers():\n    return [OneHolder]", "promises is the class OneHolder: give Watcher(…)"),
        ("def watchers():\n    return 5", "`watchers` made 5: let it return a list of new watchers"),
        ("def application():\n    return 5", "int is no application"),
        ("async def client(world):\n    await world.ask('Q', Take('door', 'Ann'))", "there is no node 'Q'"),
        ("async def client(world):\n    raise KeyError('door')", "KeyError: 'door'"),
    ],
)
def test_what_a_file_does_wrong_later_is_its_mistake(
    more: str, said: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told from the first seed, before a process is started."""
    Path("mine.py").write_text(f"{LOCKS}\n\n{more}\n")
    assert main(["hunt", "mine.py", "--seeds", "3"]) == MISTAKE
    told = capsys.readouterr()
    assert said.removeprefix("KeyError: ") in told.err
    assert "Traceback" not in told.err


def test_without_a_story_both_weathers_are_played(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Over a register and over backups; the report counts both, JUnit has a suite for each."""
    assert main(["hunt", "--seeds", "1", "--jobs", "1", "--json", "--junit", "found.xml"]) == HELD
    told = json.loads(capsys.readouterr().out)
    assert (told["stories"], told["seeds"]) == (["weather", "weather_backups"], 2)
    assert Path("found.xml").read_text().count("<testsuite ") == 2


def test_what_a_story_watches_is_watched_from_then_on() -> None:
    """A class is refused."""

    async def story(world: World) -> None:
        with pytest.raises(Misuse, match="promises is the class Once"):
            world.watch(Once)  # type: ignore[arg-type]
        world.watch(Once())
        world.start("A")

    outcome = play(story, 1)
    assert outcome.verdict == HOLDS
    assert outcome.promises[-1] == (Once.promise, Once.says)


def test_a_client_of_a_node_that_is_down_is_told() -> None:
    """A story that does not look first has made a mistake; a client of the weather goes on."""

    async def story(world: World) -> None:
        world.start("A")
        await world.elected()
        world.crash("A")
        await world.ask("A", Once())

    assert play(story, 1).verdict == IS_MISTAKEN
