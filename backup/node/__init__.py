"""What runs on one node: the application itself, and how it answers users, clients and administrators."""
