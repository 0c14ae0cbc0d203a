"""Cause and consequence: every chain goes back in time to a step of the story, and a broken promise is told with its own."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings

from backup.notes import BackupFailed, BackupStarted, OwnerChanged
from cluster.sim.run import play
from cluster.steps import Crash, Split
from cluster.trace import BecameLeader, Delivered, Ended, Happened, Said, Stepped
from scenarios.cli import BROKEN, HELD, main
from scenarios.gallery import gallery
from scenarios.inspect.causality import chain, consequences, parents, shortened
from scenarios.inspect.explain import explanation, lines
from scenarios.inspect.played_run import played
from scenarios.kept_run import ReplayError
from scenarios.strategies import seeds
from scenarios.zoo.storm import storm

CUT_OFF = "cut_off_owner_backs_up_twice@1"


def events_of(run: str, bug: str | None = None) -> Sequence[Happened[Any]]:
    """The events of a run."""
    return played(run, bug).outcome.history.events


def judge(events: Sequence[Happened[Any]]) -> None:
    """Every parent is before its child, a named cause is kept but for a place's fault, and every chain begins with a step."""
    parent = parents(events)
    assert len(parent) == len(events) + 1
    for event in events:
        assert 0 <= parent[event.seq] < event.seq
        begins = events[chain(events, parent, event.seq)[0] - 1]
        assert isinstance(begins.note, Stepped | Said | Ended), f"{event} begins with {begins}"


@settings(max_examples=12)
@given(seed=seeds())
def test_every_chain_begins_with_a_step(seed: int) -> None:
    """In any weather: nothing happens in a cluster that no story began."""
    judge(play(storm("ABC"), seed).history.events)


@pytest.mark.parametrize("story", [entry.story for entry in gallery()][::6])
def test_every_chain_of_a_story_begins_with_a_step(story: str) -> None:
    """With backups too: plans, runs, reports, moves, replication."""
    judge(events_of(story))


def test_a_backup_that_ran_twice_leads_back_to_the_cut() -> None:
    """The second owner starts because it was given the task, because the first did not respond, because it was cut off."""
    events = events_of(CUT_OFF)
    second = next(event for event in events if isinstance(event.note, BackupStarted) and event.node == "C")

    led = [events[seq - 1] for seq in chain(events, parents(events), second.seq)]

    assert isinstance(led[0].note, Stepped)
    assert isinstance(led[0].note.step, Split)
    assert [event.note.owner_after for event in led if isinstance(event.note, OwnerChanged)] == ["C"]
    assert led[-1] is second


def test_a_chain_and_what_follows_are_two_sides_of_one() -> None:
    """What an event led to is exactly what has that event in its chain; but a step, for which the story only waited."""
    events = events_of(CUT_OFF)
    parent = parents(events)
    others = [event.seq for event in events if not isinstance(event.note, Stepped)]
    for seq in (1, 156, 257, len(events)):
        after = {each for each in others if each != seq and seq in chain(events, parent, each)}
        assert set(consequences(events, parent, seq)) == after


def test_a_full_folder_is_the_cause_of_the_failure() -> None:
    """Of a failed run, and not the plan: it would have succeeded at another place."""
    events = events_of("the_backup_folder_is_full")
    failed = next(event for event in events if isinstance(event.note, BackupFailed))

    led = chain(events, parents(events), failed.seq)

    assert "full" in events[led[0] - 1].note.text()
    assert len(led) == 2


def test_an_election_leads_back_to_the_crash() -> None:
    """The trace names no cause of a timer that runs out; the crash of the leader is the nearest."""
    events = events_of("the_crown_passes")
    crash = next(event for event in events if isinstance(event.note, Stepped) and isinstance(event.note.step, Crash))
    heir = next(event for event in events[crash.seq :] if isinstance(event.note, BecameLeader))

    assert chain(events, parents(events), heir.seq)[0] == crash.seq
    told = list(lines(explanation(events, heir.seq)))
    assert any(line.startswith("  ~ #") and "asks whether it could win" in line for line in told)
    assert any(line.strip().startswith("(~ the trace names no cause") for line in told)


def test_a_long_chain_keeps_its_ends_and_its_headlines() -> None:
    """At most so many, in order; steps on the way go first."""
    events = events_of(CUT_OFF)
    second = next(event for event in events if isinstance(event.note, BackupStarted) and event.node == "C")
    led = chain(events, parents(events), second.seq)
    assert len(led) > 9

    short = shortened(events, led, 9)

    assert len(short) == 9
    assert short == sorted(short)
    assert (short[0], short[-1]) == (led[0], led[-1])
    assert set(short) < set(led)
    assert any(isinstance(events[seq - 1].note, OwnerChanged) for seq in short)
    assert sum(isinstance(events[seq - 1].note, Delivered) for seq in short) <= 2
    assert shortened(events, led, 99) == led


def test_an_event_is_shown_with_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    """Its neighbours, what led to it, what it led to; as JSON the events are those of a trace."""
    events = events_of(CUT_OFF)
    split = next(
        event.seq for event in events if isinstance(event.note, Stepped) and isinstance(event.note.step, Split)
    )
    assert main(["explain", f"{CUT_OFF}:{split}"]) == HELD
    said = capsys.readouterr().out
    assert f"  > #{split}  01:12:00.000  split B | AC" in said
    assert "what led to it:\n    the story\n" in said
    second = next(event.seq for event in events if isinstance(event.note, BackupStarted) and event.node == "C")
    assert f"#{second}  02:00:00.001  C starts a full backup of task 3 of Shop" in said
    assert "\n    and 1" in said

    assert main(["explain", f"{CUT_OFF}:{second}", "--json"]) == HELD
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["event", "parents", "causes", "led_to"]
    assert found["event"]["seq"] == second
    assert found["parents"][1:] == [event["seq"] for event in found["causes"]]


def test_a_strike_says_what_it_waited_for() -> None:
    """A fault keyed to an event has that event in its chain, though it begins a chain of its own for what follows."""
    events = events_of("storm@6", "majority-of-half")
    strike = next(event for event in events if isinstance(event.note, Stepped) and event.cause)
    parent = parents(events)
    assert chain(events, parent, strike.seq)[-2:] == [strike.cause, strike.seq]
    crashed = next(event for event in events if event.cause == strike.seq)
    assert chain(events, parent, crashed.seq) == [strike.seq, crashed.seq]


def test_the_report_of_a_failure_has_the_chain(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten lines at most, from the step that began it to the event in which the promise broke, and the way to more."""
    assert main(["run", "storm", "--seed", "6", "--bug", "majority-of-half", "-q"]) == BROKEN
    said = capsys.readouterr().out.splitlines()
    at = said.index("  what led to it:")
    chain_shown = said[at + 1 : said.index("  again    unkindness run storm --seed 6 --bug majority-of-half")]
    assert 2 <= len(chain_shown) <= 9
    assert chain_shown[-1] == "    #44  00:00:00.312  B leads term 1 (1 vote)"
    assert "  look     unkindness explain storm@6:44 --bug majority-of-half" in said
    assert main(["explain", "storm@6:44", "--bug", "majority-of-half"]) == HELD


def test_there_is_no_event_before_the_first() -> None:
    """Nor after the last."""
    events = events_of("the_crown_passes")
    for seq in (0, len(events) + 1):
        with pytest.raises(ReplayError, match=f"there is no event {seq}: the run has events 1 to {len(events)}"):
            explanation(events, seq)
