"""Every interleaving of a tiny cluster: what is found, at which depth, and that nothing is left out."""

import json
from typing import Any, get_args

import attrs
import pytest

from cluster.checks import Violation
from cluster.checks.consensus import consensus_watchers
from cluster.raft import state
from cluster.raft.log import Log
from cluster.raft.messages import AppendEntries, Entry, Message
from cluster.raft.progress import Progress
from cluster.raft.state import Leader
from scenarios import cli
from scenarios.cli import main
from scenarios.explore import (
    Bounds,
    BoundsError,
    CannotHappen,
    Deliver,
    Expire,
    SearchResult,
    Sync,
    explore,
    follow,
    story_lines,
)
from scenarios.explore import command as speaking
from scenarios.explore.identity import LOG_PARTS, PARTS, Kept, UnknownPart, know, normal_form, unknown_parts
from scenarios.explore.promises import lost
from scenarios.explore.search import Search
from scenarios.explore.storage_probe import says_early
from scenarios.zoo import all_bugs, bug_named, planted
from tests.scenarios.plain_explorer import orbits, plain_search

# ---- the core as it is ----

CLEAN = [
    (Bounds(nodes=1, terms=2, entries=2), (21, 21, 7)),
    (Bounds(nodes=2, terms=2, entries=1), (1_849, 3_674, 23)),
    (Bounds(nodes=2, terms=1, entries=1, crashes=1, duplicates=1, beats=1), (23_150, 46_287, 20)),
    (Bounds(nodes=3, terms=1, entries=0), (2_399, 14_219, 20)),
    (Bounds(nodes=3, terms=1, entries=1, instant_disk=True), (2_174, 12_925, 19)),
    (Bounds(nodes=2, terms=2, entries=0, rachis=True), (43_845, 87_658, 35)),
    (Bounds(nodes=2, terms=2, entries=1, reads=1), (4_899, 9_774, 27)),
    (Bounds(nodes=3, terms=1, entries=0, changes=1, pairs=True, instant_disk=True), (55_651, 55_651, 25)),
    (Bounds(nodes=3, terms=2, entries=0, changes=1, outside=1, instant_disk=True), (15_172, 15_172, 26)),
]
"""Distinct states, the same with every renaming, and the greatest depth."""


@pytest.mark.parametrize(("bounds", "expected"), CLEAN, ids=str)
def test_the_core_keeps_every_promise_within_bounds(bounds: Bounds, expected: tuple[int, int, int]) -> None:
    """All states there are; their number is part of the promise, for a state left out would not be missed otherwise."""
    found = explore(bounds)
    assert (found.verdict, found.broken) == ("exhausted", None)
    assert (found.distinct, found.full, found.depth) == expected


WIDE = [
    (Bounds(terms=1, entries=1, crashes=1), (93_620, 561_175, 29)),
    (Bounds(terms=1, entries=2), (1_694_067, 10_164_227, 42)),
    (Bounds(terms=2, entries=0, instant_disk=True), (2_626_987, 15_755_164, 30)),
]
"""Minutes of search."""


@pytest.mark.campaign
@pytest.mark.parametrize(("bounds", "expected"), WIDE, ids=str)
def test_the_core_keeps_every_promise_within_wider_bounds(bounds: Bounds, expected: tuple[int, int, int]) -> None:
    """The same, and the figures that the README shows."""
    test_the_core_keeps_every_promise_within_bounds(bounds, expected)


BACK = Bounds(nodes=2, crashes=1, changes=1, batch=1)
"""A leader of two commits alone, as its change says that B leaves, and loses that change in a crash."""


def test_half_of_the_disks_is_enough_once_a_change_was_taken_back() -> None:
    """What one of one committed is on one of two disks: no majority of both is without it."""
    found = explore(BACK, depth=20)
    assert (found.verdict, found.broken) == ("depth", None)


