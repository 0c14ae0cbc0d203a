"""What a space-time diagram shows, as values: lives, arrows, marks, logs, runs, sentences. Never here: where anything stands."""

from cluster.value import value


@value
class Arrow:
    """A message from when it was sent to when it landed or was lost."""

    kind: str
    """One of `messages.KINDS`."""
    message: str
    """Class of the message."""
    number: str
    sender: str
    receiver: str
    sent: int
    t: int
    lost: str
    """Why it never arrived; empty where it did."""


@value
class Life:
    """A node in one role for a while."""

    node: str
    role: str
    """`follower`, `trial`, `candidate`, `leader`, `down`."""
    start: int
    until: int


@value
class Mark:
    """Something that a node does at an instant, as a sign on its life line."""

    t: int
    node: str
    kind: str
    """`follower`, `trial`, `candidate`, `leader`, `crash`, `restart`, `failed`, `snapshot`, `skipped`, `queued`, `reported`."""


@value
class Word:
    """A word or two beside a life line: a term that begins, a vote."""

    t: int
    node: str
    text: str


@value
class LogRow:
    """A node's log as it is from an instant on."""

    t: int
    node: str
    base: int
    """Index of the last entry that a snapshot stands for."""
    terms: tuple[int, ...]
    """Of the entries behind it."""
    commit: int


@value
class DrawnBackup:
    """A backup on a node, from start to end."""

    node: str
    kind: str
    """`full`, `incremental`."""
    start: int
    until: int
    ended: str
    """`finished`, `failed`, `cancelled`; `cut off` where the node went down; empty where it still runs."""


@value
class Turn:
    """A while in which a node is responsible for a task, as the cluster has it."""

    task: int
    node: str
    start: int
    until: int


@value
class Sentence:
    """A line of the timeline."""

    t: int
    node: str
    text: str
    is_headline: bool


@value
class Breach:
    """A promise that was broken, and where it showed: the run ends there."""

    t: int
    node: str
    """Empty: at no node in particular."""
    text: str


@value
class Picture:
    """All that is drawn of a window of a run."""

    title: str
    command: str
    """What draws it again."""
    names: tuple[str, ...]
    start: int
    until: int
    lives: tuple[Life, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    words: tuple[Word, ...]
    rows: tuple[LogRow, ...]
    runs: tuple[DrawnBackup, ...]
    turns: tuple[Turn, ...]
    sentences: tuple[Sentence, ...]
    breach: Breach | None

    def instants(self) -> tuple[int, ...]:
        """Every time at which something stands, in order, with both ends of the window."""
        spans: tuple[Life | DrawnBackup, ...] = (*self.lives, *self.runs)
        points: tuple[Mark | Word | LogRow | Sentence, ...] = (*self.marks, *self.words, *self.rows, *self.sentences)
        found = {self.start, self.until, *[each.t for each in points]}
        found.update(*[(each.sent, each.t) for each in self.arrows])
        found.update(*[(each.start, each.until) for each in spans])
        return tuple(sorted(found))

    def size(self) -> int:
        """How much there is to draw."""
        return len(self.arrows) + len(self.marks) + len(self.rows) + len(self.runs) + len(self.sentences)
