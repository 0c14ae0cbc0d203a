"""What a history looks like as text. The whole picture is in `timeline.golden`; the tests here say one fact each.

`make golden` records the picture again.
"""

import os
from pathlib import Path
from typing import ClassVar

import pytest

from cluster import trace
from cluster.sim.clock import Clock
from cluster.sim.history import History, Stretch
from cluster.sim.timeline import Timeline, render, span_text, tail
from cluster.steps import Disturb
from cluster.time_units import HOUR, MINUTE, SECOND
from cluster.trace import Agreed, Note
from cluster.value import value

GOLDEN = Path(__file__).with_name("timeline.golden")


@value
class Copying(Note):
    """A kind of note that says how it is shown."""

    sign: ClassVar[str] = "B"
    weight: ClassVar[int] = 1

    def text(self) -> str:
        return "copies backup 1"


@value
class Assigned(Agreed):
    """A replicated note."""

    owner: str

    def text(self) -> str:
        return f"gives backup 1 to {self.owner}"


@value
class Words:
    """What ails nobody: a step that says this."""

    words: str

    def says(self, node: str) -> str:
        return self.words


class Teller:
    """Builds a history by hand."""

    def __init__(self) -> None:
        self.history = History(Clock())

    def at(self, seconds: float, node: str, *notes: Note) -> None:
        self.history.clock.now = round(seconds * SECOND)
        for note in notes:
            self.history.add(node, note)

    def step(self, seconds: float, says: str) -> None:
        self.at(seconds, "", trace.Stepped(Disturb("", Words(says))))

    def quiet(self, start: float, until: float) -> None:
        stretch = Stretch(len(self.history), round(start * SECOND), round(until * SECOND))
        self.history.stretches.append(stretch)

    def lines(self, detail: bool = False) -> list[str]:
        return render(self.history, "ABC", detail)


def started() -> Teller:
    """Three nodes that have just started."""
    teller = Teller()
    teller.step(0, "A, B and C start")
    for node in "ABC":
        recovered = trace.Recovered(0, "", 0, 0, (), (), 0)
        teller.at(0, node, trace.Started(1), recovered, trace.BecameFollower(0, "", ""))
    return teller


def told() -> Teller:
    """A day in the life of three nodes."""
    teller = started()
    teller.at(0.187, "B", trace.BecameCandidate(1, True), trace.BecameCandidate(1, False))
    teller.at(0.2, "A", trace.Voted(1, "B"))
    teller.at(0.204, "B", trace.BecameLeader(1, 2, 0, 0))
    teller.at(0.3, "A", trace.BecameFollower(1, "B", "follower"))
    for node in "BCA":
        teller.at(1, node, Assigned(2, "C"))
    teller.quiet(2, 3_600)
    teller.at(3_600, "C", Copying())
    teller.step(3_700, "crash B")
    teller.at(3_700, "B", trace.Crashed())
    teller.step(3_700, "crash C")
    teller.at(3_700, "C", trace.Crashed())
    for again in range(100):
        teller.at(3_701 + again / 3, "A", trace.BecameCandidate(2, True))
        teller.at(3_701.2 + again / 3, "A", trace.BecameFollower(1, "", "candidate"))
    teller.step(4_000, "restart B")
    teller.at(4_000, "B", trace.Started(2))
    teller.at(4_000.4, "A", trace.BecameLeader(3, 2, 1, 1))
    teller.quiet(4_010, 80_000)
    teller.quiet(80_000, 90_000)
    teller.at(90_000, "A", trace.Answered("a/1", "Assign", "unknown", 0), trace.Failed("KeyError: 'docs/1'"))
    return teller


def test_a_history_looks_like_this() -> None:
    """One line an event worth a line; a column a node; what is quiet, repeated or agreed on takes one line."""
    drawn = "\n".join(told().lines()) + "\n"
    if os.environ.get("UNKINDNESS_RECORD") == "1":
        GOLDEN.write_text(drawn, encoding="utf-8")
    assert drawn == GOLDEN.read_text(encoding="utf-8"), "understand the difference, then `make golden`"


@pytest.mark.parametrize("detail", [False, True])
def test_live_and_afterwards_the_lines_are_the_same(detail: bool) -> None:
    """A timeline that is told event by event draws what `render` draws, and learns the names when there are some."""
    teller, lines, names = told(), list[str](), list[str]()
    history, stretches = History(teller.history.clock), list[Stretch]()
    timeline = Timeline(lambda: names, lines.append, detail=detail, stretches=stretches)
    history.followers.append(timeline.take)
    for event in teller.history.events:
        names[:] = "ABC"
        history.clock.now = event.t
        history.add(event.node, event.note, event.cause)
        stretches += [stretch for stretch in teller.history.stretches if stretch.after == event.seq]
    timeline.close()

    assert lines == teller.lines(detail)


def test_the_event_that_ended_a_run_is_caught_up_with() -> None:
    """A watcher that raises hides its event from the followers; the timeline takes it from the history."""
    teller, lines = started(), list[str]()
    timeline = Timeline("ABC", lines.append)
    for event in teller.history.events[:4]:
        timeline.take(event)
    teller.at(1, "A", trace.BecameLeader(1, 3, 0, 0))

    timeline.catch_up(teller.history)
    timeline.close()

    assert lines[-1] == "00:00:01.000  L . .  A leads term 1 (3 votes)"
    assert lines == teller.lines()


