"""Breadth first through every state of a small cluster: the shortest way to a broken promise, or none within the bounds.

A state is the nodes, the messages in flight (a bag: any order), what was committed, and what is spent of the bounds.
Only fingerprints of states are kept, with six bytes each to find the way back; the states themselves are kept only while they
are on the frontier. The result does not depend on the order in which a level is searched, for a level is finished
before the next one begins, and a state and its renamings count as one (the core treats all names alike).

Two savings, and why they lose nothing. A move that changes no node and sends nothing is not made: the state it leads
to has one message less and can do nothing that this one cannot. And a step of one node is worked out once (`nodes`).
"""

from array import array
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from cluster.raft.configuration_change import Change
from cluster.sim.run import few_collections
from cluster.value import value
from scenarios.explore.actions import Action, Crash, Deliver, Drop, Duplicate, Expire, Propose, Read, Reconfigure, Sync
from scenarios.explore.bounds import BEATEN, CHANGED, CRASHED, DROPPED, DUPLICATED, PROPOSED, READ, Bounds
from scenarios.explore.identity import encoded
from scenarios.explore.nodes import Nodes
from scenarios.explore.promises import (
    Asked,
    BrokenPromise,
    Sealed,
    agreed,
    answered,
    between,
    counting,
    lost,
    missing,
    took_one_back,
)
from scenarios.explore.state_parts import Cell, Mail, Move

COSTS = {"beat": BEATEN, "crash": CRASHED}
OF_A_NAME: dict[str, Callable[[str], Action]] = {"sync": Sync, "propose": Propose, "read": Read}
"""The actions that need only the name of a node."""
ASKED = (("change", CHANGED), ("read", READ))
Spent = tuple[int, ...]
State = tuple[tuple[Cell, ...], tuple[int, ...], Sealed, Spent, int, Asked]
"""Nodes, numbers of the messages in flight, committed entries, what is spent of the bounds, lanes, the reads not answered."""
Option = tuple[int, Move, str, Mail | Change | None, bool, int, int]
"""Place of the node, its move, the kind of action, its message or change, whether the message is delivered for good or lost,
which bound the action spends, and what it adds to the lanes of the state (but for what it commits or asks)."""
FREE = -1
NOBODY = -1


@value
class Level:
    """How many states were first found at a depth."""

    depth: int
    distinct: int
    full: int
    """The number of states at this depth with every renaming counted."""
    generated: int
    """How many steps led to these states or to known ones."""


@value
class SearchResult:
    """The result of a search."""

    bounds: Bounds
    verdict: str
    """`exhausted`, `broken`, `depth` or `states` (a budget ran out), `stopped`."""
    levels: tuple[Level, ...]
    """The counts for each depth. Those of the last may be incomplete, if the search ended within it."""
    broken: BrokenPromise | None
    way: tuple[Action, ...]
    """The actions that lead to the broken promise; no way is shorter. Empty if none broke."""

    @property
    def distinct(self) -> int:
        """States found; a state and its renamings count once."""
        return sum(level.distinct for level in self.levels)

    @property
    def full(self) -> int:
        """States found, every renaming counted."""
        return sum(level.full for level in self.levels)

    @property
    def generated(self) -> int:
        """Steps taken."""
        return sum(level.generated for level in self.levels)

    @property
    def depth(self) -> int:
        """The greatest depth at which a state was found."""
        return self.levels[-1].depth


