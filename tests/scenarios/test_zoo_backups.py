"""Every promise has a planted bug that it catches, and every story fails when the rule it is about is planted broken."""

from pathlib import Path

import pytest

from backup.node.service import Backups
from cluster.checks.consensus import consensus_watchers
from cluster.trace import ConfigurationChanged
from scenarios.gallery import gallery
from scenarios.zoo import BUGS, UnknownBug, all_bugs, bug_named, planted
from scenarios.zoo.keeper import attempt, hunt, striking
from scenarios.zoo.known import SHORTEST
from scenarios.zoo.night import migration, night

DOMAIN = [bug.name for bug in all_bugs() if bug.strikes not in ("storm", "drought", "search", "crowd")]


@pytest.mark.parametrize("name", DOMAIN)
def test_a_planted_bug_breaks_its_promise(name: str) -> None:
    """Within six seeds beside the known one, the promise that the bug names is the one that breaks."""
    seeds = [SHORTEST.get(name, ("", 1))[1], *range(1, 7)]
    sizes = [names for names, _, _ in striking(BUGS[name].strikes)]
    proof = hunt(BUGS[name], [(names, seed) for seed in seeds for names in sizes])

    assert proof.strike is not None, f"{name} broke only {proof.others}"


def test_every_promise_has_a_bug_that_breaks_it() -> None:
    """No watcher is there for nothing: each promise that is watched in a run of backups is broken by some resident."""
    watched = [*consensus_watchers(("A", "B", "C")), *Backups().watchers({})]

    assert {watcher.promise for watcher in watched} <= {bug.breaks for bug in all_bugs()}


def test_every_story_of_the_gallery_has_a_bug_that_breaks_it() -> None:
    """A story that cannot fail tells nothing."""
    assert {entry.story for entry in gallery()} <= {bug.strikes for bug in all_bugs()}


def test_a_bug_is_taken_out_again() -> None:
    """What is planted is gone afterwards, whatever happened meanwhile."""
    from cluster.raft import quorum

    with pytest.raises(ZeroDivisionError), planted("majority-of-half"):
        assert quorum.majority(5) == 2
        raise ZeroDivisionError

    assert quorum.majority(5) == 3


def test_an_unknown_bug_is_named() -> None:
    """The error lists what there is."""
    with pytest.raises(UnknownBug, match=r"no bug 'x' in the zoo. `unkindness zoo` shows them all"):
        bug_named("x")


@pytest.mark.parametrize(("names", "seed"), [("ABC", 1), ("ABC", 2), ("ABCDE", 1)])
def test_a_bad_night_breaks_no_promise(names: str, seed: int, tmp_path: Path) -> None:
    """Hours of faults, then a clear sky: every occurrence is covered, every file restores (rules of the house)."""
    outcome = attempt(night(names), "unkindness", seed, None, tmp_path)

    assert outcome.verdict == "held", outcome.failure


@pytest.mark.parametrize("rules", ["ravendb-6.2", "ravendb-4.2"])
def test_a_bad_night_under_ravendbs_rules_is_no_bug_of_ours(rules: str, tmp_path: Path) -> None:
    """They promise less (missed occurrences are counted), and still lose no file and no vote."""
    outcome = attempt(night("ABC"), rules, 3, None, tmp_path)

    assert outcome.verdict == "held", outcome.failure


@pytest.mark.parametrize(
    ("names", "joining", "seed"),
    [
        ("ABC", "DW", 21),
        ("ABC", "DW", 117),
        ("ABC", "DW", 100_336),
        ("ABC", "DW", 100_452),
        ("ABC", "DW", 300_008),
        ("ABC", "DW", 710_047),
        ("ABCDE", "FW", 2),
        ("ABCDE", "FW", 1046),
    ],
)
def test_nodes_may_come_and_go_in_a_bad_night(names: str, joining: str, seed: int, tmp_path: Path) -> None:
    """Leaders lose their vote in the very act of committing, watchers are removed while they are away: promises hold."""
    outcome = attempt(migration(names, joining), "unkindness", seed, None, tmp_path)

    assert outcome.verdict == "held", outcome.failure
    assert any(isinstance(event.note, ConfigurationChanged) for event in outcome.history.events)
