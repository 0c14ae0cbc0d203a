"""Every interleaving of a tiny cluster, by the very step function that runs everywhere else; and a way through it, told."""

from cluster.raft.messages import AppendEntries, AppendReply, Entry, Request, RequestVote, VoteReply
from scenarios.explore.actions import Action, Crash, Deliver, Drop, Duplicate, Expire, Propose, Sync
from scenarios.explore.bounds import Bounds, BoundsError
from scenarios.explore.search import Found, Level, Search, explore
from scenarios.explore.story import CannotHappen, Followed, follow, story_lines

__all__ = [
    "Action",
    "AppendEntries",
    "AppendReply",
    "Bounds",
    "BoundsError",
    "CannotHappen",
    "Crash",
    "Deliver",
    "Drop",
    "Duplicate",
    "Entry",
    "Expire",
    "Followed",
    "Found",
    "Level",
    "Propose",
    "Request",
    "RequestVote",
    "Search",
    "Sync",
    "VoteReply",
    "explore",
    "follow",
    "story_lines",
]
