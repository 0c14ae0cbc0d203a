"""Set-up common to all tests: values that refuse to be changed, and Hypothesis profiles for slow, shared machines."""

import os

os.environ.setdefault("UNKINDNESS_FROZEN", "1")  # before anything of ours is imported

from hypothesis import HealthCheck, settings

settings.register_profile("ci", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("campaign", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=2_000)
settings.load_profile(os.environ.get("UNKINDNESS_PROFILE", "ci"))
