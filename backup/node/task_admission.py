"""Whether a node accepts a task definition (rules 6.4, 6.5): what its administrator allows, and what it can reach.

The rest of rule 6.4 is checked in backup/record/validation.py.
"""

from backup.destinations.local import LocalFolder, parts_of_path
from backup.destinations.registry import AnySettings
from backup.destinations.world_destinations import WorldDestinations
from backup.record.encryption_keys import EncryptionMode
from backup.record.task import Kind, Task
from cluster.member import Member, Refused
from cluster.value import value


@value
class Allowed:
    """The administrator's limits for every node. By default, everything is allowed."""

    destinations: tuple[str, ...] | None = None
    """Kinds of destination that are allowed, by the names of rule 12.3; `("None",)` forbids all backups; None: any."""
    aws_regions: tuple[str, ...] | None = None
    """AWS regions that are allowed; None: any."""
    local_root: str = ""
    """Folder below which local folders must lie; empty: anywhere."""
    snapshots: bool = True
    """Whether the licence allows snapshots (rule 6.5)."""
    encryption: bool = True
    """Whether the licence allows encrypted backups (rule 6.5)."""


async def admit(task: Task, member: Member, destinations: WorldDestinations, allowed: Allowed) -> None:
    """Raise `Refused`, with the reason, for a task that is not allowed or whose destination cannot be reached."""
    why = _not_allowed(task, allowed)
    if not why and task.mentor is not None and task.mentor not in member.members:
        why = f"it prefers node {task.mentor!r}, which is none of {' '.join(member.members)}: name one of them"
    for block in task.usable if not why else ():
        if block.script is None:  # rule 12.1: the settings that a script gives are known only to a run
            why = why or await _not_reachable(block, member, destinations)
    if why:
        raise Refused(f"task {task.name!r} is refused: {why}")


def _not_allowed(task: Task, allowed: Allowed) -> str:
    if task.kind is Kind.SNAPSHOT and not allowed.snapshots:
        return "the licence does not allow snapshots: make a Backup"
    is_plain = task.encryption is None or task.encryption.mode is EncryptionMode.NONE
    if not is_plain and not allowed.encryption:
        return "the licence does not allow encrypted backups: leave encryption out"
    known = allowed.destinations
    if known is not None and known == ("None",):
        return "the administrator allows no destination at all, so that there are no backups: ask for one"
    for block in task.destinations:
        if block.disabled:
            continue
        if known is not None and block.allowed_as not in known:
            return f"the destination {block.allowed_as} is not allowed here: choose one of {', '.join(known)}"
        region, regions = block.aws_region, allowed.aws_regions
        if region is not None and regions is not None and region not in regions:
            return f"the AWS region {region!r} is not allowed here: choose one of {', '.join(regions)}"
        if isinstance(block, LocalFolder) and allowed.local_root and block.path:
            root, parts = parts_of_path(allowed.local_root), _parts(block.path)
            if parts[: len(root)] != root:
                return f"the local folder {block.path!r} is outside {allowed.local_root!r}: choose one below it"
    return ""


def _parts(path: str) -> tuple[str, ...]:
    try:
        return parts_of_path(path)
    except ValueError:
        return ()


async def _not_reachable(block: AnySettings, member: Member, destinations: WorldDestinations) -> str:
    """Look at a folder as a run would (rule 6.4), or open a cloud; why that fails, or empty. It takes no simulated time."""

    def look() -> None:
        place = destinations.of_settings(member.name, block)
        if isinstance(block, LocalFolder):
            place.folders()

    try:
        await member.outside(look, 0)
    except (OSError, ValueError) as error:
        return f"its {block.word} destination cannot be reached: {destinations.plain(error)}"
    return ""
