"""Everybody can use the page: by keyboard, with a screen reader, without motion, in forced colours, on paper."""

import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cluster.time_units import HOUR, clock_text
from tests.page.conftest import Opened, recorded, until
from tests.page.test_two_runs import two

if TYPE_CHECKING:
    from playwright.sync_api import Page

NIGHT = "cut_off_owner_backs_up_twice"
SERIOUS = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((each) => each.html.slice(0, 160) + " " + (each.any[0]?.message ?? ""))])"""
VIEWS = "(place) => [...new Set(app.list.filter((each) => each.place === place).map((each) => each.name))]"


@cache
def axe() -> str:
    """The text of axe-core, which `make axe` fetches."""
    path = Path(sys.prefix) / "axe/node_modules/axe-core/axe.min.js"
    if not path.exists():
        pytest.skip("axe-core is not there: `make axe` installs it, which wants npm")
    return path.read_text(encoding="utf-8")


def faults(page: "Page") -> list[list[str]]:
    """What axe finds serious in each view of the page."""
    page.evaluate(axe())
    found: list[list[str]] = []
    middles, sides = page.evaluate(VIEWS, "middle"), page.evaluate(VIEWS, "side")
    for place in range(max(len(middles), len(sides))):
        middle, side = middles[place % len(middles)], sides[place % len(sides)]
        page.evaluate(f"Object.assign(app.view, {{ middle: '{middle}', side: '{side}' }}); app.draw()")
        found += [[middle, side, *each] for each in page.evaluate(SERIOUS)]
    for asks in ("app.help()", "app.ask()", "app.close(); app.say('Copied.'); app.set({ from: app.run.names[0] })"):
        page.evaluate(asks)
        page.wait_for_timeout(50)
        found += [[asks, "", *each] for each in page.evaluate(SERIOUS)]
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Opened, scheme: str) -> None:
    """In every view and dialog, light and dark, of a run that held, one that broke, and of two beside each other."""
    axe()
    one, other = two()
    assert faults(opened(recorded(NIGHT), "#e=420", color_scheme=scheme)) == []
    assert faults(opened(recorded("storm@6", "majority-of-half"), color_scheme=scheme)) == []
    page = opened(one, other=other, color_scheme=scheme)
    assert faults(page) == []
    page.evaluate("document.body.append(document.createElement('button'))")
    assert page.evaluate(SERIOUS)[0][0] == "button-name", "axe sees what is wrong"


def test_every_control_is_reached_by_tab(opened: Opened) -> None:
    """Tab comes to every button, field and list in the order of reading, each has a name, and its focus can be seen."""
    page = opened(recorded(NIGHT), "#e=420&beside=causes")
    wanted = page.evaluate(
        """[...document.querySelectorAll('button, input, select, [tabindex="0"]')]
          .filter((each) => each.offsetParent && each.tabIndex >= 0).length"""
    )
    seen = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => { const at = document.activeElement, box = at.getBoundingClientRect();
                  const name = at.getAttribute('aria-label') || at.textContent.trim() || at.labels?.[0]?.textContent || '';
                  return [name, getComputedStyle(at).outlineStyle, box.top]; }"""
            )
        )
    assert len({tuple(each) for each in seen}) > wanted * 0.9
    assert [each for each in seen if not each[0] or each[1] == "none"] == []


