"""One copy of a database: documents and what stands beside them, as values with an order of changes."""
