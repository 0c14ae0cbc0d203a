"""Whether a node lets a definition in (rules 6.4, 6.5): what its administrator allows, and what this version can do.

The rest of rule 6.4 is the record's own to judge (validation.py). Never here: what a task does.
"""

from typing import Any

from backup import abilities
from backup.blocks import AmazonGlacier, AmazonS3, Block, LocalFolder
from backup.definition import Kind, Task
from backup.keys import EncryptionMode
from backup.shelves import Shelves, parts_of_path
from cluster.member import Member, Refused
from cluster.value import value


@value
class Allowed:
    """What an administrator has set for every node. As it stands, everything is allowed."""

    destinations: tuple[str, ...] | None = None
    """Names of rule 12.3; `("None",)` forbids all backups; None: any."""
    aws_regions: tuple[str, ...] | None = None
    """None: any."""
    local_root: str = ""
    """Local folders must lie below it; empty: anywhere."""
    snapshots: bool = True
    """The licence allows snapshots (rule 6.5)."""
    encryption: bool = True
    """The licence allows encrypted backups (rule 6.5)."""


async def admit(task: Task, member: Member, shelves: Shelves, allowed: Allowed) -> None:
    """Raise `Refused`, with the reason, for a task that cannot be let in."""
    why = _not_allowed(task, allowed) or _not_able(task)
    if not why and task.mentor is not None and task.mentor not in member.members:
        why = f"it prefers node {task.mentor!r}, which is none of {' '.join(member.members)}: name one of them"
    for block in task.usable if not why else ():
        why = why or await _not_reachable(block, member, shelves)
    if why:
        raise Refused(f"task {task.name!r} is refused: {why}")


def _not_allowed(task: Task, allowed: Allowed) -> str:
    if task.kind is Kind.SNAPSHOT and not allowed.snapshots:
        return "the licence does not allow snapshots: make a Backup"
    if _mode(task) is not EncryptionMode.NONE and not allowed.encryption:
        return "the licence does not allow encrypted backups: leave encryption out"
    known = allowed.destinations
    if known is not None and known == ("None",):
        return "the administrator allows no destination at all, so that there are no backups: ask for one"
    for block in task.destinations:
        if block.disabled:
            continue
        if known is not None and block.allowed_as not in known:
            return f"the destination {block.allowed_as} is not allowed here: choose one of {', '.join(known)}"
        regions = allowed.aws_regions if isinstance(block, AmazonS3 | AmazonGlacier) else None
        if regions is not None and _region(block) not in regions:
            return f"the AWS region {_region(block)!r} is not allowed here: choose one of {', '.join(regions)}"
        if isinstance(block, LocalFolder) and allowed.local_root and block.path:
            root, parts = parts_of_path(allowed.local_root), _parts(block.path)
            if parts[: len(root)] != root:
                return f"the local folder {block.path!r} is outside {allowed.local_root!r}: choose one below it"
    return ""


def _region(block: Block) -> str:
    return block.region if isinstance(block, AmazonS3 | AmazonGlacier) else ""


def _parts(path: str) -> tuple[str, ...]:
    try:
        return parts_of_path(path)
    except ValueError:
        return ()


def _not_able(task: Task) -> str:
    if task.kind not in abilities.KINDS:
        known = ", ".join(kind.value for kind in abilities.KINDS)
        return f"it wants a {task.kind.value}, and this version makes {known}"
    mode = _mode(task)
    if mode not in abilities.ENCRYPTION:
        known = ", ".join(each.value for each in abilities.ENCRYPTION)
        return f"it wants encryption {mode.value}, and this version knows {known}"
    if task.retention is not None and not task.retention.disabled and not abilities.RETENTION:
        return "it wants old backups removed, and this version removes none: leave retention out"
    usable = task.usable
    for block in usable:
        if type(block) not in abilities.PLACES:
            known = ", ".join(kind.word for kind in abilities.PLACES)
            return f"this version sends nothing to {block.word}: it can send to {known}"
        if block.script is not None:
            return f"the script of its {block.word} destination cannot be run by a simulated node: give the fields"
    if len(usable) > 1:
        words = ", ".join(block.word for block in usable)
        return f"it names {len(usable)} places to send to ({words}): give one, or disable the others"
    return ""


async def _not_reachable(block: Block, member: Member, shelves: Shelves) -> str:
    """Look at the place as a run would (rule 6.4: a folder that is not accessible). It costs no time that counts."""

    def look() -> Any:
        return abilities.place(shelves, member.name, block).folders()

    try:
        await member.outside(look, 0)
    except (OSError, ValueError) as error:
        return f"its {block.word} destination cannot be reached: {shelves.plain(error)}"
    return ""


def _mode(task: Task) -> EncryptionMode:
    return task.encryption.mode if task.encryption is not None else EncryptionMode.NONE
