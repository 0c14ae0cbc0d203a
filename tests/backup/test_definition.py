"""Every field of a task, what makes no sense, and what a node does not let in (rules 6.1 to 6.5, section 12)."""

from typing import Any

import attrs
import pytest
import trio

from backup.destinations.azure import Azure
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.local import LocalFolder
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import DestinationSettings, Script
from backup.node.service import WORDS, Backups
from backup.node.task_admission import Allowed, admit
from backup.notes import TaskDefined
from backup.record.commands import apply
from backup.record.database_commands import CreateDatabase
from backup.record.encryption_keys import Encryption, EncryptionMode, Key
from backup.record.record import Record
from backup.record.retention_policy import Retention
from backup.record.task import Kind, SnapshotSettings, Task, UploadMode
from backup.record.task_commands import DefineTask
from backup.record.task_json import task_json
from backup.record.validation import default_name, validate
from cluster.member import Refused
from cluster.sim.run import run
from cluster.sim.world import World
from cluster.time_units import DAY, HOUR
from cluster.wire import Codec
from tests.ports.samples import ACCOUNT_KEY, CERTIFICATE, SAS_TOKEN, SERVICE_ACCOUNT

SECRET = "hush-hush"
SIX: tuple[Any, ...] = (
    Ftp("ftp://archive", 2121, "raven", SECRET, CERTIFICATE, "archive.crt"),
    GoogleCloud("bucket", SERVICE_ACCOUNT, "nightly"),
    Azure("container", "raven", ACCOUNT_KEY, SAS_TOKEN, "nightly"),
    AmazonGlacier("vault", "eu-central-1", "AK", SECRET, SECRET, "nightly"),
    AmazonS3("bucket", "eu-central-1", "AK", SECRET, SECRET, "nightly", "http://minio", True, "GLACIER_IR"),
    LocalFolder("/backups"),
)
NIGHTLY = Task(full="0 2 * * *", destinations=(LocalFolder("/backups"),))
KEY = Key(bytes(range(32)))
WHOLE = Task(
    full="0 2 * * 0",
    incremental="0 * * * *",
    destinations=SIX,
    name="everything",
    kind=Kind.SNAPSHOT,
    mentor="B",
    pinned=True,
    disabled=True,
    retention=Retention(14 * DAY),
    snapshot=SnapshotSettings("Deflate", "Optimal", exclude_indexes=True),
    encryption=Encryption(EncryptionMode.USE_PROVIDED_KEY, KEY),
    upload_mode=UploadMode.DIRECT_UPLOAD,
)


def with_fields(block: Any, **fields: object) -> Any:
    """A block with other values in some fields."""
    return attrs.evolve(block, **fields)


def test_a_task_with_every_field_is_kept_as_it_was_given() -> None:
    """Rule 6.1: over the wire, and in the record."""
    codec = Codec(WORDS)
    record, _ = apply(Record(), CreateDatabase("Shop", ("A", "B")), 1)
    command = codec.decode(codec.encode(DefineTask("Shop", WHOLE, at=9)))
    record, _ = apply(record, command, 2)

    assert record.databases["shop"].tasks[2] == attrs.evolve(WHOLE, id=2, created_at=9)


def test_no_repr_and_no_file_shows_a_secret() -> None:
    """Keys, passwords, tokens and certificates are kept and not shown."""
    secrets = [secret for block in SIX for secret in block.secrets]
    assert len(secrets) == 9
    assert not [secret for secret in secrets if secret in repr(WHOLE)]
    assert KEY.as_text() not in repr(WHOLE)
    assert not [secret for secret in secrets if secret in str(task_json(WHOLE))]
    assert KEY.as_text() not in str(task_json(WHOLE))


