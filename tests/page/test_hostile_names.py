"""Names that are meant to break a page: nothing of them runs, nothing leaves its place, and every panel is drawn."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import attrs
import pytest

from scenarios.inspect.played_run import played
from scenarios.page.documents import PageDocuments
from scenarios.page.fold import States
from scenarios.page.recording import Recording, recording
from tests.page.conftest import Opened, recorded
from tests.scenarios.hostile import NAMES, written

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIEWS = "(place) => [...new Set(app.list.filter((each) => each.place === place).map((each) => each.name))]"
OUTSIDE = """() => {
  const bad = [], sides = document.querySelector('.side').getBoundingClientRect();
  const { scrollWidth, scrollHeight } = document.documentElement;
  if (scrollWidth > innerWidth || scrollHeight > innerHeight) bad.push('the page scrolls');
  for (const each of document.querySelectorAll('.region-top, .rail, .middle, .side, .map, .bar, .verdict, .top .broken, .clock')) {
    const box = each.getBoundingClientRect();
    if (box.right > innerWidth || box.bottom > innerHeight || box.top < 0 || box.height < 10) bad.push([each.className, box]);
  }
  for (const each of document.querySelectorAll('.side *'))
    if (each.getBoundingClientRect().right > sides.right + 1 && !each.closest('.row')) bad.push(each.outerHTML.slice(0, 99));
  return bad;
}"""
MIXED = """() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    let at = node.parentElement;
    if (!/[\\u202a-\\u202e\\u2066-\\u2069\\u0590-\\u05ff]/.test(node.data) || at.closest('script, svg')) continue;
    while (getComputedStyle(at).unicodeBidi !== 'isolate') at = at.parentElement;
    if (at.textContent !== node.data) found.push(at.outerHTML.slice(0, 160));
  }
  return found;
}"""


@cache
def made(kind: str) -> Recording:
    """The recording of a story with names of that kind, with its documents."""
    with TemporaryDirectory() as folder:
        read = PageDocuments()
        found = played(written(kind, Path(folder)), follow=read.follow)
        return recording(found.outcome, found.request, found.loaded, "0.0.0", read)


def in_every_view(page: "Page", asked: str) -> list[object]:
    """What a question finds in each view, as everybody and as one node sees it."""
    found: list[object] = []
    middles, sides = page.evaluate(VIEWS, "middle"), page.evaluate(VIEWS, "side")
    for place in range(max(len(middles), len(sides))):
        middle, side = middles[place % len(middles)], sides[place % len(sides)]
        for seen_from in ("", "B"):
            chosen = f"{{ middle: '{middle}', side: '{side}', from: '{seen_from}' }}"
            page.evaluate(f"Object.assign(app.view, {chosen}); app.draw()")
            found += [(middle, side, each) for each in page.evaluate(asked)]
    return found


@pytest.mark.parametrize("kind", NAMES)
def test_every_view_stands_with_such_names(opened: Opened, kind: str) -> None:
    """Every panel is drawn, in the room that it has, the verdict and the promise in sight; no name became an element."""
    one = made(kind)
    assert one.header["verdict"] == "broken"
    page = opened(one)
    assert in_every_view(page, OUTSIDE) == []
    page.evaluate(f"app.go({len(one.rows) // 2})")
    assert in_every_view(page, OUTSIDE) == []
    assert page.locator("img, #page script").count() == 0
    assert page.evaluate("window.ran") is None


@pytest.mark.parametrize("kind", ["direction", "markup"])
def test_marks_of_direction_turn_nothing_beside_them(opened: Opened, kind: str) -> None:
    """A text that is written, or says that it is, from right to left has an element of its own that is isolated."""
    assert in_every_view(opened(made(kind)), MIXED) == []


@pytest.mark.parametrize("kind", ["prototype", "prototype2"])
def test_names_of_what_every_object_has_are_names(opened: Opened, kind: str) -> None:
    """The page folds a database and a task that are called so as Python does."""
    one = made(kind)
    states = States(one.header["names"], one.rows)
    page = opened(one)
    for seq in range(1, len(one.rows) + 1, 40):
        ours = [each["record"] for each in states.at(seq)["clusters"]]
        theirs = page.evaluate(f"app.run.state({seq}).clusters.map((each) => Object.entries(each.record.databases))")
        assert [dict(each) for each in theirs] == [each["databases"] for each in ours]


def test_kinds_of_notes_may_be_called_as_what_every_object_has(opened: Opened) -> None:
    """A note of an application may be of a class with any name."""
    night = recorded("the_crown_passes")
    kinds = ["constructor", "toString", "__defineGetter__", "__proto__"]
    rows = [row | {"kind": kinds[row["seq"] % 4]} if row["kind"] == "Wrote" else row for row in night.rows]
    page = opened(attrs.evolve(night, rows=tuple(rows)))
    assert in_every_view(page, OUTSIDE) == []
