"""The content of a snapshot: the application's state and the clients' sessions, as bytes and back, and when one is due.

Sessions are part of the applied state: without them a request that is proposed again after a restart, or after its
entry was compacted away, would be applied twice (dissertation, 6.3).
"""

from typing import Any
from zlib import crc32

from cluster.member import Refused
from cluster.proposals import Sessions
from cluster.raft.timing import Compaction
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


def packed(codec: Codec, state: Any, sessions: Sessions) -> bytes:
    """The content of a snapshot, the same on every node that applied the same entries. WireError names an undeclared class."""
    try:
        return codec.encode(Image(state, packed_sessions(sessions)))
    except WireError as error:
        raise WireError(f"the application's state cannot be kept in a snapshot: {error}") from error


def packed_sessions(sessions: Sessions) -> tuple[Session, ...]:
    """The sessions as values that can be encoded."""
    return tuple(
        [
            Session(
                client,
                sessions.floor(client),
                tuple(
                    [
                        (serial, index, Refusal(str(answer)) if isinstance(answer, Refused) else answer)
                        for serial, (index, answer) in answers.items()
                    ]
                ),
            )
            for client, answers in sessions.by_client()
        ]
    )


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
