"""Benchmarks anyone can run: each prints its figure beside its yardstick's, taken in the same run."""