def test_a_file_names_the_fields_as_ravendb_does() -> None:
    """Rule 18.4: what it holds of a task."""
    told = task_json(WHOLE)

    assert (told["BackupType"], told["RetentionPolicy"]["MinimumBackupAgeToKeep"]) == ("Snapshot", "14.00:00:00")
    assert told["LocalSettings"] == {"Disabled": False, "FolderPath": "/backups"}
    assert told["FtpSettings"] == {"Disabled": False, "Url": "ftp://archive", "Port": 2121, "UserName": "raven"}
    assert {"S3Settings", "GlacierSettings", "AzureSettings", "GoogleCloudSettings"} <= told.keys()
    assert task_json(NIGHTLY)["RetentionPolicy"] is None


def test_a_default_name_lists_the_blocks_in_their_order() -> None:
    """Rule 6.2: those that are not disabled, even if incomplete."""
    assert default_name(WHOLE) == "Snapshot to Local, Amazon S3, Amazon Glacier, Azure, Google Cloud, FTP"
    off = attrs.evolve(WHOLE, destinations=(LocalFolder("/x", disabled=True), AmazonS3("")), kind=Kind.BACKUP)
    assert default_name(off) == "Backup to Amazon S3"
    assert default_name(Task()) == "Backup w/o destinations"


@pytest.mark.parametrize(
    ("block", "usable"),
    [
        *((block, True) for block in SIX),
        *((attrs.evolve(block, disabled=True), False) for block in SIX),
        *((with_fields(block, **{block.key_field: ""}), False) for block in SIX),
        *((with_fields(block, **{block.key_field: ""}, script=Script("/bin/keys")), True) for block in SIX),
        (Ftp("ftp://archive", 0), False),
    ],
)
def test_settings_are_usable_if_enabled_with_a_key_field_or_a_script(block: DestinationSettings, usable: bool) -> None:
    """Section 12."""
    assert block.usable is usable
    assert Task(destinations=(block,)).runnable is usable


def test_a_folder_further_in_is_named_in_each_kinds_way() -> None:
    """Rule 16.3."""
    assert LocalFolder("/all/").subfolder("Shop") == LocalFolder("/all/Shop")
    assert Ftp("ftp://archive").subfolder("Shop") == Ftp("ftp://archive/Shop")
    assert [block.subfolder("Shop").remote_folder for block in SIX[1:5]] == ["nightly/Shop"] * 4
    assert AmazonS3("bucket").subfolder("Shop") == AmazonS3("bucket", remote_folder="Shop")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"full": "", "incremental": ""}, "couldn't parse the cron expressions for both"),
        ({"full": "61 * * * *"}, "its full frequency: cron expression '61 "),
        ({"incremental": "hourly"}, "its incremental frequency: cron expression 'hourly'"),
        ({"destinations": (LocalFolder(""),)}, "its Local destination has no path and no script"),
        ({"destinations": (LocalFolder("/a"), LocalFolder("/b"))}, "names 2 Local destinations: give one of each"),
        (
            {"destinations": (AmazonS3("", script=Script("")),)},
            "the script of its Amazon S3 destination has no program",
        ),
        ({"destinations": (LocalFolder("", script=Script("x", timeout=0)),)}, "no time"),
        ({"retention": Retention(0)}, "must be positive, not 0 s: give a day or more"),
        ({"retention": Retention(-5)}, "must be positive, not -5e-06 s"),
        ({"retention": Retention(23 * HOUR)}, "must be a day or more, not 23 h$"),
        ({"snapshot": SnapshotSettings("Lzma")}, "cannot be compressed by 'Lzma': choose one of Zstd"),
        ({"snapshot": SnapshotSettings(level="Most")}, "no compression level 'Most': choose one of Fastest"),
        ({"encryption": Encryption(EncryptionMode.USE_PROVIDED_KEY)}, "needs a key: provide one"),
        ({"encryption": Encryption(EncryptionMode.USE_DATABASE_KEY, KEY)}, "mode UseDatabaseKey takes no key"),
        ({"pinned": True}, "pinned but names no mentor"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_own_reason(change: dict[str, Any], words: str) -> None:
    """Rule 6.4, and none of the reasons shows a secret."""
    with pytest.raises(Refused, match=words) as refused:
        validate(attrs.evolve(NIGHTLY, **change), "create")
    assert KEY.as_text() not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"destinations": (LocalFolder("", disabled=True),)},
        {"destinations": (AmazonS3(""),)},
        {"destinations": ()},
        {"retention": Retention(0, disabled=True)},
        {"retention": Retention(None)},
        {"retention": Retention(DAY)},
        {"encryption": Encryption()},
        {"encryption": Encryption(EncryptionMode.USE_DATABASE_KEY)},
    ],
)
def test_what_makes_sense_is_not_refused(change: dict[str, Any]) -> None:
    """Rule 6.4: a task may exist with no usable destination; a policy that is off says nothing."""
    validate(attrs.evolve(NIGHTLY, **change), "create")


