"""How a scenario is told: on one seed always, on a hundred in a campaign; with quiet time skipped or not in turn."""

from collections.abc import Callable
from typing import Any

import pytest

from cluster.raft.timing import Timing
from tests.mit.lab import Scenario, play

CAMPAIGN = 100
UNRELIABLE = {"loss": 0.1, "jitter": 0.027, "ordered": False}
"""A tenth of the messages is lost, the others arrive in any order."""
PAPER = Timing(election=600_000, ticking=False, trial=False, check_quorum=False, again=Timing().first)
"""The paper's: where two answers of three are late, who leads by hearing a majority in time does not lead for long."""
SCENARIOS: dict[str, tuple[Scenario, int, dict[str, Any]]] = {}


def lab(servers: int, **options: Any) -> Callable[[Scenario], Scenario]:
    """Enter a scenario of the lab under its own name."""

    def enter(scenario: Scenario) -> Scenario:
        SCENARIOS[scenario.__name__] = (scenario, servers, options)
        return scenario

    return enter


def seeds() -> list[Any]:
    """Seed 1, and the rest for a campaign."""
    return [1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(2, CAMPAIGN + 1))]


def tell(name: str, seed: int) -> None:
    """Play a scenario that was entered."""
    scenario, servers, options = SCENARIOS[name]
    told = {"skipping": bool(seed % 2)} | options
    play(scenario, servers, seed, **told)
