"""The page as one self-contained HTML file: our style, our modules joined into one script, and the recording.

Its Content-Security-Policy allows these by their hashes and nothing else, which proves that it asks no network. Never here:
what is recorded, and where the file goes.
"""

import base64
import re
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from posixpath import dirname, join, normpath

from scenarios.page.encode import encoded
from scenarios.page.recording import Recording
from scenarios.page.squeeze import squeezed

ENTRY = "app.js"
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "(\.\.?/[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class) (\w+))", re.MULTILINE)
_REMARKS = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACED = re.compile(r"(?<=[{};:,]) +|\n\s*| (?=[{}])")


def document(recording: Recording, other: Recording | None = None) -> str:
    """The whole page, of one run or of two beside each other. The same recordings give the same bytes."""
    header = recording.header
    second = "" if other is None else f'<script type="text/plain" id="other">{encoded(other)}</script>\n'
    return shell(
        f"{header['story']}@{header['seed']}",
        f'<div id="page"><p class="empty">Reading {header["events"]:,} events …</p></div>\n'
        f'<noscript><p class="empty">This page needs JavaScript. As text: <code>{escape(header["command"])}</code></p></noscript>\n'
        f'<script type="text/plain" id="recording">{encoded(recording)}</script>\n{second}',
    )


def shell(title: str, body: str, entry: str = ENTRY, allowed: tuple[str, ...] = ()) -> str:
    """A page around the module `entry` and what that needs: no script, style or address but its own works in it, and `allowed`."""
    style, script = sheet(), program(entry)
    policy = ["default-src 'none'", f"script-src '{_hash(script)}'", f"style-src '{_hash(style)}'"]
    policy += ["base-uri 'none'", "form-action 'none'", *allowed]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(policy)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n'
        f"<body>\n{body}<script>{script}</script>\n</body>\n</html>\n"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


def _web() -> Traversable:
    return files("scenarios.page") / "web"


@cache
def sheet() -> str:
    """The style sheet, without comments and without the spaces around its marks."""
    text = (_web() / "page.css").read_text(encoding="utf-8")
    return _SPACED.sub("", _REMARKS.sub("", text)).replace(";}", "}")


@cache
def program(entry: str = ENTRY) -> str:
    """All modules that `entry` needs, each after those it imports, as one script that starts it."""
    return "\n".join(['\n"use strict";', *map(_module, modules(entry)), f"{_variable(entry)}.start();\n"])


def modules(entry: str = ENTRY) -> list[str]:
    """The names of the modules that `entry` needs, each after those it imports, the last one itself."""
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"modules of the page import each other: {' -> '.join((*path, name))}")
        if name in order:
            return
        for _, found in _IMPORT.findall(_text(name)):
            visit(_beside(name, found), (*path, name))
        order.append(name)

    visit(entry, ())
    return order


def _text(name: str) -> str:
    return (_web() / name).read_text(encoding="utf-8")


def _beside(name: str, imported: str) -> str:
    return normpath(join(dirname(name), imported))


def _variable(name: str) -> str:
    return f"${name.removesuffix('.js').replace('/', '_')}"


def _module(name: str) -> str:
    """A module as a function that is called once: what it exports are the fields of a variable with its name."""
    text = _text(name)
    for names, found in _IMPORT.findall(text):
        missing = set(re.findall(r"\w+", names)) - set(_EXPORT.findall(_text(_beside(name, found))))
        if missing:  # an `export const a = 1, b = 2` exports only `a` here: one name a line
            raise ValueError(f"{name} imports {', '.join(sorted(missing))}, which {found} does not export by itself")
    exports = ",".join(_EXPORT.findall(text))
    text = _IMPORT.sub(lambda found: f"const {found[1]} = {_variable(_beside(name, found[2]))};", text)
    return f"const {_variable(name)}=(()=>{{\n{squeezed(_EXPORT.sub('', text))}\nreturn {{{exports}}};\n}})();\n"
