"""The record on which all members agree (databases, groups, tasks, statuses), and the commands that change it. All pure."""
