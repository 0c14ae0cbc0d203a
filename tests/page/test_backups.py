"""What the panels of backups show is what the commands tell of the same run."""

import pytest

from scenarios.inspect.audit import audit
from tests.page.conftest import Opened, recorded, until

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
