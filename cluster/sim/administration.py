"""An administrator's step as the request that a node brings to its leader."""

from cluster import steps
from cluster.admin_requests import HandOver
from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, Change, MemberPlace


def wish_of(step: steps.Administration, now: Configuration) -> Change | HandOver:
    """The request that the step makes; `now` is the configuration of the node that is asked."""
    match step:
        case steps.Join(node, watcher):
            return _one(node, MemberPlace.Watcher if watcher else MemberPlace.Promotable)
        case steps.Remove(node):
            return _one(node, MemberPlace.Nowhere)
        case steps.Promote(node):
            return _one(node, MemberPlace.Promotable)
        case steps.Demote(node):
            return _one(node, MemberPlace.Watcher)
        case steps.Transfer(node):
            return HandOver(node)
        case steps.Reconfigure(voters, watchers):
            places = dict.fromkeys(now.members, MemberPlace.Nowhere)
            places |= dict.fromkeys(voters, MemberPlace.Voter) | dict.fromkeys(watchers, MemberPlace.Watcher)
            return Change(tuple([Alteration(node, place) for node, place in places.items()]))


def _one(node: str, place: MemberPlace) -> Change:
    return Change((Alteration(node, place),))
