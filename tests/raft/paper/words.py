"""Words that the tests of the paper share: a node by the paper's own timing, appends in short. No test is here."""

from collections.abc import Sequence

from cluster.raft.messages import AppendEntries
from cluster.raft.state import Effect, Raft, Send
from tests.raft.vocabulary import PAPER, node, only


def paper(
    holding: str = "", term: int = 1, vote: str | None = None, commit: int = 0, voters: str = "ABC", name: str = "A"
) -> Raft:
    """A follower as the paper has it, with everything it holds durable."""
    return node(holding, term, vote, commit, voters, name, PAPER)


def mixed(effects: Sequence[Effect]) -> list[tuple[str, int, int]]:
    """Of each append that leaves: to whom, after which index, how many entries."""
    return [
        (send.to, send.message.prev_index, len(send.message.entries))
        for send in only(Send, effects)
        if isinstance(send.message, AppendEntries)
    ]
