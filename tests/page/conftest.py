"""A browser for the tests of the page: the Chromium of this machine, driven by Playwright, without a network."""

import base64
import gzip
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scenarios.inspect.played_run import played
from scenarios.page.document import document
from scenarios.page.recording import Recording, recording

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
Opened = Callable[..., "Page"]
REFUSED = "Content Security Policy"
"""What the console says of everything that the page's policy refuses: only a test that provokes it may see it."""


@cache
def recorded(run: str, bug: str | None = None) -> Recording:
    """The recording of a run, played once a process."""
    found = played(run, bug)
    return recording(found.outcome, found.request, found.loaded, "0.0.0")


def unpacked(text: str) -> str:
    """All that a file says: a page with its recordings unpacked."""
    packed = re.findall(r'type="text/plain" id="\w+">([^<]+)<', text)
    return text + "".join(gzip.decompress(base64.b64decode(each)).decode() for each in packed)


def until(page: "Page", expression: str) -> None:
    """Wait for an expression to be true in the page. Asked from outside: the page's policy refuses what would wait inside."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    pytest.fail(f"never true in the page: {expression}")


@contextmanager
def chromium() -> "Iterator[Browser]":
    """A Chromium, until the block ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A Chromium, one a module of tests."""
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("no Chromium was found: install one, as the page is tested in it")
        pytest.skip("no Chromium was found: install one to test the page")
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'")
    with chromium() as launched:
        yield launched


@pytest.fixture
def opened(browser: "Browser", tmp_path: Path) -> Iterator[Opened]:
    """Opens the page of a recording from the disk; at the end nothing was asked of a network, and the console is empty."""
    asked: list[str] = []
    said: list[str] = []
    contexts: list[Any] = []

    def open_page(made: Recording, hash_: str = "", *, other: Recording | None = None, **options: Any) -> "Page":
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(document(made, other), encoding="utf-8", newline="\n")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{file.as_uri()}{hash_}")
        until(page, "window.app !== undefined")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert len(asked) == len(contexts), asked
    assert all(url.startswith("file://") for url in asked)
    assert [text for text in said if REFUSED not in text or "test_the_policy" not in str(tmp_path)] == []