def test_a_role_that_changed_unseen_shows_in_the_next_line() -> None:
    """Columns say what changed since the line above, whether or not it had a line."""
    teller = started()
    teller.at(1, "A", trace.BecameCandidate(1, False))
    teller.at(2, "A", trace.BecameFollower(1, "B", "candidate"))
    teller.at(3, "C", Copying())
    teller.at(4, "C", trace.BecameLeader(2, 2, 0, 0))

    assert teller.lines()[2:] == [
        "00:00:01.000  c . .  A stands for term 1",
        "00:00:03.000  f . B  C copies backup 1",
        "00:00:04.000  . . L  C leads term 2 (2 votes)",
    ]


def test_a_step_and_what_it_does_at_once_are_one_line() -> None:
    """`restart A` carries A's sign; steps of one instant keep each its own; a node that is down shows it."""
    teller = started()
    for says, node in (("crash A", "A"), ("crash B", "B")):
        teller.step(5, says)
        teller.at(5, node, trace.Crashed())
    teller.at(6, "C", Copying())
    teller.step(7, "restart A")
    teller.step(7, "restart B")
    teller.at(7, "A", trace.Started(2))
    teller.at(7, "B", trace.Started(2))
    teller.at(8, "B", trace.Crashed())

    assert teller.lines()[2:] == [
        "00:00:05.000  ! . .  crash A",
        "00:00:05.000  # ! .  crash B",
        "00:00:06.000  # # B  C copies backup 1",
        "00:00:07.000  ^ . .  restart A",
        "00:00:07.000  . ^ .  restart B",
        "00:00:08.000  . ! .  B crashes",
    ]


def test_what_comes_again_and_again_is_counted_and_headlines_are_not() -> None:
    """Within a minute the same line is counted; after more than a minute it is shown again."""
    teller = started()
    for seconds in (1, 2, 3, 200):
        teller.at(seconds, "C", Copying())
    for seconds in (201, 202):
        teller.at(seconds, "A", trace.Failed("no"))

    assert teller.lines()[2:] == [
        "00:00:01.000  . . B  C copies backup 1",
        "              . . .  … C copies backup 1: 2 times more, until 00:00:03.000",
        "00:03:20.000  . . B  C copies backup 1",
        "00:03:21.000  X . .  A program failed: no",
        "00:03:22.000  X . .  A program failed: no",
    ]


def test_an_agreed_note_is_shown_once_and_not_again_after_a_restart() -> None:
    """The first node that applied an entry tells of it; nobody tells of it twice."""
    teller = started()
    teller.at(1, "B", Assigned(7, "C"))
    teller.at(2, "A", Assigned(7, "C"))
    teller.at(200, "B", Assigned(7, "C"), Assigned(8, "C"))

    assert [line for line in teller.lines() if "gives" in line] == [
        "00:00:01.000  . . .  B gives backup 1 to C",
        "00:03:20.000  . . .  B gives backup 1 to C",
    ]


def test_detail_shows_everything_with_numbers() -> None:
    """Messages, votes and starts have lines, and every line of an event can be named."""
    teller = started()
    teller.at(1, "A", trace.Voted(1, "B"))

    lines = teller.lines(detail=True)

    assert [line.split()[0] for line in lines[1:]] == [f"#{number}" for number in range(1, len(lines))]
    assert lines[-1].endswith("A votes for B in term 1")


def test_short_quiet_has_no_line() -> None:
    """Less than a minute of quiet is not worth one."""
    teller = started()
    teller.quiet(1, 50)
    teller.at(51, "C", Copying())

    assert not [line for line in teller.lines() if "quiet" in line]


def test_the_tail_keeps_the_names() -> None:
    """The last lines stand under the heading; a short history is shown whole."""
    whole = told().lines()

    *_, heading = (line for line in whole if line.startswith("time "))
    body = [line for line in whole if not line.startswith("time ")]
    assert tail(told().history, "ABC", 3) == [heading, *body[-3:]]
    assert tail(told().history, "ABC", 1_000) == whole
    assert tail(History(Clock()), ()) == []
    unnamed = Teller()
    for number in range(9):
        unnamed.at(number, "", trace.Said(str(number)))
    assert tail(unnamed.history, (), 3) == ["00:00:06.000  6", "00:00:07.000  7", "00:00:08.000  8"]


def test_long_names_widen_their_columns() -> None:
    """A sign stands under its node's name."""
    teller = Teller()
    teller.at(1, "WEST", trace.BecameLeader(1, 1, 0, 0))
    teller.at(2, "B", trace.Crashed())

    assert render(teller.history, ("WEST", "B")) == [
        "time          WEST B",
        "00:00:01.000  L    .  WEST leads term 1 (1 vote)",
        "00:00:02.000  .    !  B crashes",
    ]


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (SECOND // 2, "0.5 s"),
        (45 * SECOND, "45 s"),
        (90 * SECOND, "1 min 30 s"),
        (2 * HOUR - SECOND, "2 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
        (28 * HOUR, "1 d 4 h"),
        (72 * HOUR, "3 d"),
    ],
)
def test_spans_say_what_matters(duration: int, text: str) -> None:
    """One or two units, rounded in the smaller one."""
    assert span_text(duration) == text
