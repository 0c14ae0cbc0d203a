"""Documents are on a page only if somebody asked for them, and then those that a restore would give."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios import cli
from scenarios.inspect.played_run import played
from scenarios.inspect.restore_files import document_lines, restored
from scenarios.page import documents
from scenarios.page.documents import FULL, PageDocuments
from scenarios.page.recording import Recording, recording
from tests.page.conftest import Opened, unpacked, until

STORY = '''"""A shop is backed up to a folder and to a bucket; a document changes, one goes, and much is stored."""

from cluster.time_units import HOUR
from scenarios import World
from scenarios.backups import AmazonS3, LocalFolder, backups


async def story(world: World) -> None:
    shop = await backups(world).shop("ABC", documents=59)
    await shop.put({"birds/1": {"word": "kakapo"}})
    to = (LocalFolder("backups"), AmazonS3("vault"))
    hourly = await shop.define(full="0 0 * * *", incremental="0 * * * *", mentor="B", to=to)
    await hourly.ran(within=7200)
    await shop.put({"birds/1": {"word": "takahe"}})
    await hourly.ran(within=7200)
    await shop.delete("birds/1")
    await hourly.ran(within=7200)
'''


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A story whose documents are told apart by words."""
    path = tmp_path / "own.py"
    path.write_text(STORY, encoding="utf-8")
    return path


def with_documents(run: str, prepare: Callable[[PageDocuments], None] = lambda read: None) -> Recording:
    """The recording of a run with its documents."""
    read = PageDocuments()
    prepare(read)
    found = played(run, follow=read.follow)
    return recording(found.outcome, found.request, found.loaded, "0.0.0", read)


@pytest.mark.parametrize("wanted", [False, True])
def test_only_who_asks_gets_documents(
    story: Path, wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By `run --html` as by `open`, words of documents and their ids are in a page with `--documents`, and else nowhere."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    option, target = ["--documents"] if wanted else [], tmp_path / "page.html"
    assert cli.main(["run", str(story), "-q", "--html", str(target), *option]) == cli.HELD
    assert "held: " in capsys.readouterr().out
    assert cli.main(["open", str(story), "--no-browser", *option]) == cli.HELD
    opened = Path(capsys.readouterr().out.strip())
    for page in (target, opened):
        whole = unpacked(page.read_text(encoding="utf-8"))
        for word in ("kakapo", "takahe", "birds/1"):
            assert (word in whole) is wanted, (word, page)
    assert opened.read_bytes() == target.read_bytes()


def test_documents_want_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--html` there is nothing to show them on, and nothing is played."""
    assert cli.main(["run", "the_crown_passes", "--documents"]) == cli.MISTAKE
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "unkindness: --documents: documents are shown on a page, so name its file: --html FILE\n",
    )


def test_they_are_those_that_restore_gives(story: Path, tmp_path: Path) -> None:
    """Of each file of the folder and of the bucket: how many a restore up to it gives, and the newest of them, word for word."""
    assert cli.main(["run", str(story), "-q", "--out", str(tmp_path / "kept")]) == cli.HELD
    found = with_documents(str(tmp_path / "kept/own@1"))
    told = found.header["documents"]
    compared = 0
    for row in found.rows:
        if row["kind"] not in ("BackupFinished", "Uploaded"):
            continue
        place = "clouds/s3/vault" if row["kind"] == "Uploaded" else f"{row['node']}/backups"
        folder = tmp_path / "kept/own@1/backups" / place / row["folder"]
        lines = list(document_lines(restored(folder, (), last_file=row["file"])))
        count, shown, problem = told["files"][row["seq"]]
        assert (count, problem) == (len(lines), "")
        assert [told["texts"][each] for each in shown] == lines[: -documents.SHOWN - 1 : -1]
        compared += 1
    assert compared == 6


def test_the_point_that_is_dragged_gives_its_documents(opened: Opened, story: Path) -> None:
    """The Restore panel says how many a point gives and shows the newest; an earlier point gives the earlier words."""
    made = with_documents(str(story))
    page = opened(made, "#beside=restore")
    assert "59 documents; the 40 newest are in this page" in page.locator(".side").inner_text()
    assert page.locator(".side .documents").first.locator("li").count() == 40
    assert "takahe" not in page.locator(".side").inner_text()
    runs = [row for row in made.rows if row["kind"] == "BackupFinished"]
    for row, word in zip(runs, ("kakapo", "takahe"), strict=False):
        page.evaluate(f"app.set({{ top: {{ restore: {row['started_at'] + 1} }} }}, true)")
        until(page, f"document.querySelector('.side .documents').textContent.includes('{word}')")
        assert "60 documents" in page.locator(".side").inner_text()


def test_a_page_without_documents_says_nothing_of_them(opened: Opened) -> None:
    """The Restore panel is as it was."""
    found = played("one_backup_for_all")
    page = opened(recording(found.outcome, found.request, found.loaded, "0.0.0"), "#beside=restore")
    assert page.locator(".side .task").count()
    assert page.locator(".side .documents").count() == 0


def test_no_page_is_flooded_with_documents(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long document is cut, and what has no room says so."""
    monkeypatch.setattr(documents, "LONGEST", 30)
    monkeypatch.setattr(documents, "FILES", 4)
    told: dict[str, Any] = with_documents(str(story)).header["documents"]
    assert {len(text) for text in told["texts"]} == {30}
    assert all(text.endswith("…") for text in told["texts"])
    assert [problem for _, _, problem in told["files"].values()] == [""] * 4 + [FULL] * 2
    monkeypatch.setattr(documents, "MOST_TEXT", 10)
    told = with_documents(str(story), lambda read: setattr(read, "_room", 10)).header["documents"]
    assert [problem for _, _, problem in told["files"].values()] == [""] + [FULL] * 5


def test_a_file_that_cannot_be_restored_says_why(story: Path, tmp_path: Path) -> None:
    """In the words of `restore-points`, without a path of this machine."""
    broken = tmp_path / "broken.py"
    harmed = '    world.disturb("B", Corrupted("backups"))\n    await shop.put({"birds/1": {"word": "takahe"}})'
    text = STORY.replace("import AmazonS3, LocalFolder", "import AmazonS3, Corrupted, LocalFolder")
    broken.write_text(text.replace('    await shop.put({"birds/1": {"word": "takahe"}})', harmed), encoding="utf-8")
    told = with_documents(str(broken)).header["documents"]
    problems = [problem for _, _, problem in told["files"].values() if problem]
    assert problems
    assert all(problem.startswith("cannot be restored: ") for problem in problems)
    assert str(tmp_path) not in json.dumps(told)
