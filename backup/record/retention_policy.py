"""How long backups are kept, and which chains may go (section 14). Pure.

A chain is a folder: it goes whole or not at all. Never here: looking into folders, and removing them (backup/runs/retention_cleaner.py).
"""

from collections.abc import Sequence

from backup.record.rules import Rules
from cluster.value import value


@value
class Retention:
    """A task's retention policy (rule 6.1)."""

    minimum_age: int | None = None
    """µs that a backup is kept at least; None: for ever (rule 14.2)."""
    disabled: bool = False

    @property
    def age(self) -> int | None:
        """The age from which on a backup may go; None if the policy is off (rule 14.2)."""
        return None if self.disabled else self.minimum_age


@value
class StoredChain:
    """One folder of a destination, as far as retention looks at it."""

    folder: str
    at: int
    """µs: when its chain began."""
    last: int
    """µs: start of its newest backup."""
    files: int
    """Backup files in it; those in progress are none (rule 17.12)."""
    database: str
    task: int = 0
    """Whose it is; 0 where only names were looked at."""
    opens_with_full: bool = True
    whole: bool = True
    """Every file of it can be restored; taken for true where only names were looked at."""


@value
class RetentionChoice:
    """What may go, and why not where nothing may although something is old enough."""

    expired: tuple[StoredChain, ...] = ()
    refused: str = ""
    """One sentence for the operator."""


def choose(
    chains: Sequence[StoredChain], database: str, task: int, now: int, age: int, rules: Rules
) -> RetentionChoice:
    """Which of the chains in a destination may go, all of them being in it, in the order of their beginnings.

    `now` and the instants of the chains by one clock (rule 14.7).
    """
    expired: list[StoredChain] = []
    met_young = False
    for chain in chains:
        if now - chain.at < age:
            met_young = True  # rule 14.3: all that follow are younger
            break
        if chain.database.lower() != database.lower():
            continue
        if rules.retention_by_manifest and chain.task != task:
            continue  # a repair of 14.4
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
