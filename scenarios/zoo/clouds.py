"""Bugs of the way to clouds: what is told, what is kept, and what goes. Never here: how a bug is planted."""

from collections.abc import Awaitable, Callable
from typing import Any

from backup.destinations.simulated import WholeOrNothing
from backup.runs.backup_run import NotEverywhere
from scenarios.zoo import OF_THE_STORY, bug


@bug(
    "backup.runs.backup_run",
    "BackupRun._send",
    breaks="reported means kept",
    source="rule 9.8",
    strikes="one_of_three_places_refuses",
)
def shrugs_at_a_failed_upload(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A run succeeds when its local file is there, whatever the clouds said."""

    async def send(self: Any, *arguments: Any) -> None:
        try:
            await original(self, *arguments)
        except NotEverywhere:
            return

    return send


@bug(
    "backup.restore.chain_reader",
    "_covers",
    breaks=OF_THE_STORY,
    source="rules 9.8, 17.2",
    strikes="one_of_three_places_refuses",
)
def restores_the_file_of_a_failed_run(original: Callable[..., bool]) -> Callable[..., bool]:
    """Where a run that failed elsewhere has left its file, a restore ends with that one, and not with what came after it."""
    return lambda later, earlier: original(earlier, later)


@bug(
    "backup.runs.runner",
    "Runner._failed",
    breaks="keys stay secret",
    source="errors of libraries that repeat what was sent to log in",
    strikes="one_of_three_places_refuses",
)
def repeats_how_it_logged_in(original: Callable[..., Any]) -> Callable[..., Any]:
    """The text of an error holds what got in to the cloud."""

    def failed(self: Any, run: Any, work: Any, error: str, *given: Any) -> Any:
        return original(self, run, work, f"{error} (as {', '.join(self._keys.secrets)})", *given)

    return failed


@bug(
    "backup.runs.retention_cleaner",
    "RetentionCleaner._look",
    breaks="kept as ruled",
    source="rule 14.4: folder names carry the node's tag",
    strikes="the_cloud_outlives_the_node",
)
def cleans_up_behind_itself_alone(original: Callable[..., Any]) -> Callable[..., Any]:
    """Retention passes over what another node has put into the same cloud, for ever."""

    def look(self: Any, *arguments: Any) -> Any:
        looked = original(self, *arguments)
        ours = tuple(chain for chain in looked.chains if f"-{self._member.name}-" in chain.folder)
        return type(looked)(ours, looked.left)

    return look


@bug(
    "backup.destinations.simulated",
    "WholeOrNothing.abandon",
    breaks=OF_THE_STORY,
    source="an upload in parts that is put together as far as it came",
    strikes="the_cloud_outlives_the_node",
)
def keeps_what_arrived(original: Callable[..., None]) -> Callable[..., None]:
    """What arrived of an upload when its node died is put together, and looks like a backup."""

    def abandon(self: WholeOrNothing) -> None:
        self.finish()

    return abandon
