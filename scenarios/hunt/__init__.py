"""Many seeds of one story, on every processor, and what they broke, grouped by cause. `unkindness hunt` asks for it.

Never here: how one run is played (`scenarios/kept_run.py`) and what is typed (`scenarios/cli/hunt.py`).
"""
