"""No key in anything that a run writes: the trace, the result, the log, the screen, the files and their names."""

import json
from base64 import b64encode, encodebytes, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from backup.checks.secret_spellings import holds, spellings, spellings_of
from backup.content.compression import decompressed
from backup.content.encryption import plain
from backup.record.encryption_keys import SIZE, Key
from cluster.sim.dice import Dice
from scenarios.cli import BROKEN, DIVERGED, HELD, main
from scenarios.kept_run import TRACE
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


SECRET = 'pa/ss wörd+&"1'
SPELT = {
    "as it is": SECRET.encode(),
    "percent-encoded": quote(SECRET, safe="").encode(),
    "percent-encoded in small letters": quote(SECRET, safe="").lower().encode(),
    "percent-encoded twice": quote(quote(SECRET, safe="")).encode(),
    "every byte percent-encoded": "".join(f"%{byte:02X}" for byte in SECRET.encode()).encode(),
    "of a form": SECRET.replace(" ", "+").encode(),
    "base64": b64encode(SECRET.encode()),
    "base64 of user and password": b64encode(f"me:{SECRET}".encode()),
    "base64 in the middle of more": b64encode(f"{{'a': '{SECRET}'}}".encode()),
    "base64 for URLs": urlsafe_b64encode(f"u:{SECRET}".encode()),
    "base64 in lines": encodebytes(b"x" * 55 + SECRET.encode()),
    "base64 of UTF-16": b64encode(SECRET.encode("utf-16")),
    "hexadecimal": SECRET.encode().hex().encode(),
    "UTF-16": SECRET.encode("utf-16"),
    "UTF-16, the high byte first": SECRET.encode("utf-16-be"),
    "base64 in UTF-16": b64encode(SECRET.encode()).decode().encode("utf-16"),
    "JSON": json.dumps({"a": SECRET}).encode(),
    "JSON in JSON": json.dumps(json.dumps([SECRET])).encode(),
    "escape for escape": "".join(f"\\u{ord(each):04x}" for each in SECRET).encode(),
    "Python's repr": repr({"a": SECRET}).encode(),
    "HTML": SECRET.replace("&", "&amp;").replace('"', "&quot;").encode(),
}


@pytest.mark.parametrize("text", SPELT.values(), ids=SPELT)
def test_a_secret_is_found_however_it_is_spelt(text: bytes) -> None:
    """In the middle of a longer text too; another secret is not found there."""
    assert holds(text, [spellings_of(SECRET)])
    assert holds(b"x " + text + b" y", [spellings_of(SECRET)])
    assert not holds(b"x " + text + b" y", [spellings_of("another pässword"), spellings(KEYS[0])])


def test_a_part_of_a_secret_that_opens_by_itself_is_found() -> None:
    """The private key in the credentials of an account, the signature of a token; not what is no secret in them."""
    token = spellings_of("?sv=2024-01-01&sp=racwdl&sig=Zm9vYmFy%2Bzzzz%3D")
    assert holds(b"it was signed Zm9vYmFy+zzzz=", [token])
    assert not holds(b"version 2024-01-01, sp=racwdl", [token])
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"
    account = spellings_of(json.dumps({"private_key": key, "private_key_id": "1234567890", "type": "service_account"}))
    assert holds(b"kqhkiG9w0BAQEF", [account])
    assert not holds(b"the service_account of 1234567890 -----BEGIN PRIVATE KEY-----", [account])


STORY = '''"""One task that sends to a server."""
from backup.destinations.ftp import Ftp
from scenarios.backups import backups

async def story(world):
    shop = await backups(world).shop("ABC")
    await shop.define(full="0 * * * *", to=(Ftp("ftp://example.com/dir", user="me", password="hunter2hunter2"),))
'''


def test_a_kept_run_that_shows_a_secret_breaks_the_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As an older version kept it: the password in the address; or spelt somewhere else in what was kept."""
    (tmp_path / "one.py").write_text(STORY)
    assert main(["run", str(tmp_path / "one.py"), "--out", str(tmp_path / "out"), "-q"]) == HELD
    trace = tmp_path / "out" / "one@1" / TRACE
    good = trace.read_text()
    assert main(["replay", str(trace)]) == HELD
    assert "ftp://example.com/dir" in good

    trace.write_text(good.replace("ftp://example.com/dir", "ftp://me:hunter3@example.com/dir"))
    capsys.readouterr()
    assert main(["replay", str(trace)]) == DIVERGED
    said = capsys.readouterr().out
    assert "broken: keys stay secret: trace.ndjson, line " in said

    trace.write_text(good)
    (trace.parent / "backups" / "notes.txt").write_bytes(b64encode(b"me:hunter2hunter2"))
    assert main(["replay", str(trace)]) == BROKEN
    assert "broken: keys stay secret: notes.txt shows what lets somebody in" in capsys.readouterr().out
