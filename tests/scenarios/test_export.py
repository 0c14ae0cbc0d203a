"""Each form of an exported run is held to the rules of whoever reads it: by their own reader where there is one for tests."""

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.sim.run import play
from cluster.trace import Delivered, Lost
from scenarios.cli import HELD, MISTAKE, main
from scenarios.drawing.command import draw
from scenarios.export.command import FORMS, export
from scenarios.export.excerpt import Excerpt
from scenarios.export.mermaid import ASKED, MOST, escaped, mermaid
from scenarios.export.perfetto import perfetto
from scenarios.export.shiviz import shiviz
from scenarios.gallery import load
from scenarios.inspect.played_run import PlayedRun, played
from scenarios.kept_run import TRACE, ReplayError, asked, find
from scenarios.strategies import seeds
from scenarios.zoo.storm import storm

READER = Path(__file__).with_name("mermaid.mjs")
MERMAID = Path(sys.prefix) / "mermaid"
"""Where `make mermaid` puts Mermaid, which is npm's."""
RUNS = ["the_crown_passes@1", "cut_off_owner_backs_up_twice@1", "the_backup_folder_is_full@1"]


def excerpt_of(run: PlayedRun, first: int = 1, last: int | None = None) -> Excerpt:
    """An excerpt of a run that was played."""
    return Excerpt(run, first, last or len(run.outcome.history), False, "0")


def stormy(seed: int) -> Excerpt:
    """A run in bad weather, which may well be broken off at any event."""
    loaded = load("storm")
    outcome = play(storm("ABC"), seed)
    return excerpt_of(PlayedRun(f"storm@{seed}", None, loaded, asked(loaded, seed, None, None, None), outcome))


# ---- events ----


