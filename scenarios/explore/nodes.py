"""The moves of single nodes: an action's effect on a node, its disk and its messages, worked out once and remembered.

Millions of states are made of few different nodes, and `step` is pure: so a step of one node is taken once, whatever
the rest of the cluster looks like, and every other time it is looked up. The step is `cluster.raft.step.step`, the
disk is the simulator's, written and read by `cluster.storage`. Nothing here knows a state of the whole cluster.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

from cluster.raft import step as law
from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, Change, MemberPlace
from cluster.raft.log import Log
from cluster.raft.messages import Request, RequestVote
from cluster.raft.state import ChangeProposed, Moment, Proposed, Raft, ReadAsked, Received, TimedOut
from scenarios.explore.bounds import Bounds
from scenarios.explore.identity import Renaming, normal_form
from scenarios.explore.node_action import NodeAction
from scenarios.explore.promises import OWN_ASSERTION, BrokenPromise, Face
from scenarios.explore.state_parts import LATE, Cell, Mail, Move, Paper, PendingWrite
from scenarios.explore.surroundings import Surroundings


class Nodes(Surroundings):
    """All nodes, messages and moves that a search has met."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._cells: dict[Any, Cell] = {}
        self._faces: dict[Face, int] = {}
        self._identity: Renaming = self.lanes.renamings[0]

    @property
    def count(self) -> int:
        """The number of different nodes met."""
        return len(self._cells)

    def begun(self, name: str) -> Cell:
        """A node with an empty disk."""
        disk = Paper(0, None, Log.of(), 0)
        raft = law.begin(name, self.founded(name), self.timing, 0, None, disk.log, Moment(0, 0.0))
        return self._cell(normal_form(raft), (), disk, (), None)

    # ---- what may happen to a node ----

    def own(self, cell: Cell) -> tuple[tuple[str, Move], ...]:
        """The moves of a node that need no message, within the bounds: `expire`, `unheard`, `beat`, `sync`, `crash`."""
        if cell.own is None:
            moves = []
            if cell.writes:
                moves.append(("sync", self.sync(cell)))
            if cell.leads:
                moves.append(("beat", self.expire(cell, 2 * self.timing.heartbeat)))
                if self.timing.check_quorum and cell.raft.term < self.bounds.terms:  # it opens the next round at once
                    moves.append(("unheard", self.expire(cell, LATE)))
            elif cell.raft.term < self.bounds.terms:
                fired = self.expire(cell, LATE)
                moves.append(("beat" if fired.after is cell else "expire", fired))  # it only repeats its request
            if self.bounds.crashes:
                moves += [("crash", self.crash(cell, commit)) for commit in self.known_commits(cell)]
            cell.own = tuple([(kind, move) for kind, move in moves if not move.idle])
        return cell.own

    def propose(self, cell: Cell, serial: int) -> Move:
        """Propose the command of that number to a leader."""
        move = cell.proposals.get(serial)
        if move is None:
            event = Proposed(((Request("x", serial, 1), b""),))
            move = cell.proposals[serial] = self._moved(cell, lambda action: action.step(event, 0))
        return move

    def asked(self, cell: Cell, what: str, serial: int) -> tuple[tuple[Change | None, Move], ...]:
        """The moves of a leader that is asked for a `read`, or for each `change` that it does not refuse."""
        found = cell.asked.get((what, serial))
        if found is None:
            if what == "read":
                found = ((None, self.read(cell, serial)),)
            else:
                found = tuple(
                    [(each, self.change(cell, serial, each)) for each in self.wishes(cell.raft.configuration)]
                )
            found = cell.asked[what, serial] = tuple([(wish, move) for wish, move in found if not move.idle])
        return found

    def read(self, cell: Cell, serial: int) -> Move:
        """Ask a leader to confirm the read of that number."""
        return self._moved(cell, lambda action: action.step(ReadAsked(Request("r", serial, 1)), 0))

    def change(self, cell: Cell, serial: int, wish: Change) -> Move:
        """Ask a leader for change `wish`, which is request number `serial`."""
        return self._moved(cell, lambda action: action.step(ChangeProposed(Request("c", serial, 1), wish), 0))

    def wishes(self, now: Configuration) -> tuple[Change, ...]:
        """The changes that may be asked for: one member leaves, or a node outside becomes a voter; two at once with `pairs`."""
        single = [
            Alteration(name, MemberPlace.Nowhere if name in now.members else MemberPlace.Voter) for name in self.names
        ]
        pairs = combinations(single, 2) if self.bounds.pairs else ()
        return tuple([Change(tuple(each)) for each in (*((one,) for one in single), *pairs)])

    def deliver(self, cell: Cell, mail: Mail) -> tuple[Move, ...]:
        """The moves that a message may cause: one, or two if it matters how long ago the node heard from a leader."""
        moves = cell.deliveries.get(mail.number)
        if moves is None:
            moments = [0]
            if isinstance(mail.message, RequestVote) and mail.message.trial:
                moments.append(LATE)
            found: list[Move] = []
            for now in moments:
                move = self.take(cell, mail, now)
                if not found or (move.after, move.sent) != (found[0].after, found[0].sent):
                    found.append(move)
            moves = cell.deliveries[mail.number] = tuple(found)
        return moves

    def stay(self, cell: Cell) -> Move:
        """The move that leaves the node as it is."""
        return Move(cell, cell, (), ())

    def take(self, cell: Cell, mail: Mail, now: int) -> Move:
        """Deliver a message `now` µs after the last sign of a leader."""
        event = Received(self.names[mail.sender], mail.message)
        return self._moved(cell, lambda action: action.step(event, now))

    def expire(self, cell: Cell, now: int) -> Move:
        """Fire the timer, `now` µs after the instant from which it counts."""
        return self._moved(cell, lambda action: action.step(TimedOut(), now))

    def sync(self, cell: Cell) -> Move:
        """Make the oldest write durable."""
        return self._moved(cell, lambda action: action.sync())

    def crash(self, cell: Cell, commit: int) -> Move:
        """Crash the node and start it from its disk, which holds `commit` as the commit index."""
        return self._moved(cell, lambda action: action.crash(commit))

    def known_commits(self, cell: Cell) -> tuple[int, ...]:
        """The commit indices that its disk may hold: that of the last write, or all that it holds and knows to be committed."""
        disk, raft = cell.disk, cell.raft
        most = min(raft.commit, disk.log.last_index)
        if most > disk.commit and disk.log.slice(1, most) == raft.log.slice(1, most):
            return disk.commit, most
        return (disk.commit,)

    def _moved(self, cell: Cell, act: Callable[[NodeAction], None]) -> Move:
        action = NodeAction(self, cell)
        try:
            act(action)
        except (AssertionError, IndexError, ValueError) as error:
            action.broken = action.broken or BrokenPromise(OWN_ASSERTION, f"{cell.raft.name}: {error}")
        after = self._cell(action.raft, tuple(action.writes), action.disk, action.led, action.voted)
        move = Move(cell, after, tuple(action.sent), tuple(action.applied), tuple(action.read), action.broken)
        move.idle = not action.broken and (move.idle or after.raft.term > self.bounds.terms)
        return move

    # ---- each node once ----

    def _cell(
        self,
        raft: Raft,
        writes: tuple[PendingWrite, ...],
        disk: Paper,
        led: tuple[int, ...],
        voted: tuple[int, str] | None,
    ) -> Cell:
        if voted is not None and voted[0] < disk.term:
            voted = None  # terms on a disk never fall, so that vote cannot matter any more
        new = Cell(raft, writes, disk, led, voted)
        key = new.content(self._identity)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = new
            new.total = self.lanes.of(new.content)
            new.face_number = self._faces.setdefault(new.face, len(self._faces))
        return cell
