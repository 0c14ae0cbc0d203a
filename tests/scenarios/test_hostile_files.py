"""Backup files that somebody made to do harm, or that something has spoilt: documents, or one line that names the file, in bounded time."""

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backup.content.compression import compressed
from scenarios.campaign.hostile_files import judged, sealed, spoilt, without_seal, written
from scenarios.cli import BROKEN, DAMAGED, HELD, MISTAKE, main

ROOT = Path(__file__).parents[2]
Say = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chains, of a Backup and of a Snapshot task."""
    place = tmp_path_factory.mktemp("good")
    written(place)
    return place


@pytest.fixture
def chain(good: Path, tmp_path: Path) -> Path:
    """The folder of a chain of two logical backups, to be spoilt."""
    (found,) = good.glob("A/backup/*-backup")
    return Path(shutil.copytree(found, tmp_path / found.name))


def told(path: Path, old: str, new: str) -> None:
    """A file that says something else, and is sealed again."""
    stream = without_seal(path.read_bytes())
    assert old.encode() in stream
    path.write_bytes(sealed(stream.replace(old.encode(), new.encode(), 1)))


def full(chain: Path) -> Path:
    """The full file of a chain."""
    (found,) = chain.glob("*full-backup")
    return found


@pytest.mark.parametrize("seed", range(1, 41))
def test_whatever_a_file_holds_it_is_read_or_refused(seed: int, good: Path, tmp_path: Path) -> None:
    """A sample of the campaign: one or two tokens are others, and the seal is right."""
    place = Path(shutil.copytree(good, tmp_path / "copy"))
    what = spoilt(place, seed)
    assert not judged(place), what


@pytest.mark.parametrize(
    ("evil", "says"),
    [
        ("NaN", "NaN is no JSON number"),
        ("-Infinity", "-Infinity is no JSON number"),
        ('"\\ud800"', "half a character"),
        ("[" * 5_000 + "]" * 5_000, "nested more than 200 deep"),
        ("{,}", "is no JSON"),
        ("1e999", "beyond every double"),
    ],
)
def test_a_sealed_document_that_is_no_json_is_damage(evil: str, says: str, chain: Path, capsys: Say) -> None:
    """A seal says that a file is what was written, not that it is a backup."""
    told(full(chain), '"total":0.0', f'"total":{evil}')
    assert main(["restore", str(chain), "--last-file", full(chain).name]) == DAMAGED
    said = capsys.readouterr()
    assert says in said.err
    assert full(chain).name in said.err
    assert len(said.err.splitlines()) == 1
    assert all(isinstance(json.loads(line), dict) for line in said.out.splitlines())


def test_counts_that_lie_are_no_fact(chain: Path, capsys: Say) -> None:
    """Every item is counted before a number is shown."""
    told(full(chain), '"Documents":5', '"Documents":1000000')
    assert main(["restore-points", str(chain)]) == BROKEN
    shown = capsys.readouterr().out
    assert "1,000,000 documents" not in shown
    assert "where its manifest counts (1000000," in shown


def test_a_small_file_takes_no_more_than_its_share(chain: Path, tmp_path: Path) -> None:
    """Less than 10 MB of a snapshot that unpack to 1.8 GB, and 100 KB of zstd that unpack to 3 GB: bounded memory, and exit 65."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("Documents/00000001", "w") as member,
    ):
        for _ in range(1_700):
            member.write(bytes(1 << 20))
    assert len(packed.getvalue()) < 10_000_000
    raw = chain.with_name("2024-01-01-01-00-00.ravendb-Shop-A-snapshot")
    raw.mkdir()
    (raw / "2024-01-01-01-00-00.ravendb-snapshot").write_bytes(packed.getvalue())
    with full(chain).open("wb") as file:
        file.writelines(compressed([b'{"BuildVersion":54000,"Docs":[{"a":"', *[b"a" * (1 << 20)] * 3_000]))
    assert full(chain).stat().st_size < 500_000
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1_600_000_000,) * 2); "
        "from scenarios.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    for folder in (chain, raw):
        done = subprocess.run(
            [sys.executable, "-c", code, "restore", str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == DAMAGED, done.stderr
        assert " is damaged: " in done.stderr


def test_one_odd_folder_hides_no_good_chain(chain: Path, tmp_path: Path, capsys: Say) -> None:
    """It is told with its reason, as codes and not as commands for a terminal; the others are read."""
    for name in ("2024-01-01-00-30-00.ravendb-Sh\x1b[2Jop-A-backup", "2024-13-45-01-00-00.ravendb-Shop-A-backup"):
        (tmp_path / name).mkdir()
    assert main(["restore-points", str(tmp_path)]) == BROKEN
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "give printable characters" in shown
    assert "has a date that does not exist" in shown
    assert f"{chain.name}: 2 files, whole" in shown
    assert main(["restore", str(tmp_path)]) == HELD
    assert "restored 4 documents from 2 files" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["folder", "pipe", "nothing", "date"])
def test_the_newest_file_is_never_passed_over_in_silence(what: str, chain: Path, capsys: Say) -> None:
    """Where it was is a folder, a pipe, a link to nothing, or it has a date that does not exist: no older file is taken for it."""
    newest = next(chain.glob("*incremental*"))
    if what == "date":
        newest.rename(newest.with_name(re.sub(r"^2024-01-01", "2024-02-30", newest.name)))
    else:
        newest.unlink()
        if what == "folder":
            newest.mkdir()
        elif what == "pipe":
            subprocess.run(["mkfifo", str(newest)], check=True)
        else:
            newest.symlink_to("nothing")
    assert main(["restore", str(chain)]) in (MISTAKE, DAMAGED)
    said = capsys.readouterr()
    assert not said.out
    assert len(said.err.splitlines()) == 1
    assert main(["restore-points", str(chain)]) == BROKEN
    assert "incremental-backup" in capsys.readouterr().out