def test_who_lacks_the_entry_may_be_no_majority_even_then() -> None:
    """Taken back or not: where those without a committed entry can elect one of themselves, it is lost."""
    entry = Entry(1, None, b"")
    founders, sealed = [(("A", "B", "C"), ())], ((entry, 1),)
    assert lost("ABC", [(entry,), (), ()], sealed, founders, is_one_back=True) is not None
    assert lost("AB", [(entry,), ()], sealed, [(("A", "B"), ())], is_one_back=True) is None
    assert lost("AB", [(entry,), ()], sealed, [(("A", "B"), ())]) is not None


# ---- a second, dumb search ----

SMALL = [
    ("AB", {"proposals": 1}, 1, False, 99),
    ("AB", {"proposals": 1, "crashes": 1}, 1, False, 99),
    ("AB", {"duplicates": 1, "beats": 1}, 1, False, 99),
    ("AB", {"proposals": 1, "drops": 1}, 1, False, 99),
    ("AB", {"proposals": 1, "crashes": 1}, 2, True, 9),
    ("ABC", {}, 1, True, 99),
    ("ABC", {"crashes": 1}, 2, False, 6),
    ("AB", {"changes": 1}, 1, False, 99),
    ("AB", {"changes": 2, "outside": 1}, 2, True, 99),
    ("ABC", {"changes": 1}, 1, True, 12),
    ("ABC", {"changes": 1, "outside": 1, "crashes": 1}, 1, True, 99),
    ("AB", {"reads": 2, "proposals": 1}, 1, False, 99),
    ("AB", {"reads": 1}, 2, True, 99),
]


def ours(names: str, limits: dict[str, int], terms: int, instant: bool) -> Bounds:
    """The same bounds in the words of the product."""
    more: dict[str, Any] = {name: limit for name, limit in limits.items() if name != "proposals"}
    return Bounds(len(names), terms, limits.get("proposals", 0), instant_disk=instant, **more)


@pytest.mark.parametrize(("names", "limits", "terms", "instant", "depth"), SMALL)
def test_renaming_and_remembering_lose_no_state(
    names: str, limits: dict[str, int], terms: int, instant: bool, depth: int
) -> None:
    """The dumb search writes whole states out: as many states, as many of them up to renaming, as deep."""
    most = {name: limit for name, limit in limits.items() if name != "outside"}
    keys, _, deepest = plain_search(names, most, terms, instant, deepest=depth, outside=limits.get("outside", 0))
    found = explore(ours(names, limits, terms, instant), depth=depth)
    distinct = orbits(keys, names) if "changes" not in limits else len(keys)
    assert (found.full, found.distinct, found.depth) == (len(keys), distinct, deepest)


@pytest.mark.parametrize(("names", "limits"), [("AB", {"beats": 1}), ("AB", {"crashes": 1, "duplicates": 1})])
def test_moves_that_change_nothing_are_not_missed(names: str, limits: dict[str, int]) -> None:
    """With them the dumb search finds more states, and not one more combination of nodes: a promise asks no more."""
    without, nodes, _ = plain_search(names, limits, 1)
    everything, all_nodes, _ = plain_search(names, limits, 1, saving=False)
    assert all_nodes == nodes
    assert len(everything) > len(without)


def test_a_search_is_the_same_every_time() -> None:
    """Level by level, and with a budget of states that ends it within a level."""
    bounds = Bounds(terms=2, entries=1)
    first, again = (explore(bounds, states=3_000) for _ in range(2))
    assert first == again
    assert first.verdict == "states"
    whole = explore(bounds, depth=first.depth)
    assert whole.verdict == "depth"
    assert whole.levels[: first.depth] == first.levels[: first.depth]
    assert whole.distinct > first.distinct >= 3_000


# ---- the zoo ----

