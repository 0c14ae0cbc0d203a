"""The command: what it prints where, and with which exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

import pytest

from scenarios import cli
from scenarios.cli import main
from scenarios.provenance import version

ELECTION = '''"""Three nodes choose a leader."""

async def story(world):
    world.start("ABC")
    await world.elected()
'''
ENDLESS = '''"""It never ends."""
import trio

async def story(world):
    world.start("ABC")
    leader = await world.elected()
    while True:
        world.crash(leader)
        await trio.sleep(5)
        world.restart(leader)
        await trio.sleep(5)
'''

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a story and gives its path."""

    def write(text: str) -> str:
        path = tmp_path / "mine.py"
        path.write_text(text)
        return str(path)

    return write


def command(*words: str, **options: str) -> "subprocess.Popen[str]":
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "scenarios", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | options,
    )


def test_a_story_that_holds_ends_with_its_verdict(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The timeline, then the verdict, the counts, the promises, the digest and the command; exit code 0."""
    story = write(ELECTION)

    assert main(["run", story, "--seed", "5"]) == cli.HELD

    said, wrong = capsys.readouterr()
    lines = said.splitlines()
    assert lines[0].split() == ["time", "A", "B", "C"]
    assert lines[1] == "00:00:00.000  f f f  A, B and C start"
    blank = lines.index("")
    assert lines[blank - 1].endswith("leads term 1 (2 votes)")
    assert lines[blank + 1].startswith("held: ")
    assert any("election safety: at most one leader in a term" in line for line in lines[blank:])
    assert lines[-1] == f"  again    unkindness run {story} --seed 5"
    assert wrong == ""


def test_json_is_one_object_and_nothing_else(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """With everything a program wants to know."""
    assert main(["run", write(ELECTION), "--json"]) == cli.HELD

    result = json.loads(capsys.readouterr().out)
    assert list(result) == [
        *("story", "seed", "rules", "verdict", "digest", "events", "messages", "virtual_seconds", "wall_seconds"),
        *("elections", "backups", "missed", "lost", "never_struck", "warnings", "violations"),
    ]
    assert (result["verdict"], result["seed"], result["elections"], result["violations"]) == ("held", 1, 1, [])
    assert list(result["backups"]) == ["ok", "late", "missed", "double", "failed", "cut off"]


def test_quiet_has_no_timeline_and_verbose_all_of_it(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """-q and -v."""
    story = write(ELECTION)
    main(["run", story, "-q"])
    quiet = capsys.readouterr().out
    main(["run", story, "-v"])
    verbose = capsys.readouterr().out

    assert "A, B and C start" not in quiet
    assert "held: " in quiet
    assert "#12  00:00:00." in verbose
    assert "takes RequestVote from" in verbose


def test_a_broken_assertion_is_reported(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text, the seed, the last lines, the command that repeats it, where to look; exit code 1."""
    story = write(ELECTION + '    assert world["A"].term == 7\n')

    assert main(["run", story, "--seed", "2", "-q"]) == cli.BROKEN

    said = capsys.readouterr().out
    assert f'broken: the story\'s own assertion: assert world["A"].term == 7 ({story}, line 6)' in said
    assert "  seed 2, event " in said
    assert "    00:00:00.000  f f f  A, B and C start" in said
    assert f"again    unkindness run {story} --seed 2" in said
    assert f"look     unkindness explain {story}@2:" in said


def test_a_broken_promise_is_data_too(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A planted bug breaks one; the object names the promise, the event and the time."""
    story = write(
        '"""Two halves, and each believes it is all."""\nimport trio\n'
        "async def story(world):\n    world.start('ABCD')\n    world.split('AB', 'CD')\n    await trio.sleep(30)\n"
    )

    code = main(["run", story, "--bug", "majority-of-half", "--json"])

    result = json.loads(capsys.readouterr().out)
    assert (code, result["verdict"], result["bug"]) == (cli.BROKEN, "broken", "majority-of-half")
    assert result["violations"][0]["promise"] == "election safety"
    assert result["violations"][0]["seq"] == result["events"]
    assert result["violations"][0]["t"] > 0


def test_a_mark_that_was_never_seen_is_inconclusive(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the mark is named."""
    story = write(ELECTION + "    world.sometimes('a white raven', False)\n")

    assert main(["run", story]) == cli.INCONCLUSIVE
    assert "inconclusive: never seen: a white raven" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], 'Unknown command "rnu". Did you mean "run"?'),
        (["run"], "requires an argument"),
        (["run", "no_such_story"], "there is no story 'no_such_story'"),
        (["run", "gone.py"], "there is no story file gone.py"),
        (["run", "{mine}", "--seed", "many"], "'many' is no whole number. Give one, for example --seed 7"),
        (["run", "{mine}", "--seed", "1.5"], "'1.5' is no whole number"),
        (["run", "{mine}", "--sed", "1"], "Unknown option: --sed. Did you mean --seed?"),
        (["run", "{mine}", "--rules", "x"], "there are no rules 'x': choose one of unkindness, ravendb-6.2"),
        (["run", "{mine}", "--bug", "x"], "there is no bug 'x' in the zoo"),
        (["run", "{mine}", "--data", "gone"], "there is no data file gone"),
        (["run", "{mine}", "--out", "{mine}"], "is a file: name a folder"),
        (["replay", "gone"], "there is no run 'gone'"),
        (["explain", "{mine}@1:9999"], "there is no event 9999: the run has events 1 to "),
        (["list", "everything"], "everything"),
    ],
)
def test_a_mistake_of_the_user_is_one_or_two_lines(
    write: Write, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """On standard error, with the value; nothing else; exit code 64."""
    mine = write(ELECTION)

    assert main([word.format(mine=mine) for word in words]) == cli.MISTAKE

    out, wrong = capsys.readouterr()
    assert out == ""
    assert said in wrong
    assert len(wrong.splitlines()) <= 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}['k']", "mine.py:6: KeyError: 'k'"),
        ("world.crash('Q')", "mine.py:6: there is no node 'Q'; nodes are A, B, C"),
        ("raise OSError", "mine.py:6: OSError\n"),
        (
            "list(__import__('scenarios.sample_documents').sample_documents.documents(__file__))",
            "mine.py, line 1: not JSON",
        ),
    ],
)
def test_an_error_of_the_story_names_its_line(
    write: Write, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    """It is the user's mistake: no traceback, exit code 64."""
    assert main(["run", write(ELECTION + f"    {line}\n"), "-q"]) == cli.MISTAKE

    out, wrong = capsys.readouterr()
    assert out == ""
    assert said in wrong
    assert len(wrong.splitlines()) == 1


def test_an_error_of_ours_says_what_to_report(
    write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Command, version, last frame; exit code 70."""

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr("scenarios.kept_run.play", fails)
    story = write(ELECTION)

    assert main(["run", story]) == cli.BUG

    wrong = capsys.readouterr().err
    assert "a mistake of unkindness itself, not yours: RuntimeError: a wheel came off" in wrong
    assert f"please report: `unkindness run {story}`, version {version()}, {__file__}, line" in wrong
    assert len(wrong.splitlines()) == 2


def test_a_run_is_kept_and_replayed(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--out makes a fresh folder; `replay` proves it, or names the first difference with exit code 3."""
    out = tmp_path / "runs"
    main(["run", write(ELECTION), "--out", str(out), "-q"])
    folder = out / "mine@1"
    capsys.readouterr()

    assert sorted(path.name for path in folder.iterdir()) == ["backups", "result.json", "story", "trace.ndjson"]
    assert main(["replay", str(folder / "trace.ndjson")]) == cli.HELD
    assert capsys.readouterr().out.startswith("identical: ")

    write(ELECTION + "    world.crash('B')\n")
    assert main(["replay", str(folder)]) == cli.HELD, "its own text is played"
    capsys.readouterr()
    rmtree(folder / "story")
    assert main(["replay", str(folder)]) == cli.DIVERGED
    said = capsys.readouterr().out
    assert said.startswith("diverged: ")
    assert "the story ends" in said


def test_a_story_and_a_seed_are_replayed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the story is played twice."""
    assert main(["replay", f"{write(ELECTION)}@12"]) == cli.HELD
    assert capsys.readouterr().out.startswith("identical: ")


def test_the_list_is_lines_or_an_array(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a story; as JSON an object a story."""
    assert main(["list"]) == cli.HELD
    lines = capsys.readouterr().out.splitlines()
    assert main(["list", "--json"]) == cli.HELD
    entries = json.loads(capsys.readouterr().out)

    assert [line.split()[0] for line in lines] == [entry["story"] for entry in entries]
    assert all(set(entry) == {"story", "lesson"} for entry in entries)


def test_the_list_brings_in_nothing_heavy() -> None:
    """It must feel instant: no trio, no rich, no story."""
    code = "import sys; from scenarios.cli import main; main(['list']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    for heavy in ("'trio'", "'rich.console'", "'hypothesis'", "'scenarios.kept_run'", "'msgpack'"):
        assert heavy not in done.stderr


def test_help_and_version_are_no_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, on standard output."""
    for words in ([], ["--help"], ["run", "--help"], ["--version"]):
        assert main(words) == cli.HELD
        out, wrong = capsys.readouterr()
        assert out
        assert wrong == ""


def test_another_process_with_other_hashes_has_the_same_digest(write: Write) -> None:
    """A digest depends on story, seed and rules alone."""
    story = write(ENDLESS.replace("while True", "for _ in range(3)"))
    digests = []
    for seed_of_hashes in ("0", "1"):
        out, _ = command("run", story, "--json", PYTHONHASHSEED=seed_of_hashes).communicate(timeout=60)
        digests.append(json.loads(out)["digest"])

    assert digests[0] == digests[1]


def test_a_closed_pipe_ends_silently(write: Write) -> None:
    """`unkindness run … | head -1`."""
    process = command("run", write(ENDLESS))
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()

    assert process.wait(timeout=60) == cli.NOBODY_READS
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_ctrl_c_ends_cleanly_and_says_how_far_the_story_came(write: Write) -> None:
    """Exit code 130, one sentence, the command to start again."""
    process = command("run", write(ENDLESS))
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, wrong = process.communicate(timeout=60)

    assert process.returncode == cli.INTERRUPTED
    assert "stopped: the story had come to " in wrong
    assert "again: unkindness run " in wrong
    assert "Traceback" not in out + wrong


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_a_second_ctrl_c_ends_a_story_that_never_waits(write: Write) -> None:
    """The first is only heard between two events; the second strikes at once."""
    process = command("run", write("async def story(world):\n    print('in', flush=True)\n    while True: pass\n"))
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    _, wrong = process.communicate(timeout=60)

    assert process.returncode == cli.INTERRUPTED
    assert "Traceback" not in wrong


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_the_systems_request_to_end_is_made_once(write: Write) -> None:
    """A story that never waits ends some seconds after it; no second one is needed."""
    process = command("run", write("async def story(world):\n    print('in', flush=True)\n    while True: pass\n"))
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    process.send_signal(signal.SIGTERM)
    _, wrong = process.communicate(timeout=60)

    assert process.returncode == cli.INTERRUPTED
    assert "Traceback" not in wrong


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals there")
@pytest.mark.parametrize("plain", ["", "NO_COLOR", "CI", "TERM"])
def test_a_terminal_gets_colour_unless_it_wants_none(write: Write, plain: str) -> None:
    """And a pipe never does (every other test reads one)."""
    import pty

    story = write(ELECTION)
    environment = {name: text for name, text in os.environ.items() if name not in ("NO_COLOR", "CI")}
    environment |= {"TERM": "xterm", "COLUMNS": "100"} | ({plain: "dumb"} if plain else {})
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scenarios", "run", story], stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    said = b""
    with suppress(OSError):  # how Linux says that the other end was closed
        while block := os.read(leader, 65536):
            said += block
    os.close(leader)

    assert process.wait(timeout=60) == cli.HELD
    assert b"leads term 1" in said
    assert (b"\x1b[" in said) == (not plain)


def test_a_log_holds_every_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--log` hands the trace to structlog: a JSON line an event, node and time bound."""
    log = tmp_path / "run.log"

    code = main(["run", "the_crown_passes", "--quiet", "--log", str(log)])

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert code == 0
    assert f"{len(lines):,} events" in capsys.readouterr().out
    assert lines[1] == {
        "node": "A", "time": "00:00:00.000", "kind": "Started", "seq": 2, "cause": 1, "event": "starts", "level": "info"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ("world.elected()", "mine.py:4: `elected` was never awaited: write `await` before the call"),
        ("world.until(lambda: True); await world.elected()", "mine.py:4: `until` was never awaited"),
    ],
)
def test_a_verb_that_is_not_awaited_is_the_storys_mistake(
    last: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names the verb, where Python would only warn; whatever became of the story after it."""
    story = tmp_path / "mine.py"
    story.write_text(
        f"from scenarios.register import Register\nasync def story(world):\n    world.start('ABC')\n    {last}\n"
    )

    assert main(["run", str(story), "-q"]) == cli.MISTAKE

    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 1
