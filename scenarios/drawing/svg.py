"""A picture as a standalone SVG: life lines downward, sentences at their right, a legend of what occurs. No script, no font.

It carries its own background and follows the reader's light or dark scheme. Same picture, same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from cluster.sim.timeline import span_text
from cluster.time_units import clock_text
from scenarios.drawing.legend import legend
from scenarios.drawing.picture import Breach, DrawnBackup, Life, Picture, Sentence
from scenarios.drawing.scale import Room, Scale, scale
from scenarios.drawing.shapes import arrow, cells, label, place, sign, words_of
from scenarios.drawing.style import ROOT, look, style_sheet

WIDTH = 900
GUTTER = 92
"""The width of the column of times, where none is more than a day after the start."""
LINE = 15.0
MOST_NODES = 8


def svg(picture: Picture) -> str:
    """The whole SVG file of a picture."""
    return Drawing(picture).whole()


def card(command: str, head: Sequence[str], described: str, height: int, parts: Iterable[str]) -> str:
    """The whole file: these parts on a card of that height, below the lines of the title and above the command."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" {ROOT}>',
            f"<title>{words_of(described)}</title>",
            f"<style>{style_sheet()}</style>",
            f'<rect{look("card")} x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
            *(label(20, 28 + 18 * number, line, "title") for number, line in enumerate(head)),
            *parts,
            label(20, height - 12, command, "small"),
            "</svg>\n",
        ]
    )


def run_look(run: DrawnBackup) -> str:
    """The attributes of the bar of a run, by its end."""
    ended = {"cut off": "cut", "finished": ""}.get(run.ended, run.ended)
    return look(f"run {ended}".strip())


