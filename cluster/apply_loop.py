"""The apply loop: it brings committed entries, or a snapshot, to the application's state and the clients' sessions.

Each request is applied once, however often it is in the log (dissertation, 6.3). The loop makes a snapshot when one is
due and leaves it in `taken` for Raft; a snapshot from the leader replaces the state and the sessions.
"""

from collections.abc import Sequence
from typing import Any

from cluster import trace
from cluster.admin_requests import AdminRequests
from cluster.member import Application, BadApplication, Refused
from cluster.ports import Host
from cluster.proposal_forwarding import ProposalForwarding
from cluster.proposals import Sessions
from cluster.raft.configuration import Configuration
from cluster.raft.messages import Entry, Reconfiguration, Request, Snapshot
from cluster.raft.state import Restore
from cluster.raft.timing import Compaction
from cluster.snapshot_codec import Due, Samples, digest_of, packed, unpacked
from cluster.wire import Codec


class ApplyLoop:
    """The applied state of one incarnation of a node."""

    def __init__(
        self,
        host: Host,
        codec: Codec,
        application: Application,
        configuration: Configuration,
        compaction: Compaction,
        proposals: ProposalForwarding,
        requests: AdminRequests,
    ) -> None:
        """`configuration` is the one before the first entry; `proposals` and `requests` are told what was applied."""
        self.host, self.codec, self.application = host, codec, application
        self.proposals, self.requests = proposals, requests
        self.state = application.empty()
        self.applied = 0
        """Index of the last entry in `state`."""
        self.members = configuration
        """The configuration as of entry `applied`: a snapshot of that entry holds it."""
        self.sessions = Sessions()
        self.taken: Snapshot | None = None
        """The newest snapshot, until it is handed to Raft; None if there is none to hand over."""
        self._due = Due(compaction)
        self._samples = Samples(codec, self.state)

    def entries(self, index: int, entries: Sequence[Entry], aloud: bool = True) -> None:
        """Apply these committed entries; the first has index `index`.

        `aloud`: whether the application adds notes to the trace. At a restart it does not: it did so before.
        """
        for entry in entries:
            request, command = entry.request, entry.command
            if isinstance(entry, Reconfiguration):
                self.reconfigured(index, entry.configuration, aloud)
                self.requests.happened(request, index)
            elif request is not None:
                self.entry(index, request, command, aloud)
            if self._due.after(index, command):
                self.take_snapshot(index, entry.term)
            index += 1
        self.applied = index - 1

    def entry(self, index: int, request: Request, data: bytes, aloud: bool = True) -> None:
        """Apply one command, unless its request was applied before; its proposer gets the answer in either case."""
        known = self.sessions.answer(request)
        if known is None:
            command, before = self.codec.decode(data), self.state
            try:
                applied: Any = self.application.apply(before, command, index)  # of whoever wrote it
                if not isinstance(applied, tuple) or len(applied) != 2:
                    name = type(self.application).__name__
                    raise BadApplication(
                        f"{name}.apply returned {applied!r}: return a pair, the new state and the answer"
                    )
                self.state, answer = applied
            except Refused as refusal:
                answer = refusal
            except Exception as error:
                error.add_note(f"as it applied {type(command).__name__}, entry {index}")
                raise
            self._sample(index, type(command).__name__, before, answer)
            known = (index, answer)
            self.sessions.remember(request, index, answer)
            if aloud:
                for note in self.application.tell(before, self.state, command, answer, index):
                    self.host.note(note)
        if self.proposals.pending or self.proposals.given_up:
            self.proposals.applied(request, known)

    def reconfigured(self, index: int, configuration: Configuration, aloud: bool) -> None:
        """Apply a committed change of the cluster."""
        self.members, before = configuration, self.state
        self.state = self.application.reconfigured(before, configuration.members, index)
        if self.state is before:
            return
        self._sample(index, "Reconfiguration", before, None)
        if aloud:
            for note in self.application.tell(before, self.state, configuration.members, None, index):
                self.host.note(note)

    def _sample(self, index: int, what: str, before: Any, answer: Any) -> None:
        """Note how nodes are compared at this entry, if they are; `before` is the state that `what` was applied to."""
        if self._samples.was_altered(before):
            self.host.note(trace.StateAltered(index, what))
        sample = self._samples.after(index, self.state, answer)
        if sample is not None:
            self.host.note(sample)

    # -- snapshots

    def take_snapshot(self, index: int, term: int) -> None:
        """Make a snapshot of the state as of entry `index`, which has this term; Raft gets it at the end of the step."""
        content = packed(self.codec, self.state, self.sessions)
        self.taken = Snapshot.of(index, term, self.members, content)
        self._due.taken(index, len(content))
        self._samples.anew(self.state)
        digest = digest_of(self.codec, self.state, self.sessions)
        self.host.note(trace.SnapshotTaken(index, term, len(content), digest))

    def install(self, effect: Restore) -> None:
        """Replace the state by the leader's snapshot, and answer the pending proposals that it covers."""
        snapshot, self.taken = effect.snapshot, None
        self.host.note(trace.SnapshotInstalled(snapshot.index, snapshot.term, effect.parts))
        self.restore(snapshot)
        for request in list(self.proposals.pending):
            known = self.sessions.answer(request)
            if known is not None:
                self.proposals.applied(request, known)

    def restore(self, snapshot: Snapshot) -> None:
        """Set the state and the sessions to those of the snapshot."""
        self.state, self.sessions = unpacked(self.codec, snapshot.content)
        self.applied, self.members = snapshot.index, snapshot.configuration
        self._due.taken(snapshot.index, len(snapshot.content))
        self._samples.anew(self.state)
        digest = digest_of(self.codec, self.state, self.sessions)
        self.host.note(trace.Restored(snapshot.index, digest))
