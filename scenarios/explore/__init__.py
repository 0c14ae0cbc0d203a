"""A search through every interleaving of a tiny cluster by the product's own step function, and the ways it finds as stories."""

from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, Change, MemberPlace
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
from scenarios.explore.actions import Action, Crash, Deliver, Drop, Duplicate, Expire, Propose, Read, Reconfigure, Sync
from scenarios.explore.bounds import Bounds, BoundsError
from scenarios.explore.search import Level, Search, SearchResult, explore
from scenarios.explore.story import CannotHappen, Followed, follow, story_lines

__all__ = ["Action", "Crash", "Deliver", "Drop", "Duplicate", "Expire", "Propose", "Read", "Reconfigure", "Sync"]
__all__ += ["Alteration", "AppendEntries", "AppendReply", "Change", "Configuration", "Confirm", "Confirmed", "Entry"]
__all__ += ["MemberPlace", "Reconfiguration", "Request", "RequestVote", "TimeoutNow", "VoteReply"]
__all__ += ["Bounds", "BoundsError", "Level", "Search", "SearchResult", "explore"]
__all__ += ["CannotHappen", "Followed", "follow", "story_lines"]
