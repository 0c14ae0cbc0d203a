"""A picture of backups alone, on one screen: no logs, no messages; true time runs downward at one pace.

Beside each life line stand two brackets: solid, while the cluster holds the node responsible for a task; dashed, while the node
itself does. Where they part, an hour may have two backups. While links are cut, the sides are shaded over the life lines.
"""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import attrs

from cluster.sim.timeline import span_text
from cluster.steps import Ask
from cluster.time_units import DAY, HOUR, MINUTE, SECOND, clock_text
from cluster.trace import Stepped
from scenarios.drawing.from_history import picture
from scenarios.drawing.legend import legend
from scenarios.drawing.picture import Breach, Life, Picture
from scenarios.drawing.shapes import label, place, sign
from scenarios.drawing.sides import beliefs, sides
from scenarios.drawing.style import look
from scenarios.drawing.svg import WIDTH, card, run_look

if TYPE_CHECKING:
    from cluster.sim.history import History

HEIGHT, SHORTEST = 600.0, 380.0
"""The most and the least height of the time that is drawn."""
HOUR_HEIGHT = 26.0
LEFT, SPACING = 70, 124
LINE = 13.0
SHOWN = ("crash", "stop", "restart", "failed", "skipped", "queued", "reported")
"""The signs of this picture, besides that of a leader, who is drawn by the life line."""
TICKS = (SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY)


def backups_only(
    history: "History",
    names: Sequence[str],
    start: int,
    until: int,
    *,
    title: str = "",
    command: str = "",
    breach: Breach | None = None,
) -> Picture:
    """What is drawn of these nodes within [start, until] µs: lives, owners, runs, reports, and sentences that weigh something."""
    found = picture(history, names, start, until, title=title, command=command, breach=breach)
    asks = {(event.t, event.note.text()) for event in history.of(Stepped) if isinstance(event.note.step, Ask)}
    return attrs.evolve(
        found,
        arrows=(),
        words=(),
        rows=(),
        lives=tuple(
            life if life.role in ("leader", "down") else attrs.evolve(life, role="follower") for life in found.lives
        ),
        marks=tuple(mark for mark in found.marks if mark.kind in SHOWN),
        sentences=tuple(each for each in found.sentences if each.is_headline and (each.t, each.text) not in asks),
        beliefs=beliefs(history.events, names, start, until),
        sides=sides(history.events, names, start, until),
    )


def backups_svg(drawn: Picture) -> str:
    """The whole SVG file of such a picture."""
    return _Day(drawn).whole()


