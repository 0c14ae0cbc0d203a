"""The picture of the page in the README, taken of a real run: `make page`."""

import sys
import tempfile
from pathlib import Path

from scenarios.page.document import document
from tests.page.conftest import CHROMIUM, chromium, recorded, until

STORY = "no_leader_still_backed_up"
TARGET = Path(__file__).parents[2] / ".github/page.png"


def moment() -> int:
    """The event at which the third report waits: nobody leads, and the backups keep their hours."""
    waits = [int(row["seq"]) for row in recorded(STORY).rows if row["kind"] == "ReportQueued"]
    return waits[2]


def take(target: Path) -> None:
    """Write the picture: 1280 by 800 pixels, light."""
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(document(recorded(STORY)), encoding="utf-8", newline="\n")
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.goto(f"{file.as_uri()}#e={moment()}")
        until(page, "window.app !== undefined")
        page.evaluate("app.zoom(0.6)")
        page.wait_for_timeout(300)
        page.screenshot(path=target)


if __name__ == "__main__":
    if not CHROMIUM:
        sys.exit("no Chromium was found: install one, as the picture of the page is taken in it")
    take(TARGET)
