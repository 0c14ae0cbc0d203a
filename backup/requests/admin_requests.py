"""An operator's requests to any node: administrative acts, and requests about the observer.

An act is the command itself, which is defined in backup/record: it needs a leader, and raises `NoLeader`,
`OutcomeUnknown` or `Refused`. Requests about the observer go to the node that leads; its state is lost when another
node becomes leader (rules 5.1, 5.16). They are answered in backup/node/admin_handler.py.
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
"""Every command that is proposed as it is, once the node that is asked has allowed it."""
ObserverRequest = SuspendObserver | ReadDecisions
