"""The program of one node: the application itself, and its answers to users, clients and administrators."""
