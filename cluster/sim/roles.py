"""Nodes by their role: `leader`, `followers`, and what an application adds, such as `owner of NAME`. Each is looked up when it is used.

A recorded step has names only, so that it can be taken again. Never here: what a step does.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

import attrs

from cluster import steps
from cluster.sim.errors import Misuse

NODE_FIELDS = ("one", "other", "src", "dst", "node")
"""The fields of steps that name one node; last the one that a fault may leave open."""


class Roles:
    """The roles that a world knows, by their first word."""

    def __init__(self) -> None:
        self._finders: dict[str, Callable[[str], tuple[str, ...]]] = {}
        self._waits: dict[str, str] = {}

    def add(self, word: str, find: Callable[[str], tuple[str, ...]], wait: str) -> None:
        """Let `word`, or `word of NAME`, stand for the nodes that `find(NAME)` returns. `wait`: how a story waits until there is one."""
        self._finders.setdefault(word, find)
        self._waits.setdefault(word, wait)

    def is_role(self, word: object) -> bool:
        """Whether the word is a role, held by somebody or not."""
        return isinstance(word, str) and word.partition(" of ")[0] in self._finders

    def nodes(self, word: str) -> tuple[str, ...]:
        """The nodes that a word names now, a node's own name included. Misuse if nobody has the role."""
        if not self.is_role(word):
            return (word,)
        role, _, name = word.partition(" of ")
        found = self._finders[role](name)
        if not found:
            raise Misuse(f"there is no {word} now: wait until there is, with `{self._waits[role]}`")
        return found

    def node(self, word: str) -> str:
        """The one node that a word names now. Misuse if it names none, or several."""
        found = self.nodes(word)
        if len(found) > 1:
            raise Misuse(f"{word} are {len(found)} nodes, {', '.join(found)}: name one")
        return found[0]

    def group(self, words: Iterable[str]) -> tuple[str, ...]:
        """The nodes of a group: names, roles, or one role by itself."""
        given = (words,) if self.is_role(words) else words
        return tuple(name for word in given for name in self.nodes(str(word)))

    def plain(self, step: Any) -> Iterator[Any]:
        """The step with the nodes that its words name now, in groups and lists too; once for each where it names one node.

        A step without roles is as it was.
        """
        match step:
            case steps.Split(groups):
                step = attrs.evolve(step, groups=tuple(map(self.group, groups)))
            case steps.Rewire(between=groups):
                step = attrs.evolve(step, between=tuple(map(self.group, groups)))
            case steps.Reconfigure(voters, watchers):
                step = attrs.evolve(step, voters=self.group(voters), watchers=self.group(watchers))
        given = {name: getattr(step, name, None) for name in NODE_FIELDS}
        words = {name: word for name, word in given.items() if self.is_role(word)}
        if not words or isinstance(step, steps.When):  # whose fault looks when it strikes
            yield step
            return
        for nodes in product(*(self.nodes(str(word)) for word in words.values())):
            yield attrs.evolve(step, **dict(zip(words, nodes, strict=True)))