class _Day:
    """One picture, with its scale."""

    def __init__(self, drawn: Picture) -> None:
        self._picture = drawn
        self._head = wrap(drawn.title, 92)
        self._top = 66.0 + 18 * len(self._head)
        span = drawn.until - drawn.start
        spacing = min(SPACING, 420 // len(drawn.names))
        self._height = max(SHORTEST, min(HEIGHT, span / HOUR * HOUR_HEIGHT))
        self._lanes = {name: LEFT + 50.0 + spacing * number for number, name in enumerate(drawn.names)}
        self._right = LEFT + 50 + spacing * len(drawn.names) - 10
        self._tasks = sorted({turn.task for turn in (*drawn.turns, *drawn.beliefs)})

    def _y(self, t: int) -> float:
        """The vertical coordinate of a time."""
        span = max(1, self._picture.until - self._picture.start)
        return self._top + (t - self._picture.start) / span * self._height

    def whole(self) -> str:
        """All parts of the drawing, from the back to the front."""
        drawn = self._picture
        body = [
            *self._sides(),
            *self._ticks(),
            *(line for life in drawn.lives for line in self._life(life)),
            *self._brackets(),
            *self._runs(),
            *self._marks(),
            *self._breach(),
            *self._sentences(),
            *(label(x, self._top - 14, name, "name", "middle") for name, x in self._lanes.items()),
        ]
        samples, bottom = legend(drawn, self._top + self._height + 30)
        height = round(bottom + 22)
        described = f"{drawn.title} Backups of {', '.join(drawn.names)}; time runs downward."
        return card(drawn.command, self._head, described, height, [*body, *samples])

    def _sides(self) -> Iterator[str]:
        """A shade for each side over the life lines of its nodes, with its number."""
        for side in self._picture.sides:
            top, bottom = self._y(side.start), self._y(side.until)
            for name in side.nodes:
                where = (
                    f'x="{place(self._lanes[name] - 34)}" y="{place(top)}" width="80" height="{place(bottom - top)}"'
                )
                yield f"<rect{look(f'side {side.number % 3}')} {where}/>"
                if bottom - top > LINE:
                    yield label(self._lanes[name] + 42, top + 11, f"side {side.number + 1}", "small", "end")

    def _ticks(self) -> Iterator[str]:
        drawn = self._picture
        span = drawn.until - drawn.start
        step = next((each for each in TICKS if span / each * 15 <= self._height), 365 * DAY)
        for t in range(-(-drawn.start // step) * step, drawn.until + 1, step):
            yield f'<path{look("guide")} d="M{LEFT} {place(self._y(t))}H{place(self._right)}"/>'
            yield label(LEFT - 6, self._y(t) + 4, clock_text(t)[: -4 if step < MINUTE else -7], "time", "end")

    def _life(self, life: Life) -> Iterator[str]:
        x, top, bottom = self._lanes[life.node], self._y(life.start), self._y(life.until)
        if life.role == "leader":
            yield f'<rect{look("leader")} x="{place(x - 3.5)}" y="{place(top)}" width="7" height="{place(bottom - top)}"/>'
        else:
            yield f'<path{look(life.role)} d="M{place(x)} {place(top)}V{place(bottom)}"/>'

    def _brackets(self) -> Iterator[str]:
        """The cluster's and the node's own, a pair for each task."""
        for kind, beside, turns in (("turn", 0, self._picture.turns), ("belief", 6, self._picture.beliefs)):
            for turn in turns:
                x = self._lanes[turn.node] - 10 - beside - 13 * self._tasks.index(turn.task)
                top, bottom = self._y(turn.start), self._y(turn.until)
                yield f'<path{look(kind)} d="M{place(x + 4)} {place(top)}h-4V{place(bottom)}h4"/>'

    def _runs(self) -> Iterator[str]:
        """A bar for each run, at least as high as can be seen; a full one is wider."""
        for run in self._picture.runs:
            top, height = self._y(run.start), max(4.0, self._y(run.until) - self._y(run.start))
            width = 18 if run.kind == "full" else 9
            where = f'x="{place(self._lanes[run.node] + 7)}" y="{place(top)}" width="{width}" height="{place(height)}"'
            yield f"<rect{run_look(run)} {where}/>"

    def _marks(self) -> Iterator[str]:
        """Crashes on the life line, reports and runs without news beside it; what comes at one time stands side by side."""
        taken: dict[str, tuple[float, float]] = {}
        for mark in self._picture.marks:
            x, y = self._lanes[mark.node], self._y(mark.t)
            if mark.kind == "skipped":
                yield sign(mark.kind, x + 11, y + 2)
                continue
            if mark.kind in ("queued", "reported", "failed"):
                at, column = taken.get(mark.node, (-99.0, x))
                column = column + 17 if y - at < 11 else x + 34
                taken[mark.node] = y, column
                x, y = column, y + 3
            yield sign(mark.kind, x, y)

    def _breach(self) -> Iterator[str]:
        breach = self._picture.breach
        if breach is not None:
            y = self._y(breach.t)
            yield f'<path{look("breach")} d="M{LEFT} {place(y)}H{place(self._right)}"/>'
            for number, line in enumerate(wrap(f"broken: {breach.text}", 118)):
                yield label(LEFT, y + 15 + LINE * number, line, "broken")

    def _sentences(self) -> Iterator[str]:
        """What weighs something, beside its time; moved where two would lie on each other, and as many as there is room for."""
        letters = int((WIDTH - 18 - self._right) / 6.0)
        room = int(self._height / LINE)
        told = [
            (each, wrap(f"{clock_text(each.t)[:-4]}  {each.text}", letters, subsequent_indent="    "))
            for each in self._picture.sentences
        ]
        while sum(len(lines) for _, lines in told) > room - 1:
            told.pop()
        hidden = len(self._picture.sentences) - len(told)
        bottom, ys = self._top + self._height, list[float]()
        for each, _ in told:
            at = max(self._y(each.t), ys[-1] + LINE * len(told[len(ys) - 1][1]) if ys else self._top)
            ys.append(at)
        limit = bottom - (LINE if hidden else 0)
        for number in reversed(range(len(ys))):
            ys[number] = min(ys[number], limit - LINE * len(told[number][1]) + 6)
            limit = ys[number] - 6
        for (each, lines), y in zip(told, ys, strict=True):
            if each.node:
                here, end = self._lanes[each.node] + 6, self._right - 4
                line = f"M{place(here)} {place(self._y(each.t))}H{place(end - 12)}L{place(end)} {place(y)}"
                yield f'<path{look("guide")} d="{line}"/>'
            for number, words in enumerate(lines):
                x = self._right + (12 if number else 0)
                yield label(x, y + 4 + LINE * number, words.strip(), "step" if not each.node else "")
        if hidden:
            yield label(self._right, bottom, f"… and {hidden:,} more until {span_text(self._picture.until)}", "small")
