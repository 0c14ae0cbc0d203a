"""What the panels of the cluster show: stage, logs, database group, promises, and the sides of a cut."""

import re

from scenarios.page.fold import States
from scenarios.page.recording import Recording
from tests.page.conftest import Opened, recorded, until
from tests.page.words import FOUND

NIGHT = "cut_off_owner_backs_up_twice"


def test_the_stage_shows_who_is_what(opened: Opened) -> None:
    """Roles have shapes, a cut its links, and each node says its term, its commit and what waits at it."""
    page = opened(recorded(NIGHT), "#e=420&see=stage")
    assert page.locator(".body").evaluate_all(
        "(all) => all.map((each) => each.getAttribute('class').split(' ')[1])"
    ) == [
        "leader",
        "trial",
        "follower",
    ]
    assert page.locator(".body.leader .crown").count() == 1
    assert page.locator(".link text").all_text_contents() == ["✕ cut", "✕ cut"]
    assert "✉ 1 report waits" in (page.locator(".body.trial").text_content() or "")
    assert page.locator(".body .mine").all_text_contents() == ["responsible: Backup to Local"] * 2


def test_messages_in_flight_are_on_the_stage(opened: Opened) -> None:
    """What was sent by now and lands later is on its way, and nothing else."""
    made = recorded("storm")
    page = opened(made, "#e=1&see=stage")
    for seq in range(10, len(made.rows), 97):
        page.evaluate(f"app.view.seq = {seq}; app.draw()")
        now = made.rows[seq - 1]["t"]
        flying = [
            row
            for row in made.rows[seq : seq + 600]
            if row["kind"] in ("Delivered", "Lost") and row["sent"] <= now and row["parent"] <= seq
        ]
        assert page.locator(".stage .message").count() == min(60, len(flying)), seq


def test_a_node_sees_no_other_from_inside(opened: Opened) -> None:
    """As seen from one node, the others are strangers of whom it knows only whom it follows, and no cut is shown."""
    page = opened(recorded(NIGHT), "#e=420&see=stage&from=C")
    assert page.locator(".body.stranger .says").all_text_contents() == ["C believes that it leads", "not known"]
    assert page.locator(".link text, .link.cut").count() == 0


def test_logs_have_the_entries_of_the_state(opened: Opened) -> None:
    """Each entry has its term, and a solid border as far as its node knows that it is committed."""
    made = recorded("storm")
    states = States(made.header["names"], made.rows)
    page = opened(made, "#e=1&see=logs", viewport={"width": 1280, "height": 3000})
    for seq in (60, 200, len(made.rows)):
        page.evaluate(f"app.view.seq = {seq}; app.view.top = {{}}; app.draw()")
        columns = page.locator(".column").evaluate_all(
            "(all) => all.map((each) => [...each.querySelectorAll('.cell')].map((cell) =>"
            " [cell.querySelector('.term').textContent, cell.matches('.committed')]))"
        )
        for name, cells in zip(made.header["names"], columns, strict=True):
            node = states.at(seq)["nodes"][name]
            terms = [f"t{term}" for term, count in node["log"]["terms"] for _ in range(count)]
            assert cells == [
                [term, node["log"]["base"] + place <= node["commit"]] for place, term in enumerate(terms, 1)
            ], (seq, name)


def test_the_group_shows_each_task_at_its_node(opened: Opened) -> None:
    """Members, promotables and rehabs differ by border, and a task stands at the node that is believed to be responsible."""
    page = opened(recorded(NIGHT), "#e=420&see=group")
    shown = page.locator(".of").evaluate_all("(all) => all.map((each) => each.textContent)")
    assert [re.sub(r"no node.*?; |the .*?(?=⟳)", "", text) for text in shown][2].startswith("B: rehab")
    assert [text.endswith("Backup to Local") for text in shown] == [False, True, False]
    page.locator("select").select_option("B")
    until(page, "document.querySelectorAll('.of')[1].textContent.endsWith('Backup to Local')")


def test_the_promise_that_broke_says_so(opened: Opened) -> None:
    """Every promise has a light over time; the one that broke stands first, with its sentence, and a click goes there."""
    made = recorded("storm@6", "majority-of-half")
    page = opened(made, "#e=3&see=promises")
    assert page.locator(".promises li").count() == len(made.header["promises"])
    assert "election safety ✕ broke at" in page.locator(".promises li").first.inner_text()
    page.locator(".promises .broke button").click()
    until(page, f"app.view.seq === {made.header['broken']['seq']}")


