"""The reasons for which a node refuses a request about a backup, one class each (rules 9.3, 9.4, 15.1 to 15.6).

Each is a subclass of the cluster's `Refused`, so that a caller may catch them all at once.
"""

from cluster.member import Refused
from cluster.time_units import SECOND


class NoSuchTask(Refused):
    """The database has no task of that id."""

    def __init__(self, database: str, task: int) -> None:
        super().__init__(f"database {database!r} has no task {task}: it was deleted or never defined")


class TaskIsDisabled(Refused):
    """The task is disabled."""

    def __init__(self, task: str) -> None:
        super().__init__(f"task {task!r} is disabled: enable it first")


class NowhereToGo(Refused):
    """The task has no destination, or all are disabled or incomplete."""

    def __init__(self, task: str) -> None:
        super().__init__(f"task {task!r} has no usable destination: give one, or enable one")


class NobodyIsResponsible(Refused):
    """No node is responsible yet, or none can be."""

    def __init__(self, task: str) -> None:
        super().__init__(f"nobody is responsible for task {task!r} now: wait until the cluster has chosen a node")


class OutsideTheCluster(Refused):
    """The node knows that it was removed from the cluster (rule 3.36)."""

    def __init__(self, task: str, node: str) -> None:
        super().__init__(f"node {node} belongs to no cluster and runs no task {task!r}: ask a node of the cluster")


class AskAnother(Refused):
    """Another node is responsible; RavenDB answers with a redirect (307)."""

    def __init__(self, task: str, node: str) -> None:
        super().__init__(f"node {node} is responsible for task {task!r}: ask that one")
        self.node = node


class NoFreeSlot(Refused):
    """As many backups run on this node now as are allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"this exceeds the maximum number of concurrent backup tasks, which is {limit} on a node: "
            "wait until one has ended"
        )


class ShortOfResources(Refused):
    """The node is short of memory or CPU credits."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the node is in {why}: wait until that is over, or ask another node")


class NothingRuns(Refused):
    """No such run is under way on this node."""

    def __init__(self, task: str) -> None:
        super().__init__(f"no backup of task {task!r} with that number runs on this node: look at what runs where")


class BadDelay(Refused):
    """The delay does not lead into the future."""

    def __init__(self, duration: int) -> None:
        super().__init__(f"a backup cannot be put off by {duration / SECOND:g} s: give a duration above 0")
