"""Consensus, the node that runs it, and the simulated world."""
