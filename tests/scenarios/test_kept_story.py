"""A kept run is whole: its story is beside it, without secrets, and every command reads it from any folder."""

import json
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from shutil import copytree, rmtree
from urllib.parse import quote

import pytest

from backup.record.encryption_keys import Key
from backup.record.key_ring import KeyRing
from scenarios.cli import BROKEN, DIVERGED, HELD, MISTAKE, main
from scenarios.gallery import path_in_gallery
from scenarios.kept_run import FORMAT, RESULT, TRACE
from scenarios.story_secrets import MOST, NotSure, is_the_same, without_secrets
from scenarios.zoo import planted

STORY = '''"""A leader dies."""
import beside
from scenarios.backups import backups

async def story(world):
    await backups(world).shop(beside.NAMES, documents=1)
    leader = await world.elected()
    world.crash(leader)
    await world.elected(other_than=leader)
'''
COMMANDS = (
    ["replay"],
    ["explain"],
    ["tasks"],
    ["audit"],
    ["draw"],
    ["export", "--as", "mermaid"],
    ["diff", "the_crown_passes"],
    ["open", "--no-browser"],
)
"""Commands that take a RUN, and what else they want."""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a story with a module beside it, kept below its folder; the working folder is elsewhere."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine.py").write_text(STORY)
    (home / "beside.py").write_text('NAMES = "ABC"\n')
    monkeypatch.chdir(home)
    assert main(["run", "mine.py", "--out", "runs", "-q"]) == HELD
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return home / "runs" / "mine@1"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code of a command, and what it wrote on standard error."""
    capsys.readouterr()
    code = main(list(words))
    return code, capsys.readouterr().err


def header(kept: Path, **changes: object) -> dict[str, object]:
    """The line about the run, which is changed first if that is asked for. None takes a field away."""
    first, *rest = (kept / TRACE).read_text().splitlines(keepends=True)
    fields = {name: told for name, told in (json.loads(first) | changes).items() if told is not None}
    if changes:
        (kept / TRACE).write_text("".join([json.dumps(fields) + "\n", *rest]))
    return fields


def test_the_text_and_what_stands_beside_it_are_kept(kept: Path) -> None:
    """Byte for byte, with the hash of each; nothing else is written beside the story."""
    home = kept.parent.parent
    assert {path.name: path.read_bytes() for path in (kept / "story").iterdir()} == {
        name: (home / name).read_bytes() for name in ("mine.py", "beside.py")
    }
    assert list(header(kept)["story_files"]) == ["mine.py", "beside.py"]  # type: ignore[call-overload]
    assert sorted(path.name for path in home.iterdir()) == ["beside.py", "mine.py", "runs"]
    assert json.loads((kept / RESULT).read_text())["python"] == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_every_command_reads_a_kept_run_from_any_folder(
    words: list[str], kept: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The story stands where it was; it has changed, which is remarked in one line; it is gone, and so is its folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    command, *more = words
    run = f"{kept}:3" if command == "explain" else str(kept)
    expected = 1 if command == "diff" else HELD
    assert said(capsys, command, run, *more) == (expected, "")

    story = kept.parent.parent / "mine.py"
    story.write_text("# another\n")
    code, wrong = said(capsys, command, run, *more)
    assert code == expected
    remark = f"unkindness: note: {story} has another text than {kept / TRACE} was played with: the one that was kept is played\n"
    assert wrong == remark

    story.unlink()
    moved = kept.parent.parent.parent / "moved"
    kept.rename(moved)
    assert said(capsys, command, run.replace(str(kept), str(moved)), *more) == (expected, "")


def test_a_broken_run_is_shrunk_and_its_fate_told_from_any_folder(
    kept: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the text that was kept, as the file is gone."""
    home = kept.parent.parent
    (home / "weather.py").write_bytes(path_in_gallery("storm").read_bytes())
    words = ["--seed", "6", "--bug", "majority-of-half", "--out", str(home), "-q"]
    assert main(["run", str(home / "weather.py"), *words]) == BROKEN
    (home / "weather.py").unlink()
    monkeypatch.chdir(kept.parent)
    for command in (["shrink", "--plays", "10"], ["fate", "--moments", "1", "--tries", "1"]):
        code, wrong = said(capsys, command[0], str(home / "weather@6"), *command[1:])
        assert (code, wrong) == (HELD, "")


