"""Space-time diagrams: what is drawn happened, all of it lies where its time is, and a wrong question gets a remedy."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings

from cluster.admin_requests import ASKING_WORDS
from cluster.proposals import PROPOSAL_WORDS
from cluster.raft import messages as law
from cluster.raft.state import Raft
from cluster.raft.timing import Compaction, Timing
from cluster.sim.run import BROKEN, Outcome, play
from cluster.sim.world import World
from cluster.time_units import MILLISECOND, SECOND
from cluster.trace import BecameCandidate, Crashed, Delivered, Ended, Happened, Lost
from scenarios import cli
from scenarios.drawing.command import MOST, breach, draw
from scenarios.drawing.from_history import picture
from scenarios.drawing.messages import KINDS, SAID
from scenarios.drawing.picture import Picture
from scenarios.drawing.scale import FOLDED, Room, gap, scale
from scenarios.drawing.shapes import text
from scenarios.drawing.svg import svg
from scenarios.gallery import StoryError
from scenarios.inspect.played_run import played
from scenarios.kept_run import ReplayError
from scenarios.strategies import seeds
from scenarios.zoo.storm import storm

SPACE = "{http://www.w3.org/2000/svg}"


def whole(outcome: Outcome, start: int = 0, until: int | None = None) -> Picture:
    """A picture of a run, or of a while of it."""
    last = outcome.history.events[-1].t
    return picture(outcome.history, outcome.names, start, last if until is None else until, title="It happened.")


@settings(max_examples=8)
@given(seed=seeds())
def test_every_arrow_was_sent_and_landed_or_was_lost(seed: int) -> None:
    """Under any weather: each arrow is one event of the trace, downward, and no message of consensus is left out."""
    outcome = play(storm("ABC"), seed)
    landed = [event for event in outcome.history.events if isinstance(event.note, Delivered | Lost)]

    drawn = whole(outcome)

    assert {each.kind for each in drawn.arrows} <= set(KINDS)
    assert [(each.number, each.t, each.receiver) for each in drawn.arrows] == [
        (event.note.number, event.t, event.node) for event in landed if isinstance(event.note, Delivered | Lost)
    ]
    assert all(each.sent < each.t and each.sender != each.receiver for each in drawn.arrows)


@pytest.mark.parametrize("timing", [Timing(), Timing(compaction=Compaction(entries=5, growth=0, margin=0, part=64))])
@settings(max_examples=5)
@given(seed=seeds())
def test_a_log_is_drawn_as_the_node_has_it(timing: Timing, seed: int) -> None:
    """What stands last beside a life line is what the node holds and has committed at the end, behind a snapshot or without."""
    at_the_end: dict[str, Raft] = {}

    def follow(world: World) -> None:
        def look(event: Happened) -> None:
            if isinstance(event.note, Ended):
                at_the_end.update({name: slot.node.raft for name, slot in world.slots.items() if slot.node is not None})

        world.history.followers.append(look)

    outcome = play(storm("ABC"), seed, follow=follow, timing=timing)

    last = {row.node: row for row in whole(outcome).rows}
    assert sorted(at_the_end) == ["A", "B", "C"], "the sky has cleared"
    for name, raft in at_the_end.items():
        row = last[name]
        terms = tuple(raft.log.term_at(index) for index in range(row.base + 1, raft.log.last_index + 1))
        assert (row.base, row.terms, row.commit) == (raft.log.base, terms, raft.commit)


@settings(max_examples=5)
@given(seed=seeds())
def test_a_picture_is_well_formed_and_the_same_every_time(seed: int) -> None:
    """XML that parses, without a script, everything within its frame, the same bytes for the same run."""
    outcomes = [play(storm("ABC"), seed, shuffle=shuffle) for shuffle in (0, 1)]

    first, second = (svg(whole(outcome, until=SECOND)) for outcome in outcomes)

    assert first == second
    root = ET.fromstring(first)
    assert not root.findall(f".//{SPACE}script")
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for each in root.iter(f"{SPACE}text"):
        assert 0 <= float(each.attrib["x"]) <= width
        assert float(each.attrib["y"]) <= height


def test_all_that_consensus_says_can_be_drawn() -> None:
    """Every class that goes over a wire for the law, for proposals and for wishes has a kind of arrow."""
    of_the_law = {name for name, each in vars(law).items() if isinstance(each, type) and hasattr(each, "beat")}
    words = {word.__name__ for word in (*PROPOSAL_WORDS, *ASKING_WORDS)} - {
        "Change",
        "Alteration",
        "MemberPlace",
        "Way",
    }

    assert of_the_law | words <= {*SAID, "RequestVote", "VoteReply", "AppendEntries"}


def test_a_vote_is_told_from_a_refusal_and_from_a_trial() -> None:
    """As many votes arrive as the winner counts from others, and every trial is drawn as one."""
    outcome = played("the_crown_passes").outcome

    kinds = [arrow.kind for arrow in whole(outcome).arrows if not arrow.lost]

    assert kinds.count("vote") == 2 + 1, "A hears both, C hears B"
    assert kinds.count("trial") == kinds.count("answer") == 3


def test_a_split_vote_is_refused_all_round() -> None:
    """Five stand in term 1: twenty questions, and nobody gets a vote but its own."""
    outcome = played("split_vote").outcome

    arrows = whole(outcome, until=767 * MILLISECOND).arrows

    assert len([arrow for arrow in arrows if arrow.kind == "question"]) == 20
    assert not [arrow for arrow in arrows if arrow.kind == "vote"]


def test_a_question_is_told_from_a_trial_by_when_it_was_sent() -> None:
    """Where links are slow, an answer arrives when its asker has long stood for something else."""
    outcome = played("too_far_apart").outcome

    arrows = whole(outcome, until=20 * SECOND).arrows

    stood = {(event.node, event.t): event.note for event in outcome.history.of(BecameCandidate)}
    for each in arrows:
        if each.kind == "trial":
            assert stood[each.sender, each.sent].trial
        if each.kind == "question":
            assert (each.sender, each.sent) not in stood, "it leaves when the vote is on the disk"
    assert {each.kind for each in arrows} == {"trial", "answer", "question", "refusal"}


def test_what_cannot_be_printed_does_not_break_a_picture() -> None:
    """A sentence may hold anything; XML may not."""
    assert text(0, 0, "a\x00<b>") == '<text x="0" y="0">a\N{REPLACEMENT CHARACTER}&lt;b&gt;</text>'


def test_a_broken_promise_is_marked_where_it_strikes() -> None:
    """The run ends there, at that node, with the words of the violation."""
    run = played("storm@6", "majority-of-half")
    assert run.outcome.verdict == BROKEN

    found = breach(run)

    assert found is not None
    assert (found.node, found.t) == ("B", run.outcome.history.events[-1].t)
    assert found.text == "election safety: A and B both lead term 1"
    assert "broken: election safety: A and B both lead term 1" in draw("storm@6", bug="majority-of-half")


def test_backups_are_bars_and_owners_change() -> None:
    """The runs of a night on their nodes, with the while in which each is responsible; a node that dies ends no run twice."""
    outcome = played("no_leader_still_backed_up").outcome

    drawn = whole(outcome)

    assert [run.kind for run in drawn.runs if run.node == "B"] == ["full", *["incremental"] * 3]
    assert [turn.node for turn in drawn.turns if turn.task == 3] == ["B", "C"]
    assert [mark.kind for mark in drawn.marks].count("reported") == 3
    assert {mark.t for mark in drawn.marks if mark.kind == "crash"} == {
        event.t for event in outcome.history.of(Crashed)
    }


def test_later_stands_lower_and_a_long_wait_is_folded() -> None:
    """The scale is strictly monotone; a second and an hour are one fold each; no room overlaps another of its lane."""
    instants = (0, 10, 400, 7_000, 7_000 + FOLDED, 3_600 * SECOND)
    rooms = [Room(10, "A", 20), Room(400, "A", 20), Room(400, "A", 20), Room(400, "B", 5)]

    found = scale(instants, rooms, 50)

    ys = [found.at[t] for t in instants]
    assert ys == sorted(set(ys))
    assert [fold.duration for fold in found.folds] == [FOLDED, 3_600 * SECOND - 7_000 - FOLDED]
    assert found.places[1] >= found.places[0] + 20
    assert found.places[2] >= found.places[1] + 20
    assert found.places[3] == found.at[400]
    assert gap(100) < gap(5_000) < gap(100_000)


def test_a_kept_run_is_drawn_as_its_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The saved events are compared and the picture is the same, but for the command below it, which names no folder of this machine."""
    assert cli.main(["run", "the_crown_passes", "--seed", "3", "-q", "--out", str(tmp_path)]) == cli.HELD
    kept = str(tmp_path / "the_crown_passes@3")

    drawn = draw("the_crown_passes@3")

    ours = draw(kept)
    assert str(tmp_path) not in ours
    assert re.sub(r"draw …\S*/the_crown", "draw the_crown", ours) == drawn
    with pytest.raises(
        ReplayError,
        match="was kept without --bug, and is what it was: leave --bug away",
    ):
        draw(kept, bug="majority-of-half")
    trace = tmp_path / "the_crown_passes@3" / "trace.ndjson"
    trace.write_text(trace.read_text().replace('"votes":2', '"votes":3'))
    capsys.readouterr()
    assert cli.main(["draw", kept]) == cli.DIVERGED
    assert "played again is another run: `unkindness replay " in capsys.readouterr().err


