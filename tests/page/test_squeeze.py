"""What is left out of a module when a page is written: comments and blanks, and never a letter of a text."""

import re

import pytest

from scenarios.page.document import modules
from scenarios.page.squeeze import squeezed, tokens
from tests.page.test_document import WEB

KEPT = {
    "const one = 1;  // told\nconst two = 2;\n": "const one=1;\nconst two=2;",
    'el("a  // b", `c  ${d + " } "} /* e */`)': 'el("a  // b",`c  ${d+" } "} /* e */`)',
    "x = `${ {a: `}`}.a }  ${ y }`": "x=`${{a:`}`}.a}  ${y}`",
    r"""text.split(/ "[/\s]+ /g).length / 2 / n""": r"""text.split(/ "[/\s]+ /g).length/2/n""",
    "return /  `/.test(a) ? b : c": "return/  `/.test(a)?b:c",
    "a + +b - -c / /d/": "a+ +b- -c/ /d/",
    "all.map((each) => each.t); all.map((a, b) => a); each((  ) => 1)": "all.map(each=>each.t);all.map((a,b)=>a);each(()=>1)",
    "const go = async (seq) => seq": "const go=async(seq)=>seq",
    "typeof /** @type {any} */ (x) === 'a  b'": "typeof(x)==='a  b'",
    "if (a) {\n  b();\n}\nelse\n  c()\n": "if(a){b();}\nelse\nc()",
}
"""A module, and what a page has of it."""


@pytest.mark.parametrize("text", KEPT)
def test_only_comments_and_blanks_are_left_out(text: str) -> None:
    """Texts, templates and patterns stay to the letter, and no two tokens become one."""
    assert squeezed(text) == KEPT[text]


@pytest.mark.parametrize("name", modules())
def test_each_module_keeps_its_tokens(name: str) -> None:
    """What a browser reads in the page are the tokens of the module in this repository, but parentheses around one parameter."""
    text = (WEB / name).read_text(encoding="utf-8")
    kept = squeezed(text)
    assert _read(kept) == _read(text)
    assert squeezed(kept) == kept


def _read(text: str) -> list[str]:
    lines = "\n".join(token for kind, token in tokens(text) if kind not in ("comment", "space"))
    return re.sub(r"(?<![\w$]\n)\(\n(\w+)\n\)\n=>", r"\1\n=>", lines).split("\n")


def test_a_text_without_an_end_is_refused() -> None:
    """A template that does not end is an error that shows its beginning."""
    with pytest.raises(ValueError, match="this does not end: 'never'"):
        squeezed("a = `never")
