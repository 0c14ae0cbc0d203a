"""Bugs of retention: chains that are deleted too early, too late, or for the wrong task (section 14)."""

from typing import Any

import attrs

from backup.record.retention_policy import RetentionChoice
from scenarios.zoo import bug

STORY = "retention_under_each_rule"


@bug(
    "backup.runs.retention_cleaner:choose",
    breaks="kept as ruled",
    source="rules 14.4, 22.8: RavenDB's own way, where it is not asked for",
    strikes=STORY,
)
def removes_what_another_task_made(
    original: Any, chains: Any, database: str, task: int, now: int, age: int, rules: Any
) -> Any:
    """Retention asks whose database a chain is of, and not whose task."""
    rules = attrs.evolve(rules, retention_by_manifest=False, retention_keeps_last_chain=False)
    return original(chains, database, task, now, age, rules)


@bug(
    "backup.runs.retention_cleaner:choose", breaks="kept as ruled", source="rule 14.3, in the wrong unit", strikes=STORY
)
def counts_half_days(original: Any, chains: Any, database: Any, task: Any, now: Any, age: Any, rules: Any) -> Any:
    """A chain goes at half the age that its task keeps."""
    return original(chains, database, task, now, age // 2, rules)


@bug("backup.runs.retention_cleaner:choose", breaks="kept as ruled", source="rule 14.3", strikes=STORY)
def never_removes_anything(
    original: Any, chains: Any, database: Any, task: Any, now: Any, age: Any, rules: Any
) -> RetentionChoice:
    """Old chains pile up until the disk is full."""
    return RetentionChoice()


@bug(
    "backup.runs.retention_cleaner:choose",
    breaks="kept as ruled",
    source="rule 14.5, left out; the new chain is called old when a clock was wrong",
    strikes=STORY,
)
def removes_the_last_chain_too(
    original: Any, chains: Any, database: str, task: int, now: int, age: int, rules: Any
) -> Any:
    """When old chains go, the new one goes with them."""
    choice = original(chains, database, task, now, age, rules)
    ours = tuple(chain for chain in chains if chain.task == task)
    return attrs.evolve(choice, expired=ours) if choice.expired else choice
