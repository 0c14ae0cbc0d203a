"""The presets: which generation differs in what (ravendb.md section 0)."""

import attrs
import pytest

from backup.record.rules import PRESETS, Rules, rules_named
from cluster.time_units import MILLISECOND, MINUTE, SECOND


def test_the_presets_are_named_and_ours_is_the_default() -> None:
    """Section 0: three presets; `Rules()` is ours."""
    assert list(PRESETS) == ["unkindness", "ravendb-6.2", "ravendb-4.2"]
    assert all(rules_named(name).name == name for name in PRESETS)
    assert Rules() == rules_named("unkindness")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no rules 'raven'.*unkindness, ravendb-6\.2, ravendb-4\.2"):
        rules_named("raven")


def test_the_durations_are_those_of_section_2() -> None:
    rules = Rules()
    assert (rules.worker_sample, rules.supervisor_sample) == (250 * MILLISECOND, 500 * MILLISECOND)
    assert (rules.report_timeout, rules.stabilisation, rules.rotation_after) == (5 * SECOND, 5 * SECOND, 5 * SECOND)
    assert (rules.rehab_after, rules.replacement_after, rules.move_grace) == (60 * SECOND, 900 * SECOND, 30 * MINUTE)
    assert (rules.report_attempts, rules.report_attempt_timeout) == (10, 15 * SECOND)
    assert (rules.concurrent_backups_retry, rules.overdue_elsewhere_delay) == (30 * SECOND, MINUTE)


@pytest.mark.parametrize(
    ("field", "ours", "new", "old"),
    [
        ("assigned", True, True, False),
        ("local_status", True, True, False),
        ("full_on_owner_change", False, False, True),
        ("late_reports", True, False, False),
        ("newest_by_start", True, False, False),
        ("takes_over_uncovered", True, False, False),
        ("slot_held_while_saving", False, True, True),
    ],
)
def test_the_generations_differ_in(field: str, ours: bool, new: bool, old: bool) -> None:
    """Section 0, 24.6, 24.8."""
    assert [getattr(rules, field) for rules in PRESETS.values()] == [ours, new, old]


def test_rules_that_take_a_punctual_node_for_silent_are_refused() -> None:
    with pytest.raises(ValueError, match="longer than three worker samples"):
        attrs.evolve(Rules(), rehab_after=750 * MILLISECOND)
    assert attrs.evolve(Rules(), move_grace=0).move_grace == 0
