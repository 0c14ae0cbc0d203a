"""Settings from a program of the operator (rule 12.1): it is started and prints the settings as JSON.

The output may hold secrets, so no error shows it. The program is given a small environment. It runs at the start of each run,
in real time, while the clock of a simulated world is held.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
from typing import Any

from backup.destinations.address_secrets import SecretInAddress
from backup.destinations.port import DestinationError
from backup.destinations.setting_checks import WrongSettings
from backup.destinations.settings import DestinationSettings, Script, json_fields

LONGEST_OUTPUT = 1 << 20
"""Bytes that a program may print: a service account's key file has some 2,400."""
ENVIRONMENT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""The variables that a program is given: what programs need to run, and nobody's keys."""


class ScriptFailed(DestinationError):
    """The program printed no usable settings, so the run fails (rule 12.1)."""


def given(settings: DestinationSettings) -> DestinationSettings:
    """The settings completed by their script; fields that the script leaves out stay. Raises ScriptFailed."""
    script = settings.script
    assert script is not None, "only settings with a script are given by it"
    known = json_fields(type(settings))
    found: dict[str, Any] = {}
    for name, content in _fields(script, _output(script)).items():
        field = known.get(name)
        if field is None or content is None:
            continue
        wanted = type(getattr(settings, field.name))
        if type(content) is not wanted:
            raise ScriptFailed(script.exec, f"its {name} is no {wanted.__name__}", "let it print RavenDB's block")
        found[field.name] = content
    try:
        filled = settings.changed(script=None, **found)
    except (SecretInAddress, WrongSettings) as error:
        raise ScriptFailed(
            script.exec, f"what it prints is refused: {error}", "let it print what RavenDB's block holds"
        ) from None
    if not filled.is_complete:
        key = next(name for name, field in known.items() if field.name == settings.key_field)
        raise ScriptFailed(script.exec, f"it prints no {key}", f"let it print the {settings.word} block with its {key}")
    return filled


def _output(script: Script) -> bytes:
    """What the program prints, which is bounded in size and time."""
    try:
        program = subprocess.Popen(
            script.words(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            start_new_session=True,  # so that whatever it starts can be ended with it
        )
    except OSError as error:
        raise ScriptFailed(
            script.exec, f"it cannot be started ({error.strerror})", "give the path of a program"
        ) from None
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        _kill(program)

    seconds = script.timeout / 1_000_000
    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        assert program.stdout is not None, "it was asked for"
        with program.stdout:
            printed = program.stdout.read(LONGEST_OUTPUT + 1)
        if len(printed) > LONGEST_OUTPUT:
            _kill(program)
        code = program.wait()
    finally:
        timer.cancel()
    if is_late.is_set():
        raise ScriptFailed(
            script.exec,
            f"it has not ended in {seconds:g} s",
            "give it more time (TimeoutInMs), or see what it waits for",
        )
    if len(printed) > LONGEST_OUTPUT:
        what = f"it prints more than the {LONGEST_OUTPUT:,} bytes that a block can need"
        raise ScriptFailed(script.exec, what, "let it print the block, and nothing else")
    if code:
        raise ScriptFailed(
            script.exec, f"it ended with exit code {code}", "run it by hand to see what it says about that"
        )
    return printed


def _kill(program: "subprocess.Popen[bytes]") -> None:
    """End the program and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)


def _fields(script: Script, output: bytes) -> dict[str, Any]:
    try:
        found = json.loads(output)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ScriptFailed(script.exec, "what it prints is no JSON object", "let it print the block, and nothing else")
    return found
