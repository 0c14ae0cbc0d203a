"""Cause and consequence in the page are those of `unkindness explain`."""

import pytest

from scenarios.inspect.explain import explanation
from scenarios.inspect.played_run import played
from tests.page.conftest import Opened, recorded, until

NIGHT = "cut_off_owner_backs_up_twice"
ASKED = """async (seqs) => seqs.map((seq) => {
  app.view.side = "causes"; app.view.seq = seq; app.draw();
  return [...document.querySelectorAll(".causes h4:first-of-type + ol .number")].map((each) => each.textContent);
})"""


@pytest.mark.parametrize("run", [NIGHT, "storm", "no_leader_still_backed_up"])
def test_page_and_command_tell_the_same_chains(opened: Opened, run: str) -> None:
    """For every seventeenth event the page has the causes and the consequences that the command has, guessed ones marked alike."""
    events = played(run).outcome.history.events
    page = opened(recorded(run))
    seqs = list(range(1, len(events) + 1, 17))
    shown = page.evaluate(ASKED, seqs)
    for seq, numbers in zip(seqs, shown, strict=True):
        found = explanation(events, seq)
        causes = [
            f"{'' if event.cause == parent else '~ '}{event.seq}"
            for event, parent in zip(found.causes, found.parents, strict=False)
        ]
        assert numbers == causes, seq
    led = page.evaluate("(seqs) => seqs.map((seq) => app.run.ledTo(seq))", seqs)
    assert led == [[event.seq for event in explanation(events, seq).led_to] for seq in seqs]


def test_the_second_backup_leads_back_to_the_cut(opened: Opened) -> None:
    """The chain of the backup that ran twice begins with the cut; what is not part of it is faded, and a click goes along it."""
    made = recorded(NIGHT)
    twice = next(row["seq"] for row in made.rows if row["kind"] == "BackupStarted" and row["node"] == "C")
    page = opened(made, f"#e={twice}&beside=causes")
    first = page.locator(".causes ol .cause").first
    assert "split B | AC" in first.inner_text()
    assert page.locator(".spacetime .chain").count() == 1
    assert page.locator(".spacetime .faded").count() > page.locator(".spacetime .mark:not(.faded)").count() > 0
    first.click()
    until(page, f"app.view.seq < {twice}")
    assert page.evaluate("app.run.kind(app.view.seq)") == "Stepped"
    page.keyboard.press("e")
    until(page, "document.querySelectorAll('.faded').length === 0")