FAST = {"instant_disk": True}
FOUND: dict[str, tuple[Bounds, str, int, int]] = {
    "majority-of-half": (Bounds(terms=1, entries=0), "durability", 3, 5),
    "vote-given-twice": (Bounds(terms=1, entries=0), "one vote a term", 6, 24),
    "vote-forgotten-by-a-restart": (Bounds(terms=1, entries=0, crashes=1), "one vote a term", 7, 103),
    "takes-a-trial-for-a-vote": (
        Bounds(terms=1, entries=0, rachis=True, instant_disk=True),
        "election safety",
        10,
        3_511,
    ),
    "leader-cuts-its-tail": (Bounds(entries=0, instant_disk=True), "leader append-only", 7, 1_531),
    "any-log-may-lead": (Bounds(entries=0, instant_disk=True), "leader completeness", 8, 4_429),
    "commits-an-older-term": (Bounds(entries=0, batch=1, instant_disk=True), "own term", 11, 69_789),
    "commits-what-one-node-has": (Bounds(terms=1, entries=0), "durability", 6, 41),
    "takes-one-answer-for-all": (Bounds(terms=1, entries=2), "true match", 13, 3_770),
    "answers-before-the-disk": (Bounds(terms=1, entries=0), "durability", 5, 90),
    "changes-before-its-own-term": (Bounds(nodes=2, entries=0, changes=1), "one change at a time", 6, 73),
    "changes-twice-at-once": (Bounds(terms=1, entries=0, changes=2), "one change at a time", 11, 4_237),
    "any-change-is-simple": (Bounds(terms=1, entries=0, changes=1, pairs=True), "overlapping majorities", 10, 2_485),
    "counts-itself-without-a-vote": (Bounds(terms=1, entries=0, changes=1, instant_disk=True), "durability", 8, 1_463),
    "reads-before-its-own-term": (Bounds(nodes=2, entries=0, reads=1), "true reads", 18, 1_530),
    "grant-of-another-term": (Bounds(terms=2, entries=0, instant_disk=True), "election safety", 7, 1_152),
    "leader-votes-for-another": (Bounds(terms=1, entries=0), "one vote a term", 10, 445),
    "own-vote-is-not-written": (Bounds(terms=1, entries=0, crashes=1), "election safety", 11, 2_356),
    "term-forgotten-by-a-restart": (Bounds(terms=1, entries=0, crashes=1), "one vote a term", 4, 39),
    "a-longer-log-gets-a-second-vote": (Bounds(entries=1, instant_disk=True), "one vote a term", 7, 1_634),
    "takes-the-term-of-any-refusal": (Bounds(terms=2, entries=0, instant_disk=True), "never back", 5, 60),
    "keeps-a-conflicting-entry": (Bounds(entries=0, instant_disk=True), "true match", 8, 4_443),
    "acknowledges-its-whole-log": (Bounds(entries=0, beats=1, instant_disk=True), "true match", 9, 17_286),
    "cuts-what-lies-beyond": (Bounds(terms=1, entries=1, beats=1), "true match", 10, 1_175),
    "cuts-before-it-writes": (Bounds(terms=1, entries=2, duplicates=1, instant_disk=True), "true match", 9, 4_434),
    "takes-the-peers-for-sorted": (Bounds(terms=1, entries=0), "durability", 8, 163),
    "one-less-is-a-majority": (Bounds(terms=1, entries=0), "durability", 6, 41),
    "leader-counts-itself-twice": (Bounds(terms=1, entries=0), "durability", 6, 41),
}
"""Bounds in which a bug is reachable, the promise that breaks first, at which depth, after how many states."""
FAR = {
    "previous-entry-by-index-only": (Bounds(terms=3, entries=0, instant_disk=True), "log matching", 11, 645_329),
    "keeps-what-is-cut": (Bounds(entries=0, changes=1, instant_disk=True), "configuration in force", 10, 175_234),
    "reads-without-asking": (Bounds(entries=0, reads=1, instant_disk=True), "true reads", 12, 158_216),
    "the-later-term-may-lead": (Bounds(entries=1, instant_disk=True), "leader completeness", 12, 204_322),
    "commits-what-nobody-verified": (
        Bounds(entries=0, beats=1, instant_disk=True),
        "state machine safety",
        10,
        47_718,
    ),
    "votes-are-a-number": (
        Bounds(nodes=5, terms=1, entries=0, duplicates=2, instant_disk=True),
        "election safety",
        8,
        24_743,
    ),
}
"""Up to half a minute away: two leaders at once, three terms, beats, five nodes."""
EARLIER = {
    *("majority-of-half", "any-log-may-lead", "commits-what-one-node-has", "answers-before-the-disk"),
    *("keeps-what-is-cut", "reads-before-its-own-term", "reads-without-asking", "counts-itself-without-a-vote"),
    *("takes-the-peers-for-sorted", "one-less-is-a-majority", "leader-counts-itself-twice", "the-later-term-may-lead"),
}
"""Where no watcher of consensus alone can judge, or a state is already wrong that a watcher of one history can judge only later."""


