"""What is made to be sent on names nothing of the machine that made it, and shows no secret."""

import getpass
import socket
from pathlib import Path

import pytest

from scenarios import cli
from scenarios.gallery import load
from scenarios.inspect.known_paths import KnownPaths
from tests.page.conftest import unpacked

STORY = '''"""A story of mine, which lies in {place}."""

from cluster.trace import Note
from cluster.value import value
from scenarios import World
from scenarios.backups import AmazonS3, LocalFolder, backups


@value
class Looked(Note):
    """Something of this machine in an event."""

    where: str

    def text(self) -> str:
        return f"looks into {{self.where}}"


async def story(world: World) -> None:
    client = backups(world)
    shop = await client.shop("ABC")
    world.history.add("A", Looked("{place}/deep/file"), 0)
    to = (LocalFolder("{place}/destination"), AmazonS3("vault", access_key="AKIAPECULIAR", secret_key="hush-hush-hush"))
    hourly = await shop.define(full="* * * * *", mentor="B", to=to)
    await hourly.ran()
    assert not shop, "nothing is in {place}/deep"
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, a working folder and a folder of temporary files, all with a peculiar name."""
    place = tmp_path / "pèculiar place"
    for each in ("home", "temporary", "work"):
        (place / each).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(place / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(place / "temporary"))
    monkeypatch.chdir(place / "work")
    return place


def words_of(place: Path) -> list[str]:
    """What nobody else is to read: folders, user, host, and what gets in to the cloud."""
    user = getpass.getuser()
    names = ["culiar place", socket.gethostname(), "hush-hush-hush", "AKIAPECULIAR"]
    return [str(place), *(each for each in [*names, user] if len(each) > 4 and each not in ("vault", "story"))]


def test_nothing_that_is_sent_on_names_this_machine(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page, a page of two runs, a drawing, and each export for another program; also where the story broke with a path."""
    story, data = place / "mine.py", place / "birds.jsonl"
    story.write_text(STORY.format(place=place), encoding="utf-8")
    data.write_text('{"@metadata": {"@id": "birds/1"}, "n": 1}\n', encoding="utf-8")
    asked = [str(story), "--rules", "ravendb-6.2"]
    assert cli.main(["run", *asked, "--data", str(data), "-q", "--html", "one.html", "--documents"]) == cli.BROKEN
    assert cli.main(["run", *asked, "-q", "--out", "kept"]) == cli.BROKEN
    assert cli.main(["diff", str(story), str(story), "--other-rules", "ravendb-6.2", "--html", "two.html"]) in (0, 1)
    assert cli.main(["draw", *asked, "--from", "30s", "--svg", "day.svg", "--only", "backups"]) == cli.HELD
    for form in ("mermaid", "perfetto", "shiviz", "svg"):
        assert cli.main(["export", *asked, "--as", form, "--window", "50:90", "--to", f"as.{form}"]) == cli.HELD
    assert cli.main(["export", str(place / "work/kept/mine@1"), "--as", "perfetto", "--to", "kept.json"]) == cli.HELD
    sent = sorted(each for each in Path().iterdir() if each.is_file())
    assert len(sent) == 8
    for file in sent:
        said = unpacked(file.read_text(encoding="utf-8"))
        for word in words_of(place):
            assert word not in said, (file.name, word, said[max(0, said.find(word) - 99) :][:250])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("for s3://workshop/shop", "for s3://workshop/shop"),
        ("a shop, for s3://nightly/x", "a shop, for s3://nightly/x"),
        ("draw shop/mine.py --from 1s", "draw …/mine.py --from 1s"),
        ("shop/mine.py:7: (shop/other.py)", "…/mine.py:7: (…/other.py)"),
    ],
)
def test_a_folder_beside_is_hidden_where_a_path_begins_with_it(place: Path, text: str, shown: str) -> None:
    """A story that is given as `shop/mine.py` hides no bucket and no other word with the name of its folder."""
    (place / "work/shop").mkdir()
    (place / "work/shop/mine.py").write_text("async def story(world): ...\n", encoding="utf-8")
    known = KnownPaths.of(load("shop/mine.py"))
    assert known.without(text) == shown
    assert known.without(f"{place}/work/shop/mine.py") == "…/mine.py"


def test_the_trace_and_a_test_say_where_the_story_is(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are there to play it again; the path is as it was given, so that a relative one stays so."""
    (place / "work/mine.py").write_text(
        'async def story(world):\n    world.start("ABC")\n    await world.elected()\n', encoding="utf-8"
    )
    for form in ("ndjson", "pytest"):
        assert cli.main(["export", "mine.py", "--as", form]) == cli.HELD
        said = capsys.readouterr().out
        assert '"mine.py"' in said
        assert str(place) not in said