def test_events_are_the_trace_of_a_kept_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Byte for byte, so that the file is a run that can be named; a part of one cannot be played again, and says so."""
    assert main(["run", "the_crown_passes", "--out", str(tmp_path), "-q"]) == HELD
    kept, whole, part = tmp_path / "the_crown_passes@1", tmp_path / "whole.ndjson", tmp_path / "part.ndjson"

    assert main(["export", str(kept), "--as", "ndjson", "--to", str(whole)]) == HELD
    assert main(["export", str(kept), "--as", "ndjson", "--window", "10:20", "--to", str(part)]) == HELD

    assert whole.read_bytes() == (kept / TRACE).read_bytes()
    assert main(["replay", str(whole)]) == HELD
    header, *events = [json.loads(line) for line in part.read_text().splitlines()]
    assert header["window"] == [10, 20]
    assert [event["seq"] for event in events] == list(range(10, 21))
    with pytest.raises(ReplayError, match="is a part of a run, which cannot be played again"):
        find(str(part))


# ---- Mermaid ----

LINE = re.compile(r"    (accTitle: .*|participant n\d+ as .*|n\d+(->>|-->>|--x)n\d+: .*|Note over n\d+(,n\d+)?: .*)")


def judge_mermaid(lines: list[str]) -> None:
    """Every line is of a kind that was tried with Mermaid, with nothing in its text that means something to it."""
    assert lines[0] == "sequenceDiagram"
    assert sum(len(line) + 1 for line in lines) <= MOST
    for line in lines[1:]:
        assert LINE.fullmatch(line), line
        words = re.sub(r"#\d+;", "", line.partition(": ")[2])
        assert not set(words) & set('#;<>{}"\n&\\`'), line


def read_by_mermaid(text: str) -> dict[str, Any]:
    """The diagram as Mermaid's own reader understands it; skips where it is not installed."""
    if shutil.which("node") is None or not (MERMAID / "node_modules" / "mermaid").is_dir():
        pytest.skip("Mermaid is not installed: `make mermaid`, which wants npm")
    done = subprocess.run(["node", str(READER), str(MERMAID)], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("run", RUNS)
def test_a_sequence_diagram_is_read_by_mermaid(run: str) -> None:
    """With all nodes, and each message of consensus once."""
    lines = list(export(run, "mermaid"))
    judge_mermaid(lines)

    found = read_by_mermaid("\n".join(lines) + "\n")

    events = played(run).outcome.history.events
    messages = [each.note.message for each in events if isinstance(each.note, Delivered | Lost)]
    assert (found["type"], found["actors"]) == ("sequence", ["n0", "n1", "n2"])
    said = [each.partition(" (")[0] for each in found["messages"]]
    assert sum(each in ASKED for each in said) == sum(each in ASKED for each in messages)


def test_words_that_mean_something_to_mermaid_are_words() -> None:
    """Whatever a story says: the reader gives it back."""
    words = [
        "end",
        "a; b # c",
        "%%{init: 1}%%",
        "<b>x</b>",
        'loop "alt" {y} [z]',
        "Note over n0: x",
        "\u202e\u2028ö\x00",
    ]
    notes = [f"    Note over n0: {escaped(each)}" for each in words]

    found = read_by_mermaid("\n".join(["sequenceDiagram", "    participant n0 as end", *notes]) + "\n")

    told = [re.sub("ﬂ°°(\\d+)¶ß", lambda code: chr(int(code[1])), each) for each in found["messages"]]
    assert told == words


@settings(max_examples=30)
@given(words=st.text())
def test_no_text_leaves_its_line(words: str) -> None:
    """Nothing of it is left that Mermaid takes for its own."""
    judge_mermaid(["sequenceDiagram", f"    Note over n0: {escaped(words)}"])


def test_a_diagram_that_is_too_large_names_a_window_that_is_not() -> None:
    """Mermaid refuses more than 50,000 characters."""
    with pytest.raises(
        ReplayError, match=r"more than the 50,000 characters that Mermaid reads.* --window 1:\d+"
    ) as caught:
        list(export("a_thousand_entries_asleep", "mermaid"))
    window = str(caught.value).rpartition("--window ")[2]
    judge_mermaid(list(export("a_thousand_entries_asleep", "mermaid", window)))


# ---- Perfetto ----


def judge_perfetto(text: str) -> list[dict[str, Any]]:
    """The rules of Perfetto's importer of Chrome's format: phases, nesting, flows bound to slices, pairs."""
    file = json.loads(text)
    assert set(file) == {"displayTimeUnit", "otherData", "traceEvents"}
    events: list[dict[str, Any]] = file["traceEvents"]
    open_: dict[int, list[tuple[int, int]]] = defaultdict(list)
    flows: dict[Any, str] = {}
    asyncs: dict[Any, int] = defaultdict(int)
    last = 0
    for event in events:
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name", "thread_sort_index")
            continue
        begin = event["ts"]
        assert isinstance(begin, int)
        assert begin >= last, "by time"
        last = begin
        stack = open_[event["tid"]]
        while stack and stack[-1][1] <= begin:
            stack.pop()
        match event["ph"]:
            case "X":
                assert event["dur"] > 0
                assert not stack or begin + event["dur"] <= stack[-1][1], f"{event} does not nest in {stack[-1]}"
                stack.append((begin, begin + event["dur"]))
            case "s":
                key = event["id"], event["cat"], event["name"]
                assert key not in flows, "an identity is used once"
                assert stack, "it binds to the slice that is open, which comes before it in the file"
                flows[key] = "open"
            case "f":
                assert (event["bp"], flows[event["id"], event["cat"], event["name"]]) == ("e", "open")
                assert stack
                flows[event["id"], event["cat"], event["name"]] = "closed"
            case "b":
                asyncs[event["cat"], event["id"], event["name"]] += 1
            case "e":
                asyncs[event["cat"], event["id"], event["name"]] -= 1
            case "i":
                assert event["s"] in ("t", "p", "g")
            case "C":
                assert all(isinstance(each, int) for each in event["args"].values())
            case other:
                pytest.fail(f"no phase that Perfetto reads: {other}")
    assert set(flows.values()) <= {"closed"}
    assert not any(asyncs.values()), "each backup that begins ends"
    return events


@pytest.mark.parametrize("run", RUNS)
def test_a_trace_for_perfetto_keeps_its_rules(run: str) -> None:
    """Of the whole run and of a part; with a slice for each role, a flow for each message, a pair for each backup."""
    events = judge_perfetto("\n".join(export(run, "perfetto")))
    judge_perfetto("\n".join(export(run, "perfetto", "20:60")))

    history = played(run).outcome.history
    assert sum(each["ph"] == "f" for each in events) == len(history.of(Delivered))
    names = {each["args"]["name"] for each in events if each["name"] == "thread_name"}
    assert names == {"story", "A", "B", "C"}
    assert any(each["ph"] == "X" and each["name"].startswith("leader, term") for each in events)


@settings(max_examples=6)
@given(seed=seeds())
def test_any_weather_keeps_the_rules_of_its_readers(seed: int) -> None:
    """Crashes, lost messages, changes of roles within a microsecond."""
    found = stormy(seed)
    judge_perfetto("\n".join(perfetto(found)))
    judge_shiviz(list(shiviz(found)))
    last = min(found.last, 150)
    judge_mermaid(list(mermaid(excerpt_of(found.run, max(1, last - 100), last))))


# ---- ShiViz ----


def judge_shiviz(lines: list[str]) -> list[tuple[str, dict[str, int]]]:
    """ShiViz's rules: the expression finds every event; its own clock counts from 1 by 1; what it knows of others there is."""
    pattern, delimiter, *rest = lines
    assert delimiter == ""
    assert r"\(" not in pattern, "ShiViz rewrites groups by a replacement that breaks escaped parentheses"
    assert set(re.findall(r"\(\?<(\w+)>", pattern)) >= {"event", "host", "clock"}
    text = "\n".join(rest)
    matches = list(re.finditer(f"^{pattern.replace('(?<', '(?P<')}$", text, re.MULTILINE))
    assert 2 * len(matches) == len(rest)
    counts: dict[str, int] = defaultdict(int)
    clocks: dict[tuple[str, int], dict[str, int]] = {}
    found = []
    for match in matches:
        host, clock = match["host"], json.loads(match["clock"])
        counts[host] += 1
        assert clock[host] == counts[host]
        assert not re.search(r"\d\d:\d\d:\d\d\.\d{3}", match["event"]), "two runs are compared by this text"
        for other, count in clock.items():
            assert 1 <= count <= counts[other]
            known = clocks.get((other, count), {})
            assert all(clock.get(each, 0) >= n for each, n in known.items()), "who knows an event knows what it knew"
        clocks[host, counts[host]] = clock
        found.append((host, clock))
    return found


def read_by_javascript(text: str) -> list[dict[str, str]]:
    """What the first line of the log, an expression of JavaScript, finds in the rest of it, as ShiViz applies it; skips without Node."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node on this machine, which reads the expression as a browser does")
    reads = """const [pattern, , ...rest] = require("node:fs").readFileSync(0, "utf8").split("\\n");
      const found = rest.join("\\n").trim().matchAll(new RegExp(pattern, "gm"));
      process.stdout.write(JSON.stringify([...found].map((each) => ({ ...each.groups }))));"""
    done = subprocess.run(["node", "-e", reads], input=text, capture_output=True, text=True, check=True)
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_javascript_finds_every_event_of_a_log_for_shiviz() -> None:
    """ShiViz is no package, so its page is not run here; its expression is, by the language that reads it, and finds all."""
    for run in RUNS:
        events = played(run).outcome.history.events
        found = read_by_javascript("".join(f"{line}\n" for line in export(run, "shiviz")))
        assert [(each["event"], each["host"], int(each["seq"])) for each in found] == [
            (event.note.text(), event.node or "story", event.seq) for event in events
        ]
        assert all(json.loads(each["clock"])[each["host"]] for each in found)


@pytest.mark.parametrize("run", RUNS)
def test_a_log_for_shiviz_keeps_its_rules(run: str) -> None:
    """Of the whole run and of a part. A message joins the clocks of two nodes."""
    found = judge_shiviz(list(export(run, "shiviz")))
    judge_shiviz(list(export(run, "shiviz", "20:60")))

    events = played(run).outcome.history.events
    assert len(found) == len(events)
    for event, (_, clock) in zip(events, found, strict=True):
        if isinstance(event.note, Delivered):
            assert event.note.peer in clock


# ---- pictures and tests ----


def test_a_picture_is_what_draw_draws() -> None:
    """The whole run, or a window of it, with the command that draws it again."""
    assert "\n".join(export("split_vote@1", "svg", "1:60")).count("<path") > 20
    whole = "\n".join(export("the_crown_passes@1", "svg")) + "\n"
    assert whole == draw("the_crown_passes@1")
    part = "\n".join(export("storm@6", "svg", "1:44", bug="majority-of-half"))
    assert "unkindness draw storm@6 --bug majority-of-half --from 0.000000s --to 0.312" in part
    assert "broken: election safety" in part


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["the_crown_passes@1"], 0, "1 passed"),
        (["storm@6", "--bug", "majority-of-half"], 1, "election safety: A and B both lead term 1"),
        (["storm@6"], 0, "1 passed"),
        (["{mine}@2"], 1, "assert world"),
    ],
)
def test_an_exported_test_ends_as_the_run_did(
    words: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails with the promise that broke, or holds; also of a story of one's own."""
    mine = tmp_path / "mine-own.py"
    mine.write_text(
        'async def story(world):\n    world.start("ABC")\n    await world.elected()\n    assert world["A"].term == 7\n'
    )
    file = tmp_path / "test_exported.py"
    named = [word.format(mine=mine) for word in words]
    assert main(["export", *named, "--as", "pytest", "--to", str(file)]) == HELD
    for check in (["check", "-q", "--isolated"], ["format", "-q", "--isolated", "--check", "--line-length", "200"]):
        subprocess.run([str(Path(sys.executable).with_name("ruff")), *check, str(file)], check=True)

    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-c",
        "/dev/null",
        str(file),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])

    assert (done.returncode, says in done.stdout) == (code, True), done.stdout


