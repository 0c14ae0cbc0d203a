"""What a running world will need of the page: facts that come one by one, and links that are not all alike."""

from pathlib import Path

from scenarios.page.fold import States
from tests.page.conftest import Opened, recorded, until

NIGHT = "cut_off_owner_backs_up_twice"
WIRED = '''"""Two sites far from each other; then all links alike; then one that is worse, and a cut."""
import trio

async def story(world):
    world.start("ABC")
    await world.elected()
    world.rewire(latency=0.02)
    world.rewire(loss=0.3, latency=0.2, between=("A", "BC"))
    await trio.sleep(2)
    world.rewire(ordered=False, delay_chance=0.2, delay=0.1, between=("AB", "C"))
    await trio.sleep(2)
    world.rewire(loss=0.01)
    await trio.sleep(1)
    world.rewire(duplicate=0.5, between=("B", "C"))
    world.mend()
    await trio.sleep(2)
'''
LANES = "({ ...app.run.lanes, entries: [...app.run.lanes.entries], tasks: [...app.run.lanes.tasks], homes: [...app.run.lanes.homes] })"


def test_a_run_may_grow(opened: Opened) -> None:
    """A run of which ever more is known ends as one that was known at once; who stands at the end goes along with it."""
    page = opened(recorded(NIGHT))
    whole = page.evaluate(f"[{LANES}, app.run.state(app.run.count)]")
    page.evaluate(
        """async () => {
          const all = $decode.decoded(await $decode.embedded("recording"));
          window.known = { ...all, count: 100 };
          window.app = new $app.App($run.recorded(known), document.getElementById("page"));
          app.draw();
          known.all = all.count;
        }"""
    )
    assert page.evaluate("[app.view.seq, app.run.end]") == [100, recorded(NIGHT).rows[99]["t"]]
    last = len(recorded(NIGHT).rows)
    for count in (101, 250, last):
        page.evaluate(f"known.count = {count}; app.grown()")
        until(page, f"document.querySelector('.scrubber').max === '{count}'")
        assert page.evaluate("app.view.seq") == count
    assert page.evaluate(f"[{LANES}, app.run.state(app.run.count)]") == whole
    page.evaluate("app.go(5); app.grown()")
    assert page.evaluate("app.view.seq") == 5


def test_links_of_their_own_are_told(opened: Opened, tmp_path: Path) -> None:
    """What `rewire` says of some links stands at these links, is folded as the world does it, and is in the list of events."""
    path = tmp_path / "wired.py"
    path.write_text(WIRED, encoding="utf-8")
    made = recorded(f"{path}@1")
    steps = [row["seq"] for row in made.rows if row.get("step") in ("Rewire", "Mend")]
    states = States(made.header["names"], made.rows)
    page = opened(made, f"#e={steps[1]}&see=stage&beside=events")
    for seq in steps:
        assert page.evaluate(f"app.run.state({seq})") == states.at(seq), seq
    assert page.locator(".stage > svg > g > text").inner_html() == "all links: 20 ms"
    told = page.locator(".link.wired").all_text_contents()
    assert told == ["200 ms30% lost"] * 2, "between A and each of B and C"
    assert "links between A | BC: latency 200 ms, loss 30.0%" in page.locator("[aria-current]").inner_text()
    slow = {"latency": 200_000, "loss": 0.3}
    late = {"ordered": False, "delay_chance": 0.2, "delay": 100_000}
    assert states.at(steps[2])["wires"]["A>C"] == slow | late
    assert states.at(steps[2])["wires"]["C>B"] == {"latency": 20_000} | late
    page.evaluate(f"app.go({steps[2]})")
    until(page, "document.querySelectorAll('.link.wired').length === 3")
    assert "20% 100 ms late" in (page.locator(".stage").text_content() or "")
    assert states.at(steps[3])["wires"] == {}, "what is said of all links holds for each"
    assert states.at(steps[4])["wires"]["B>C"] == {"latency": 20_000, "loss": 0.01, "duplicate": 0.5}
    assert (states.at(steps[5])["links"], states.at(steps[5])["wires"]) == ({}, {}), "mended"
    page.locator("select").select_option("A")
    until(page, "document.querySelectorAll('.link.wired').length === 0")
