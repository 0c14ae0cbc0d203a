"""Consensus, the node around it, and the simulated world."""
