"""Restoring a database from the files of a chain."""
