"""A space-time diagram of a run: life lines, messages, logs, runs of backups, and where a promise broke. `command.draw` is the door."""
