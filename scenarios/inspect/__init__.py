"""The readers of a finished run: its result, its Backups page, its audit, its files, and why a task ran or did not."""
