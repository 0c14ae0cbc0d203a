"""What all members agree on: databases, groups, tasks and statuses, and the pure commands that change them."""
