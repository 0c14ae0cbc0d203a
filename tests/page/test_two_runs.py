"""Two runs on one page: `unkindness diff RUN RUN --html FILE`."""

from pathlib import Path

import pytest

from scenarios import cli
from scenarios.inspect.differences import compared
from scenarios.page.recording import Recording, beside, recording
from tests.page.conftest import Opened, until

DIES = "responsible_node_dies@1"


def two() -> tuple[Recording, Recording]:
    """A run under our rules beside the same one under those of RavenDB 6.2."""
    found, *both = compared(DIES, DIES, other_rules="ravendb-6.2")
    one, other = (recording(play.outcome, play.request, play.loaded, "0.0.0") for play in both)
    return beside(one, other, found)


def test_two_runs_stand_on_one_axis(opened: Opened) -> None:
    """Both maps have one scale, the first event that differs is marked in each, and what came of it is listed."""
    one, other = two()
    first = one.header["compared"]["seq"]
    page = opened(one, other=other)
    assert (
        page.locator(".two h2").inner_text()
        == f"The same up to event {first - 1}; event {first} is the first that differs"
    )
    assert page.locator(".two .strip").count() == 2
    ends = page.locator(".two .leads:last-of-type rect").evaluate_all(
        "(all) => all.map((each) => each.getBoundingClientRect().right)"
    )
    longer, shorter = sorted([one.rows[-1]["t"], other.rows[-1]["t"]], reverse=True)
    assert (abs(ends[0] - ends[1]) < 1) == (abs(longer - shorter) / longer < 0.001)
    assert page.locator(".two .differs").count() == 2
    assert page.locator(".two tbody td").count() == 3 * len(one.header["compared"]["backups"])
    page.locator(".two .since").nth(1).click()
    until(page, f"app.view.run === 1 && app.view.seq === {first}")
    assert page.evaluate("app.run.header.rules") == "ravendb-6.2"
    until(page, "location.hash.includes('run=2')")


def test_one_changes_to_the_other_run_at_the_same_time(opened: Opened) -> None:
    """The key d shows the same true time in the other run, and every panel is that run's."""
    one, other = two()
    page = opened(one, "#e=100&see=space", other=other)
    before = page.evaluate("app.run.times[app.view.seq]")
    page.keyboard.press("d")
    nth, now, count = page.evaluate("[app.view.run, app.run.times[app.view.seq], app.run.count]")
    assert (nth, count) == (1, len(other.rows))
    assert now <= before
    page.keyboard.press("d")
    assert page.evaluate("app.view.run") == 0
    assert page.locator(".spacetime").is_visible()


def test_one_run_alone_has_no_such_view(opened: Opened) -> None:
    """The rail of a page of one run does not offer two."""
    page = opened(two()[0])
    assert "Two runs" not in page.locator(".rail").inner_text()


def test_diff_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`diff --html` writes a new file, names no folder of this machine, keeps its exit code, and refuses a file that is there."""
    target = tmp_path / "two.html"
    assert cli.main(["diff", DIES, DIES, "--html", str(target)]) == cli.HELD
    assert "equal: " in capsys.readouterr().out
    made = target.read_text(encoding="utf-8")
    assert made.count('id="other"') == 1
    assert str(tmp_path) not in made
    assert cli.main(["diff", DIES, DIES, "--html", str(target)]) == cli.MISTAKE
    assert f"--html {target} is there already" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == made
