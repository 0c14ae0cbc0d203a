"""No key in anything that a run writes: the trace, the result, the log, the screen, the files and their names."""

from pathlib import Path

import pytest

from backup.checks.secrets import spellings
from backup.content.compression import decompressed
from backup.content.encryption import plain
from backup.record.encryption_keys import SIZE, Key
from cluster.sim.dice import Dice
from scenarios.cli import BROKEN, HELD, main
from scenarios.zoo import planted


def key_of(name: str, seed: int = 1) -> Key:
    """What `Client.key` gives a story."""
    dice = Dice(seed, ("key", name))
    return Key(bytes(dice.below(256) for _ in range(SIZE)))


KEYS = (key_of("shop"), key_of("another"))


def leaks(folder: Path, said: str) -> list[str]:
    """Where a key stands: among what was printed, in names, in files, and in what is in the files."""
    texts = [("what was printed", said.encode())]
    for path in sorted(folder.rglob("*")):
        texts.append((f"the name {path.name}", str(path).encode()))
        if path.is_file():
            texts.append((path.name, path.read_bytes()))
            if "ravendb" in path.name:
                content = plain(path.name, [path.read_bytes()], KEYS)
                texts.append((f"the content of {path.name}", b"".join(decompressed(path.name, content))))
    return [where for where, text in texts if any(spelt in text for key in KEYS for spelt in spellings(key))]


def test_no_key_in_anything_a_run_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Raw, in hexadecimal, in base64, as Python shows bytes, as numbers."""
    words = ["run", "the_key_is_lost", "--out", str(tmp_path / "out"), "--log", str(tmp_path / "log"), "-v"]
    assert main(words) == HELD
    printed = capsys.readouterr()
    assert "encrypted" in printed.out, "it is that story"
    assert leaks(tmp_path, printed.out + printed.err) == []
    names = [path.name for path in tmp_path.rglob("*ravendb-*")]
    assert sum("-encrypted-" in name for name in names) >= 2


@pytest.mark.parametrize("bug", ["a-key-shows-itself", "the-key-is-in-the-file"])
def test_a_leak_is_found_and_breaks_the_promise(bug: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The control: where a key leaks, this search finds it, and so does the watcher."""
    with planted(bug):  # as it would be if it were in the code: while the run is written, too
        assert main(["run", "the_key_is_lost", "--out", str(tmp_path / "out")]) == BROKEN
        printed = capsys.readouterr()
        assert "keys stay secret: " in printed.out + printed.err
        assert leaks(tmp_path, printed.out + printed.err)


def test_every_spelling_is_one_of_the_key() -> None:
    """A search for nothing finds nothing."""
    assert all(len(spelt) >= SIZE for spelt in spellings(KEYS[0]))
    assert not set(spellings(KEYS[0])) & set(spellings(KEYS[1]))
