"""Consensus as a value: `step(raft, event, at) -> (raft, effects)`. No I/O, no clock, no luck of its own."""
