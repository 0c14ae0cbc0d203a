"""The verbs of a story about backups, and every name that such a story needs: destinations, troubles, notes, settings, errors.

Each verb is a request that a client asks of some node, so it is a step of the recording like any other. What a story may look at
(runs, owners, files) is read from the history and from the nodes; nothing here steers.
"""

from types import ModuleType

from backup.content.encryption import NoKey as NoKey
from backup.content.encryption import WrongKey as WrongKey
from backup.content.manifest import DamagedBackup as DamagedBackup
from backup.content.manifest import UnreadableBackup as UnreadableBackup
from backup.destinations.azure import Azure as Azure
from backup.destinations.faults import Corrupted as Corrupted
from backup.destinations.faults import Cutting as Cutting
from backup.destinations.faults import Disconnected as Disconnected
from backup.destinations.faults import Expired as Expired
from backup.destinations.faults import Filling as Filling
from backup.destinations.faults import Full as Full
from backup.destinations.faults import Losing as Losing
from backup.destinations.faults import ReadOnly as ReadOnly
from backup.destinations.faults import Refusing as Refusing
from backup.destinations.faults import Removed as Removed
from backup.destinations.faults import Silent as Silent
from backup.destinations.faults import Slow as Slow
from backup.destinations.faults import Trouble as Trouble
from backup.destinations.faults import Well as Well
from backup.destinations.ftp import Ftp as Ftp
from backup.destinations.glacier import AmazonGlacier as AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud as GoogleCloud
from backup.destinations.local import LocalFolder as LocalFolder
from backup.destinations.port import IN_PROGRESS as IN_PROGRESS
from backup.destinations.port import DestinationError as DestinationError
from backup.destinations.s3 import AmazonS3 as AmazonS3
from backup.destinations.settings import Script as Script
from backup.notes import *  # noqa: F403  # every note, as it is named there
from backup.record.encryption_keys import Encryption as Encryption
from backup.record.encryption_keys import EncryptionMode as EncryptionMode
from backup.record.encryption_keys import Key as Key
from backup.record.encryption_keys import KeyRefused as KeyRefused
from backup.record.retention_policy import Retention as Retention
from backup.record.rules import rules_named as rules_named
from backup.record.task import Kind as Kind
from backup.record.task import SnapshotSettings as SnapshotSettings
from backup.record.task import UploadMode as UploadMode
from backup.requests.errors import AskAnother as AskAnother
from backup.requests.errors import BadDelay as BadDelay
from backup.requests.errors import NobodyIsResponsible as NobodyIsResponsible
from backup.requests.errors import NoFreeSlot as NoFreeSlot
from backup.requests.errors import NoSuchTask as NoSuchTask
from backup.requests.errors import NothingRuns as NothingRuns
from backup.requests.errors import NowhereToGo as NowhereToGo
from backup.requests.errors import OutsideTheCluster as OutsideTheCluster
from backup.requests.errors import ShortOfResources as ShortOfResources
from backup.requests.errors import TaskIsDisabled as TaskIsDisabled
from backup.restore.chain_reader import BrokenChain as BrokenChain
from backup.restore.chain_reader import NothingToRestore as NothingToRestore
from backup.restore.restore_points import chains as chains
from backup.restore.restore_points import check_chain as check_chain
from scenarios.backups.client import Client as Client
from scenarios.backups.client import backups as backups
from scenarios.backups.client import owner as owner
from scenarios.backups.database import Database as Database
from scenarios.backups.replica import Replica as Replica
from scenarios.backups.restored import RestoredDatabase as RestoredDatabase
from scenarios.backups.server_wide import ServerWide as ServerWide
from scenarios.backups.task import FOLDER as FOLDER
from scenarios.backups.task import Ran as Ran
from scenarios.backups.task import Task as Task

__all__ = sorted(  # so that pydoc shows what stands elsewhere as well
    name
    for name, found in list(globals().items())
    if not (name.startswith("_") or isinstance(found, ModuleType) or found is ModuleType)
)