def test_every_panel_is_walked_by_keys(opened: Opened) -> None:
    """Each panel opens by its key and is reached by Tab; a text that leads to its event does so, and the focus stays in the panel."""
    page = opened(recorded(NIGHT), "#e=420&beside=events")
    middles, sides = page.evaluate(VIEWS, "middle"), page.evaluate(VIEWS, "side")
    for nth, name in enumerate([*middles, *sides][:10]):
        page.keyboard.press(str((nth + 1) % 10))
        until(page, f"[app.view.middle, app.view.side].includes('{name}')")
        until(page, f"document.querySelector('[data-key=rail-{name}]').getAttribute('aria-pressed') === 'true'")
    page.keyboard.press("/")
    until(page, "app.view.side === 'events' && document.activeElement.matches('input')")
    page.keyboard.type("report")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "list"
    page.evaluate("app.go(1), new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    reports = [row["seq"] for row in recorded(NIGHT).rows if "report" in f"{row['kind']} {row['text']}".lower()]
    for key, seq in (("ArrowDown", reports[0]), ("ArrowDown", reports[1]), ("ArrowUp", reports[0])):
        page.keyboard.press(key)
        assert page.evaluate("app.view.seq") == seq
        until(page, f"document.querySelector('[aria-current] .number')?.textContent === '{seq}'")
    page.evaluate("app.set({ side: 'backups', seq: 420 })")
    until(page, "document.querySelector('.waits') !== null")
    page.locator(".waits").focus()
    page.keyboard.press("Enter")
    until(page, "app.run.kind(app.view.seq) === 'ReportQueued'")
    until(page, "document.querySelector('.count').textContent.includes(app.view.seq)")
    assert page.evaluate("document.activeElement.closest('.side') !== null")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.type("02:00:00")
    page.keyboard.press("Enter")
    until(page, "!document.querySelector('dialog').open")
    assert page.evaluate("app.view.seq") == max(row["seq"] for row in recorded(NIGHT).rows if row["t"] <= 2 * HOUR)


def test_a_screen_reader_reads_events(opened: Opened) -> None:
    """The list says number, time, node and sentence of each event and which of how many it is; a diagram is one picture."""
    page = opened(recorded(NIGHT), "#e=420&beside=events")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    known = {each["nodeId"]: each for each in tree}

    def below(node: dict[str, Any]) -> list[dict[str, Any]]:
        found = [known[each] for each in node.get("childIds", []) if each in known]
        return [one for each in found for one in ([each] if not each["ignored"] else []) + below(each)]

    said = {
        (each["role"]["value"], each.get("name", {}).get("value", "")): each for each in tree if not each["ignored"]
    }
    events = [each["name"]["value"] for each in below(said["list", "Events"]) if each["role"]["value"] == "button"]
    told = recorded(NIGHT).rows[419]
    assert f"420 {clock_text(told['t'])} {told['node']} {told['text']}" in events
    assert all(re.fullmatch(r"\d+ [\d:.]+ ([ABC] )?\S.*", each) for each in events), events
    assert page.locator("[aria-current]").get_attribute("aria-setsize") == str(len(recorded(NIGHT).rows))
    assert page.locator("[aria-current]").get_attribute("aria-posinset") == "420"
    pictures = [each for (role, _), each in said.items() if role == "image"]
    assert len(pictures) == 2
    assert [below(each) for each in pictures] == [[], []]
    names = {(role, name) for role, name in said if role in ("banner", "navigation", "main", "complementary")}
    assert names == {("banner", ""), ("navigation", "Views"), ("main", "Space-time"), ("complementary", "Events")}


def test_nothing_moves_for_who_wants_no_motion(opened: Opened) -> None:
    """With reduced motion playing is stepping, one interesting event a second, and nothing is animated."""
    page = opened(recorded(NIGHT), "#e=1", reduced_motion="reduce")
    page.evaluate("app.speed = 16")
    page.keyboard.press("Space")
    until(page, "app.view.seq > 1")
    assert page.evaluate("app.run.weights[app.view.seq]") == 2
    page.keyboard.press("Space")
    assert page.evaluate("app.playing") == 0
    assert page.evaluate("document.getAnimations().length") == 0


def test_nothing_is_drawn_while_it_stands_still(opened: Opened) -> None:
    """A paused page asks for no frame."""
    page = opened(recorded(NIGHT))
    page.wait_for_timeout(300)
    page.evaluate(
        """() => {
          const own = requestAnimationFrame;
          window.asked = 0;
          window.requestAnimationFrame = (each) => { asked++; return own(each); };
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("asked") == 0


def test_forced_colours_keep_every_sign(opened: Opened) -> None:
    """In forced colours life lines, shapes, marks and words are drawn in the system's colour for text, on its ground."""
    page = opened(recorded(NIGHT), "#e=420&see=stage", forced_colors="active")
    colours = page.evaluate(
        """[...document.querySelectorAll('.body .shape, .body .crown, .body .tag, .link.cut line')]
          .map((each) => [each.matches('text, .crown') ? 'fill' : 'stroke', getComputedStyle(each)])
          .map(([which, style]) => style[which])"""
    )
    text, ground = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert set(colours) == {text} != {ground}
    page.evaluate("app.set({ side: 'events' })")
    until(page, "document.querySelector('.row.here') !== null")
    borders = page.evaluate(
        "['.row.here .event', '.row:not(.here) .event'].map((each) => getComputedStyle(document.querySelector(each)).borderTopWidth)"
    )
    assert borders == ["1px", "0px"], "the event at the playhead has a frame"


def test_a_sheet_of_paper_has_the_moment(opened: Opened) -> None:
    """Printed, the page has the map, the view, the panel beside it and the time on one sheet, and no control."""
    page = opened(recorded(NIGHT), "#e=420")
    page.emulate_media(media="print")
    for shown in (".strip", ".spacetime", ".backups", ".lesson", ".clock"):
        assert page.locator(shown).is_visible(), shown
    for hidden in (".rail", ".scrubber", ".copy"):
        assert not page.locator(hidden).is_visible(), hidden
    made = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1