# ---- what a node lets in ----


class Somebody:
    """As much of a member as a judgement of a task needs."""

    name = "A"
    members = ("A", "B", "C")

    async def outside(self, work: Any, cost: int) -> Any:
        return work()


def judged(task: Task, allowed: Allowed = Allowed()) -> None:  # a frozen value
    trio.run(admit, task, Somebody(), Backups()._destinations, allowed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "allowed", "words"),
    [
        ({"mentor": "X"}, Allowed(), "prefers node 'X', which is none of A B C"),
        ({"destinations": (LocalFolder("/../etc"),)}, Allowed(), "cannot be reached: the local folder .* leads out"),
        ({"destinations": (LocalFolder("s3://b"),)}, Allowed(), "is an address: name it in the block of its kind"),
        ({}, Allowed(destinations=("None",)), "allows no destination at all"),
        ({}, Allowed(destinations=("AmazonS3", "FTP")), "Local is not allowed here: choose one of AmazonS3, FTP"),
        (
            {"destinations": (AmazonS3("bucket", "us-east-1"),)},
            Allowed(aws_regions=("eu-central-1",)),
            "the AWS region 'us-east-1' is not allowed here: choose one of eu-central-1",
        ),
        ({}, Allowed(local_root="/safe"), "'/backups' is outside '/safe'"),
        ({"destinations": (LocalFolder("/safe/../etc"),)}, Allowed(local_root="/safe"), "is outside '/safe'"),
        ({"kind": Kind.SNAPSHOT}, Allowed(snapshots=False), "licence does not allow snapshots"),
        (
            {"encryption": Encryption(EncryptionMode.USE_DATABASE_KEY)},
            Allowed(encryption=False),
            "licence does not allow encrypted",
        ),
    ],
)
def test_what_a_node_does_not_let_in(change: dict[str, Any], allowed: Allowed, words: str) -> None:
    """Rules 6.4, 6.5: each with its own reason."""
    with pytest.raises(Refused, match=words):
        judged(attrs.evolve(NIGHTLY, **change), allowed)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"mentor": "B"}, Allowed(("Local",), (), "/backups")),
        ({"destinations": (LocalFolder("/safe/x"),)}, Allowed(local_root="/safe")),
        ({"destinations": (Azure("container", disabled=True), LocalFolder("/x"))}, Allowed(("Local",))),
        ({"destinations": (Azure(""),)}, Allowed()),
        ({"destinations": ()}, Allowed()),
    ],
)
def test_what_a_node_lets_in(change: dict[str, Any], allowed: Allowed) -> None:
    """A block that is disabled or incomplete asks nobody for anything."""
    judged(attrs.evolve(NIGHTLY, **change), allowed)


def test_a_task_with_nowhere_to_go_counts_as_disabled_and_says_so() -> None:
    """Rules 6.4, 7.9."""

    async def story(world: World) -> None:
        world.start("ABC", Backups)
        await world.elected()
        await world.ask("A", CreateDatabase("Shop", replication_factor=3))
        await world.ask("A", DefineTask("Shop", Task(full="0 2 * * *")))

    found = run(story).history.events
    told = next(event.note for event in found if isinstance(event.note, TaskDefined))
    assert told.disabled
    assert told.text().endswith("is defined, and does not run: it has no usable destination")
