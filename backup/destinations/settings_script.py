"""Settings from a program of the operator (rule 12.1): it is started and prints the settings as JSON.

The output may hold secrets, so no error shows it. The program runs at the start of each run, in real time, while the clock
of a simulated world is held.
"""

import json
import shlex
import subprocess
from typing import Any

from backup.destinations.address_secrets import SecretInAddress
from backup.destinations.port import DestinationError
from backup.destinations.settings import DestinationSettings, Script, json_fields


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
    except SecretInAddress as error:
        raise ScriptFailed(
            script.exec, f"what it prints is refused: {error}", "let it print the secret's field"
        ) from None
    if not filled.is_complete:
        key = next(name for name, field in known.items() if field.name == settings.key_field)
        raise ScriptFailed(script.exec, f"it prints no {key}", f"let it print the {settings.word} block with its {key}")
    return filled


def _output(script: Script) -> bytes:
    seconds = script.timeout / 1_000_000
    command = [script.exec, *shlex.split(script.arguments)]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise ScriptFailed(
            script.exec,
            f"it has not ended in {seconds:g} s",
            "give it more time (TimeoutInMs), or see what it waits for",
        ) from None
    except OSError as error:
        raise ScriptFailed(
            script.exec, f"it cannot be started ({error.strerror})", "give the path of a program"
        ) from None
    if ended.returncode:
        raise ScriptFailed(
            script.exec, f"it ended with exit code {ended.returncode}", "run it by hand to see what it says about that"
        )
    return ended.stdout


def _fields(script: Script, output: bytes) -> dict[str, Any]:
    try:
        found = json.loads(output)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ScriptFailed(script.exec, "what it prints is no JSON object", "let it print the block, and nothing else")
    return found
