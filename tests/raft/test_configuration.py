"""Who belongs to the cluster, as a value: members, votes, and the majority or the two that decide."""

from cluster.raft.configuration import NOBODY, Configuration
from cluster.raft.quorum import Joint, Majority
from cluster.wire import Codec


def test_members_are_everybody_who_gets_the_log() -> None:
    """Voters of both halves and learners, each once, sorted."""
    joint = Configuration(voters=("A", "D"), outgoing=("A", "B"), learners=("C",), learners_next=("B",))
    assert joint.members == ("A", "B", "C", "D")
    assert joint.others("A") == ("B", "C", "D")
    assert joint.joint
    assert [name for name in "ABCD" if joint.votes(name)] == ["A", "B", "D"]


def test_the_quorum_is_one_majority_or_two() -> None:
    """Learners never count; a joint configuration needs both halves."""
    assert Configuration.of("CAB", learners="D").quorum == Majority(("A", "B", "C"))
    assert Configuration(("A", "D"), ("A", "B")).quorum == Joint(Majority(("A", "B")), Majority(("A", "D")))
    assert NOBODY.members == ()


def test_it_travels() -> None:
    """What is derived is worked out again at the other end."""
    codec = Codec((Configuration,))
    sent = Configuration(("A", "D"), ("A", "B"), ("C",), ("B",), ("C",), True)
    assert codec.decode(codec.encode(sent)) == sent
    assert codec.decode(codec.encode(sent)).quorum == sent.quorum
