"""The validation of runs: whether a run is a behaviour of a specification of Raft in TLA+, judged by TLC. Nothing here plays."""
