"""A node's copies of databases: their journals, replication, indexes, and what the node reports of them."""