def test_a_module_beside_the_story_that_changed_is_found_out(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The story's own text is the same; what was kept is played, with its module."""
    (kept.parent.parent / "beside.py").write_text('NAMES = "ABCDE"\n')
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, "has another text than" in wrong) == (HELD, True)


def test_a_trace_alone_is_played_with_the_file_as_it_is(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hash tells whether that has changed."""
    trace = kept.parent / "alone.ndjson"
    (kept / TRACE).rename(trace)
    assert said(capsys, "replay", str(trace)) == (HELD, "")
    story = kept.parent.parent / "mine.py"
    story.write_text(STORY + "    world.crash(world.names[0])\n")
    code, wrong = said(capsys, "replay", str(trace))
    assert (code, f"{story} is played as it is now" in wrong) == (DIVERGED, True)
    story.unlink()
    assert f"there is no mine.py here, nor in a folder above {trace}" in said(capsys, "replay", str(trace))[1]


def test_what_kept_a_run_is_remarked_if_it_is_another(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its version, that of Python, or its code alone. A later format is refused, in one sentence."""
    version = str(header(kept)["version"])
    header(kept, version="9.9", python="3.99.1")
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, "was kept by unkindness 9.9 with Python 3.99.1, and unkindness" in wrong) == (HELD, True)
    header(kept, version=version, python=".".join(map(str, sys.version_info[:3])), code_sha256="0")
    assert f"was kept by other code of unkindness {version} than plays it" in said(capsys, "replay", str(kept))[1]

    header(kept, format=FORMAT + 1, version="9.9")
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, len(wrong.splitlines())) == (MISTAKE, 1)
    assert f"is of format {FORMAT + 1}, by unkindness 9.9, and this one reads formats up to {FORMAT}" in wrong


def test_a_run_kept_before_stories_were_kept_is_read(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With one remark."""
    header(kept, format=None, python=None, code_sha256=None, story_files=None)
    rmtree(kept / "story")
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, len(wrong.splitlines())) == (HELD, 1)
    assert f"has no text of its story: {kept.parent.parent / 'mine.py'} is played as it is now" in wrong


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"story_files": {"../../mine.py": "0"}}, "is spoilt"),
        ({"story_files": {"/etc/passwd": "0"}}, "is spoilt"),
        ({"story_files": []}, "is spoilt"),
        ({"format": "2"}, "is spoilt"),
        ({"data": 3}, "is spoilt"),
        ({"story_files": {"mine.py": "0"}}, "was changed after it was kept"),
        ({"story_files": {"gone.py": "0"}}, "cannot be read"),
    ],
)
def test_a_kept_folder_that_was_changed_is_refused(
    changes: dict[str, object], reason: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, and nothing of it is played."""
    header(kept, **changes)
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, len(wrong.splitlines())) == (MISTAKE, 1)
    assert reason in wrong


