"""One node while an action lasts: the core is stepped, the disk written, messages sent, and the node's own promises checked.

`cluster.raft.step.step` decides, and effects are carried out in the order of the shell. Nothing is remembered here.
"""

import attrs

from cluster import trace
from cluster.proposals import label
from cluster.raft import active_configuration
from cluster.raft import step as law
from cluster.raft.state import Apply, Candidate, Event, Follower, Leader, Moment, Raft, Readable, Save, Send, Stored
from cluster.trace_notes import ROLES, configuration_notes, terms_and_digests
from scenarios.explore.identity import normal_form
from scenarios.explore.promises import NEVER_BACK, BrokenPromise, after_step, second_vote
from scenarios.explore.state_parts import Answer, Applied, Cell, Mail, Paper, PendingWrite
from scenarios.explore.surroundings import Surroundings


class NodeAction:
    """A node while an action lasts: several steps of the core if the disk is instant."""

    def __init__(self, around: Surroundings, cell: Cell) -> None:
        self.around = around
        self.raft = cell.raft
        self.writes = list(cell.writes)
        self.disk = cell.disk
        self.led = cell.led
        self.voted = cell.voted
        self.sent: list[Mail] = []
        self.applied: list[Applied] = []
        self.read: list[Answer] = []
        self.broken: BrokenPromise | None = None
        self._told = around.told

    def step(self, event: Event, now: int) -> None:
        """Step the core and carry out its effects, then those that an instant disk or a storage that lies adds at once."""
        self._step(event, now)
        while self.around.bounds.instant_disk and self.writes:
            self._sync()
        while self.around.early and any(not write.said for write in self.writes):
            at = next(at for at, write in enumerate(self.writes) if not write.said)
            write = self.writes[at]
            self.writes[at] = attrs.evolve(write, said=True, then=(), last=0)
            self._say(write)

    def sync(self) -> None:
        """Make the oldest write durable."""
        self._sync()
        while self.around.bounds.instant_disk and self.writes:
            self._sync()

    def crash(self, commit: int) -> None:
        """Lose what is not durable, and start again from the disk."""
        around, name = self.around, self.raft.name
        disk = self.disk = attrs.evolve(self.disk, commit=commit)
        found = around.recovered(disk)
        self.writes = []
        raft = law.begin(
            name, around.founded(name), around.timing, found.term, found.vote, found.log, Moment(0, 0.0), found.commit
        )
        self.raft = normal_form(raft)
        terms, digests = terms_and_digests(found.log.slice(1, found.log.last_index))
        self._note(trace.Crashed())
        self._note(
            trace.Recovered(found.term, found.vote or "", found.log.last_index, found.commit, terms, digests, torn=0)
        )
        if found.commit:
            self.applied.append((1, found.log.slice(1, found.commit), found.term, True))

    # ---- the core ----

    def _step(self, event: Event, now: int) -> None:
        before, around = self.raft, self.around
        around.steps += 1
        after, effects = law.step(before, event, Moment(now, 0.0))
        after = self.raft = normal_form(after)
        self.broken = self.broken or after_step(before, after)
        if isinstance(after.role, Leader) and after.term not in self.led:
            self.led = (*self.led, after.term)
        if self._told is not None:
            self._note_role(before, after)
            self._note_configuration(before, after)
        for effect in effects:
            match effect:
                case Send():
                    self._send(effect)
                case Save():
                    self._save(effect, before)
                case Apply(first, entries):
                    self.applied.append((first, entries, after.term, False))
                    self._note(trace.Committed(first + len(entries) - 1, after.term))
                case Readable(requests, index):
                    self.read += [(request.serial, index) for request in requests]
                    self._note(trace.ReadConfirmed(label(requests[0]), index))

    def _send(self, send: Send) -> None:
        self.sent.append(self.around.mail(self.raft.name, Send(send.to, normal_form(send.message))))

    def _save(self, save: Save, before: Raft) -> None:
        raft = self.raft
        if save.after >= 0:
            terms, digests = terms_and_digests(save.entries)
            self._note(trace.Wrote(save.after, terms, digests, before.log.last_index - save.after))
        then = tuple([Send(send.to, normal_form(send.message)) for send in save.then])
        last = raft.log.last_index
        self.writes.append(PendingWrite(save.term, save.vote, save.after, save.entries, then, last, raft.commit, False))

    # ---- the disk ----

    def _sync(self) -> None:
        write, disk = self.writes.pop(0), self.disk
        if write.after >= 0 or (write.term, write.vote) != (disk.term, disk.vote):  # else no frame was written
            if write.term < disk.term:
                text = f"the disk of {self.raft.name} goes back from term {disk.term} to {write.term}"
                self.broken = self.broken or BrokenPromise(NEVER_BACK, text)
            log = disk.log.cut(write.after).extended(write.entries) if write.after >= 0 else disk.log
            self.disk = Paper(write.term, write.vote, log, max(disk.commit, write.commit))
        if not write.said:
            self._say(write)

    def _say(self, write: PendingWrite) -> None:
        """Report a write as durable: send the messages that waited for it, and tell the core."""
        name = self.raft.name
        if write.vote is not None and self.voted != (write.term, write.vote):
            self._note(trace.Voted(write.term, write.vote))
            self.broken = self.broken or second_vote(name, self.voted, write.term, write.vote)
            self.voted = (write.term, write.vote)
        for send in write.then:
            self._send(send)
        self._step(Stored(write.term, write.vote, write.last, 1), 0)
        raft = self.raft
        cuts = tuple([(number - 1, after) for number, after in raft.durable.cuts])
        self.raft = attrs.evolve(raft, saves=raft.saves - 1, durable=attrs.evolve(raft.durable, cuts=cuts))

    # ---- notes, made only for a listener ----

    def _note(self, note: trace.Note) -> None:
        if self._told is not None:
            self._told(note)

    def _note_configuration(self, before: Raft, after: Raft) -> None:
        """Note a new configuration as the shell of a node does."""
        now = after.configuration
        if now == before.configuration and active_configuration.since(after) == active_configuration.since(before):
            return
        for note in configuration_notes(before, after):
            self._note(note)

    def _note_role(self, before: Raft, after: Raft) -> None:
        """Note a new role as the shell of a node does."""
        was, now, same = before.role, after.role, before.term == after.term
        match now:
            case Leader():
                if not (same and isinstance(was, Leader)):
                    votes = 1 + (len(was.granted) if isinstance(was, Candidate) else 0)
                    last = before.log.last_index
                    self._note(trace.BecameLeader(after.term, votes, last, before.log.term_at(last)))
            case Candidate(trial=trial, asked=asked):
                if not (isinstance(was, Candidate) and (was.trial, was.asked) == (trial, asked)):
                    self._note(trace.BecameCandidate(asked, trial))
            case Follower(leader=leader):
                if not (same and isinstance(was, Follower) and was.leader == leader):
                    self._note(trace.BecameFollower(after.term, leader or "", ROLES[type(was)]))
