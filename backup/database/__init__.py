"""One copy of a database: documents, revisions, attachments, tombstones and indexes, with an order of changes."""