def check(bug: str, bounds: Bounds, promise: str, depth: int, states: int) -> None:
    """It is found there, and its story, told again, breaks the same promise; so says the watcher, if it can."""
    with planted(bug):
        found = explore(bounds)
        followed = follow(bounds, found.way)
    assert found.broken is not None
    assert (found.broken.promise, found.depth, found.distinct) == (promise, depth, states)
    assert (followed.broken, len(followed.steps)) == (found.broken, depth)
    assert len(story_lines(followed)) == depth
    broken = None
    watchers = consensus_watchers(tuple(bounds.names))
    try:
        for event in followed.events():
            for watcher in watchers:
                see = dict(watcher.sees()).get(type(event.note))
                if see is not None:
                    see(event)
    except Violation as violation:
        broken = violation.promise
    assert broken == (None if bug in EARLIER else promise)


@pytest.mark.parametrize("bug", FOUND)
def test_a_bug_of_the_zoo_is_found_at_its_depth(bug: str) -> None:
    """No shorter way exists: that is what breadth first means."""
    check(bug, *FOUND[bug])


@pytest.mark.campaign
@pytest.mark.parametrize("bug", FAR)
def test_a_bug_further_away_is_found_too(bug: str) -> None:
    """The same, at more cost."""
    check(bug, *FAR[bug])


@pytest.mark.parametrize("bug", [bug for bug in FOUND if FOUND[bug][3] < 10_000])
def test_without_the_bug_its_bounds_hold_to_that_depth(bug: str) -> None:
    """The control."""
    bounds, _, depth, _ = FOUND[bug]
    assert explore(bounds, depth=depth).verdict == "depth"


PATIENCE = {
    *("never-stands-again", "all-have-the-same-patience", "anybody-raises-the-term", "good-standing-protects-nobody"),
    *("leads-on-whatever-it-hears", "one-voice-is-enough", "silent-to-an-old-leader", "the-leaders-disk-comes-first"),
    *("only-a-fresher-log-may-lead", "an-old-leader-is-a-leader"),
    *("offers-the-same-again", "the-window-stays-full", "stops-at-an-older-term", "beats-tell-no-commit"),
}
"""They break no promise of a state: nobody leads, or not soon. A search tries every order, so the good ones too."""


BEYOND = {
    *("learner-refuses-to-vote", "learners-count", "votes-with-an-empty-log"),
    *("lease-forgotten-by-a-restart", "lease-survives-a-transfer", "told-too-early", "transfer-without-end"),
    *("removed-and-leads-on", "removed-stands-no-more", "one-answer-will-do"),
    *("a-snapshot-without-end", "a-refusal-teaches-no-term", "a-trial-asks-for-no-log"),
    *("grants-of-another-term-are-stale", "silent-to-an-old-term", "stands-by-what-is-committed"),
    *("leads-on-unheard", "stands-without-asking", "heeds-an-older-leader", "heeds-a-word-that-was-delayed"),
    *(
        "a-torn-end-is-damage",
        "damage-is-a-torn-end",
        "installs-and-keeps-its-members",
        "entries-without-their-term",
        "follows-in-its-old-term",
    ),
}
"""Of learners, leases, transfers and snapshots, which a search does not ask for; of trials, which it makes in the bounds
`rachis` only; of what breaks no state; of five nodes, or more steps than a search takes in minutes; of a torn write, or a
damaged file; of the term of a disk or of a node, which a search judges by the second vote that it leads to."""


FURTHER = {
    *("vote-forgotten-by-following", "the-longer-log-may-lead"),
    *("the-first-entries-are-added-again", "an-answer-of-an-earlier-term", "match-survives-a-reign"),
    *("sends-nothing-after-a-compaction", "vote-and-term-are-two-writes"),
}
"""Only in bounds that are too wide to be searched here (five nodes and three terms, a log that is compacted, a crash between
two frames): storms and stories strike them."""


