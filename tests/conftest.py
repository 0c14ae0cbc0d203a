"""Set-up common to all tests: values that refuse to be changed, and Hypothesis profiles for slow, shared machines."""

import os

os.environ.setdefault("UNKINDNESS_FROZEN", "1")  # before anything of ours is imported

from hypothesis import HealthCheck, Phase, settings

from tests.ports.clouds import clouds

__all__ = ["clouds"]

PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink]
"""All but `explain`: it traces every line while it shrinks, and a world that takes a second takes ten."""
settings.register_profile(
    "ci", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, phases=PHASES
)
settings.register_profile(
    "campaign", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=2_000, phases=PHASES
)
settings.load_profile(os.environ.get("UNKINDNESS_PROFILE", "ci"))
