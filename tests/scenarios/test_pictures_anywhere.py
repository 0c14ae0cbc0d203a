"""A picture is the same in viewers without style sheets: its colours are attributes, and no label lies on another."""

import io
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scenarios.drawing.command import draw
from scenarios.drawing.messages import KINDS
from scenarios.drawing.style import LOOKS, PALETTE, look, style_sheet, tip

ROOT = Path(__file__).parents[2]
SPACE = "{http://www.w3.org/2000/svg}"
KEPT = sorted([*(ROOT / "cluster" / "pictures").glob("*.svg"), *(ROOT / "scenarios").rglob("*.svg")])
"""Every picture of the pages."""
ELECTIONS = ROOT / "scenarios" / "bench" / "elections.svg"


def rendered_by_cairo(svg: str) -> bytes:
    """The picture as PNG, by CairoSVG; skips where its library is missing."""
    try:
        cairosvg: Any = pytest.importorskip(
            "cairosvg", reason="CairoSVG is not installed: it comes with the extra [dev]"
        )
    except OSError:
        pytest.skip("CairoSVG finds no library cairo on this machine")
    made: bytes = cairosvg.svg2png(bytestring=svg.encode(), background_color="white")
    return made


def rendered_by_librsvg(svg: str) -> bytes:
    """The picture as PNG, by rsvg-convert; skips where it is missing."""
    if shutil.which("rsvg-convert") is None:
        pytest.skip("there is no rsvg-convert on this machine (Debian: librsvg2-bin)")
    return subprocess.run(["rsvg-convert", "-b", "white"], input=svg.encode(), capture_output=True, check=True).stdout


def colours(png: bytes) -> Counter[str]:
    """How many dots of the picture have each colour."""
    image: Any = pytest.importorskip("PIL.Image", reason="Pillow is not installed: it comes with the extra [dev]")
    found = image.open(io.BytesIO(png)).convert("RGB")
    return Counter(
        {f"#{red:02x}{green:02x}{blue:02x}": n for n, (red, green, blue) in found.getcolors(maxcolors=1 << 24)}
    )


@pytest.mark.parametrize("render", [rendered_by_cairo, rendered_by_librsvg])
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_picture_is_light_where_no_style_sheet_is_read(path: Path, render: Any) -> None:
    """White paper, dark ink; and every colour of the attributes that covers an area is seen."""
    svg = path.read_text(encoding="utf-8")
    found = colours(render(svg))
    everything = found.total()
    assert found["#ffffff"] > 0.7 * everything
    assert found["#000000"] < 0.01 * everything, "what has no colour of its own is black"
    if path != ELECTIONS:
        used = {name for name, (light, _) in PALETTE.items() if f'fill="{light}"' in svg}
        assert [name for name in used if not found[PALETTE[name][0]]] == []


def test_every_colour_has_a_dark_one_on_top() -> None:
    """The style sheet changes what the attributes say, and says nothing else but the halo of words."""
    for name, (light, dark) in PALETTE.items():
        assert f".f-{name}{{fill:{dark}}}.s-{name}{{stroke:{dark}}}" in style_sheet()
        assert light != dark
    assert "var(" not in style_sheet()
    for kind in LOOKS:
        named = dict(each.split("=", 1) for each in LOOKS[kind].split())
        for attribute in ("fill", "stroke"):
            if named.get(attribute, "none") != "none":
                light = PALETTE[named[attribute]][0]
                assert f'{attribute}="{light}"' in look(kind)
                assert f"{attribute[0]}-{named[attribute]}" in look(kind)
        assert "fill" in named, "without one it is black"


def test_every_message_has_a_look() -> None:
    """Its line, and a tip of its colour."""
    for kind in KINDS:
        meant = "trial?" if kind == "trial" else kind
        assert "stroke" in look(meant)
        assert tip(meant).startswith(' class="f-')


Box = tuple[float, float, float, float, str]


def boxes(svg: str) -> list[Box]:
    """The place of every label, by the width that its letters are likely to have, and of every cell of a log."""
    root, found = ET.fromstring(svg), list[Box]()
    for each in root.findall(f"{SPACE}text"):
        size, x, y = float(each.get("font-size", "12")), float(each.attrib["x"]), float(each.attrib["y"])
        anchor = each.get("text-anchor", "start")
        if anchor == "middle" and size < 10:
            continue  # the letter of a sign
        width = len(each.text or "") * size * (0.6 if each.get("font-family") else 0.55)
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        found.append((left, y - size * 0.75, left + width, y + size * 0.2, each.text or ""))
    for cell in root.findall(f"{SPACE}g/{SPACE}rect[@height='12']"):
        x, y = float(cell.attrib["x"]), float(cell.attrib["y"])
        found.append((x, y, x + float(cell.attrib["width"]), y + 12, "a cell"))
    return found


def overlaps(svg: str) -> list[tuple[str, str]]:
    """Labels that lie on another, or on a log."""
    places = boxes(svg)
    return [
        (one[4], other[4])
        for number, one in enumerate(places)
        for other in places[number + 1 :]
        if not one[4] == other[4] == "a cell"
        and min(one[2], other[2]) - max(one[0], other[0]) > 1
        and min(one[3], other[3]) - max(one[1], other[1]) > 1
    ]


DRAWN: dict[str, dict[str, str]] = {
    "cut_off_owner_backs_up_twice": {},
    "responsible_node_dies": {},
    "a_thousand_entries_asleep": {"start": "14.41s", "until": "15.5s"},
    "storm@3": {"until": "1s"},
    "storm@6": {"until": "1s"},
    "the_backup_folder_is_full": {},
}


@pytest.mark.parametrize("path", [path for path in KEPT if path != ELECTIONS], ids=lambda path: path.stem)
def test_no_label_of_a_page_lies_on_another(path: Path) -> None:
    """Nor on the cells of a log."""
    assert overlaps(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("run", DRAWN)
def test_no_label_of_a_drawing_lies_on_another(run: str) -> None:
    """Where much happens at once too."""
    assert overlaps(draw(run, **DRAWN[run])) == []


def test_labels_that_lie_on_another_are_found() -> None:
    """The control: two words at one place, and a word on a cell."""
    words = '<text x="10" y="20" text-anchor="end">votes A</text><text x="2" y="22">term 1</text>'
    cell = '<g><rect x="-20" y="12" width="14" height="12"/></g>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{words}{cell}</svg>'
    assert overlaps(svg) == [("votes A", "term 1"), ("votes A", "a cell")]
