"""Bugs of retention: chains that go too early, too late, or are somebody else's (section 14)."""

from collections.abc import Callable
from typing import Any

import attrs

from backup.record.retention_policy import RetentionChoice
from scenarios.zoo import bug

STORY = "retention_under_each_rule"


@bug(
    "backup.runs.retention_cleaner",
    "choose",
    breaks="kept as ruled",
    source="rules 14.4, 22.8: RavenDB's own way, where it is not asked for",
    strikes=STORY,
)
def removes_what_another_task_made(original: Callable[..., RetentionChoice]) -> Callable[..., RetentionChoice]:
    """Retention asks whose database a chain is of, and not whose task."""

    def choose(chains: Any, database: str, task: int, now: int, age: int, rules: Any) -> RetentionChoice:
        rules = attrs.evolve(rules, retention_by_manifest=False, retention_keeps_last_chain=False)
        return original(chains, database, task, now, age, rules)

    return choose


@bug(
    "backup.runs.retention_cleaner",
    "choose",
    breaks="kept as ruled",
    source="rule 14.3, in the wrong unit",
    strikes=STORY,
)
def counts_half_days(original: Callable[..., RetentionChoice]) -> Callable[..., RetentionChoice]:
    """A chain goes at half the age that its task keeps."""
    return lambda chains, database, task, now, age, rules: original(chains, database, task, now, age // 2, rules)


@bug("backup.runs.retention_cleaner", "choose", breaks="kept as ruled", source="rule 14.3", strikes=STORY)
def never_removes_anything(original: Callable[..., RetentionChoice]) -> Callable[..., RetentionChoice]:
    """Old chains pile up until the disk is full."""
    return lambda chains, database, task, now, age, rules: RetentionChoice()


@bug(
    "backup.runs.retention_cleaner",
    "choose",
    breaks="kept as ruled",
    source="rule 14.5, left out; the new chain is called old when a clock was wrong",
    strikes=STORY,
)
def removes_the_last_chain_too(original: Callable[..., RetentionChoice]) -> Callable[..., RetentionChoice]:
    """When old chains go, the new one goes with them."""

    def choose(chains: Any, database: str, task: int, now: int, age: int, rules: Any) -> RetentionChoice:
        choice = original(chains, database, task, now, age, rules)
        ours = tuple(chain for chain in chains if chain.task == task)
        return attrs.evolve(choice, expired=ours) if choice.expired else choice

    return choose
