"""scenarios/VERBS.md is made of the docstrings: every verb with its arguments, defaults and errors, and every value it names."""

import inspect
import os
import pydoc
import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.scenarios.reference_page import HANDLES, VALUES, made, unexplained

PAGE = Path(__file__).parents[2] / "scenarios" / "VERBS.md"
MARK = "<!-- verbs: made of the docstrings by `make golden` -->\n"
"""What stands above it is written by hand."""


def test_the_page_is_made_of_the_docstrings() -> None:
    """As `make golden` writes it."""
    above, mark, below = PAGE.read_text(encoding="utf-8").partition(MARK)
    if os.environ.get("UNKINDNESS_RECORD") == "1":
        below = made()
        PAGE.write_text(f"{above}{mark}{below}", encoding="utf-8")
    assert below == made(), "`make golden` writes it again"


@pytest.mark.parametrize("name", HANDLES)
def test_every_verb_is_on_the_page(name: str) -> None:
    """Each public verb of each handle, with every parameter that it takes."""
    text = PAGE.read_text(encoding="utf-8")
    cls = HANDLES[name][0]
    for verb, member in vars(cls).items():
        if inspect.isfunction(member) and not verb.startswith("_"):
            (line,) = re.findall(rf"^- `(?:await )?{re.escape(name)}\.{verb}\(.*$", text, re.M)
            for parameter in list(inspect.signature(member).parameters)[1:]:
                assert re.search(rf"\b{parameter}\b", line), f"{verb} takes {parameter}"


def test_no_signature_names_a_type_that_the_page_does_not_explain() -> None:
    """Whoever reads `encryption: Encryption` finds how one is made, on the same page."""
    assert unexplained(PAGE.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("heading", [each for each, (says, _) in VALUES.items() if "Import" in says])
def test_what_stands_below_a_heading_can_be_imported_from_there(heading: str) -> None:
    """From the module that the paragraph on top of it names first; errors of the cluster are behind its own door."""
    says, classes = VALUES[heading]
    doors = [import_module(name) for name in re.findall(r"`((?:scenarios|cluster)\.\w+)`", says)]
    missing = [each.__name__ for each in classes if not any(hasattr(door, each.__name__) for door in doors)]
    assert missing == (["GaveUp", "Misuse"] if heading == "Errors" else [])


def test_pydoc_shows_the_classes_of_backups() -> None:
    """`python -m pydoc scenarios.backups`, as the page says."""
    text = pydoc.plain(pydoc.render_doc("scenarios.backups"))
    assert [name for name in ("class AmazonS3(", "class Database(", "class Filling(") if name not in text] == []
