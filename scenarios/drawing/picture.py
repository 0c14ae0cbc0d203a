"""The contents of a space-time diagram as values: lives, arrows, marks, logs, runs, sentences. Never here: coordinates."""

from cluster.value import value


@value
class Arrow:
    """A message, from its sending to its delivery or loss."""

    kind: str
    """One of `messages.KINDS`."""
    message: str
    """The class of the message."""
    number: str
    sender: str
    receiver: str
    sent: int
    t: int
    lost: str
    """Why the message was lost; empty if it was delivered."""


@value
class Life:
    """A stretch of time in which a node has one role."""

    node: str
    role: str
    """`follower`, `trial`, `candidate`, `leader`, `down`."""
    start: int
    until: int


@value
class Mark:
    """An event of a node at an instant, drawn as a sign on its life line."""

    t: int
    node: str
    kind: str
    """`follower`, `trial`, `candidate`, `leader`, `crash`, `stop`, `restart`, `failed`, `snapshot`, `skipped`, `queued`, `reported`."""


@value
class Word:
    """A short text beside a life line: the term that begins, or a vote."""

    t: int
    node: str
    text: str


@value
class LogRow:
    """A node's log from an instant on."""

    t: int
    node: str
    base: int
    """The index of the last entry that the snapshot covers."""
    terms: tuple[int, ...]
    """The terms of the entries after `base`."""
    commit: int


@value
class DrawnBackup:
    """A backup run on a node, from start to end."""

    node: str
    kind: str
    """`full`, `incremental`."""
    start: int
    until: int
    ended: str
    """`finished`, `failed`, `cancelled`; `cut off` if the node went down; empty if the run is still under way."""


@value
class Turn:
    """A stretch of time in which a node is responsible for a task, according to the cluster."""

    task: int
    node: str
    start: int
    until: int


@value
class Side:
    """The nodes of one side of a cut, and how long nothing passes between them and the others."""

    number: int
    """0 for the largest side."""
    nodes: tuple[str, ...]
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
    """A broken promise, and where it broke: the run ends there."""

    t: int
    node: str
    """The node at which it broke; empty: none in particular."""
    text: str


@value
class Picture:
    """Everything that is drawn for a window of a run."""

    title: str
    command: str
    """The command that draws it again."""
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
    beliefs: tuple[Turn, ...] = ()
    """The stretches in which a node holds itself responsible for a task; only in a picture of backups alone."""
    sides: tuple[Side, ...] = ()
    """The sides of cuts; only there, too."""

    def instants(self) -> tuple[int, ...]:
        """Every time at which something is drawn, in order, with both ends of the window."""
        spans: tuple[Life | DrawnBackup, ...] = (*self.lives, *self.runs)
        points: tuple[Mark | Word | LogRow | Sentence, ...] = (*self.marks, *self.words, *self.rows, *self.sentences)
        found = {self.start, self.until, *[each.t for each in points]}
        found.update(*[(each.sent, each.t) for each in self.arrows])
        found.update(*[(each.start, each.until) for each in spans])
        return tuple(sorted(found))

    def size(self) -> int:
        """The number of things to draw."""
        return len(self.arrows) + len(self.marks) + len(self.rows) + len(self.runs) + len(self.sentences)
