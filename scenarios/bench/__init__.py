"""Benchmarks that anybody can run: each prints our figure beside that of a yardstick measured in the same run."""
