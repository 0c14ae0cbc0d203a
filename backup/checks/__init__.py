"""The promises of backups, checked in every run from the trace and the files alone. Watchers never influence the run."""

from backup.checks.coverage import Covered, Missed
from backup.checks.deletions import DeletionsForgotten
from backup.checks.documents import CopiesAgree, DocumentsKept
from backup.checks.files import ReportedIsKept, Restores, WatchedFiles
from backup.checks.indexes import IndexesTrue
from backup.checks.model import Model
from backup.checks.owners import DisabledRests, GroupsInCluster, OneOwner, OutsideRests, OwnerInGroup
from backup.checks.replicas import ReplicasFollow
from backup.checks.report_promises import LaterStartWins, ReportsInOrder, ToldAsRuled
from backup.checks.request_promises import NoEditLost, PutOffWaits, ServerWideEverywhere
from backup.checks.retention_promises import KeptAsRuled
from backup.checks.run_ends import RunsEnd
from backup.checks.second_runs import OneRunIsEnough
from backup.checks.secrets import EncryptedAsAsked, KeysStaySecret
from backup.checks.upload_promises import TriedAsRuled
from backup.destinations.world_destinations import WorldDestinations
from backup.record.key_ring import KeyRing
from backup.record.rules import Rules
from cluster.checks import Watcher

__all__ = ["Covered", "Missed", "backup_watchers"]


def backup_watchers(rules: Rules, destinations: WorldDestinations, keys: KeyRing) -> list[Watcher]:
    """A new watcher for each promise, in the order in which they must see events."""
    model = Model()
    files = WatchedFiles(destinations, keys, rules)
    return [
        model,
        OneOwner(),
        OwnerInGroup(model),
        GroupsInCluster(model),
        DisabledRests(model),
        OutsideRests(model, rules),
        PutOffWaits(model),
        ServerWideEverywhere(model),
        NoEditLost(model),
        Covered(model, rules),
        OneRunIsEnough(model, rules),
        RunsEnd(model),
        DocumentsKept(),
        CopiesAgree(model),
        DeletionsForgotten(model, rules),
        IndexesTrue(),
        ReplicasFollow(model),
        TriedAsRuled(rules),
        ReportedIsKept(files),
        ReportsInOrder(model, rules),
        ToldAsRuled(model, rules),
        LaterStartWins(model, rules),
        KeptAsRuled(files, rules),
        EncryptedAsAsked(),
        KeysStaySecret(files),
        Restores(files),
    ]