def test_the_command_prints_or_writes_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To standard output, or into a file that is named."""
    path = tmp_path / "crown.svg"

    assert cli.main(["draw", "the_crown_passes", "--to", "1s"]) == cli.HELD
    printed = capsys.readouterr().out
    assert cli.main(["draw", "the_crown_passes", "--to", "1s", "--svg", str(path)]) == cli.HELD

    assert path.read_bytes().decode() == printed == draw("the_crown_passes", until="1s")
    assert capsys.readouterr().out == ""
    assert cli.main(["draw", "the_crown_passes", "--svg", str(tmp_path)]) == cli.MISTAKE
    assert "is there already: name a new file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ({"run": "the_crown_pases"}, r"no run 'the_crown_pases'\. Did you mean the_crown_passes"),
        ({"run": "the_crown_passes@x"}, "'x' is no seed: give a whole number"),
        ({"run": "the_crown_passes@1:7"}, "leave the number away, and give --from and --to"),
        ({"run": "the_crown_passes", "bug": "x"}, "there is no bug 'x' in the zoo"),
        ({"run": "the_crown_passes", "nodes": "AQ"}, "no node 'Q' in this run: --nodes takes some of A B C"),
        ({"run": "the_crown_passes", "nodes": "A,AA"}, "no node 'AA' in this run: --nodes takes some of A B C"),
        ({"run": "the_crown_passes", "start": "noon"}, "'noon' is no time: write"),
        ({"run": "the_crown_passes", "start": "2s", "until": "1s"}, "there is no time: let --to be after --from"),
        ({"run": "the_crown_passes", "start": "1d"}, r"--from 1d: the run ends at 00:01:\S+, so give an earlier time"),
        (
            {"run": "the_crown_passes", "start": "2s", "until": "9s"},
            r"nothing happens .* at 00:00:00\.760 and 00:01:00\.754, so move --from or --to there",
        ),
        (
            {"run": "a_thousand_entries_asleep"},
            rf"4,\d\d\d things to draw, and {MOST} can be read: narrow it, for example by --to 00:00:0",
        ),
    ],
)
def test_a_wrong_question_gets_a_remedy(question: dict[str, str], says: str) -> None:
    """One sentence that names the value and says what to do."""
    with pytest.raises((ReplayError, StoryError), match=says):
        draw(**question)


def test_the_remedy_for_too_much_works() -> None:
    """The window that is proposed can be drawn."""
    with pytest.raises(ReplayError) as caught:
        draw("a_thousand_entries_asleep")
    until = str(caught.value).partition("--to ")[2].partition(",")[0]

    assert draw("a_thousand_entries_asleep", until=until).startswith("<svg ")


def test_a_story_without_nodes_has_nothing_to_draw(tmp_path: Path) -> None:
    """It cannot be played, which is said with the command that tells why."""
    path = tmp_path / "mine.py"
    path.write_text("async def story(world):\n    pass\n")

    with pytest.raises(ReplayError, match=r"cannot be looked into, as it cannot be played: `unkindness run .*mine\.py"):
        draw(str(path))


def test_a_story_that_cannot_be_played_cannot_be_drawn(tmp_path: Path) -> None:
    """Its mistake is told by `run`, with the line."""
    path = tmp_path / "mine.py"
    path.write_text('async def story(world):\n    world.start("ABC")\n    world.crash("Q")\n')

    with pytest.raises(ReplayError, match=r"cannot be looked into, as it cannot be played: `unkindness run .*mine\.py"):
        draw(str(path))
