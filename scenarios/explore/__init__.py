"""Every interleaving of a tiny cluster, by the very step function that runs everywhere else; and a way through it, told."""

from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, Change, Place
from cluster.raft.messages import (
    AppendEntries,
    AppendReply,
    Confirm,
    Confirmed,
    Entry,
    Reconfiguration,
    Request,
    RequestVote,
    TimeoutNow,
    VoteReply,
)
from scenarios.explore.actions import (
    Action,
    Crash,
    Deliver,
    Drop,
    Duplicate,
    Expire,
    Propose,
    Read,
    Reconfigure,
    Sync,
)
from scenarios.explore.bounds import Bounds, BoundsError
from scenarios.explore.search import Found, Level, Search, explore
from scenarios.explore.story import CannotHappen, Followed, follow, story_lines

__all__ = [
    "Action",
    "Alteration",
    "AppendEntries",
    "AppendReply",
    "Bounds",
    "BoundsError",
    "CannotHappen",
    "Change",
    "Configuration",
    "Confirm",
    "Confirmed",
    "Crash",
    "Deliver",
    "Drop",
    "Duplicate",
    "Entry",
    "Expire",
    "Followed",
    "Found",
    "Level",
    "Place",
    "Propose",
    "Read",
    "Reconfiguration",
    "Reconfigure",
    "Request",
    "RequestVote",
    "Search",
    "Sync",
    "TimeoutNow",
    "VoteReply",
    "explore",
    "follow",
    "story_lines",
]
