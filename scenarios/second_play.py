"""A run played a second time, in a process of its own whose sets are in another order, while the first is under way.

Python salts the hashes of strings once for a process: a story that walks through a set of them does the same twice in one
process, and something else in the next. Never here: how two plays are compared (kept_run.py).
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from scenarios.inspect.result import RunRequest
from scenarios.kept_run import ReplayError, event_lines, perform, request_of, story_of

NAMES = ("ABC", "ABCDE")
"""The sets that must have another order in the second process: no set is iterated as often as one of node names."""
ORDERS = f"print(*map(set, {NAMES}), sep=chr(10))"
MOST = 32
"""The number of hash seeds that are tried; about one in six reverses `ABC`."""


class SecondPlay:
    """The request, played in another process from `__enter__` on. Its events are there after `wait`, until the context is left."""

    def __init__(self, request: RunRequest) -> None:
        self._request = request
        self._folder = TemporaryDirectory(prefix="unkindness-", ignore_cleanup_errors=True)
        self._trace = Path(self._folder.name) / "events"
        self._errors = Path(self._folder.name) / "errors"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "SecondPlay":
        asked = json.dumps([self._request.fields(), self._request.kept, str(self._trace), self._folder.name])
        command = [sys.executable, "-c", "from scenarios.second_play import play_here; play_here()", asked]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env=_environment(other_hash_seed())
            )
        return self

    def __exit__(self, *failure: object) -> None:
        assert self._process is not None, "it is left after it was entered"
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def wait(self) -> None:
        """Wait until the other process has ended. ReplayError if it could not play the run."""
        assert self._process is not None, "it is waited for after it was entered"
        if self._process.wait():
            said = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ReplayError(
                f"the second play, in a process of its own, ended with {said[-1] if said else 'no word'}: "
                "see whether the story reads the machine that it runs on"
            )

    def digest(self) -> str:
        """The digest, as `History.digest` computes it."""
        with self._trace.open(encoding="utf-8") as file:
            return file.readline().strip()

    def lines(self) -> Iterator[str]:
        """The events, as `event_lines` writes them."""
        with self._trace.open(encoding="utf-8") as file:
            file.readline()
            for line in file:
                yield line.rstrip("\n")


def other_hash_seed() -> str:
    """A hash seed under which sets of node names have another order than in this process; that of ABC is reversed."""
    here = [_order(str(set(names))) for names in NAMES]
    found = "1"
    for number in range(1, MOST + 1):
        command = [sys.executable, "-S", "-c", ORDERS]
        said = subprocess.run(command, capture_output=True, check=True, text=True, env=_environment(str(number)))
        there = [_order(line) for line in said.stdout.splitlines()]
        if there[0] == here[0][::-1] and there[1] != here[1]:
            return str(number)
        found = str(number) if there[0] != here[0] else found
    return found


def _order(shown: str) -> list[str]:
    """The names of a set in the order in which Python iterates over it."""
    return re.findall(r"\w", shown)


def _environment(hash_seed: str) -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def play_here() -> None:
    """The main function of the other process: play the request in the last argument, write digest and events to its file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits for this one ends it
    fields, kept, trace, folder = json.loads(sys.argv[-1])
    request = request_of(fields, kept)
    outcome = perform(story_of(request), request, Path(folder) / "backups", shuffle=1)
    with Path(trace).open("w", encoding="utf-8", newline="\n") as file:
        file.write(outcome.digest + "\n")
        file.writelines(line + "\n" for line in event_lines(outcome.history))