# ---- the command ----


def test_every_form_is_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same text; and what is there is not overwritten."""
    for form in FORMS:
        assert main(["export", "the_crown_passes", "--as", form]) == HELD
        printed = capsys.readouterr().out
        file = tmp_path / form
        assert main(["export", "the_crown_passes@1", "--as", form, "--to", str(file)]) == HELD
        assert file.read_text(encoding="utf-8") == printed
        assert main(["export", "the_crown_passes@1", "--as", form, "--to", str(file)]) == MISTAKE
        assert f"--to {file} is there already: name a new file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("window", "seqs"),
    [("3:5", (3, 5)), (":4", (1, 4)), ("60:", (60, 70)), ("60s:61s", (70, 70)), ("00:00:00..00:01:00", (1, 69))],
)
def test_a_window_is_of_numbers_or_of_times(window: str, seqs: tuple[int, int]) -> None:
    """A crash at a minute, say; times with colons stand on both sides of two dots."""
    found = [json.loads(line)["seq"] for line in list(export("the_crown_passes", "ndjson", window))[1:]]
    assert (found[0], found[-1]) == seqs


@pytest.mark.parametrize(
    ("form", "window", "says"),
    [
        ("gif", "", "--as gif: there is no such form, choose one of ndjson, mermaid, perfetto, shiviz, svg, pytest"),
        ("pytest", "1:3", "--window 1:3: a run is exported whole as pytest, so leave it away"),
        ("svg", "5", "--window 5: give two numbers of events, 400:460, or two times"),
        ("svg", "1:2:3", "--window 1:2:3: give two numbers of events"),
        ("svg", "9:3", r"--window 9:3 holds no event: the run has events 1 to 70, from 00:00:00\.000 to "),
        ("svg", "0:3", "--window 0:3 holds no event"),
        ("svg", "1:999", "--window 1:999 holds no event"),
        ("svg", "noon..", "'noon' is no time: write"),
        ("svg", "2d..3d", r"--window 2d\.\.3d holds no event"),
    ],
)
def test_a_wrong_wish_gets_a_remedy(form: str, window: str, says: str) -> None:
    """One sentence that names the value and says what to do."""
    with pytest.raises(ReplayError, match=says):
        list(export("the_crown_passes", form, window))


def test_an_event_is_no_run_to_export(capsys: pytest.CaptureFixture[str]) -> None:
    """A window is."""
    assert main(["export", "the_crown_passes:3", "--as", "svg"]) == MISTAKE
    assert "leave the number away, and give --window" in capsys.readouterr().err
