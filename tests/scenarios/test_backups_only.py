"""A picture of backups alone: a day on one screen, who is responsible and who believes to be, and who was cut off."""

import xml.etree.ElementTree as ET

import pytest

from cluster.steps import Crash, Cut, CutOneWay, Heal, Mend, Split, Start, Step
from cluster.time_units import HOUR, MINUTE
from cluster.trace import Crashed, Happened, Started, Stepped
from scenarios.cli import MISTAKE, main
from scenarios.drawing.backups_only import backups_only
from scenarios.drawing.command import draw
from scenarios.drawing.picture import Picture, Side, Turn
from scenarios.drawing.sides import beliefs, sides
from scenarios.inspect.played_run import played
from tests.scenarios.test_pictures_anywhere import colours, overlaps, rendered_by_cairo

DAYS = ["cut_off_owner_backs_up_twice", "no_leader_still_backed_up", "responsible_node_dies", "back_to_last_friday"]


def drawn(run: str) -> Picture:
    """The picture of a whole run."""
    outcome = played(run).outcome
    return backups_only(outcome.history, outcome.names, 0, outcome.history.events[-1].t)


def test_a_node_that_is_cut_off_goes_on_believing() -> None:
    """The cluster's bracket has moved, its own goes on until it hears of it: that is why an hour has two backups."""
    found = drawn("cut_off_owner_backs_up_twice")

    agreed = {turn.node: turn for turn in found.turns}
    own = {turn.node: turn for turn in found.beliefs}
    assert agreed["B"].until // MINUTE == own["C"].start // MINUTE == 103
    assert own["B"].until // MINUTE == 210, "when the links are healed"
    [larger, smaller] = found.sides
    assert (larger, smaller) == (
        Side(0, ("A", "C"), 72 * MINUTE, 210 * MINUTE),
        Side(1, ("B",), 72 * MINUTE, 210 * MINUTE),
    )
    twice = [run.node for run in found.runs if 2 * HOUR <= run.start < 2 * HOUR + MINUTE]
    assert sorted(twice) == ["B", "C"]


def test_a_node_that_is_down_believes_nothing() -> None:
    """After its restart it believes what its disk holds, until it hears of another owner."""
    outcome = played("responsible_node_dies").outcome
    events = outcome.history.events
    crash = next(event.t for event in events if isinstance(event.note, Crashed))
    back = next(event.t for event in events if isinstance(event.note, Started) and event.t > crash)

    own = beliefs(events, outcome.names, 0, events[-1].t)

    first, second = [turn for turn in own if turn.node == "B"]
    assert (first.until, second.start) == (crash, back)
    assert second.until - back < MINUTE
    assert [turn.node for turn in own][-1] == "C"


def test_nothing_of_the_consensus_is_in_it() -> None:
    """No logs, no messages, no elections: who leads, who is down, and what becomes of backups."""
    found = drawn("no_leader_still_backed_up")
    assert (found.arrows, found.rows, found.words) == ((), (), ())
    assert {life.role for life in found.lives} <= {"leader", "follower", "down"}
    assert not any("writes" in each.text for each in found.sentences)
    assert [run.kind for run in found.runs if run.node == "B"].count("incremental") == 3


def steps_at(*steps: tuple[int, Step]) -> list[Happened]:
    """A history of nothing but steps."""
    return [Happened(seq, t, "", 0, Stepped(step)) for seq, (t, step) in enumerate(steps, 1)]


def test_sides_are_told_from_what_was_cut() -> None:
    """Link by link too; one way alone parts nobody, nor does a way round."""
    events = steps_at(
        (0, Start(("A", "B", "C"))),
        (10, CutOneWay("A", "B")),
        (20, Cut("A", "B")),
        (30, Cut("A", "C")),
        (40, Crash("B")),
        (50, Heal()),
        (60, Split((("A",), ("B",)))),
        (65, Split((("A",), ("B",), ("C",)))),
        (70, Mend()),
    )
    found = sides(events, "ABC", 0, 100)
    apart = [(side.start, side.until, side.nodes) for side in found]
    assert apart == [
        *[(30, 50, ("B", "C")), (30, 50, ("A",))],
        *[(65, 70, ("A",)), (65, 70, ("B",)), (65, 70, ("C",))],
    ]
    assert sides(events, "ABC", 35, 45) == (Side(0, ("B", "C"), 35, 45), Side(1, ("A",), 35, 45))
    assert sides(events[:1], "ABC", 0, 100) == ()


@pytest.mark.parametrize("story", DAYS)
def test_a_day_fits_on_one_screen(story: str) -> None:
    """At most 800 points high, however long the run; no label lies on another, and it is light in an old viewer."""
    svg = draw(story, only="backups")
    root = ET.fromstring(svg)
    assert float(root.attrib["height"]) <= 800
    assert f"unkindness draw {story} --only backups" in svg
    assert overlaps(svg) == []
    for each in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(each.attrib["y"]) <= float(root.attrib["height"])
    found = colours(rendered_by_cairo(svg))
    assert found["#ffffff"] > 0.5 * found.total()


def test_what_cannot_be_drawn_alone_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Another word, and a run without backups."""
    assert main(["draw", "the_crown_passes", "--only", "logs"]) == MISTAKE
    assert "--only logs: only backups can be drawn alone, so say --only backups" in capsys.readouterr().err
    assert main(["draw", "the_crown_passes", "--only", "backups"]) == MISTAKE
    assert "nobody owns or runs a backup task in the_crown_passes: leave" in capsys.readouterr().err


def test_beliefs_of_other_nodes_are_left_out() -> None:
    """Where only some nodes are drawn."""
    events = played("cut_off_owner_backs_up_twice").outcome.history.events
    [turn] = beliefs(events, ("C",), 0, 3 * HOUR)
    assert isinstance(turn, Turn)
    assert (turn.node, turn.until) == ("C", 3 * HOUR)
