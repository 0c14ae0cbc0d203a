"""A run whose oldest events lie in a file: every command shows it as if they were in memory, and says what a full disk wants."""

import errno
from pathlib import Path

import pytest

from cluster.sim import events
from cluster.sim.events import Events
from cluster.sim.history import BLOCK
from scenarios.cli import HELD, UNWRITABLE, main

STORY = "no_leader_still_backed_up"
COMMANDS = (
    *(("run", STORY), ("audit", STORY), ("explain", f"{STORY}:400"), ("why", STORY, "3", "04:30"), ("tasks", STORY)),
    *(("draw", STORY, "--only", "backups"), ("replay", STORY), ("diff", STORY, STORY)),
    *(("export", STORY, "--as", form, "--window", "1:300") for form in ("mermaid", "perfetto", "shiviz")),
    ("export", STORY, "--as", "ndjson"),
)


def in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on hardly any event stays in memory."""
    monkeypatch.setattr(events, "IN_MEMORY", 0)
    monkeypatch.setattr(events, "CHUNK", 64)


def test_no_command_can_tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each prints the same of a run in memory and of one that lies in a file but for its newest events."""

    def said(command: tuple[str, ...]) -> list[str]:
        assert main(command) == HELD, command
        return [line for line in capsys.readouterr().out.splitlines() if "of virtual time in" not in line]

    whole = [said(command) for command in COMMANDS]
    in_a_file(monkeypatch)
    for command, lines in zip(COMMANDS, whole, strict=True):
        assert said(command) == lines, command


def test_its_page_and_its_trace_are_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Byte for byte."""

    def written(name: str) -> tuple[bytes, bytes]:
        page = tmp_path / f"{name}.html"
        assert main(["run", STORY, "-q", "--out", str(tmp_path / name), "--html", str(page)]) == HELD
        (trace,) = (tmp_path / name).glob("*/trace.ndjson")
        return page.read_bytes().replace(f"/{name}".encode(), b""), trace.read_bytes()

    whole = written("one")
    in_a_file(monkeypatch)
    assert written("two") == whole


def test_a_full_disk_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 74, one sentence that names the folder and the remedy, and no traceback."""
    in_a_file(monkeypatch)

    def full(self: Events, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Events, "_write", full)
    story = tmp_path / "long.py"
    words = (
        f"async def story(world):\n    world.start('ABC')\n    for _ in range({2 * BLOCK}):\n        world.say('on')\n"
    )
    story.write_text(words, encoding="utf-8")
    assert main(["run", str(story), "-q"]) == UNWRITABLE
    said = "".join(capsys.readouterr())
    assert (
        "or in the folder that TMPDIR names, cannot be written (No space left on device): free some space there" in said
    )
    assert "Traceback" not in said
