"""Each scenario of the lab holds: on one seed always, on a hundred in a campaign."""

import pytest

from tests.mit import lab_3a, lab_3b, lab_3c, lab_3d
from tests.mit.seeds import SCENARIOS, seeds, tell

PARTS = {
    "3A": (lab_3a, "initial_election re_election many_elections"),
    "3B": (
        lab_3b,
        "basic_agree rpc_bytes follower_failure leader_failure fail_agree fail_no_agree concurrent_starts rejoin backup "
        "count",
    ),
    "3C": (
        lab_3c,
        "persist_1 persist_2 persist_3 figure_8 unreliable_agree figure_8_unreliable reliable_churn unreliable_churn",
    ),
    "3D": (
        lab_3d,
        "snapshot_basic snapshot_install snapshot_install_unreliable snapshot_install_crash snapshot_install_uncrash "
        "snapshot_all_crash snapshot_init",
    ),
}
"""The lab's own list."""


def test_no_scenario_of_the_lab_is_missing() -> None:
    """By name, in the lab's order."""
    assert len(SCENARIOS) == 28
    assert list(SCENARIOS) == [name for _, names in PARTS.values() for name in names.split()]


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_lab(name: str, seed: int) -> None:
    """With the lab's own expectations, and every promise of consensus watched besides."""
    tell(name, seed)