def test_all_promises_that_broke_say_so(opened: Opened) -> None:
    """Of a run that went on, each promise that broke has its cross, in the order in which they broke, and a place to stop."""
    made = recorded("storm@6", "majority-of-half")
    broken = made.header["broken"]
    later = {"seq": broken["seq"], "promise": "own demand", "text": "nobody wins"}
    earlier = {"seq": 40, "promise": "log matching", "text": "they differ"}
    page = opened(
        Recording(made.header | {"broken": earlier, "breaks": [earlier, broken, later]}, made.rows), "#see=promises"
    )
    assert page.evaluate("app.view.seq") == 40
    names = page.locator(".promises li.broke b").all_text_contents()
    assert [name.partition(" ✕")[0] for name in names] == ["log matching", "election safety", "own demand"]
    assert page.locator(".strip .broke").count() == 3
    assert page.locator(".top button.broken").inner_text() == "log matching: they differ, and 2 more"
    count = len(made.header["promises"])
    assert f"{count - 2} of {count}" in page.locator(".verdict").inner_text()
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("app.view.seq") == broken["seq"]


def test_the_sides_of_a_cut_are_shaded(opened: Opened) -> None:
    """Behind the life of the node that is cut off stands from whom, and for how long."""
    page = opened(recorded(NIGHT), "#e=420")
    assert page.locator(".parted text").all_text_contents() == ["cut off from A C for 2.3 h"]
    assert page.locator(".parted title").all_text_contents() == ["B | A C: no way between them for 2.3 h"]
    page.locator("select").select_option("B")
    until(page, "document.querySelectorAll('.parted').length === 0")


def test_no_words_lie_over_others(opened: Opened) -> None:
    """In the diagram no sentence, time or name overlaps another one, near and far, in a small window and a large one."""
    for run in (NIGHT, "one_backup_for_all", "storm"):  # all stories: python -m tests.page.words
        for size in ((1280, 800), (1920, 1080)):
            page = opened(recorded(run), viewport={"width": size[0], "height": size[1]})
            for zoom in (0.3, 1, 4):
                page.evaluate(
                    f"app.view.zoom = {zoom}; app.view.seq = Math.round(app.run.count / 2); app.view.top = {{}}; app.draw()"
                )
                overlaps = page.evaluate(FOUND, ".spacetime")
                assert overlaps == [], (run, size, zoom)


def test_the_diagram_is_dragged_and_zoomed(opened: Opened) -> None:
    """A drag moves it by as much, the wheel scrolls it, and Ctrl with the wheel zooms; the address stays."""
    page = opened(recorded(NIGHT), "#e=420")
    box = page.locator(".spacetime").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] - 20, box["y"] + 200
    page.evaluate("app.set({ top: { space: 300 } }, true)")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 50, steps=3)
    page.mouse.up()
    until(page, "Math.abs(app.view.top.space - 350) < 2")
    page.mouse.move(x, y + 60)
    page.wait_for_timeout(50)
    assert page.evaluate("Math.abs(app.view.top.space - 350) < 2")
    page.mouse.wheel(0, 100)
    until(page, "Math.abs(app.view.top.space - 450) < 2")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    until(page, "app.view.zoom > 1.1")
    page.keyboard.up("Control")
    assert page.evaluate("app.view.seq") == 420


def test_one_walks_along_a_life(opened: Opened) -> None:
    """Up and down go to the event before and the next one of the same node."""
    made = recorded(NIGHT)
    page = opened(made, "#e=420")
    nodes = [row["node"] for row in made.rows]
    after = nodes.index(nodes[419], 420) + 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate("app.view.seq") == after
    page.keyboard.press("ArrowUp")
    assert page.evaluate("app.view.seq") == 420


def test_an_election_timer_that_is_shown_does_run_out(opened: Opened) -> None:
    """Where the stage shows a timer, the node stands for election after that time, and hears of no leader until then."""
    made = recorded("storm")
    page = opened(made, "#e=1&see=stage")
    shown = page.evaluate(
        """(seqs) => seqs.map((seq) => {
          app.view.seq = seq; app.draw();
          return [...document.querySelectorAll('.stage .body')].filter((each) => each.querySelector('.timer'))
            .map((each) => [each.querySelector('.tag').textContent, each.textContent.match(/election timer: (.*?) left/)[1]]);
        })""",
        seqs := list(range(1, len(made.rows), 11)),
    )
    assert sum(map(len, shown)) > 5
    for seq, timers in zip(seqs, shown, strict=True):
        for name, left in timers:
            after = [row for row in made.rows[seq:] if row["node"] == name]
            stands = next(place for place, row in enumerate(after) if row["kind"] == "BecameCandidate")
            wait = after[stands]["t"] - made.rows[seq - 1]["t"]
            number, unit = left.split()
            assert abs(float(number) * {"s": 1e6, "ms": 1e3, "µs": 1}[unit] - wait) <= wait * 0.01 + 1
            assert not [row for row in after[:stands] if row.get("message") in ("AppendEntries", "InstallSnapshot")]
