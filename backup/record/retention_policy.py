"""Retention: how long backups are kept, and which chains may be removed (section 14). Pure.

A chain is a folder, which is removed whole or not at all. backup/runs/retention_cleaner.py reads and removes folders.
"""

from collections.abc import Sequence

from backup.record.rules import Rules
from cluster.value import value


@value
class Retention:
    """A task's retention policy (rule 6.1)."""

    minimum_age: int | None = None
    """How long a backup is kept at least in µs; None for ever (rule 14.2)."""
    disabled: bool = False

    @property
    def age(self) -> int | None:
        """The age in µs from which on a backup may be removed; None if none ever may (rule 14.2)."""
        return None if self.disabled else self.minimum_age


@value
class StoredChain:
    """One folder of a destination, with what retention knows about it."""

    folder: str
    at: int
    """Wall µs of the beginning of the chain."""
    last: int
    """Wall µs of the start of its newest backup."""
    files: int
    """How many backup files it holds, without those in progress (rule 17.12)."""
    database: str
    task: int = 0
    """Id of its task; 0 if only names were read."""
    opens_with_full: bool = True
    """Whether its first file is a full backup or a snapshot."""
    whole: bool = True
    """Whether every file of it can be restored; True if only names were read."""


@value
class RetentionChoice:
    """The chains that may be removed."""

    expired: tuple[StoredChain, ...] = ()
    """The chains to remove."""
    refused: str = ""
    """Why none may be removed although some are old enough, as one sentence for the operator; else empty."""


def choose(
    chains: Sequence[StoredChain], database: str, task: int, now: int, age: int, rules: Rules
) -> RetentionChoice:
    """The chains in a destination that may be removed. `chains`: all of them, in the order of their beginnings.

    `now` (wall µs) and the instants of the chains must be of one clock (rule 14.7); `age` in µs.
    """
    expired: list[StoredChain] = []
    met_young = False
    for chain in chains:
        if now - chain.at < age:
            met_young = True  # rule 14.3: all that follow are younger still
            break
        if chain.database.lower() != database.lower():
            continue
        if rules.retention_by_manifest and chain.task != task:
            continue  # a repair of rule 14.4: the chain is of another task
        if not chain.files or not chain.opens_with_full:
            continue
        if chain.files > 1 and now - chain.last < age:
            continue  # rule 14.3: its newest incremental is fresh
        expired.append(chain)
    if expired and not met_young:  # rule 14.5
        return RetentionChoice(
            refused=f"all {len(expired)} chains are older than the policy asks for, and none may be the last"
        )
    if rules.retention_keeps_last_chain:
        going = {chain.folder for chain in expired}
        ours = [chain for chain in chains if chain.task == task and chain.database.lower() == database.lower()]
        if expired and not any(chain.whole for chain in ours if chain.folder not in going):
            return RetentionChoice(refused="no chain that can be restored would be left of this task")
    return RetentionChoice(tuple(expired))
