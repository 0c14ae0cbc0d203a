"""A node's copies of databases: their journals, replication and indexes, and the node's reports on them."""