def test_the_tables_name_every_bug_that_a_search_can_meet() -> None:
    """A new resident of the core is put into one of them."""
    met = {bug.name for bug in all_bugs() if speaking.is_met(bug)}
    assert set(FOUND) | set(FAR) | PATIENCE | BEYOND | FURTHER == met
    for bug, (bounds, *_) in (FOUND | FAR).items():
        assert speaking.bug_to_plant(bug) == bug_named(bug)
        assert bounds.batch == (1 if bug == "commits-an-older-term" else Bounds().batch)


@pytest.mark.parametrize("bug", sorted(PATIENCE))
def test_what_only_lasts_too_long_breaks_no_state(bug: str) -> None:
    """Two nodes, two terms, a command: everything holds."""
    with planted(bug):
        assert explore(Bounds(nodes=2)).verdict == "exhausted"


# ---- what makes two states the same ----


def test_every_field_of_every_value_is_known() -> None:
    """Who adds a field to the core decides in `identity.PARTS` whether states that differ in it are two."""
    assert {kind.__name__: unknown_parts(kind) for kind in PARTS if unknown_parts(kind)} == {}
    assert set(get_args(Message)) <= set(PARTS)
    assert {state.Raft, state.Follower, state.Candidate, state.Leader, Progress, state.Durable} <= set(PARTS)
    assert set(Log.__slots__) == LOG_PARTS


def test_a_field_nobody_spoke_of_is_an_error() -> None:
    """The control: also for a class that is not there at all."""

    @attrs.frozen
    class Grown:
        term: int
        mood: str = "good"

    with pytest.raises(UnknownPart, match="a state holds a Grown"):
        normal_form(Grown(1))
    know(Grown, term=Kept)
    try:
        with pytest.raises(UnknownPart, match=r"Grown and identity\.PARTS disagree on mood"):
            normal_form(Grown(1))
    finally:
        del PARTS[Grown]


def test_no_clock_reading_is_left_in_a_state() -> None:
    """A leader that has beaten is the leader that has not, but for its mail."""
    search = Search(Bounds(nodes=1))
    cell = search.nodes.begun("A")
    cell = search.nodes.sync(search.nodes.expire(cell, 1 << 40).after).after
    assert isinstance(cell.raft.role, Leader)
    late = attrs.evolve(cell.raft, ticks_from=5, draws=7, role=attrs.evolve(cell.raft.role, beats_from=9, beat=3))
    assert late != cell.raft
    assert normal_form(late) == cell.raft


def test_the_storage_is_asked_whether_it_tells_the_truth() -> None:
    """What it calls durable outlives a crash, unless a bug is planted."""
    assert not says_early()
    with planted("answers-before-the-disk"):
        assert says_early()


# ---- steps that can be pasted ----


def test_steps_can_be_followed() -> None:
    """One sentence each; what cannot happen is refused, with what can."""
    followed = follow(Bounds(), [Expire("A"), Sync("A")])
    assert followed.broken is None
    assert story_lines(followed) == [
        "  1  A  loses patience: stands for term 1",
        "  2  A  has its oldest write on the disk: votes for A in term 1; "
        "sends the question for a vote in term 1 to B and C",
    ]
    with pytest.raises(CannotHappen, match=r"step 1 cannot be Sync\(node='A'\): within the bounds there may be Expire"):
        follow(Bounds(), [Sync("A")])
    with pytest.raises(CannotHappen):
        follow(Bounds(), [Deliver("A", "B", AppendEntries(1, 0, 0, (), 0, 2))])


def test_what_is_printed_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    """The program below the story tells the same story."""
    assert main(["explore", "--bug", "vote-given-twice"]) == cli.BROKEN
    said = capsys.readouterr().out
    begin, end = said.index("from scenarios.explore"), said.index("\nbroken: ")
    exec(said[begin:end], {})
    told = capsys.readouterr().out.splitlines()
    assert told[:-1] == [line for line in said.splitlines() if line.startswith("  ") and line[2:3].isdigit()]
    assert "one vote a term" in told[-1]


