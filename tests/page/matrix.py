"""The page as everybody sees it, for somebody to look at: `make pictures` puts it into runs/pictures.

Light, dark, forced colours, and red and green confused, in a small window and a large one, of a dense run, one of two clusters, and
one that broke. Never here: what a test can judge.
"""

import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from scenarios.page.document import document
from scenarios.page.recording import Recording
from tests.page.conftest import CHROMIUM, chromium, recorded, until

SIZES = ((1280, 800), (1920, 1080))
LOOKS: dict[str, tuple[dict[str, Any], str]] = {
    "light": ({"color_scheme": "light"}, "none"),
    "dark": ({"color_scheme": "dark"}, "none"),
    "forced": ({"color_scheme": "dark", "forced_colors": "active"}, "none"),
    "colourblind": ({"color_scheme": "light"}, "deuteranopia"),
}
"""How the page is asked for, and which colours are confused, as Chromium simulates it."""
VIEWS: dict[str, tuple[str, ...]] = {
    "dense": ("see=space&beside=backups", "see=lanes&beside=why", "see=logs&beside=restore"),
    "clusters": ("see=stage&beside=backups", "see=group&beside=events"),
    "broken": ("see=space&beside=causes", "see=promises&beside=events"),
}
"""What is looked at in each run."""


def runs(folder: Path) -> dict[str, tuple[Recording, str]]:
    """A run of each kind, and the hash of a moment in it."""
    from tests.page.test_two_clusters import TWINS

    twins = folder / "twins.py"
    twins.write_text(TWINS, encoding="utf-8")
    return {
        "dense": (recorded("a_replica_is_not_a_backup"), ""),
        "clusters": (recorded(f"{twins}@1"), ""),
        "broken": (recorded("storm@6", "majority-of-half"), ""),
    }


def shoot(browser: Browser, file: Path, hash_: str, look: str, size: tuple[int, int], target: Path) -> None:
    """Write one picture."""
    options, confused = LOOKS[look]
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **options)
    page.context.new_cdp_session(page).send("Emulation.setEmulatedVisionDeficiency", {"type": confused})
    page.goto(f"{file.as_uri()}#{hash_}")
    until(page, "window.app !== undefined")
    page.wait_for_timeout(200)
    page.screenshot(path=target)
    page.close()


def take(target: Path) -> None:
    """Write all pictures into a folder, and say where."""
    target.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for kind, (made, moment) in runs(Path(folder)).items():
            file = Path(folder) / f"{kind}.html"
            file.write_text(document(made), encoding="utf-8", newline="\n")
            for view, look, size in product(VIEWS[kind], LOOKS, SIZES):
                name = f"{kind}-{view.split('&')[0][4:]}-{look}-{size[0]}.png"
                shoot(browser, file, moment + view, look, size, target / name)
    print(f"{len(list(target.glob('*.png')))} pictures are in {target}")


if __name__ == "__main__":
    if not CHROMIUM:
        sys.exit("no Chromium was found: install one, as the pictures of the page are taken in it")
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/pictures"))