class Search:
    """One search. `run` does it; `found` gives what it has covered at any time."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.nodes = Nodes(bounds)
        self.levels: list[Level] = []
        self._seen: set[bytes] = set()
        self._parents, self._ordinals = array("L"), array("H")
        """For each state in the order of finding: its parent, and the ordinal of the parent's option that led to it."""
        self._agreeing: set[int] = set()
        """Pairs of faces that were found to keep the promises between two nodes."""
        self._sealed: dict[Sealed, int] = {(): 0}
        """The lanes of each sequence of committed entries."""
        self._asked: dict[Asked, int] = {(): 0}
        """The lanes of each set of unanswered reads."""
        self._units = [self.nodes.lanes.of_nameless(("spent", which)) for which in range(len(bounds.limits))]

    def run(self, each_level: Callable[[Level], None] | None = None, depth: int = 0, states: int = 0) -> SearchResult:
        """Search until a promise breaks or the bounds are exhausted; `depth` and `states` stop it sooner if not 0.

        `each_level` is called whenever a depth is complete. Raises UnknownPart if the core has grown
        something that the search does not know.
        """
        with few_collections():
            return self._run(each_level, depth, states)

    def _run(self, each_level: Callable[[Level], None] | None, depth: int, states: int) -> SearchResult:
        first = self.first()
        renamed = self.nodes.lanes.every(first[4])
        self._seen.add(min(renamed))
        self._remember(0, 0)
        self.levels.append(Level(0, 1, len(set(renamed)), 0))
        if each_level:
            each_level(self.levels[-1])
        rim, start = [first], 0
        while rim:
            if depth and self.levels[-1].depth >= depth:
                return self.found("depth")
            rim, broken, way = self._next(rim, start, states)
            if broken:
                return self.found("broken", broken, way)
            if states and len(self._parents) >= states and rim:
                return self.found("states")
            start = len(self._parents) - len(rim)
            if rim and each_level:
                each_level(self.levels[-1])
        return self.found("exhausted")

    def found(self, verdict: str, broken: BrokenPromise | None = None, way: tuple[Action, ...] = ()) -> SearchResult:
        """The result so far."""
        levels = self.levels
        if len(levels) > 1 and not levels[-1].distinct and verdict == "exhausted":
            # attempts from the last level that led to nothing new count as well
            generated = levels[-2].generated + levels[-1].generated
            levels = [*levels[:-2], attrs.evolve(levels[-2], generated=generated)]
        return SearchResult(self.bounds, verdict, tuple(levels), broken, way)

    # ---- states ----

    def first(self) -> State:
        """The first state: every node new, no message in flight."""
        cells = tuple([self.nodes.begun(name) for name in self.bounds.names])
        return cells, (), (), (0,) * len(self.bounds.limits), sum(cell.total for cell in cells), ()

    def options(self, state: State) -> Iterator[Option]:
        """Everything that may happen next, always in the same order."""
        cells, flight, _, spent, *_ = state
        nodes, limits, units = self.nodes, self.bounds.limits, self._units
        for place, cell in enumerate(cells):
            for kind, move in cell.own if cell.own is not None else nodes.own(cell):
                cost = COSTS.get(kind, FREE)
                if cost == FREE:
                    yield place, move, kind, None, False, FREE, move.delta
                elif spent[cost] < limits[cost]:
                    yield place, move, kind, None, False, cost, move.delta + units[cost]
            if cell.leads and spent[PROPOSED] < limits[PROPOSED]:
                move = nodes.propose(cell, spent[PROPOSED] + 1)
                yield place, move, "propose", None, False, PROPOSED, move.delta + units[PROPOSED]
            if cell.leads:
                for kind, cost in ASKED:
                    if spent[cost] < limits[cost]:
                        for change, move in nodes.asked(cell, kind, spent[cost] + 1):
                            yield place, move, kind, change, False, cost, move.delta + units[cost]
        again, drops = spent[DUPLICATED] < limits[DUPLICATED], spent[DROPPED] < limits[DROPPED]
        mails, before = nodes.mails, NOBODY
        for number in flight:
            if number == before:
                continue
            before = number
            mail = mails[number]
            place = mail.to
            cell = cells[place]
            moves = cell.deliveries.get(number)
            for move in moves if moves is not None else nodes.deliver(cell, mail):
                if not move.idle:
                    yield place, move, "deliver", mail, True, FREE, move.delta - mail.total
                    if again:
                        yield place, move, "duplicate", mail, False, DUPLICATED, move.delta + units[DUPLICATED]
            if drops:
                yield place, nodes.stay(cell), "drop", mail, True, DROPPED, units[DROPPED] - mail.total

    def after(self, state: State, option: Option) -> State | BrokenPromise:
        """The state that an option leads to; of the promises only those about committed entries and reads are checked."""
        cells, flight, sealed, spent, total, asked = state
        place, move, _, mail, gone, cost, added = option
        total += added
        if cost != FREE:
            spent = (*spent[:cost], spent[cost] + 1, *spent[cost + 1 :])
        for first, entries, term, recovered in move.applied:
            agreement = agreed(self.nodes.names[place], sealed, first, entries, term, recovered)
            if isinstance(agreement, BrokenPromise):
                return agreement
            total += self._lanes_of_sealed(agreement) - self._lanes_of_sealed(sealed)
            sealed = agreement
        if cost == READ or move.read:
            before = asked
            if cost == READ:
                asked = (*asked, (spent[READ], len(state[2])))
            for answer in move.read:
                left = answered(self.nodes.names[place], asked, *answer)
                if isinstance(left, BrokenPromise):
                    return left
                asked = left
            total += self._lanes_of_asked(asked) - self._lanes_of_asked(before)
        if gone or move.sent:
            bag = list(flight)
            if gone and isinstance(mail, Mail):
                bag.remove(mail.number)
            bag += move.sent
            bag.sort()
            flight = tuple(bag)
        if cells[place] is not move.after:
            cells = (*cells[:place], move.after, *cells[place + 1 :])
        return cells, flight, sealed, spent, total, asked

    def judged(self, before: State, option: Option, after: State) -> BrokenPromise | None:
        """The first promise that a state breaks and the state before it kept."""
        place, move, cells, sealed = option[0], option[1], after[0], after[2]
        if move.faced:
            face = move.after.face
            for other, cell in enumerate(cells):
                if other == place:
                    continue
                low, high = sorted((move.after.face_number, cell.face_number))
                if (pair := low << 32 | high) not in self._agreeing:
                    if broken := between(face, cell.face):
                        return broken
                    self._agreeing.add(pair)
        if sealed:
            grown = sealed is not before[2]
            if grown or move.crowned:
                for cell in cells:
                    if cell.leads and (broken := missing(cell.face, sealed)):
                        return broken
            if grown or move.disked:
                # without changes no log holds a configuration
                logs = [cell.entries for cell in cells] if self.bounds.changes else ()
                voters = counting(self.nodes.founders, sealed if logs else (), logs)
                is_one_back = bool(logs) and took_one_back(after[3][CHANGED], sealed, logs)
                return lost(self.nodes.names, [cell.kept for cell in cells], sealed, voters, is_one_back)
        return None

    # ---- the frontier ----

    def _next(
        self, rim: list[State], start: int, most: int
    ) -> tuple[list[State], BrokenPromise | None, tuple[Action, ...]]:
        """All states one step beyond the frontier, unless `most` are known before; `start` is the number of its first state."""
        seen, grown, generated, full = self._seen, list[State](), 0, 0
        depth = self.levels[-1].depth + 1
        every = self.nodes.lanes.every
        try:
            for number, state in enumerate(rim, start):
                if most and len(self._parents) >= most:
                    break
                total = state[4]
                for ordinal, option in enumerate(self.options(state)):
                    generated += 1
                    _, move, _, _, _, cost, added = option
                    after: State | BrokenPromise | None = None
                    if move.tells or cost == READ:
                        after = move.broken or self.after(state, option)
                        if isinstance(after, BrokenPromise):
                            return grown, after, self._way(number, ordinal)
                        lanes = after[4]
                    else:
                        lanes = total + added
                    renamed = every(lanes)
                    fingerprint = min(renamed)
                    if fingerprint in seen:
                        continue
                    seen.add(fingerprint)
                    self._remember(number, ordinal)
                    full += len(set(renamed))
                    after = after or self.after(state, option)
                    assert not isinstance(after, BrokenPromise)
                    grown.append(after)
                    if broken := self.judged(state, option, after):
                        return grown, broken, self._way(number, ordinal)
            return grown, None, ()
        finally:  # an interrupted search still reports how far it came
            self.levels.append(Level(depth, len(grown), full, generated))

    def _remember(self, parent: int, ordinal: int) -> None:
        self._parents.append(parent)
        self._ordinals.append(ordinal)

    def _lanes_of_sealed(self, sealed: Sealed) -> int:
        lanes = self._sealed.get(sealed)
        if lanes is None:
            lanes = self._sealed[sealed] = self.nodes.lanes.of(lambda names: ("committed", encoded(sealed, names)))
        return lanes

    def _lanes_of_asked(self, asked: Asked) -> int:
        lanes = self._asked.get(asked)
        if lanes is None:
            lanes = self._asked[asked] = self.nodes.lanes.of_nameless(("asked", asked))
        return lanes

    # ---- the way back ----

    def _way(self, number: int, ordinal: int) -> tuple[Action, ...]:
        """The actions that lead to an option of a state: the recorded options are taken again from the first state."""
        ordinals = [ordinal]
        while number:
            ordinals.append(self._ordinals[number])
            number = self._parents[number]
        state, way = self.first(), list[Action]()
        for at in reversed(ordinals):
            option = next(option for ordinal, option in enumerate(self.options(state)) if ordinal == at)
            way.append(self.action(state, option))
            after = option[1].broken or self.after(state, option)
            if isinstance(after, BrokenPromise):
                break
            state = after
        return tuple(way)

    def action(self, state: State, option: Option) -> Action:
        """An option as an action that can be pasted."""
        place, move, kind, mail, *_ = option
        name = self.nodes.names[place]
        if isinstance(mail, Change):
            return Reconfigure(name, mail)
        if mail is not None:
            sender, message = self.nodes.names[mail.sender], mail.message
            late = kind != "drop" and move is not self.nodes.deliver(state[0][place], mail)[0]
            if kind == "drop":
                return Drop(sender, name, message)
            return (Deliver if kind == "deliver" else Duplicate)(sender, name, message, late)
        if kind in OF_A_NAME:
            return OF_A_NAME[kind](name)
        return Crash(name, move.after.disk.commit) if kind == "crash" else Expire(name, kind == "unheard")


def explore(bounds: Bounds, depth: int = 0, states: int = 0, **more: Any) -> SearchResult:
    """Search a small cluster; see `Search.run`."""
    return Search(bounds).run(depth=depth, states=states, **more)
