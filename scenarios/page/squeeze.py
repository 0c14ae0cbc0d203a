"""A module of the page without what a browser does not need: comments, and blanks that part no two words.

Text in quotes, templates and regular expressions stay as they are. Never here: which modules there are (document.py).
"""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<space>\s+)|(?P<word>[\w$]+)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?P<mark>=>|.)""",
    re.DOTALL | re.VERBOSE,
)
_PATTERN = re.compile(r"/(?:\\.|\[(?:\\.|[^]\\\n])*\]|[^/\\\n[])+/[a-z]*")
_TEMPLATE = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*(?:`|\$\{)", re.DOTALL)
_OPEN, _SHUT = ("{", "(", "[", ",", "?", ":", "&", "|", "=", "=>"), (")", "]", "}", "?", ":", "&", "|", ".", ",", "=")
"""Marks after and before which a line does not end."""


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Each token of a module with its kind: `comment`, `space`, `word`, `text`, `mark`. The parts of a template are `text`."""
    at, depth, before = 0, 0, ("mark", "")
    templates: list[int] = []
    """How deep in braces each template stands whose `${` is open."""
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None, "a mark is any one letter"
        kind, token = str(found.lastgroup), found[0]
        divides = before[1] in (")", "]", "}") or (before[0] != "mark" and before[1] != "return")
        ends = token == "}" and templates[-1:] == [depth]
        if token == "/" and not divides:
            kind, token = "text", _matched(_PATTERN, text, at)
        elif token == "`" or ends:
            if ends:
                templates.pop()
            kind, token = "text", token + _matched(_TEMPLATE, text, at + 1)
            if token.endswith("${"):
                templates.append(depth)
        elif kind == "mark":
            depth += (token == "{") - (token == "}")
        yield kind, token
        at += len(token)
        if kind not in ("comment", "space"):
            before = (kind, token) if not token.endswith("${") else ("mark", token)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> str:
    found = pattern.match(text, at)
    if found is None:
        raise ValueError(f"this does not end: {text[at : at + 60]!r}")
    return found[0]


def squeezed(text: str) -> str:
    """The module with the same tokens but comments; a statement still begins on a line of its own."""
    kept: list[str] = []
    gap = ""
    for kind, token in tokens(text):
        if kind in ("comment", "space"):
            gap = "\n" if "\n" in gap or (kind == "space" and "\n" in token) else " "
            continue
        if token == "=>" and kept[-1] == ")" and kept[-3] == "(" and not _is_word(kept[-4]):
            kept[-3:] = [kept[-2]]  # one parameter needs no parentheses
        last = kept[-1] if kept else "{"
        if (gap == "\n" and last not in _OPEN and token not in _SHUT) or (gap and _run_together(last[-1], token[0])):
            kept.append(gap)
        kept.append(token)
        gap = ""
    return "".join(kept)


def _run_together(one: str, other: str) -> bool:
    """Whether two letters side by side would be part of one token."""
    return _is_word(one + other) or (one == other and one in "+-/")


def _is_word(text: str) -> bool:
    return re.fullmatch(r"[\w$]+", text) is not None
