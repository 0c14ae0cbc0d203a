"""A history as text: a line for each event of some weight, with a column for each node and a sentence.

The same `Timeline` draws while a story runs and afterwards, so a recorded timeline and a live one are equal.

    time          A B C
    00:00:00.000  f f f  A, B and C start
    00:00:00.187  . c .  B stands for term 1

Signs: `.` unchanged since the line above; `f` `c` `L` follower, candidate, leader; `!` crash, `v` stop, `#` down, `^` restart,
`X` a program failed. A kind of note may say its own `sign`, and its `weight`: 0 detail, 1 normal, 2 headline.
"""

import re
from collections.abc import Callable, Container, Iterable, Sequence

from cluster import steps, trace
from cluster.sim.history import History, Stretch
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, clock_text
from cluster.trace import Happened, Note
from cluster.value import value

DETAIL, NORMAL, HEADLINE = range(3)
ROLES = "fcL"
UNCHANGED, DOWN = ".", "#"
FOLDED_WITHIN = MINUTE
"""A line of a node that repeats within this many µs is counted, not shown."""
QUIET_FROM = MINUTE
"""The least duration in µs of quiet time that gets a line."""
SPANS = ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", SECOND, "s"))
SILENT = frozenset(
    {
        *(trace.Delivered, trace.Lost, trace.Wrote, trace.Committed, trace.StateSampled),
        *(trace.Ended, trace.Voted, trace.Proposed, trace.ClientTold),
    }
)
"""Kinds of the cluster's notes that are always detail."""


class TimelineLine(str):
    """One line of a timeline, with what a coloured screen needs to know of it."""

    __slots__ = ("seq", "signs", "weight")
    seq: int
    """`seq` of the event that it tells; 0 on a line about a period."""
    weight: int
    signs: tuple[int, int]
    """The columns at which the signs begin and end; both 0 on a line without signs."""

    @classmethod
    def of(cls, text: str, weight: int, signs: tuple[int, int] = (0, 0), seq: int = 0) -> "TimelineLine":
        """A line with its weight, the columns of its signs, and the `seq` of its event."""
        line = cls(text)
        line.weight, line.signs, line.seq = weight, signs, seq
        return line


def manner(note: Note) -> tuple[str, int]:
    """The sign of a note (empty for none) and its weight."""
    match note:
        case trace.BecameLeader():
            return "L", HEADLINE
        case trace.BecameCandidate():
            return "c", NORMAL
        case trace.BecameFollower(was=was):
            return "f", NORMAL if was == "leader" else DETAIL
        case trace.Stopped():
            return "v", HEADLINE
        case trace.Crashed():
            return "!", HEADLINE
        case trace.Started(incarnation=incarnation):
            return ("^", HEADLINE) if incarnation > 1 else ("f", DETAIL)
        case trace.Failed():
            return "X", HEADLINE
        case trace.Stepped():
            return "", HEADLINE
        case trace.Recovered(torn=torn):
            return "", NORMAL if torn else DETAIL
        case trace.Answered(outcome=outcome):
            return "", DETAIL if outcome == "applied" else NORMAL
        case _:
            return getattr(note, "sign", ""), getattr(note, "weight", DETAIL if type(note) in SILENT else NORMAL)


