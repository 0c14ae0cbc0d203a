"""Where backup files go: one port, a module for each kind of place, and what can go wrong with a place."""
