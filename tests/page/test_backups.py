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
from scenarios.page.fold import States
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


def test_the_sides_of_a_cut_are_shaded_over_the_lanes(opened: Opened) -> None:
    """The row of the node that is cut off says from whom and for how long, below its runs; no node sees that from inside."""
    page = opened(recorded(NIGHT), "#e=420&see=lanes")
    assert page.locator(".daylanes .parted title").all_text_contents() == ["B | A C: no way between them for 2.3 h"]
    words = page.locator(".daylanes .parted text")
    assert words.all_text_contents() == ["cut off from A C for 2.3 h"]
    late, told, shaded = page.evaluate(
        """[".wait", ".parted text", ".parted rect"].map((each) => {
          const { top, bottom } = document.querySelector(`.daylanes ${each}`).getBoundingClientRect();
          return [top, bottom]; })"""
    )
    assert late[1] <= told[0] + 2, "words are below what they are about"
    assert told[1] <= shaded[1] + 2
    page.locator("select").select_option("B")
    until(page, "document.querySelectorAll('.daylanes .parted').length === 0")


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


KNOWN = {
    NIGHT: ("02:30", "03:20"),
    "no_leader_still_backed_up": ("02:30", "03:20"),
    "one_backup_for_all": ("00:30", "01:05"),
    "a_replica_is_not_a_backup": ("01:00", "09:00"),
    "put_off_until_after_lunch": ("12:10", "13:00"),
    "the_clock_is_set": ("01:30",),
}
"""Runs, and when their nodes are asked."""


@pytest.mark.parametrize("run", KNOWN)
def test_the_view_of_a_node_is_that_of_the_command(opened: Opened, run: str) -> None:
    """What each node says of its tasks at an instant is what `unkindness tasks` says when that node is asked."""
    made = recorded(run)
    page = opened(made)
    for at in KNOWN[run]:
        seq, t = max((row["seq"], row["t"]) for row in made.rows if row["t"] <= true_time(at))
        moment = visit(f"{run}@1", t, _panels)
        for node, panels in moment.read.items():
            page.evaluate(f"app.view.seq = {seq}; app.view.from = '{node}'; app.view.side = 'backups'; app.draw()")
            shown = page.locator(".side .database").evaluate_all(ROWS)
            assert [head for head, _ in shown] == [f"Periodic Backup ({len(each.backups.tasks)})" for each in panels]
            for (_, rows), panel in zip(shown, panels, strict=True):
                for ours, view in zip(rows, panel.backups.tasks, strict=True):
                    theirs = dict(_fields(view, panel.wall, ZoneInfo(panel.zone)))
                    _same(ours, theirs | {"Task Status": STATES[view.connection]}, (at, node))
                    assert ours["state"] == ("Enabled" if view.enabled else "Disabled")


ROWS = """(all) => all.map((each) => [each.querySelector('h4').textContent, [...each.querySelectorAll('.task')].map((task) =>
  Object.fromEntries([['state', task.querySelector('.state').textContent],
    ...[...task.querySelectorAll('.field')].map((field) => [...field.children].map((part) => part.textContent))]))])"""


def _panels(world: World) -> dict[str, list[DatabasePanel]]:
    return {
        node: [shown for each in world[node].state.databases if (shown := _at(world, node, each)) is not None]
        for node in world.names
        if world[node].up
    }


def _same(ours: dict[str, str], theirs: dict[str, str], where: tuple[str, str]) -> None:
    words = {
        "Task Status": "Task Status",
        "Destinations": "Destinations",
        "Last executed on": "Last executed on node",
        "Last Full Backup": "Last Full Backup",
        "Last Incremental": "Last Incremental Backup",
        "Retention Policy": "Retention Policy",
        "Encryption": "Encryption",
    }
    for their, our in words.items():
        assert ours.get(our) == theirs.get(their), (where, their)
    coming = ours["Next Estimated Backup"].replace("delayed backup from:", "delayed from")
    assert theirs["Next Estimated Backup"].lower().startswith(coming.lower()), where


