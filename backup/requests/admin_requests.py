"""What an operator may ask of any node: an administrative act, or the observer.

An act is the command itself, which stands in backup/record beside what it does: it needs a leader, and raises
`NoLeader`, `OutcomeUnknown` or `Refused`. The observer is asked on the node that leads; what it was told or knows is
forgotten when another one does (rules 5.1, 5.16). Never here: how each is answered (backup/node/admin_handler.py).
"""

from backup.database.agreed_values import ValueCommand
from backup.record.database_commands import CreateDatabase, RemoveDatabase
from backup.record.external_replication import DefineReplication, RemoveReplication, ToggleReplication
from backup.record.group_commands import GroupCommand
from backup.record.server_wide import ServerWideCommand
from backup.record.task_commands import DefineTask, RemoveTask, ToggleTask
from backup.requests.answers import DecisionLogEntry
from cluster.member import ClientRequest
from cluster.value import value


@value
class SuspendObserver(ClientRequest[None]):
    """The observer of this node decides nothing until it is resumed, or the node restarts (5.16). Answers None."""

    suspended: bool = True

    def says(self) -> str:
        return f"{'suspends' if self.suspended else 'resumes'} its observer"


@value
class ReadDecisions(ClientRequest[tuple[DecisionLogEntry, ...]]):
    """Answers the observer's log on this node: a tuple of `DecisionLogEntry`, at most 100, the oldest first (5.1, 5.12)."""

    def says(self) -> str:
        return "reads the log of its observer"


TaskAct = DefineTask | RemoveTask | ToggleTask | DefineReplication | RemoveReplication | ToggleReplication
Act = CreateDatabase | RemoveDatabase | TaskAct | ServerWideCommand | GroupCommand | ValueCommand
"""What goes through the log as it is, once the node that is asked has let it in."""
ObserverRequest = SuspendObserver | ReadDecisions
