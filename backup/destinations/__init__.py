"""Destinations of backup files: one port, a module for each kind of destination, and the faults of simulated ones."""
