"""A run of two clusters is looked into: databases, tasks and owners of one are never taken for those of the other."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios import cli
from scenarios.cli import main

TWINS = '''"""Two clusters, with a database and a task of the same name and number in each."""
import trio
from scenarios import hours
from scenarios.backups import backups

async def story(world):
    shop = await backups(world).shop("ABC", documents=1)
    far = await (await backups(world).found("XYZ")).create_database("Shop", members="XYZ")
    for database, mentor in ((shop, "B"), (far, "Y")):
        await database.define(full="0 * * * *", mentor=mentor)
    await trio.sleep(hours(2.2))
    world.crash("Y")
    await trio.sleep(hours(0.4))
'''


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The story as a run."""
    path = tmp_path_factory.mktemp("twins") / "twins.py"
    path.write_text(TWINS)
    return f"{path}@1"


def asked(capsys: pytest.CaptureFixture[str], *words: str, code: int = cli.HELD) -> Any:
    """What the command answers as JSON."""
    assert main([*words, "--json"]) == code
    return json.loads(capsys.readouterr()[0])


def test_nothing_is_done_twice_by_two_clusters(twins: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same hour of two tasks of one number is no double; each has owners, reports and gaps of its own."""
    found = asked(capsys, "run", twins.removesuffix("@1"))
    assert found["backups"] == {"ok": 4, "late": 0, "missed": 0, "double": 0, "failed": 0, "cut off": 0}
    audit = asked(capsys, "audit", twins)
    there = "Shop of the cluster of X, Y, Z"
    assert audit["doubles"] == audit["two_files"] == []
    owners = [(each["database"], each["node"]) for each in audit["owners"]]
    assert owners[:2] == [("Shop", "B"), (there, "Y")], "and each is assigned once"
    assert [each["database"] for each in audit["lags"]] == ["Shop", there]


def test_both_are_on_the_backups_page(twins: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two databases of one name are two panels, each of nodes of its own group."""
    panels = asked(capsys, "tasks", twins)["databases"]
    assert [(each["database"], sorted(each["group"])) for each in panels] == [
        ("Shop", list("ABC")),
        ("Shop", list("XYZ")),
    ]
    assert [each["node"] in each["group"] for each in panels] == [True, True]


def test_server_wide_tasks_of_both_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A node of each cluster is asked; with `--on` one of them alone."""
    path = tmp_path / "two_templates.py"
    path.write_text(
        '"""Each cluster has a server-wide task."""\n'
        "from scenarios.backups import backups\n\n"
        "async def story(world):\n"
        '    await backups(world).shop("ABC")\n'
        '    far = await backups(world).found("XYZ")\n'
        '    await world.elected(beside="X")\n'
        '    await backups(world).define_server_wide(full="0 1 * * *", path="here")\n'
        '    await far.define_server_wide(full="0 1 * * *", path="there")\n'
        "    await world.settled()\n"
    )
    run = f"{path}@1"
    told = [(each["node"], each["destinations"]) for each in asked(capsys, "tasks", run)["server_wide"]]
    assert told == [("A", ["here"]), ("X", ["there"])]
    told = [(each["node"], each["destinations"]) for each in asked(capsys, "tasks", run, "--on", "X")["server_wide"]]
    assert told == [("X", ["there"])]


def test_why_is_asked_of_one_of_them(twins: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first that has the task, or that of the node which is named."""
    (number,) = {each["task"] for each in asked(capsys, "audit", twins)["owners"]}
    here = asked(capsys, "why", twins, str(number), "2:30")
    there = asked(capsys, "why", twins, str(number), "2:30", "--on", "Z")
    assert "Y" not in here["sentence"]
    assert here["chain"]["nodes"].count("X") == 0
    assert "Y had run the occurrence" in there["sentence"]
    assert "A" not in there["chain"]["nodes"]
    assert main(["why", twins, str(number), "2:30", "--on", "Q"]) == cli.MISTAKE
    assert "--on takes one of A B C X Y Z" in capsys.readouterr()[1]


def test_each_node_is_drawn_as_owner_of_its_own(twins: str) -> None:
    """The turn of an owner is not ended by the owner in the other cluster."""
    from scenarios.drawing.from_history import picture
    from scenarios.inspect.played_run import played

    outcome = played(twins).outcome
    turns = picture(outcome.history, outcome.names, 0, outcome.history.clock.now).turns
    assert [turn.node for turn in turns if turn.node in "AB"] == ["B"]
    assert next(turn for turn in turns if turn.node == "B").until == outcome.history.clock.now


def test_a_page_opens_at_an_event_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Another number is named, with those there are."""
    assert main(["open", "the_crown_passes@1:99999", "--no-browser"]) == cli.MISTAKE
    assert "there is no event 99999: the run has events 1 to " in capsys.readouterr()[1]