class Drawing:
    """One picture, with its layout worked out."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        count = len(picture.names)
        self._gutter = GUTTER + 7 * (clock_text(picture.until).find(" ") + 1)
        self._spacing = min(128.0, max(62.0, 390.0 / count))
        self._beside = 20 if picture.runs else 11
        """The distance of a log's cells from their life line."""
        lanes = {name: self._gutter + 46 + self._spacing * number for number, name in enumerate(picture.names)}
        self._lanes = lanes
        self._before = 19 if picture.turns else 12
        """The distance of a word's end from its life line: a bracket may stand between them."""
        self._room = self._spacing - self._beside - self._before
        self._right = self._gutter + 46 + self._spacing * count - 8
        """The left edge of the sentences."""
        self._letters = int((WIDTH - 18 - self._right) / 6.3)
        self._head = wrap(picture.title, 92)
        self._scale = self._laid_out()

    def _laid_out(self) -> Scale:
        picture = self._picture
        rooms = [Room(mark.t, mark.node, 19) for mark in picture.marks]
        rooms += [Room(row.t, f"{row.node} log", 14.5) for row in picture.rows]
        rooms += [Room(run.start, f"{run.node} log", 13) for run in picture.runs]
        left = dict(zip(picture.names[1:], picture.names, strict=False))
        # a word stands where the logs of the node to its left do
        rooms += [Room(word.t, f"{left.get(word.node, '')} log", 12.5) for word in picture.words]
        for each in picture.sentences:
            rooms.append(Room(each.t, "sentences", LINE * len(self._lines(each)) + 1, slack=22))
        if picture.breach is not None:
            rooms.append(Room(picture.breach.t, "sentences", LINE * len(self._broken(picture.breach)) + 8))
        return scale(picture.instants(), rooms, 78 + 18 * len(self._head))

    def _lines(self, sentence: Sentence) -> list[str]:
        return wrap(sentence.text, self._letters - 6 if sentence.is_headline else self._letters)

    def _broken(self, breach: Breach) -> list[str]:
        return wrap(f"broken: {breach.text}", self._letters - 6)

    def _y(self, t: int) -> float:
        return self._scale.at[t]

    def whole(self) -> str:
        """All parts of the drawing, from the back to the front."""
        picture = self._picture
        body = [
            *self._guides(),
            *self._folds(),
            *(line for life in picture.lives for line in self._life(life)),
            *self._turns(),
            *self._runs(),
            *self._arrows(),
            *self._breach(),
            *self._beside_the_lines(),
            *self._names(),
        ]
        bottom = self._scale.bottom + 14
        samples, bottom = legend(picture, bottom + 20)
        height = round(bottom + 22)
        described = f"{picture.title} Space-time diagram of {', '.join(picture.names)}; time runs downward."
        return card(picture.command, self._head, described, height, [*body, *samples])

    # ---- life lines ----

    def _names(self) -> Iterator[str]:
        y = 42 + 18 * len(self._head)
        for name, x in self._lanes.items():
            yield label(x, y, name, "name", "middle")

    def _life(self, life: Life) -> Iterator[str]:
        x, top, bottom = self._lanes[life.node], self._y(life.start), self._y(life.until)
        if life.role in ("follower", "down"):
            yield f'<path{look(life.role)} d="M{place(x)} {place(top)}V{place(bottom)}"/>'
        else:
            where = f'x="{place(x - 3.5)}" y="{place(top)}" width="7" height="{place(bottom - top)}"'
            yield f"<rect{look(life.role)} {where}/>"

    def _guides(self) -> Iterator[str]:
        """Lines from a node to the sentence that tells of it."""
        picture = self._picture
        others = len(picture.marks) + len(picture.rows) + len(picture.runs) + len(picture.words)
        for sentence, y in zip(picture.sentences, self._scale.places[others:], strict=False):
            if sentence.node:
                x, at, end = self._lanes[sentence.node] + 8, self._y(sentence.t), self._right - 4
                yield f'<path{look("guide")} d="M{place(x)} {place(at)}H{place(end - 12)}L{place(end)} {place(y)}"/>'

    def _folds(self) -> Iterator[str]:
        """The folds: two waves over all life lines, and the duration left out."""
        left = self._gutter + 12
        for fold in self._scale.folds:
            for y in (fold.y - 2.5, fold.y + 2.5):
                waves = "q4 -4 8 0t8 0" * int((self._right - left - 14) // 16)
                yield f'<path{look("fold")} d="M{left} {place(y)}{waves}"/>'
            yield label(self._gutter - 8, fold.y + 4, f"… {span_text(fold.duration)}", "small", "end")

    def _turns(self) -> Iterator[str]:
        for turn in self._picture.turns:
            x, top, bottom = self._lanes[turn.node] - 12, self._near(turn.start), self._near(turn.until)
            yield f'<path{look("turn")} d="M{place(x + 4)} {place(top)}h-4V{place(bottom)}h4"/>'

    def _near(self, t: int) -> float:
        """The coordinate of an instant, or of the last drawn one before it."""
        return self._scale.at[max(known for known in self._scale.at if known <= t)]

    def _runs(self) -> Iterator[str]:
        for run in self._picture.runs:
            x, top, bottom = self._lanes[run.node] + 7, self._y(run.start), self._y(run.until)
            where = f'x="{place(x)}" y="{place(top)}" width="8" height="{place(max(bottom - top, 3))}"'
            yield f"<rect{run_look(run)} {where}/>"

    # ---- what happens ----

    def _arrows(self) -> Iterator[str]:
        for each in self._picture.arrows:
            said = f"{each.message} {each.number}" + (f", lost: {each.lost}" if each.lost else "")
            start, end = (self._lanes[each.sender], self._y(each.sent)), (self._lanes[each.receiver], self._y(each.t))
            yield arrow(each.kind, said, *start, *end, bool(each.lost))

    def _beside_the_lines(self) -> Iterator[str]:
        """Signs, logs, words and sentences, in the order in which they requested room."""
        picture, places = self._picture, iter(self._scale.places)
        for mark in picture.marks:
            yield sign(mark.kind, self._lanes[mark.node], next(places))
        for row in picture.rows:
            x = self._lanes[row.node] + self._beside
            yield cells(x, next(places), row.base + 1, row.terms, row.commit, self._room)
        for run in picture.runs:
            yield label(self._lanes[run.node] + 19, next(places) + 8, run.kind, "word")
        for word in picture.words:
            yield label(self._lanes[word.node] - self._before, next(places) + 4, word.text, "word", "end")
        shown = 0.0
        for sentence in picture.sentences:
            y = next(places)
            yield from self._sentence(sentence, y)
            if self._y(sentence.t) >= shown:
                yield label(self._gutter - 8, self._y(sentence.t) + 4, clock_text(sentence.t), "time", "end")
                shown = self._y(sentence.t) + 11
        if picture.breach is not None:
            y = next(places)
            for number, line in enumerate(self._broken(picture.breach)):
                yield label(self._right, y + 6 + LINE * number, line, "broken")

    def _sentence(self, sentence: Sentence, y: float) -> Iterator[str]:
        kind = "step" if not sentence.node else "strong" if sentence.is_headline else ""
        for number, line in enumerate(self._lines(sentence)):
            yield label(self._right, y + 4 + LINE * number, line, kind)

    def _breach(self) -> Iterator[str]:
        breach = self._picture.breach
        if breach is None:
            return
        at = self._y(breach.t)
        yield f'<path{look("breach")} d="M{self._gutter} {place(at)}H{place(self._right - 6)}"/>'
        if breach.node in self._lanes:
            yield f'<circle{look("breach")} cx="{place(self._lanes[breach.node])}" cy="{place(at)}" r="14"/>'