def test_a_line_about_the_run_that_nests_for_ever_is_spoilt(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As one that is no JSON at all."""
    (kept / TRACE).write_text('{"story":' + "[" * 100_000)
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, "is spoilt" in wrong) == (MISTAKE, True)


def test_a_folder_that_cannot_be_written_is_read(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written there: no module is compiled beside its text."""
    (kept.parent.parent / "mine.py").unlink()
    before = sorted(kept.rglob("*"))
    assert said(capsys, "replay", str(kept)) == (HELD, "")
    assert sorted(kept.rglob("*")) == before


def test_a_story_of_the_gallery_is_played_as_it_was_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Though the gallery has another text by now, which is remarked; its classes have the same names."""
    assert main(["run", "the_crown_passes", "--out", str(tmp_path), "-q"]) == HELD
    kept = tmp_path / "the_crown_passes@1"
    copytree(kept, tmp_path / "copy")
    assert said(capsys, "replay", str(tmp_path / "copy")) == (HELD, "")
    path = kept / "story" / "the_crown_passes.py"
    path.write_bytes(path.read_bytes() + b"\n")
    header(kept, story_files={path.name: sha256(path.read_bytes()).hexdigest()})
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, "the_crown_passes has another text than" in wrong) == (HELD, True)


# ---- secrets

SECRET = 'pa/ss wörd+&"1'


def ring(*secrets: str, keys: tuple[Key, ...] = ()) -> KeyRing:
    """A ring of these."""
    made = KeyRing()
    made.add(keys, secrets)
    return made


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"A = {SECRET!r}\n", 'A = "***"\n'),
        (f"A = {quote(SECRET, safe='')!r}\n", 'A = "***"\n'),
        (f"A = {b64encode(f'me:{SECRET}'.encode()).decode()!r}\n", 'A = "***"\n'),
        (f"A = {SECRET.encode()!r}\n", 'A = "***"\n'),
        (f"A = ({SECRET[:5]!r}\n  {SECRET[5:]!r})\n", 'A = ("""***\n""")\n'),
        (f"A = f'ü{{1}}'; B = f{SECRET + '{1}'!r}\n", "A = f'ü{1}'; B = \"***\"\n"),
        (f"A = {SECRET!r} # {SECRET}\nB = {SECRET[:6]!r} + C\n", 'A = "***" # ***\nB = "***" + C\n'),
        (f'A = """\n{SECRET}\n"""\nB = 1\n', 'A = """***\n\n"""\nB = 1\n'),
        (f"A = {SECRET!r}\nB = 'https://example.com'\n", "A = \"***\"\nB = 'https://example.com'\n"),
    ],
)
def test_a_secret_in_a_text_is_replaced(text: str, kept: str) -> None:
    """However it is spelt, split and quoted; every other line stays what and where it was."""
    (clean,) = without_secrets([text.encode()], [ring(SECRET)])
    assert clean.content.decode() == kept
    assert is_the_same(clean.content, text.encode(), clean.replaced)
    assert not is_the_same(clean.content, text.encode() + b"D = 2\n", clean.replaced)


def test_what_has_the_name_of_a_secret_is_replaced() -> None:
    """Though no ring knows it, as that line was never played; and an address with a password."""
    text = b'Ftp("ftp://h", password="abc"); D = {"secret_key": "k"}; api_token = "a" + "b"; U = "ftp://me:pw123@h"\n'
    (clean,) = without_secrets([text], [])
    assert clean.content == (
        b'Ftp("ftp://h", password="***"); D = {"secret_key": "***"}; api_token = "***" + "***"; U = "***"\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "A = 'pa/ss' + ' w' + chr(246) + 'rd+&\"1'\n",
        f"A = {SECRET[::-1]!r}[::-1]\n",
        "A = ''.join(['p', 'a'])\n",
    ],
)
def test_a_text_that_may_hold_a_secret_is_withheld(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is built of parts. From the environment, by a program or by luck it comes without standing in the text."""
    with pytest.raises(NotSure, match="is built of parts in it"):
        without_secrets([text.encode()], [ring(SECRET)])
    known = ring(SECRET)
    known.came_from_elsewhere(SECRET)
    assert without_secrets([text.encode()], [known])[0].replaced == 0
    monkeypatch.setenv("APP_PASSWORD", SECRET)
    assert without_secrets([text.encode()], [ring(SECRET)])[0].content == text.encode()


def test_a_key_in_a_text_is_replaced() -> None:
    """As base64, as bytes and as numbers; one that is drawn is not in the text."""
    key = Key(bytes(range(40, 72)))
    for told in (repr(key.as_text()), repr(key.secret), f"bytes([{', '.join(map(str, key.secret))}])"):
        (clean,) = without_secrets([f"K = {told}\n".encode()], [ring(keys=(key,))])
        assert b"***" in clean.content
    with pytest.raises(NotSure, match="is built of parts"):
        without_secrets([b"K = bytes(range(40, 72))\n"], [ring(keys=(key,))])


def test_a_short_secret_is_replaced_where_it_is_a_text() -> None:
    """A search for it would find it by chance."""
    (clean,) = without_secrets([b"A = 'abc'; B = 'abcd'\n"], [ring("abc")])
    assert clean.content == b"A = \"***\"; B = 'abcd'\n"


def test_a_text_in_another_encoding_is_kept_in_it() -> None:
    """Byte for byte if nothing is replaced, and else with all that is not; line ends stay as they are."""
    text = f"# coding: latin-1\r\nU = 'é'\r\nA = {SECRET!r}\r\n".encode("latin-1")
    (same,) = without_secrets([text], [])
    assert same.content == text
    (clean,) = without_secrets([text], [ring(SECRET)])
    assert clean.content == "# coding: latin-1\r\nU = 'é'\r\nA = \"***\"\r\n".encode("latin-1")


def test_a_text_that_is_too_long_to_search_is_withheld() -> None:
    """As nobody could say that no secret is in it."""
    with pytest.raises(NotSure, match="it has more than 4 MB"):
        without_secrets([b"#" * (MOST + 1)], [])


SENDS = '''"""One task that sends to a server."""
from backup.destinations.ftp import Ftp
from scenarios.backups import backups

async def story(world):
    shop = await backups(world).shop("ABC")
    await shop.define(full="0 * * * *", to=(Ftp("ftps://example.com/dir", user="me", password={}),))
'''


def test_a_run_whose_story_holds_a_secret_is_kept_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and the file that has it is played as long as it is there; then what is missing is named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.py").write_text(SENDS.format("'hunter2hunter2'"))
    assert main(["run", "one.py", "--out", "out", "-q"]) == HELD
    assert "kept in  out/one@1 with *** for 1 text of the story that held secrets" in capsys.readouterr().out
    kept = tmp_path / "out" / "one@1"
    assert b"hunter2" not in b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())
    assert said(capsys, "replay", str(kept)) == (HELD, "")

    (tmp_path / "one.py").unlink()
    code, wrong = said(capsys, "replay", str(kept))
    assert (code, "has *** for 1 of its texts, which held secrets" in wrong) == (MISTAKE, True)

    (tmp_path / "one.py").write_text(SENDS.format("'hunter2' + 'hunter2'"))
    assert main(["run", "one.py", "--out", "out", "-q"]) == HELD
    assert "kept in  out/one@1-2 without the story's text: a key or a secret is built" in capsys.readouterr().out
    assert not (tmp_path / "out" / "one@1-2" / "story").exists()
    code, wrong = said(capsys, "replay", "out/one@1-2")
    assert (code, "has no text of its story: one.py is played as it is now" in wrong) == (HELD, True)


def test_a_secret_that_is_left_in_a_kept_story_breaks_the_promise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether the program leaves it there, or somebody puts it there later."""
    words = ["run", "one_of_three_places_refuses", "--out", str(tmp_path), "-q"]
    assert main([*words, "--bug", "the-kept-story-shows-a-secret"]) == BROKEN
    assert "keys stay secret: one_of_three_places_refuses.py shows what lets somebody in" in capsys.readouterr().err
    assert main(words) == HELD
    with planted("the-kept-story-shows-a-secret"):
        assert main(["run", "the_key_is_lost", "--out", str(tmp_path), "-q"]) == HELD, (
            "a key that is drawn is not in it"
        )
