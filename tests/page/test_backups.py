"""What the panels of backups show is what the commands tell of the same run."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cluster.sim.world import World
from cluster.time_units import HOUR, MINUTE, clock_text
from scenarios import cli
from scenarios.inspect.audit import audit
from scenarios.inspect.backups_page import STATES, DatabasePanel, _at, _fields
from scenarios.inspect.moment import true_time, visit
from scenarios.inspect.restore_files import inspected
from scenarios.inspect.why.answer import why
from tests.page.conftest import Opened, recorded, until
from tests.page.test_page import EVIL, hostile

NIGHT = "cut_off_owner_backs_up_twice"


def test_lanes_have_every_run_and_every_belief(opened: Opened) -> None:
    """A row a node: its runs by their glyph, what it holds itself responsible for, and a double across the rows."""
    made = recorded(NIGHT)
    page = opened(made, "#e=420&see=lanes")
    begun = [row for row in made.rows if row["kind"] in ("BackupStarted", "BackupSkipped")]
    fulls = [row for row in begun if row.get("full")]
    assert page.locator(".daylanes .run").count() == len(begun)
    assert page.locator(".daylanes .run.full").count() == len(fulls)
    mine = page.locator(".daylanes .mine title").all_text_contents()
    assert [title.partition(" from")[0] for title in mine] == [f"{node} holds itself responsible" for node in "BC"]
    assert mine[0].endswith("to 03:30:00.065")
    assert page.locator(".daylanes .double title").all_text_contents() == ["started by B and C"] * 2
    assert page.locator(".daylanes .run.late").count() == 2
    page.locator("select").select_option("A")
    until(page, "document.querySelectorAll('.daylanes .run').length === 0")


def test_a_click_on_a_run_goes_there(opened: Opened) -> None:
    """A click on a run goes to the event with which it began."""
    page = opened(recorded(NIGHT), "#e=420&see=lanes")
    page.locator(".daylanes .run.full").last.click()
    until(page, "app.run.kind(app.view.seq) === 'BackupStarted' && app.run.node(app.view.seq) === 'C'")


@pytest.mark.parametrize("run", ["night", "retention_under_each_rule"])
def test_gaps_are_those_of_the_audit(opened: Opened, run: str) -> None:
    """Each gap that `unkindness audit` finds is told, and a run of days is shown a day at a time."""
    made = recorded(run)
    found = audit(f"{run}@1")
    assert [(each["first"], each["last"], each["count"], each["covered"]) for each in made.header["gaps"]] == [
        (gap.first, gap.last, gap.count, gap.covered_at) for gap in found.gaps
    ]
    page = opened(made, "#see=lanes")
    if page.locator(".daylanes h2 button").count():
        before = page.evaluate("app.view.seq")
        page.locator(".daylanes h2 button").first.click()
        until(page, f"app.view.seq < {before}")


@pytest.mark.parametrize("run", [NIGHT, "no_leader_still_backed_up"])
def test_the_view_of_a_node_is_that_of_the_command(opened: Opened, run: str) -> None:
    """What each node says of its tasks at an instant is what `unkindness tasks` says when that node is asked."""
    made = recorded(run)
    page = opened(made)
    for at in ("02:30", "03:20"):
        seq, t = max((row["seq"], row["t"]) for row in made.rows if row["t"] <= true_time(at))
        moment = visit(f"{run}@1", t, _panels)
        for node, panels in moment.read.items():
            page.evaluate(f"app.view.seq = {seq}; app.view.from = '{node}'; app.view.side = 'backups'; app.draw()")
            shown = page.locator(".side .task").evaluate_all(
                "(all) => all.map((task) => Object.fromEntries([...task.querySelectorAll('.field')].map((each) =>"
                " [...each.children].map((part) => part.textContent))))"
            )
            told = [
                dict(_fields(view, panel.wall, ZoneInfo(panel.zone))) | {"Task Status": STATES[view.connection]}
                for panel in panels
                for view in panel.backups.tasks
            ]
            for ours, theirs in zip(shown, told, strict=bool(told)):
                _same(ours, theirs, (at, node))


def _panels(world: World) -> dict[str, list[DatabasePanel]]:
    shown = {node: _at(world, node, "Shop") for node in world.names if world[node].up}
    return {node: [panel] for node, panel in shown.items() if panel is not None}


def _same(ours: dict[str, str], theirs: dict[str, str], where: tuple[str, str]) -> None:
    words = {
        "Task Status": "Task Status",
        "Destinations": "Destinations",
        "Last executed on": "Last executed on node",
        "Last Full Backup": "Last Full Backup",
        "Last Incremental": "Last Incremental Backup",
        "Retention Policy": "Retention Policy",
    }
    for their, our in words.items():
        assert ours.get(our) == theirs.get(their), (where, their)


def test_why_says_what_the_command_says(opened: Opened) -> None:
    """The reason of a run and its rule are those of `unkindness why`, and a click leads to the run."""
    run = "no_leader_still_backed_up"
    made = recorded(run)
    third = [row for row in made.rows if row["kind"] == "BackupStarted"][1]
    page = opened(made, f"#e={third['seq']}&beside=why")
    told = why(f"{run}@1", "3", clock_text(third["t"]))
    assert told.ran
    assert page.locator(".side .task.here p").first.inner_text() == f"{told.sentence} rule {told.rule}"


def test_restore_reads_what_the_command_would(opened: Opened, tmp_path: Path) -> None:
    """For a point in time the page names the place, the folder and the files, in order, that `unkindness restore-points` names."""
    run = "no_leader_still_backed_up"
    assert cli.main(["run", run, "-q", "--out", str(tmp_path)]) == cli.HELD
    points = [
        (each, chain.chain.folder)
        for chain in inspected(next(tmp_path.glob("*/backups")), ())
        for each in chain.chain.points
        if each.manifest is not None and each.point.database == "Shop"
    ]
    page = opened(recorded(run), "#beside=restore")
    for at in range(90 * MINUTE, 6 * HOUR, 25 * MINUTE):
        known = [(each.manifest.started_at, folder, each.files) for each, folder in points if each.manifest]
        _, folder, files = max(each for each in known if each[0] <= at)
        page.evaluate(f"app.view.top = {{ restore: {at} }}; app.draw()")
        first = page.locator(".database").first.locator(".task").first
        assert first.locator("li").all_text_contents() == [f"{folder}/{file}" for file in files]
    page.locator(".point").focus()
    page.keyboard.press("Home")
    until(page, "document.querySelector('.database .empty') !== null")


@pytest.mark.parametrize("panel", ["see=lanes", "beside=why", "beside=restore", "beside=backups"])
def test_hostile_names_stay_names(opened: Opened, panel: str) -> None:
    """In the panels of backups, markup and marks of direction in names and sentences are text."""
    page = opened(hostile(), f"#e=420&{panel}")
    assert page.locator("img, #page b b").count() == 0
    assert EVIL in (page.locator(".middle" if "see" in panel else ".side").text_content() or "")
