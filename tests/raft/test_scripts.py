"""Scripts: others' scenarios, played over the pure step. What came of them is recorded; what must come of them they expect.

`make golden` records them again.
"""

import os
from pathlib import Path

import pytest

from tests.raft.script import INDENT, ScriptError, commands_of, played

SCRIPTS = Path(__file__).parent / "scripts"
ALL = sorted(SCRIPTS.glob("*/*.script"))


def of_script(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", ALL, ids=of_script)
def test_a_script_holds_and_says_what_was_recorded(path: Path) -> None:
    """Every promise holds at each step, every `expect` is so, and every line is as recorded."""
    text = path.read_text(encoding="utf-8")
    now = played(text, path.name)
    if os.environ.get("UNKINDNESS_RECORD") == "1":
        path.write_text(now, encoding="utf-8")
        text = now
    assert now == text, "understand the difference, then `make golden`"


@pytest.mark.parametrize("path", ALL, ids=of_script)
def test_a_script_says_first_what_it_claims(path: Path) -> None:
    """Its source and the name it has there, then the claim; and the claim is expected, not only recorded."""
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith(f"# {path.parent.name} ")
    assert ":" in first
    assert any(line.startswith("expect ") for line in rest)


BEGUN = "nodes ABC paper\ncampaign A\n"


def test_what_comes_of_a_command_stands_below_it() -> None:
    """What was recorded before is not read."""
    text = played(f"{BEGUN}{INDENT}nonsense\n")
    assert text == f"{BEGUN}{INDENT}A stands for t1, t1, [], commit 0, voted A\n"
    assert commands_of(text) == BEGUN
    assert played(text) == text


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("expect A term=2", "command line 3: expect A term=2\nexpected of A: term=2, but it is 1"),
        ("expect A>B flying=2", "expected of A>B: flying=2, but it is 1"),
        ("expect all leaders=A", "expected of all: leaders=A, but it is -"),
        ("expect A colour=red", "of A one may expect role, term, .*, not `colour`"),
        ("expect A", "expect what"),
        ("dance A", "no command `dance`"),
        ("nodes ABC fast", "no rule `fast`"),
        ("nodes BC", "founders are A, B"),
        ("deliver C>B", "nothing flies there"),
        ("let C>B", "nothing is held there"),
        ("store A", "nothing is on its way to A's disk"),
        ("progress A", "A does not lead"),
        ("forge B>A song t1", "what is `song`"),
        ("! settle", "nothing was broken"),
        ("quietly expect A term=2", "expected of A"),
    ],
)
def test_what_is_not_so_is_an_error_with_its_line(line: str, error: str) -> None:
    """To record again hides nothing of what a script expects, nor a slip of the pen."""
    with pytest.raises(ScriptError, match=error):
        played(f"{BEGUN}{line}\n")


def test_a_script_begins_with_nodes() -> None:
    """Else there is nobody to lead."""
    with pytest.raises(ScriptError, match="begin with `nodes`"):
        played("campaign A\n")


def test_a_broken_promise_ends_a_script() -> None:
    """Two leaders of one term: unless the script says that this must be."""
    two = f"{BEGUN}settle\nforge B>A append t1 after 0.0 []\n"
    with pytest.raises(ScriptError, match="both lead term 1"):
        played(two)
    assert "broken: A and B both lead term 1" in played(two.replace("forge", "! forge"))
