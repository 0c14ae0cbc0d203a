"""Consensus as a value: `step(raft, event, at) -> (raft, effects)`. It does no I/O and has no clock and no randomness of its own."""
