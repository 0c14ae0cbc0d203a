"""The probes of `unkindness doctor`: every fence and every fault is really played in a tiny world, and must do what is said of it.

`rows.py` is the table: what there is, what it does, and what probes it. Never here: how the command prints it.
"""
