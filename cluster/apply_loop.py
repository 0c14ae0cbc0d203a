"""What a node has applied: the application's state and the clients' sessions, entry by entry or from a snapshot.

Each request is applied once, however often it is in the log (dissertation, 6.3). When a snapshot is due it is made here
and handed to the law, which keeps it; one that comes from the leader takes the place of all that is here. Never here: what
is committed, and where a snapshot is kept.
"""

from collections.abc import Sequence

from cluster import trace
from cluster.admin_requests import AdminRequests
from cluster.member import Application, Refused
from cluster.ports import Host
from cluster.proposal_forwarding import ProposalForwarding
from cluster.proposals import Sessions
from cluster.raft.configuration import Configuration
from cluster.raft.messages import Entry, Reconfiguration, Request, Snapshot
from cluster.raft.state import Restore
from cluster.raft.timing import Compaction
from cluster.snapshot_codec import Due, digest_of, packed, unpacked
from cluster.wire import Codec


class ApplyLoop:
    """The applied side of one incarnation of a node."""

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
        """`configuration` is what holds before the first entry; proposals and requests are told of what was applied."""
        self.host, self.codec, self.application = host, codec, application
        self.proposals, self.requests = proposals, requests
        self.state = application.empty()
        self.applied = 0
        """Index of the last entry in `state`."""
        self.members = configuration
        """The configuration as of that entry: what a snapshot of it names."""
        self.sessions = Sessions()
        self.taken: Snapshot | None = None
        """The newest snapshot that the law has not been told of yet."""
        self._due = Due(compaction)

    def entries(self, index: int, entries: Sequence[Entry], aloud: bool = True) -> None:
        """These are committed; the first is entry `index`.

        `aloud`: whether the application tells of them. What a restart applies again was told before.
        """
        for entry in entries:
            request, command = entry.request, entry.command
            if isinstance(entry, Reconfiguration):
                self.members = entry.configuration
                self.requests.happened(request, index)
            elif request is not None:
                self.entry(index, request, command, aloud)
            if self._due.after(index, command):
                self.take_snapshot(index, entry.term)
            index += 1
        self.applied = index - 1

    def entry(self, index: int, request: Request, data: bytes, aloud: bool = True) -> None:
        """One command, unless it was applied before: then its answer is what it was."""
        known = self.sessions.answer(request)
        if known is None:
            command, before = self.codec.decode(data), self.state
            try:
                self.state, answer = self.application.apply(before, command, index)
            except Refused as refusal:
                answer = refusal
            known = (index, answer)
            self.sessions.remember(request, index, answer)
            if aloud:
                for note in self.application.tell(before, self.state, command, answer, index):
                    self.host.note(note)
        if self.proposals.pending:
            self.proposals.applied(request, known)

    # -- snapshots

    def take_snapshot(self, index: int, term: int) -> None:
        """What is applied up to `index` becomes a snapshot; the law hears of it when this step is done."""
        content = packed(self.codec, self.state, self.sessions)
        self.taken = Snapshot.of(index, term, self.members, content)
        self._due.taken(index, len(content))
        digest = digest_of(self.codec, self.state, self.sessions)
        self.host.note(trace.SnapshotTaken(index, term, len(content), digest))

    def install(self, effect: Restore) -> None:
        """The leader's snapshot takes the place of all that was applied; proposals it holds the answers of have them."""
        snapshot, self.taken = effect.snapshot, None
        self.host.note(trace.SnapshotInstalled(snapshot.index, snapshot.term, effect.parts))
        self.restore(snapshot)
        for request in list(self.proposals.pending):
            known = self.sessions.answer(request)
            if known is not None:
                self.proposals.applied(request, known)

    def restore(self, snapshot: Snapshot) -> None:
        """State and sessions are what the snapshot says."""
        self.state, self.sessions = unpacked(self.codec, snapshot.content)
        self.applied, self.members = snapshot.index, snapshot.configuration
        self._due.taken(snapshot.index, len(snapshot.content))
        digest = digest_of(self.codec, self.state, self.sessions)
        self.host.note(trace.Restored(snapshot.index, digest))
