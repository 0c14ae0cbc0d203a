"""A page of a world with two clusters: nothing of one is taken for what the other has."""

from pathlib import Path

import pytest

from cluster.sim.world import World
from scenarios.inspect.moment import visit
from scenarios.page.fold import States
from tests.page.conftest import Opened, recorded, until
from tests.page.test_fold import owners_of

THERE = "Shop of the cluster of X, Y, Z"
TWINS = '''"""Two clusters have a database and a task of the same name and number, and back up each its own."""
import trio
from scenarios import hours
from scenarios.backups import backups

async def story(world):
    client = backups(world)
    shop = await client.shop("ABC", documents=1)
    far = await client.found("XYZ")
    mirror = await far.create_database("Shop", members="XYZ")
    await shop.define(full="0 2 * * *", mentor="B")
    await mirror.define(full="0 3 * * *", mentor="Y")
    await far.define_server_wide(full="0 1 * * *", path="all")
    await trio.sleep(hours(3.5) - world.now)
    world.split("X", "YZ")
    await trio.sleep(hours(4) - world.now)
'''


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run of two clusters that have all names in common."""
    path: Path = tmp_path_factory.mktemp("twins") / "twins.py"
    path.write_text(TWINS, encoding="utf-8")
    return f"{path}@1"


def test_each_cluster_has_a_record_of_its_own(twins: str, opened: Opened) -> None:
    """What is agreed in each is what its nodes hold, in Python and in the page alike, from any event on."""

    def read(world: World) -> list[dict[str, str]]:
        return [owners_of(world[node]) for node in "AZ"]

    moment = visit(twins, None, read)
    made = recorded(twins)
    states = States(made.header["names"], made.rows)
    here, there = (each["record"] for each in states.at(len(moment.events))["clusters"])
    assert [{key: task["owner"] for key, task in record["tasks"].items()} for record in (here, there)] == [
        moment.read[0],
        {key.replace("Shop", THERE): owner for key, owner in moment.read[1].items()},
    ]
    page = opened(made)
    for seq in [len(made.rows), *range(0, len(made.rows), 50)]:
        assert page.evaluate(f"app.run.state({seq})") == states.at(seq), seq


def test_both_are_in_every_view(twins: str, opened: Opened) -> None:
    """The Backups view, the groups, the lanes, the logs and the map show each cluster, and name the second one with its nodes."""
    page = opened(recorded(twins), "#see=lanes")
    assert page.locator(".side .database h3 bdi").all_text_contents() == ["Shop", THERE]
    assert page.locator(".side .task .tag").all_text_contents() == ["B", "Y", "Z"]
    assert page.locator(".lane h3 small").all_text_contents() == ["Shop/3", f"{THERE}/3", f"{THERE}/5"]
    assert page.locator(".lane .run").count() == 3
    assert page.locator(".strip .leaders > text title").all_text_contents() == ["leader ABC", "leader XYZ"]
    page.evaluate("app.set({ middle: 'group' })")
    until(page, "document.querySelectorAll('.groups article').length === 2")
    page.evaluate("app.set({ middle: 'logs' })")
    until(page, "document.querySelectorAll('.column').length === 6")
    words = page.locator(".entry title").all_text_contents()
    assert [word.partition(":")[0] for word in words if " goes to " in word and "group" not in word] == [
        "task 3 of Shop goes to B",
        "task 3 of Shop goes to Y",
    ]
    page.evaluate("app.set({ middle: 'stage' })")
    until(page, "document.querySelectorAll('.link').length === 6")


def test_a_node_knows_nothing_of_the_other_cluster(twins: str, opened: Opened) -> None:
    """As seen from a node, the Backups view has the databases of its own cluster alone."""
    page = opened(recorded(twins), "#from=A")
    assert page.locator(".side h3 bdi").all_text_contents() == ["Shop"]
    page.locator("select").select_option("X")
    until(page, f"document.querySelector('.side h3 bdi').textContent === '{THERE}'")
    assert page.locator(".side .taskname").all_text_contents()[-1] == "Backup to Local"


def test_a_cluster_without_a_leader_is_named(twins: str, opened: Opened) -> None:
    """If one of two clusters has no leader, the view says which."""
    made = recorded(twins)
    first = next(row["seq"] for row in made.rows if row["kind"] == "BecameLeader" and row["node"] in "XYZ")
    page = opened(made, f"#e={first - 1}")
    assert page.locator(".side .notice").first.inner_text().startswith("No leader of X, Y, Z: no new tasks")


def test_the_story_of_the_replica_is_told_of_both(opened: Opened) -> None:
    """The database and its replica are two, each with its group."""
    page = opened(recorded("a_replica_is_not_a_backup"))
    shown = page.locator(".side .database h3").all_text_contents()
    assert shown == ["Shopon A B C", "Yesterdayon C", f"{THERE}on Z Y, rehab X"]
