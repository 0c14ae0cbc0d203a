"""Whether what was played is a behaviour of a specification of Raft in TLA+, judged by TLC. Nothing here plays."""
