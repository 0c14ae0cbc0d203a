"""One node's runs of its backup tasks: due, written, read back, uploaded, reported, and old ones removed."""
