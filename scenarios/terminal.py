"""The output of lines: a terminal gets colour and a line of progress (by rich), everything else plain text.

If the reader goes away (`| head`), or the disk is full, that is noted and is not an error here. Never here: what the lines say.
"""

import os
import re
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

from cluster.sim.timeline import HEADLINE, NORMAL, TimelineLine
from cluster.time_units import clock_text

if TYPE_CHECKING:
    from cluster.sim.world import World

NARROWEST = 60
REDRAWN_EVERY = 0.1
"""The wall seconds between two updates of the line of progress."""
SIGN_STYLES = {"L": "bold green", "c": "yellow", "f": "cyan", "^": "green", "#": "dim", ".": "dim"}
SIGN_STYLES |= {"v": "bold", "!": "bold red", "X": "bold red"}


_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that would command a terminal, turn the order of what stands beside them, or are half of one."""


def printable(text: str) -> str:
    """The text as a terminal may show it: names and words of stories may hold what clears a screen or turns a line around."""
    return _UNSEEN.sub(lambda found: repr(found[0])[1:-1], text)


def in_json(text: str) -> str:
    """The same for text that is JSON: it says the same afterwards."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Screen:
    """Writes lines as plain text, each at once."""

    gone = False
    """Whether nobody reads the output any more."""
    _refused: OSError | None = None

    def line(self, line: TimelineLine) -> None:
        """Write a line of the timeline."""
        self.text(line)

    def text(self, line: str) -> None:
        """Write any other line."""
        if not self.gone:
            try:
                print(printable(line), flush=True)
            except BrokenPipeError:
                self.gone = True
            except OSError as error:
                self.gone, self._refused = True, error

    def check(self) -> None:
        """Raise the OSError for which the output ended, if one was met."""
        if self._refused is not None:
            raise self._refused

    def progress(self, world: "World") -> None:
        """Take note of how far the story has come; called often."""

    def close(self) -> None:
        """End the output."""


class Coloured(Screen):
    """Writes lines in colour, with a line of progress at the bottom while a story runs."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=True)
        self._live: Any = None
        self._redrawn = 0.0

    def line(self, line: TimelineLine) -> None:
        from rich.text import Text

        text = Text(
            printable(str(line)), style="bold" if line.weight == HEADLINE else "" if line.weight == NORMAL else "dim"
        )
        begin, end = line.signs
        for place in range(begin, end):
            if line[place] != " ":
                text.stylize(SIGN_STYLES.get(line[place], "magenta"), place, place + 1)
        self._console.print(text)

    def text(self, line: str) -> None:
        from rich.text import Text

        first = line.split(":", 1)[0]
        style = {"held": "bold green", "identical": "bold green", "broken": "bold red", "inconclusive": "bold yellow"}
        self._console.print(Text(printable(line), style=style.get(first, "")))

    def progress(self, world: "World") -> None:
        now = time.monotonic()
        if now - self._redrawn < REDRAWN_EVERY:
            return
        from rich.live import Live
        from rich.text import Text

        self._redrawn = now
        if self._live is None:
            self._live = Live(
                console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        events = len(world.history)
        self._live.update(Text(f"{clock_text(world.clock.now)}  event {events:,}", style="dim"), refresh=True)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def screen() -> Screen:
    """The screen that suits standard output."""
    return Coloured() if wants_colour() else Screen()


def wants_colour() -> bool:
    """Whether standard output is a terminal that shows colour and is wide enough."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI") or os.environ.get("TERM") == "dumb"
    return not plain and sys.stdout.isatty() and shutil.get_terminal_size().columns >= NARROWEST
