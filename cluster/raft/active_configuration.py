"""The configuration in force: the last one that the log holds, committed or not (dissertation, 4.1).

It is a function of the log, so an entry that is cut takes its configuration with it. `Raft.configured` is a small index
of the log's configurations, so that nothing ever searches the log.
"""

from collections.abc import Sequence

import attrs

from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Reconfiguration
from cluster.raft.state import Raft

Configured = tuple[tuple[int, Configuration], ...]


def of_log(base: Configuration, log: Log, since: int = 0) -> Configured:
    """Every configuration in the log after entry `since`, with its index. The first element is `(since, base)`."""
    first = max(since, log.base) + 1
    entries = enumerate(log.slice(first, log.last_index), first)
    return (
        (since, base),
        *[(index, entry.configuration) for index, entry in entries if isinstance(entry, Reconfiguration)],
    )


def extended(raft: Raft, after: int, entries: Sequence[Entry]) -> Raft:
    """The node once its log holds these entries after index `after`; `configured` loses all before the last committed one."""
    configured = list(raft.configured)
    for offset, entry in enumerate(entries, 1):
        if isinstance(entry, Reconfiguration):
            configured.append((after + offset, entry.configuration))
    while len(configured) > 1 and configured[1][0] <= raft.commit:
        del configured[0]
    return attrs.evolve(raft, configuration=configured[-1][1], configured=tuple(configured))


def without_tail(configured: Configured, after: int) -> Configured:
    """The elements of the index that remain when the log is cut after entry `after`."""
    return tuple([(index, configuration) for index, configuration in configured if index <= after])


def may_stand(raft: Raft) -> bool:
    """Whether the node may lead: a voter of the configuration in force, or of one whose replacement is not committed (rule 3.7).

    A node that its own log removes may be needed until the removal is committed (dissertation, 4.2.2; scylla #10618).
    """
    if not raft.configuration.members:
        return False  # no leader has sent it a configuration, or a leader has told it that it is no member
    for since, configuration in reversed(raft.configured):
        if configuration.votes(raft.name):
            return True
        if since <= raft.commit:
            return False
    return False


def at_index(raft: Raft, index: int) -> Configuration:
    """The configuration that a snapshot of entry `index` names. `index` is not below the last commit."""
    return next(configuration for since, configuration in reversed(raft.configured) if since <= index)


def since(raft: Raft) -> int:
    """Index of the entry that put the configuration in force; 0 if no entry did."""
    return raft.configured[-1][0]


def unsettled(raft: Raft) -> bool:
    """Whether the configuration in force is not committed yet: no other change may begin (dissertation, 4.1)."""
    return raft.configured[-1][0] > raft.commit
