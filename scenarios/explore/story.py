"""A way through a search as a story: one sentence for each step, and steps that can be pasted. Nothing is searched here.

The notes are those of a trace, so that the watchers of `cluster.checks` can read a way like a history.
"""

from collections.abc import Iterable, Iterator

import attrs

from cluster import trace
from cluster.raft.messages import AppendReply
from cluster.raft.state import Leader, Raft
from cluster.trace import Happened, Note
from cluster.trace_notes import ROLES
from cluster.value import value
from scenarios.explore.actions import (
    Action,
    Crash,
    Deliver,
    Duplicate,
    Expire,
    Propose,
    Read,
    Reconfigure,
    Sync,
    in_short,
    sentence,
)
from scenarios.explore.bounds import CHANGED, PROPOSED, READ, Bounds
from scenarios.explore.promises import BrokenPromise
from scenarios.explore.search import Option, Search, State
from scenarios.explore.state_parts import LATE, Mail


class CannotHappen(ValueError):
    """An action that is not possible in its state. The text says which, and what is possible."""


@value
class ToldStory:
    """An action that was taken, and its effects."""

    number: int
    """The step's number, from 1."""
    action: Action
    notes: tuple[Note, ...]
    """The notes that its node made."""
    sent: tuple[str, ...]
    """The messages that its node sent, in words."""

    def text(self) -> str:
        """The step in one sentence, without the node's name."""
        noted = [note.text() for note in self.notes if not isinstance(note, trace.Delivered | trace.Crashed)]
        text = sentence(self.action) + (f": {', '.join(noted)}" if noted else "")
        return text + (f"; sends {', and '.join(self.sent)}" if self.sent else "")


@value
class Followed:
    """A sequence of actions, taken one after another from a new cluster on."""

    steps: tuple[ToldStory, ...]
    broken: BrokenPromise | None
    """The promise that the last action broke; the actions after it were not taken. None: none broke."""
    nodes: tuple[Raft, ...]
    """The nodes at the end."""

    def events(self) -> Iterator[Happened]:
        """The actions and their notes as the events of a trace."""
        seq = 0
        for step in self.steps:
            for note in step.notes:
                seq += 1
                yield Happened(seq, step.number, step.action.node, 0, note)


def follow(bounds: Bounds, actions: Iterable[Action]) -> Followed:
    """Take these actions in order. Raises CannotHappen."""
    search = Search(bounds)
    state, steps, broken = search.first(), list[ToldStory](), None
    for number, action in enumerate(actions, 1):
        option = _option(search, state, action, number)
        steps.append(ToldStory(number, action, _notes(search, state, option, action), _sent(search, option)))
        after = option[1].broken or search.after(state, option)
        broken = after if isinstance(after, BrokenPromise) else search.judged(state, option, after)
        if not isinstance(after, BrokenPromise):
            state = after
        if broken:
            break
    return Followed(tuple(steps), broken, tuple([cell.raft for cell in state[0]]))


def _option(search: Search, state: State, action: Action, number: int) -> Option:
    possible = []
    for option in search.options(state):
        known = search.action(state, option)
        if known == action:
            return option
        possible.append(repr(known))
    text = "; ".join(possible) or "nothing at all"
    raise CannotHappen(f"step {number} cannot be {action!r}: within the bounds there may be {text}")


def _notes(search: Search, state: State, option: Option, action: Action) -> tuple[Note, ...]:
    """The notes that the node makes when the action is taken once more with a listener."""
    nodes, cell, mail = search.nodes, state[0][option[0]], option[3]
    heard: list[Note] = []
    nodes.told = heard.append
    match action:
        case Deliver(late=late) | Duplicate(late=late) if isinstance(mail, Mail):
            nodes.take(cell, mail, LATE if late else 0)
            heard.insert(0, _delivered(action, option[1].after.raft))
        case Expire(unheard=unheard):
            nodes.expire(cell, 2 * nodes.timing.heartbeat if cell.leads and not unheard else LATE)
        case Sync():
            nodes.sync(cell)
        case Crash(commit=commit):
            nodes.crash(cell, commit)
        case Propose():
            cell.proposals.clear()
            nodes.propose(cell, state[3][PROPOSED] + 1)
        case Reconfigure(change=change):
            nodes.change(cell, state[3][CHANGED] + 1, change)
        case Read():
            nodes.read(cell, state[3][READ] + 1)
        case _:
            pass  # no node notices a lost message
    nodes.told = None
    return tuple(heard)


def _delivered(action: Deliver | Duplicate, raft: Raft) -> Note:
    match = -1
    if isinstance(action.message, AppendReply) and isinstance(raft.role, Leader):
        match = dict(raft.role.peers)[action.sender].match
    kind, role = type(action.message).__name__, ROLES[type(raft.role)]
    return trace.Delivered(kind, kind, action.sender, 0, raft.term, role, raft.log.last_index, raft.commit, match)


def _sent(search: Search, option: Option) -> tuple[str, ...]:
    nodes = search.nodes
    to: dict[str, list[str]] = {}
    for number in option[1].sent:
        mail = nodes.mails[number]
        to.setdefault(in_short(mail.message).rstrip(","), []).append(nodes.names[mail.to])
    return tuple([f"{what} to {' and '.join(sorted(names))}" for what, names in to.items()])


def story_lines(followed: Followed) -> list[str]:
    """The story in sentences, a line for each step."""
    width = len(str(len(followed.steps)))
    return [f"  {step.number:{width}}  {step.action.node}  {step.text()}" for step in followed.steps]


def pasteable(bounds: Bounds, actions: Iterable[Action], bug: str | None) -> list[str]:
    """A program that takes the same steps."""
    given = [
        f"{field.name}={getattr(bounds, field.name)!r}"
        for field in attrs.fields(Bounds)
        if getattr(bounds, field.name) != field.default
    ]
    return [
        "from scenarios.explore import *",
        "from scenarios.zoo import planted",
        "",
        f"with planted({bug!r}):",
        f"    followed = follow(Bounds({', '.join(given)}), [",
        *[f"        {action!r}," for action in actions],
        "    ])",
        '    print("\\n".join(story_lines(followed)), followed.broken, sep="\\n")',
    ]