# ---- the command ----


def test_the_command_says_what_it_covered(capsys: pytest.CaptureFixture[str]) -> None:
    """A line a depth, then the verdict; exit code 0."""
    assert main(["explore", "--nodes", "2", "--terms", "1"]) == cli.HELD
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "depth   0            1 states            1 in all"
    assert lines[15] == ""
    assert lines[16] == "held: 17 promises in every state within the bounds"
    assert lines[17] == "  states   62 (119 with every renaming of the nodes), by 96 steps; depth 14"
    assert lines[-1] == "  again    unkindness explore --nodes 2 --terms 1 --entries 1"


def test_a_budget_that_ran_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Of states: inconclusive. A depth that was asked for is a bound like the others."""
    assert main(["explore", "--states", "20"]) == cli.INCONCLUSIVE
    said = capsys.readouterr().out
    assert "every state of less than" in said
    assert "  further  --states N with more of them" in said
    assert main(["explore", "--depth", "3"]) == cli.HELD
    assert "every state of at most 3 steps" in capsys.readouterr().out


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """One object; all but the seconds is decided by the words of the command."""
    assert main(["explore", "--bug", "majority-of-half", "--json"]) == cli.BROKEN
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["promise"], said["depth"], said["states"]) == ("broken", "durability", 3, 5)
    assert said["levels"] == [1, 1, 2, 1]
    assert said["story"][0] == "1  A  loses patience: stands for term 1"
    assert len(said["way"]) == 3
    assert said["again"].endswith("--bug majority-of-half")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--nodes", "7"], "7 nodes cannot be searched: give nodes between 1 and 5"),
        (["--terms", "0"], "0 terms cannot be searched: give terms between 1 and 99"),
        (["--nodes", "2", "--outside", "2"], "2 nodes outside of 2 leave none inside: give at most 1"),
        (["--depth", "-1"], "-1 bounds nothing: give a depth or a number of states of 1 or more"),
        (["--bug", "heisenbug"], "there is no bug 'heisenbug' in the zoo"),
        (
            ["--bug", "has-no-grace"],
            "has-no-grace is planted in backup.record.responsible_node, and a search steps only cluster.raft and",
        ),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the value and the remedy; exit code 64."""
    assert main(["explore", *words]) == cli.MISTAKE
    wrong = capsys.readouterr().err
    assert wrong.startswith(f"unkindness: {text}")
    assert wrong.count("\n") == 1


def test_ctrl_c_says_what_was_covered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 130, with the counts so far."""
    judged, count = Search.judged, 0

    def interrupted(*args: Any) -> object:
        nonlocal count
        count += 1
        if count == 100:
            raise KeyboardInterrupt
        return judged(*args)

    monkeypatch.setattr(Search, "judged", interrupted)
    assert main(["explore"]) == cli.INTERRUPTED
    said = capsys.readouterr().out
    assert "stopped: nothing broken so far, and everything of at most " in said
    assert "states a second" in said


def test_the_command_that_asks_for_the_same_is_complete() -> None:
    """Every bound that is not as ever."""
    bounds = Bounds(2, 1, 0, 1, 2, 3, 4, 5, 6, 1, pairs=True, rachis=True, instant_disk=True, batch=1)
    assert speaking.again(bounds, None, 5, 6) == (
        "unkindness explore --nodes 2 --terms 1 --entries 0 --crashes 1 --drops 2 --duplicates 3 --beats 4 "
        "--changes 5 --reads 6 --outside 1 --pairs --rachis --instant-disk --batch 1 --depth 5 --states 6"
    )


def test_bounds_are_judged_when_they_are_made() -> None:
    """Not when the search has begun."""
    with pytest.raises(BoundsError, match="-1 crashes cannot be searched"):
        Bounds(crashes=-1)


def test_levels_add_up() -> None:
    """What was found is the sum of its levels."""
    found: SearchResult = explore(Bounds(nodes=2, terms=1))
    assert found.distinct == sum(level.distinct for level in found.levels)
    assert [level.depth for level in found.levels] == list(range(found.depth + 1))
