"""The promises about registers, and the notes they read: answers are linearizable, and every command happens once."""

from bisect import bisect_left, insort
from collections import defaultdict

from cluster.checks import Sees, Watcher, on
from cluster.trace import Happened, Note
from cluster.value import value


@value
class Asked(Note):
    """A client sent a request."""

    operation: str
    name: str
    argument: int | None = None
    """The value to be written; None for a read."""

    def text(self) -> str:
        return f"is asked to {self.operation} {self.name}"


@value
class Answer(Note):
    """A client got the answer to its request."""

    asked: int
    """The number of events in the history when the client asked."""
    operation: str
    name: str
    argument: int | None
    answer: int | None
    index: int
    """The log index of the command; for a `Look`, that of the last entry it saw."""

    def text(self) -> str:
        held = "nothing" if self.answer is None else str(self.answer)
        return f"answers {self.operation} {self.name}: {held}"


class Linearizable(Watcher):
    """All operations follow one order, in which each lies between its request and its answer (Herlihy and Wing 1990).

    That order is the log's; a `Look` comes right after the last entry it saw. So it suffices to check that an operation
    requested after another was answered does not precede it: O(1) for each event, no search.
    That all nodes apply the log alike is checked by *state machine safety*.
    """

    promise = "linearizability"
    says = "a register answers as if every operation happened at one moment between question and answer"

    def __init__(self) -> None:
        self.answered: list[tuple[int, int]] = []
        """For each answer, its event number and the highest index answered by then."""

    def sees(self) -> Sees:
        return [on(Answer, self.see)]

    def see(self, event: Happened[Answer]) -> None:
        note = event.note
        for seq, index in reversed(self.answered):
            if seq <= note.asked:
                first = note.index + 1 if note.operation == "Look" else note.index  # two reads may have the same place
                if index >= first:
                    raise self.broken(
                        f"{note.operation} {note.name} was asked after entry {index} was answered and stands at {note.index}"
                    )
                break
        highest = max(note.index, self.answered[-1][1] if self.answered else 0)
        self.answered.append((event.seq, highest))


class Once(Watcher):
    """A content that was overwritten is not read again, unless it was written again: so no command is applied twice.

    The check compares contents, where `Linearizable` compares indices. It skips contents that were requested more than once.
    """

    promise = "once"
    says = (
        "a command of a client happens at one moment only, however often it is brought to a leader (dissertation, 6.3)"
    )

    def __init__(self) -> None:
        self.asked: dict[tuple[str, int | None], int] = defaultdict(int)
        """How often clients asked to write this content into this register."""
        self.written: dict[str, dict[int | None, int]] = defaultdict(lambda: {None: 0})
        """By register and content: the log index of the write, as far as clients were answered."""
        self.order: dict[str, list[tuple[int, int]]] = defaultdict(list)
        """By register: index and content of each write, sorted."""
        self.seen: dict[tuple[str, int | None], int] = defaultdict(int)
        """By register and content: the highest index before which a read saw it."""

    def sees(self) -> Sees:
        return [on(Asked, self.was_asked), on(Answer, self.see)]

    def was_asked(self, event: Happened[Asked]) -> None:
        note = event.note
        if note.argument is not None:
            self.asked[note.name, note.argument] += 1

    def see(self, event: Happened[Answer]) -> None:
        note = event.note
        name, index, order = note.name, note.index, self.order[note.name]
        if note.operation != "Swap":  # its answer is the content that it wrote
            point = index + 1 if note.operation == "Look" else index
            self.seen[name, note.answer] = max(point, self.seen[name, note.answer])
            place = bisect_left(order, (point, 0))
            if place:
                self.judge(name, note.answer, *order[place - 1])
        if note.argument is not None:
            place = bisect_left(order, (index, 0))
            before = order[place - 1][1] if place else None
            self.written[name][note.argument] = max(index, self.written[name].get(note.argument, 0))
            insort(order, (index, note.argument))
            self.judge(name, before, index, note.argument)

    def judge(self, name: str, content: int | None, index: int, over: int) -> None:
        """Raise if `content` was read after it was overwritten at `index`."""
        since = self.written[name].get(content)
        if since is None or since >= index or self.seen[name, content] <= index or self.asked[name, content] > 1:
            return
        held = "nothing" if content is None else content
        raise self.broken(
            f"{name} was set to {over} at entry {index} and held {held} after that, which was written at {since} and asked for once"
        )
