"""The applied state as bytes: the content of a snapshot and back, when one is due, and samples by which nodes are compared.

Sessions are part of the applied state: without them a request that is proposed again after a restart, or after its
entry was compacted away, would be applied twice (dissertation, 6.3).
"""

from typing import Any
from zlib import crc32

from cluster.member import BadApplication, Refused
from cluster.proposals import Sessions
from cluster.raft.timing import Compaction
from cluster.trace import StateSampled
from cluster.value import value
from cluster.wire import Codec, WireError


@value
class Refusal:
    """An answer that was a `Refused`: its text, since exceptions cannot be encoded."""

    words: str


@value
class Session:
    """One client's answered requests."""

    client: str
    floor: int
    """Nobody waits for a lower serial."""
    answers: tuple[tuple[int, int, Any], ...]
    """Serial, index and answer of each, in the order in which they were applied."""


@value
class Image:
    """The content of a snapshot before it is encoded."""

    state: Any
    sessions: tuple[Session, ...]


IMAGE_WORDS = (Refusal, Session, Image)
SELDOM = 32
"""How many commands lie between two samples of a small state, once some were taken."""
SAMPLED_BYTES = 64
"""For each so many bytes of the state one command more lies between two samples."""


def packed(codec: Codec, state: Any, sessions: Sessions) -> bytes:
    """The content of a snapshot, the same on every node that applied the same entries. BadApplication names an undeclared class."""
    return encoded(codec, Image(state, packed_sessions(sessions)))


def encoded(codec: Codec, held: Any, what: str = "state") -> bytes:
    """The bytes of what a snapshot holds: a state, or an image with it. BadApplication names an undeclared class."""
    try:
        return codec.encode(held)
    except WireError as error:
        raise BadApplication(f"the application's {what} cannot be kept in a snapshot: {error}") from error


def packed_sessions(sessions: Sessions) -> tuple[Session, ...]:
    """The sessions as values that can be encoded."""
    return tuple(
        [
            Session(
                client,
                sessions.floor(client),
                tuple([(serial, index, _as_value(answer)) for serial, (index, answer) in answers.items()]),
            )
            for client, answers in sessions.by_client()
        ]
    )


def _as_value(answer: Any) -> Any:
    """An answer as a value that can be encoded."""
    return Refusal(str(answer)) if isinstance(answer, Refused) else answer


def unpacked(codec: Codec, content: bytes) -> tuple[Any, Sessions]:
    """State and sessions of a snapshot's content. WireError if the bytes are not such content."""
    image = codec.decode(content)
    if not isinstance(image, Image):
        raise WireError(f"{type(image).__name__} where the image of a state should be")
    return image.state, unpacked_sessions(image.sessions)


def unpacked_sessions(packed: tuple[Session, ...]) -> Sessions:
    """The sessions of values that were decoded."""
    sessions = Sessions()
    for session in packed:
        answers = {
            serial: (index, Refused(answer.words) if isinstance(answer, Refusal) else answer)
            for serial, index, answer in session.answers
        }
        sessions.restore(session.client, session.floor, answers)
    return sessions


def digest_of(codec: Codec, state: Any, sessions: Sessions) -> int:
    """32 bits of the applied state and the sessions in memory, by which watchers compare nodes."""
    return crc32(codec.encode(Image(state, packed_sessions(sessions))))


class Due:
    """When the next snapshot is due by a `Compaction`: at the same entries on every node, however they are batched."""

    __slots__ = ("_behind", "_index", "_least", "_policy")

    def __init__(self, policy: Compaction) -> None:
        self._policy = policy
        self._index = self._behind = self._least = 0

    def taken(self, index: int, size: int) -> None:
        """A snapshot of `size` bytes covers everything up to entry `index`."""
        self._index, self._behind, self._least = index, 0, size * self._policy.growth

    def after(self, index: int, command: bytes) -> bool:
        """Whether a snapshot is due after this entry was applied."""
        self._behind = behind = self._behind + len(command)
        return behind >= self._least and (index - self._index >= self._policy.entries or behind >= self._policy.size)


class Samples:
    """Digests of the state at few of its indices, by which watchers compare nodes between two snapshots.

    They are taken at the same entries on every node: at the first commands after a snapshot, then ever more seldom, and
    the larger the state is the more seldom, so that they cost a small and constant part of applying.
    """

    __slots__ = ("_answers", "_codec", "_digest", "_due", "_number", "_since")

    def __init__(self, codec: Codec, state: Any) -> None:
        """`state`: the state before the first command."""
        self._codec = codec
        self._number = self._since = 0
        self._answers: list[Any] = []
        """The answers since the last sample."""
        self._digest: int | None = None
        """Of the present state, if it was sampled as it came about; None: it was not."""
        self._due = 0
        self.anew(state)

    def anew(self, state: Any) -> None:
        """Begin with this state, of a snapshot or before the first command."""
        self._number, self._answers = 0, []
        content = encoded(self._codec, state)
        self._digest = crc32(content)
        self._due = max(1, len(content) // SAMPLED_BYTES)

    def was_altered(self, before: Any) -> bool:
        """Whether `before`, the state until this command was applied, was sampled and is no longer what it was."""
        known, self._digest = self._digest, None
        return known is not None and crc32(encoded(self._codec, before)) != known

    def after(self, index: int, state: Any, answer: Any) -> StateSampled | None:
        """What to note of this state and of the answers since the last sample, if one is due after this command."""
        if not self._answers:
            self._since = index
        self._answers.append(answer)
        self._number = number = self._number + 1
        if number < self._due:
            return None
        given = tuple([_as_value(answer) for answer in self._answers])
        answers, self._answers = crc32(encoded(self._codec, given, "answers")), []
        content = encoded(self._codec, state)
        self._digest = digest = crc32(content)
        self._due = number + max(1, min(number // 4, SELDOM), len(content) // SAMPLED_BYTES)
        return StateSampled(index, digest, self._since, answers)
