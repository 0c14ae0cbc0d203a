"""From the files of a chain back to a database."""
