"""The fold in Python and the fold in the page agree; and both say what the world itself says."""

from typing import Any

import pytest

from cluster.sim.world import World
from scenarios.backups import backups
from scenarios.inspect.moment import true_time, visit
from scenarios.page.fold import States
from tests.page.conftest import Opened, recorded

STORIES = (
    "no_leader_still_backed_up",
    "cut_off_owner_backs_up_twice",
    "storm",
    "a_snapshot_on_a_slow_disk",
    "a_backup_file_is_lost",
)


@pytest.mark.parametrize("story", STORIES)
def test_both_folds_agree(opened: Opened, story: str) -> None:
    """After every hundredth event the state in the page is the state in Python, also when one goes back."""
    made = recorded(story)
    states = States(made.header["names"], made.rows)
    page = opened(made)
    last = len(made.rows)
    for seq in [last, *range(0, last, 100)]:
        assert page.evaluate(f"app.run.state({seq})") == states.at(seq), seq


def test_a_log_is_cut_and_goes_on() -> None:
    """Entries after the place of a write are gone, those before stay; a snapshot drops the beginning."""
    states = States("A", [])
    state = states.at(0)
    write = {"node": "A", "kind": "Wrote", "cause": 0, "t": 0}
    rows = [
        write | {"seq": 1, "after": 0, "terms": [[1, 3]]},
        write | {"seq": 2, "after": 2, "terms": [[2, 1], [3, 2]]},
        {"node": "A", "kind": "Compacted", "cause": 0, "t": 0, "seq": 3, "base": 3, "entries": 3},
    ]
    states = States("A", rows)
    assert state["nodes"]["A"]["log"] == {"base": 0, "terms": []}
    assert states.at(2)["nodes"]["A"]["log"] == {"base": 0, "terms": [[1, 2], [2, 1], [3, 2]]}
    assert states.at(3)["nodes"]["A"]["log"] == {"base": 3, "terms": [[3, 2]]}
    assert states.at(1)["nodes"]["A"]["log"] == {"base": 0, "terms": [[1, 3]]}


@pytest.mark.parametrize(
    ("run", "at"),
    [("no_leader_still_backed_up@1", "04:10"), ("cut_off_owner_backs_up_twice@1", "02:30")],
)
def test_the_fold_is_what_the_world_says(run: str, at: str) -> None:
    """Role, term, leader, log, commit and owners of each node are what that node itself holds at the moment."""

    def read(world: World) -> dict[str, tuple[object, ...]]:
        return {name: _held(world[name]) for name in world.names}

    moment = visit(run, true_time(at), read)
    made = recorded(run)
    state = States(made.header["names"], made.rows).at(len(moment.events))
    for name, held in moment.read.items():
        node = state["nodes"][name]
        owners = {key: task["owner"] for key, task in node["record"]["tasks"].items()}
        assert held[0] == node["up"]
        if node["up"]:
            role = "candidate" if node["role"] == "trial" else node["role"]
            assert held[1:] == (role, node["term"], node["leader"], node["commit"], tuple(node["voters"]), owners), name


@pytest.mark.parametrize("story", ["a_backup_file_is_lost", "retention_under_each_rule", "the_cloud_outlives_the_node"])
def test_the_files_are_those_that_stand_there(story: str) -> None:
    """At the end of a run each place has the files that the state says, whatever was removed by retention, by hand or by a bucket."""
    made = recorded(story)
    state = States(made.header["names"], made.rows).at(len(made.rows))

    def read(world: World) -> dict[str, set[str]]:
        there = backups(world).destinations
        places = {}
        for name in state["files"]:
            node, _, path = name.partition(":")
            place = there.place(node, path) if node in state["nodes"] else there.place(world.names[0], name)
            places[name] = {f"{folder}/{file}" for folder in place.folders() for file in place.files(folder)}
        return places

    told = {
        place: {f"{each['folder']}/{each['file']}" for each in files if each["lost"] in ("", "corrupted")}
        for place, files in state["files"].items()
    }
    assert visit(f"{story}@1", None, read).read == told
    assert any(told.values())


def _held(node: Any) -> tuple[object, ...]:
    if not node.up:
        return (False,)
    return True, node.role, node.term, node.leader or "", node.commit, tuple(node.voters), owners_of(node)


def owners_of(node: Any) -> dict[str, str]:
    """Who is responsible for each task, by `Shop/3`, as the node itself holds it."""
    return {
        f"{database.name}/{task}": database.assignments[task].node if task in database.assignments else ""
        for database in node.state.databases.values()
        for task in database.tasks
    }