def span_text(duration: int) -> str:
    """A duration in µs in its one or two largest units: `2 h`, `1 d 4 h`, `45 s`."""
    for size, unit, smaller_size, smaller in SPANS:
        whole, rest = divmod((duration + smaller_size // 2) // smaller_size, size // smaller_size)
        if whole:
            return f"{whole} {unit} {rest} {smaller}" if rest else f"{whole} {unit}"
    return f"{round(duration / SECOND, 3):g} s"


@value
class Fold:
    """A shown line that may repeat."""

    t: int
    """The instant at which it came last."""
    count: int
    """How many times it came and was not shown."""


class Timeline:
    """Takes events one at a time, in order, and writes lines. Call `close` after the last event.

    The line of a step waits for the other events of its instant, so that `crash A` shows A's sign and needs no second
    line.
    """

    def __init__(
        self,
        names: Sequence[str] | Callable[[], Sequence[str]],
        write: Callable[[TimelineLine], object],
        *,
        detail: bool = False,
        stretches: Sequence[Stretch] = (),
    ) -> None:
        """`names`: the nodes, or a function that returns them once some are started. `stretches`: the history's, while it grows."""
        self._names = names
        self._write = write
        self._detail = detail
        self._stretches = stretches
        self._stretches_seen = 0
        self._quiet: tuple[int, int] | None = None
        self.seq = 0
        """`seq` of the last event taken."""
        self._header: tuple[str, ...] | None = None
        self._time_width = len(clock_text(0))
        self._role: dict[str, str] = {}
        self._role_shown: dict[str, str] = {}
        self._loud: dict[str, str] = {}
        self._down: set[str] = set()
        self._waiting: list[Happened] = []
        """The steps of the newest instant whose lines are not written yet."""
        self._owners: dict[tuple[int, type, int], str] = {}
        self._agreed: set[tuple[int, Note]] = set()
        self._founded = 0
        self._cluster: dict[str, int] = {}
        """The number of each node's cluster, from 1; whoever joined is of the first."""
        self._folds: dict[str, Fold] = {}
        """The recent sentences, oldest first."""

    def take(self, event: Happened) -> None:
        """Take the next event of the history."""
        self.seq = event.seq
        if self._waiting and event.t > self._waiting[0].t:
            self._settle()
        self._note_quiet(event.seq)
        note = event.note
        if type(note) in SILENT and not self._detail:
            return
        sign, weight = manner(note)
        if isinstance(note, trace.Agreed) and not self._is_news(event.node, note):
            return
        self._remember(event.node, note, sign)
        echo = bool(self._waiting) and isinstance(note, trace.Crashed | trace.Started)
        if (weight == DETAIL or echo) and not self._detail:
            if sign and sign not in ROLES:
                self._loud[event.node] = sign
            return
        if isinstance(note, trace.Stepped):
            self._waiting.append(event)
        else:
            self._settle()
            self._show(event, sign, weight)

    def catch_up(self, history: History) -> None:
        """Take the events it has not taken: an event that breaks a promise is not passed to followers."""
        for event in history.events[self.seq :]:
            self.take(event)

    def close(self) -> None:
        """Write the lines that still wait. The run is over."""
        self._settle()
        self._note_quiet(self.seq + 1)
        self._end_folds(None)
        self._end_quiet()

    # ---- what is remembered of the events ----

    def _is_news(self, node: str, note: trace.Agreed) -> bool:
        """Whether a replicated note comes from the node that applied its entry first, for the first time."""
        cluster = self._cluster.get(node, 1)
        owner = self._owners.setdefault((cluster, type(note), note.index), node)
        if owner != node or (cluster, note) in self._agreed:
            return False
        self._agreed.add((cluster, note))
        return True

    def _remember(self, node: str, note: Note, sign: str) -> None:
        match note:
            case trace.Stepped(steps.Start(nodes)):
                self._founded += 1
                self._cluster |= dict.fromkeys(nodes, self._founded)
            case trace.Crashed():
                self._down.add(node)
                self._role[node] = ""
            case trace.Started():
                self._down.discard(node)
                self._role[node] = "f"
            case _ if sign and sign in ROLES:
                self._role[node] = sign

    def _note_quiet(self, seq: int) -> None:
        while self._stretches_seen < len(self._stretches):
            stretch = self._stretches[self._stretches_seen]
            if stretch.after >= seq:
                return
            self._stretches_seen += 1
            self._quiet = (self._quiet[0] if self._quiet else stretch.start, stretch.until)

    # ---- lines ----

    def _settle(self) -> None:
        """Write the waiting steps. Each shows the signs of the nodes that it names, the last one all other signs too."""
        while self._waiting:
            event = self._waiting.pop(0)
            later = set(self._loud) - set(re.findall(r"[A-Z]+", event.note.text())) if self._waiting else set()
            self._show(event, "", HEADLINE, later)

    def _show(self, event: Happened, sign: str, weight: int, later: Container[str] = ()) -> None:
        sentence = f"{event.node} {event.note.text()}" if event.node else event.note.text()
        fold = self._folds.pop(sentence, None)
        if fold is not None and weight < HEADLINE and event.t - fold.t <= FOLDED_WITHIN:
            self._folds[sentence] = Fold(event.t, fold.count + 1)
            return
        if fold is not None:
            self._end_fold(sentence, fold)
        self._end_folds(event.t)
        self._end_quiet()
        self._folds[sentence] = Fold(event.t, 0)
        self._put(clock_text(event.t), self._signs(event.node, sign, later), sentence, weight, event.seq)

    def _end_folds(self, now: int | None) -> None:
        """Forget the lines that have not repeated for a while; `now` is None at the end of the run: forget all."""
        while self._folds:
            sentence, fold = next(iter(self._folds.items()))  # a repeated line was moved to the end
            if now is not None and now - fold.t <= FOLDED_WITHIN:
                return
            del self._folds[sentence]
            self._end_fold(sentence, fold)

    def _end_fold(self, sentence: str, fold: Fold) -> None:
        """Write how often a line repeated without being shown."""
        if fold.count:
            times = "once more, at" if fold.count == 1 else f"{fold.count:,} times more, until"
            self._aside(f"… {sentence}: {times} {clock_text(fold.t)}")

    def _end_quiet(self) -> None:
        if self._quiet is not None:
            (start, until), self._quiet = self._quiet, None
            if until - start >= QUIET_FROM:
                self._aside(f"… quiet for {span_text(until - start)}")

    def _signs(self, node: str, sign: str, later: Container[str] = ()) -> str:
        """A sign for each node; the nodes in `later` keep theirs for the next line."""
        signs = []
        for name in self._columns():
            if name in later:
                signs.append(UNCHANGED)
                continue
            role = self._role.get(name, "")
            changed = role and role != self._role_shown.get(name, "")
            if name == node and sign:
                signs.append(sign)
            elif name in self._loud:
                signs.append(self._loud.pop(name))
            elif name in self._down:
                signs.append(DOWN)
            else:
                signs.append(role if changed else UNCHANGED)
            self._role_shown[name] = role
        return self._row(signs)

    def _columns(self) -> tuple[str, ...]:
        if not self._header or callable(self._names):
            before, self._header = self._header, tuple(self._names() if callable(self._names) else self._names)
            if self._header and self._header != before:
                self._write_names()
        return self._header

    def _write_names(self) -> None:
        self._write(TimelineLine.of(f"{self._lead('time', '')}  {self._row(self._header or ())}".rstrip(), DETAIL))

    def _row(self, cells: Iterable[str]) -> str:
        return " ".join(cell.ljust(len(name)) for cell, name in zip(cells, self._header or (), strict=True))

    def _lead(self, time_text: str, number: str) -> str:
        """The time, with the event's number before it where every event is shown.

        A longer time than all before, on the second day, widens the column: the names are written again above it.
        """
        if len(time_text) > self._time_width:
            self._time_width = len(time_text)
            if self._header:
                self._write_names()
        lead = time_text.rjust(self._time_width) if time_text[:1].isdigit() else time_text.ljust(self._time_width)
        return f"{number:>8}  {lead}" if self._detail else lead

    def _aside(self, sentence: str) -> None:
        """Write a line about a period, not an instant."""
        signs = self._row(UNCHANGED for _ in self._columns())
        self._put("", signs, sentence, DETAIL, 0)

    def _put(self, time_text: str, signs: str, sentence: str, weight: int, seq: int) -> None:
        lead = self._lead(time_text, f"#{seq}" if seq else "")
        text = f"{lead}  {signs}  {sentence}" if signs else f"{lead}  {sentence}"
        begin = len(lead) + 2
        self._write(TimelineLine.of(text, weight, (begin, begin + len(signs)), seq))


def render(history: History, names: Sequence[str], detail: bool = False, until: int | None = None) -> list[str]:
    """The history as lines, up to event `until` if given, with the nodes' names first.

    `detail` adds messages, writes, commits, and every number.
    """
    lines: list[str] = []
    timeline = Timeline(names, lines.append, detail=detail, stretches=history.stretches)
    for event in history.events.between(0, until):
        timeline.take(event)
    timeline.close()
    return lines


def explain(failure: BaseException, seed: int, history: History, names: Sequence[str]) -> None:
    """Attach to a failure its instant, the seed, and the last lines of the timeline."""
    failure.add_note(f"seed {seed}, {clock_text(history.clock.now)} after the start; the last lines of the timeline:")
    for line in tail(history, names):
        failure.add_note(line)


def tail(history: History, names: Sequence[str], lines: int = 15, seq: int | None = None) -> list[str]:
    """The last lines of the timeline up to event `seq` (None: to its end), with the nodes' names first."""
    drawn = render(history, names, until=seq)
    if len(drawn) <= lines + 1:
        return drawn
    headings = [line for line in drawn if line.startswith("time ")]
    body = [line for line in drawn if line not in headings]
    return [*headings[-1:], *body[-lines:]]  # the last heading is as wide as what is below it
