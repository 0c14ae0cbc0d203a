"""What a page of 100,000 events costs a browser that draws by software: `nice -n -20 python -m tests.page.budget` tells it.

Never here: how long it may take (test_page.py).
"""

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import attrs

from cluster.value import value
from scenarios.page.document import document
from scenarios.page.recording import Recording
from tests.page.conftest import CHROMIUM, chromium, recorded, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STORY, EVENTS = "cut_off_owner_backs_up_twice", 100_000
VIEWS = [("space", "backups"), ("space", "events"), ("stage", "why"), ("lanes", "restore"), ("logs", "backups")]
VIEWS += [("group", "backups"), ("promises", "events")]
FRAMES = 60


@value
class Scrubbed:
    """A view while the playhead runs through the whole run, 60 frames: ms from one frame to the next, and CPU ms a frame."""

    usual: float
    slowest: float
    cpu: float


def many(made: Recording, count: int) -> Recording:
    """The events of a recording again and again, one after the other, until there are so many; no two sentences are alike."""
    rows = []
    length, after = len(made.rows), made.rows[-1]["t"] + 1_000_000
    for number in range(count):
        turn, place = divmod(number, length)
        row = made.rows[place]
        moved = {
            "seq": number + 1,
            "t": row["t"] + turn * after,
            "cause": row["cause"] + turn * length if row["cause"] else 0,
            "parent": row["parent"] + turn * length if row["parent"] else 0,
            "text": f"{row['text']} ({number})",
        }
        rows.append(row | moved | ({"sent": row["sent"] + turn * after} if "sent" in row else {}))
    return attrs.evolve(made, header=made.header | {"events": count}, rows=tuple(rows))


def used(browser: "Browser") -> float:
    """The CPU seconds of all processes that draw pages so far: those of pages with all their threads, and that of the screen."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return float(sum(each["cpuTime"] for each in found if each["type"] in ("renderer", "GPU")))


def scrubbed(browser: "Browser", page: "Page", middle: str, side: str) -> Scrubbed:
    """Move the playhead through the whole run in that view, a step a frame."""
    page.evaluate(f"app.set({{ middle: '{middle}', side: '{side}', top: {{}} }})")
    page.wait_for_timeout(100)
    before = used(browser)
    gaps = page.evaluate(
        """(frames) => new Promise((done) => {
          const gaps = [];
          let last = 0;
          const frame = (now) => {
            if (last) gaps.push(now - last);
            last = now;
            if (gaps.length === frames) return done(gaps);
            app.go(1 + ((gaps.length + 1) / frames) * (app.run.count - 1));
            requestAnimationFrame(frame);
          };
          requestAnimationFrame(frame);
        })""",
        FRAMES,
    )
    return Scrubbed(median(gaps), max(gaps), (used(browser) - before) * 1000 / FRAMES)


def tell(target: Path) -> None:
    """Open it three times, scrub it once in each view, and print what that took."""
    target.write_text(document(many(recorded(STORY), EVENTS)), encoding="utf-8", newline="\n")
    print(f"{EVENTS:,} events, {target.stat().st_size / 1e6:.2f} MB")
    with chromium() as browser:
        for width, height in ((1280, 800), (1920, 1080), (1920, 1080)):
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto("about:blank")
            page.wait_for_timeout(500)
            before = used(browser)
            page.goto(target.as_uri(), wait_until="commit")
            until(page, "performance.getEntriesByName('ready').length > 0")
            wall = page.evaluate("performance.getEntriesByName('ready')[0].startTime") / 1000
            page.wait_for_timeout(300)
            print(f"{width} x {height}: ready after {wall:.2f} s, {used(browser) - before:.2f} s of CPU")
        for middle, side in VIEWS:
            found = scrubbed(browser, page, middle, side)
            frames = f"a frame every {found.usual:.1f} ms, the slowest {found.slowest:.0f} ms"
            print(f"{middle:9} {side:8} {frames}, {found.cpu:.1f} ms of CPU a frame")


if __name__ == "__main__":
    if not CHROMIUM:
        sys.exit("no Chromium was found: install one, as the page is measured in it")
    with tempfile.TemporaryDirectory() as folder:
        tell(Path(folder) / "page.html")
