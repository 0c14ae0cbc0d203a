"""Words that lie over other words, or that leave their picture, in the diagrams of the page and in those of `draw`.

`python -m tests.page.words` looks at every story, in two windows, near and far, and prints what it finds.
Never here: which stories a test looks at (test_panels.py), and how many a campaign.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.time_units import clock_text
from scenarios import gallery
from scenarios.drawing.command import draw_played
from scenarios.inspect.played_run import PlayedRun, played
from scenarios.kept_run import ReplayError
from scenarios.page.document import document
from scenarios.page.recording import recording
from tests.page.conftest import CHROMIUM, chromium, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = ((1280, 800), (1920, 1080))
MIDDLES = ("space", "stage", "lanes", "logs", "group", "promises")
MOMENTS = (0.2, 0.5, 0.8, 1.0)
"""Where in a run each diagram is looked at."""

FOUND = """(host) => {
  const root = host ? document.querySelector(host) : document.documentElement, edge = root.getBoundingClientRect();
  const words = [...root.querySelectorAll("svg text"), ...(root.matches("svg") ? root.querySelectorAll("text") : [])];
  const shown = words.filter((each, nth) => words.indexOf(each) === nth && each.textContent.trim() && !each.closest("defs"))
    .filter((each) => { const { fill, opacity } = getComputedStyle(each); return fill !== "none" && opacity !== "0"; });
  const said = (each) => [...each.childNodes].filter((one) => one.nodeName !== "title").map((one) => one.textContent).join("");
  const boxes = shown.map((each) => [said(each), each.getBoundingClientRect(), each.ownerSVGElement.getBoundingClientRect()])
    .filter(([, box]) => box.bottom > edge.top && box.top < edge.bottom);
  const wide = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const found = boxes.flatMap(([one, a], place) => boxes.slice(place + 1)
    .filter(([, b]) => wide(a, b) > 1 && high(a, b) > 3).map(([other]) => `${one} | ${other}`));
  const out = boxes.filter(([, a, svg]) => a.left < svg.left - 1 || a.right > svg.right + 1).map(([one]) => `outside: ${one}`);
  return [...new Set([...found, ...out])];
}"""


def in_page(page: "Page", middles: tuple[str, ...] = MIDDLES) -> Iterator[tuple[str, str]]:
    """Where words of a diagram of the page lie over others: the view and moment, and the two."""
    for middle in middles:
        for part in MOMENTS:
            for zoom in (0.3, 1, 4) if middle == "space" else (1,):
                page.evaluate(
                    f"Object.assign(app.view, {{ middle: '{middle}', zoom: {zoom}, top: {{}}, "
                    f"seq: Math.max(1, Math.round(app.run.count * {part})) }}); app.draw()"
                )
                for words in page.evaluate(FOUND, ".middle"):
                    yield f"{middle} at {part:g}, zoom {zoom:g}", words
    for words in page.evaluate(FOUND, ".map"):
        yield "map", words


def in_drawings(page: "Page", found: PlayedRun) -> Iterator[tuple[str, str]]:
    """The same for pictures of `draw`: its backups alone, and windows of it from its beginning, its middle and near its end."""
    events = found.outcome.history.events
    windows = [("", "", "backups"), *((clock_text(events[len(events) * nth // 3].t), "", "") for nth in range(3))]
    for start, until_, only in windows:
        try:
            made = _drawn(found, start, until_, only)
        except ReplayError:
            continue  # nothing is to be seen there
        page.set_content(made)
        for words in page.evaluate(FOUND, "svg"):
            yield f"draw {only or f'from {start}'}", words


def _drawn(found: PlayedRun, start: str, until_: str, only: str) -> str:
    """The picture; where that would be too much to read, as much of it as the refusal says."""
    try:
        return draw_played(found, start, until_, only=only)
    except ReplayError as error:
        narrower = re.search(r"--to (\S+),", str(error))
        if narrower is None:
            raise
        return draw_played(found, start, narrower[1], only=only)


def in_story(browser: "Browser", found: PlayedRun, folder: Path) -> Iterator[tuple[str, str]]:
    """The same for all diagrams of one run, in both windows."""
    file = folder / "page.html"
    made = recording(found.outcome, found.request, found.loaded, "0.0.0")
    file.write_text(document(made), encoding="utf-8", newline="\n")
    for width, height in SIZES:
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(file.as_uri())
        until(page, "window.app !== undefined")
        for where, words in in_page(page):
            yield f"{width}: {where}", words
        page.close()
    page = browser.new_page()
    yield from in_drawings(page, found)
    page.close()


def main(names: list[str]) -> int:
    """Look at these stories, or at all; 1 if anything was found."""
    count = 0
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for name in names or gallery.names():
            print(name, file=sys.stderr, flush=True)
            for where, words in in_story(browser, played(name, None), Path(folder)):
                count += 1
                print(f"{name}: {where}: {words}", flush=True)
    print(f"{count} found")
    return 1 if count else 0


if __name__ == "__main__":
    if not CHROMIUM:
        sys.exit("no Chromium was found: install one, as the page is measured in it")
    sys.exit(main(sys.argv[1:]))