def test_a_server_wide_task_is_told_with_its_copies(opened: Opened) -> None:
    """What a template asks for, which databases it leaves out, and who has each copy; once it is gone, nothing."""
    made = recorded("one_backup_for_all")
    seq = max(row["seq"] for row in made.rows if row["t"] <= true_time("01:05"))
    page = opened(made, f"#e={seq}")
    assert page.locator(".side h4").last.inner_text() == "Server-Wide Backup (1)"
    told = page.locator(".side .task").last.inner_text().replace("\n", " ")
    for words in (
        "Backup to Local Backup Enabled",
        "Full Backup at 0 1 * * *",
        "Destinations Local",
        "Excluded Databases Scratch",
        "Databases Shop (C), Bank (C)",
    ):
        assert words in told
    page.keyboard.press("End")
    until(page, "document.querySelectorAll('.side .task').length === 0")
    assert page.locator(".side h4").all_text_contents() == ["Periodic Backup (0)"] * 3, "in RavenDB's words"


ALONE = '''"""A server-wide task that no database has a copy of."""
from scenarios.backups import backups

async def story(world):
    client = backups(world)
    client.start("ABC")
    await world.elected()
    await client.create_database("Shop", replication_factor=3)
    await client.define_server_wide(full="0 1 * * *", incremental="30 * * * *", path="all", excluded=("Shop",))
'''


def test_a_server_wide_task_without_copies_is_told(opened: Opened, tmp_path: Path) -> None:
    """What a template asks for is told where no database has a copy of it."""
    path = tmp_path / "alone.py"
    path.write_text(ALONE, encoding="utf-8")
    made = recorded(f"{path}@1")
    page = opened(made)
    told = page.locator(".side .task").inner_text().replace("\n", " ")
    for words in ("Enabled", "Full Backup at 0 1 * * *", "Incremental Backup at 30 * * * *", "Destinations Local"):
        assert words in told
    assert told.endswith("Retention Policy No backups will be removed Excluded Databases Shop Databases none")
    assert page.evaluate("app.run.state(app.run.count)") == States(made.header["names"], made.rows).at(len(made.rows))


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


def test_what_is_lost_cannot_be_restored(opened: Opened) -> None:
    """A place whose chain misses a file is not where a restore would read, and says which file and how; no place is ill for it."""
    page = opened(recorded("a_backup_file_is_lost"), "#see=stage&beside=restore")
    heads = page.locator(".side .task").evaluate_all(
        "(all) => all.map((each) => each.firstChild.textContent + each.childNodes[1].textContent)"
    )
    assert heads[0] == "s3://nightly would be read"
    assert heads[1].startswith(
        "B:backups2024-01-01-04-00-00.ravendb-incremental-backup was corrupted: who reads it notices, and"
    )
    assert page.locator(".says.ill").count() == 0
    assert "backups: 4 files" in page.locator(".stage").inner_text()
    page.evaluate("app.set({ top: { restore: 2.5 * 3600e6 } })")
    until(page, "document.querySelectorAll('.gone').length === 2")
    told = page.locator(".side .notice").all_text_contents()
    full = "2024-01-01-01-00-00.ravendb-full-backup was"
    assert told == [
        f"{full} let go by the bucket: nothing that needs it can be restored.",
        f"{full} removed: nothing that needs it can be restored.",
    ]


@pytest.mark.parametrize("panel", ["see=lanes", "beside=why", "beside=restore", "beside=backups"])
def test_hostile_names_stay_names(opened: Opened, panel: str) -> None:
    """In the panels of backups, markup and marks of direction in names and sentences are text."""
    page = opened(hostile(), f"#e=420&{panel}")
    assert page.locator("img, #page b b").count() == 0
    assert EVIL in (page.locator(".middle" if "see" in panel else ".side").text_content() or "")
