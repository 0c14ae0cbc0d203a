"""Bugs of uploads to clouds: what is reported, what is kept, and what is deleted. Never here: how a bug is planted."""

from base64 import b64encode
from typing import Any

from backup.destinations.local import LocalUpload
from backup.destinations.simulated import WholeOrNothing
from backup.runs.backup_run import NotEverywhere
from scenarios.zoo import bug


@bug(
    "backup.runs.backup_run:BackupRun._send",
    breaks="reported means kept",
    source="rule 9.8",
    strikes="one_of_three_places_refuses",
)
async def shrugs_at_a_failed_upload(original: Any, self: Any, *arguments: Any) -> None:
    """A run succeeds when its local file is there, whatever the clouds said."""
    try:
        await original(self, *arguments)
    except NotEverywhere:
        return


@bug(
    "backup.runs.backup_run:is_last_attempt",
    breaks="tried as ruled",
    source="retries around the upload alone: a cloud that is away for three seconds as the run begins fails it",
    strikes="a_cloud_that_keeps_silent",
)
def gives_up_at_the_first_attempt(original: Any, attempt: int, rules: Any) -> bool:
    """A cloud that cannot be reached when a run begins is not asked again."""
    return True


@bug(
    "backup.runs.uploads:Uploads._tidied",
    source="restic and rclone clean up; a client that forgets at each start what it had begun does not",
    strikes="what_a_dead_run_left",
)
async def leaves_what_a_crash_left(original: Any, self: Any, remote: Any) -> None:
    """What a dead run has begun on an FTP server stays there for ever."""
    return


@bug("backup.restore.chain_reader:_covers", source="rules 9.8, 17.2", strikes="one_of_three_places_refuses")
def restores_the_file_of_a_failed_run(original: Any, later: Any, earlier: Any) -> Any:
    """Where a run that failed elsewhere has left its file, a restore ends with that one, and not with what came after it."""
    return original(earlier, later)


@bug(
    "backup.runs.runner:Runner._failed",
    breaks="keys stay secret",
    source="errors of libraries that repeat what was sent to log in",
    strikes="one_of_three_places_refuses",
)
def repeats_how_it_logged_in(original: Any, self: Any, run: Any, work: Any, error: str, *given: Any) -> Any:
    """The text of an error holds what got in to the cloud."""
    return original(self, run, work, f"{error} (as {', '.join(self._keys.secrets)})", *given)


@bug(
    "backup.runs.runner:Runner._failed",
    breaks="keys stay secret",
    source="CWE-532: HTTP libraries that log the headers of a request that failed",
    strikes="one_of_three_places_refuses",
)
def shows_the_header_it_sent(original: Any, self: Any, run: Any, work: Any, error: str, *given: Any) -> Any:
    """The text of an error holds the header with which the cloud was asked: user and password in one base64."""
    header = b64encode(f"raven:{' '.join(self._keys.secrets)}".encode()).decode()
    return original(self, run, work, f"{error} (Authorization: Basic {header})", *given)


@bug(
    "backup.runs.runner:Runner._failed",
    breaks="keys stay secret",
    source="CWE-598: errors of libraries that hold the whole URL of a request, signature and all",
    strikes="one_of_three_places_refuses",
)
def repeats_the_signed_address(original: Any, self: Any, run: Any, work: Any, error: str, *given: Any) -> Any:
    """The text of an error holds a signed address, whose signature nobody has named as a secret."""
    signed = "https://nightly.s3.amazonaws.com/?X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835"
    return original(self, run, work, f"{error} (asked {signed})", *given)


@bug(
    "backup.runs.retention_cleaner:RetentionCleaner._look",
    breaks="kept as ruled",
    source="rule 14.4: folder names carry the node's tag",
    strikes="the_cloud_outlives_the_node",
)
def cleans_up_behind_itself_alone(original: Any, self: Any, *arguments: Any) -> Any:
    """Retention passes over what another node has put into the same cloud, for ever."""
    chains, left = original(self, *arguments)
    return tuple(chain for chain in chains if f"-{self._member.name}-" in chain.folder), left


@bug(
    "backup.destinations.local:LocalUpload.discard",
    source="a full disk that is kept full by what did not fit",
    strikes="a_folder_that_fills",
)
def leaves_what_did_not_fit(original: Any, self: LocalUpload) -> None:
    """An upload that failed leaves what it has written under its in-progress name: the folder stays full of it."""
    self.abandon()


@bug(
    "backup.destinations.simulated:WholeOrNothing.abandon",
    source="an upload in parts that is put together as far as it came",
    strikes="the_cloud_outlives_the_node",
)
def keeps_what_arrived(original: Any, self: WholeOrNothing) -> None:
    """What arrived of an upload when its node died is put together, and looks like a backup."""
    self.finish()
