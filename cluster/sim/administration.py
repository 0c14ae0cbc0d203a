"""An administrator's step as the request that a node brings to its leader."""

from cluster import steps
from cluster.admin_requests import HandOver
from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, Change, Place


def wish_of(step: steps.Administration, now: Configuration) -> Change | HandOver:
    """The request that the step makes; `now` is the configuration of the node that is asked."""
    match step:
        case steps.Join(node, watcher):
            return _one(node, Place.Watcher if watcher else Place.Promotable)
        case steps.Remove(node):
            return _one(node, Place.Nowhere)
        case steps.Promote(node):
            return _one(node, Place.Promotable)
        case steps.Demote(node):
            return _one(node, Place.Watcher)
        case steps.Transfer(node):
            return HandOver(node)
        case steps.Reconfigure(voters, watchers):
            places = dict.fromkeys(now.members, Place.Nowhere)
            places |= dict.fromkeys(voters, Place.Voter) | dict.fromkeys(watchers, Place.Watcher)
            return Change(tuple([Alteration(node, place) for node, place in places.items()]))


def _one(node: str, place: Place) -> Change:
    return Change((Alteration(node, place),))
