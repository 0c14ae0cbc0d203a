"""The zoo of consensus: each famous bug, planted, is caught by the promise it names; without it nothing is caught."""

import pytest
from hypothesis import settings

from cluster.checks.consensus import consensus_watchers
from cluster.raft import quorum
from cluster.sim.run import HELD, play
from cluster.trace import Stepped
from scenarios.zoo import Bug, UnknownBug, all_bugs, bug_named, planted
from scenarios.zoo.keeper import prove
from scenarios.zoo.storm import storm

CALM = settings().max_examples // 4
"""25 storms usually, hundreds in a campaign."""
RESIDENTS = [bug for bug in all_bugs() if bug.strikes in ("storm", "drought", "search")]
WORLDS = {repr(bug.under): bug for bug in RESIDENTS if bug.under and bug.strikes == "storm"}
"""One bug of each world that is not the usual one."""


@pytest.mark.parametrize("bug", RESIDENTS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught_by_the_promise_it_breaks(bug: Bug) -> None:
    """Within its budget of storms, in the world in which it strikes soon; and nothing breaks there without it."""
    proof = prove(bug)
    assert proof.strike is not None, f"{bug.name} broke only {[each.promise for each in proof.others]}"
    assert proof.strike.promise == bug.breaks
    assert proof.clean == ""


@pytest.mark.parametrize("names", ["ABC", "ABCDE"])
def test_nothing_is_caught_where_nothing_is_planted(names: str) -> None:
    """The core as it is keeps every promise in the same storms, and somebody leads at their end."""
    for seed in range(1, CALM + 1):
        outcome = play(storm(names), seed)
        assert (outcome.verdict, outcome.failure) == (HELD, None)
        assert outcome.elections >= 1


@pytest.mark.parametrize(
    "bug", [bug for bug in RESIDENTS if bug.under and bug.strikes == "storm"], ids=lambda bug: bug.name
)
def test_the_world_in_which_a_bug_strikes_is_no_bug_itself(bug: Bug) -> None:
    """A slow disk, small batches, no check of the quorum: without the bug every promise is kept there too."""
    for seed in range(1, CALM // 5 + 1):
        for names in ("ABC", "ABCDE"):
            assert play(storm(names), seed, **bug.under).verdict == HELD


def test_every_promise_of_consensus_is_broken_by_some_resident() -> None:
    """A promise that nothing ever breaks may be watched by nobody."""
    watched = {watcher.promise for watcher in consensus_watchers(("A", "B", "C"))}
    assert watched <= {bug.breaks for bug in all_bugs()}
    assert {bug.breaks for bug in RESIDENTS} <= watched | {"progress", "once"}  # the last two are not of every run


def test_every_resident_tells_what_it_is() -> None:
    """A sentence, a source, a name in hyphens."""
    for bug in RESIDENTS:
        assert bug.says[0].isupper()
        assert not bug.says.endswith(".")
        assert bug.source
        assert bug.name == bug.name.lower().replace("_", "-")
        assert bug_named(bug.name) is bug


def test_a_bug_is_taken_out_again() -> None:
    """Whatever happens meanwhile; None plants nothing; methods and functions alike."""
    before = quorum.majority
    with pytest.raises(LookupError), planted("majority-of-half"):
        assert quorum.majority(5) == 2
        raise LookupError
    assert quorum.majority is before
    with planted(None):
        assert quorum.majority(5) == 3
    first = play(storm("ABC"), 1).digest
    for bug in RESIDENTS:
        with planted(bug.name):
            pass
    assert play(storm("ABC"), 1).digest == first


def test_an_unknown_bug_is_named() -> None:
    """With those that come near, and the command that shows the rest."""
    near = r"there is no bug 'majority-of-halv' in the zoo\. Did you mean majority-of-half.*`unkindness zoo` shows them all"
    with pytest.raises(UnknownBug, match=near):
        bug_named("majority-of-halv")


def test_a_storm_is_decided_by_its_seed() -> None:
    """The same one twice; another one with another seed; a longer one begins alike."""
    assert play(storm("ABC"), 5).digest == play(storm("ABC"), 5).digest != play(storm("ABC"), 6).digest
    short, long = (play(storm("ABC", gusts=gusts), 5).history.events for gusts in (3, 6))
    stepped = [event.note for event in short if isinstance(event.note, Stepped)][:6]
    assert stepped == [event.note for event in long if isinstance(event.note, Stepped)][:6]
