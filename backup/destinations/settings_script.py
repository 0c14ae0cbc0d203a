"""Blocks that a program of the operator's gives (rule 12.1): it is started, and what it prints is the block as JSON.

What it prints may hold secrets, so no error shows it. Never here: when that is (at the start of each run), and the
program's own time: it runs in real time, while the clock of a simulated world is held.
"""

import json
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any

import attrs

from backup.destinations.port import DestinationError
from backup.record.destination_settings import (
    AmazonGlacier,
    AmazonS3,
    Azure,
    Destination,
    Ftp,
    GoogleCloud,
    LocalFolder,
    Script,
)

AMAZON = {
    "AwsAccessKey": "access_key",
    "AwsSecretKey": "secret_key",
    "AwsSessionToken": "session_token",
    "AwsRegionName": "region",
    "RemoteFolderName": "remote_folder",
}
FIELDS: Mapping[type, Mapping[str, str]] = {
    LocalFolder: {"FolderPath": "path"},
    AmazonS3: {
        **AMAZON,
        "BucketName": "bucket",
        "CustomServerUrl": "custom_server_url",
        "ForcePathStyle": "force_path_style",
        "StorageClass": "storage_class",
    },
    AmazonGlacier: {**AMAZON, "VaultName": "vault"},
    Azure: {
        "StorageContainer": "container",
        "RemoteFolderName": "remote_folder",
        "AccountName": "account_name",
        "AccountKey": "account_key",
        "SasToken": "sas_token",
    },
    GoogleCloud: {
        "BucketName": "bucket",
        "RemoteFolderName": "remote_folder",
        "GoogleCredentialsJson": "credentials",
    },
    Ftp: {
        "Url": "url",
        "Port": "port",
        "UserName": "user",
        "Password": "password",
        "CertificateAsBase64": "certificate",
        "CertificateFileName": "certificate_file_name",
    },
}
"""RavenDB's names (section 12) and ours."""


class ScriptFailed(DestinationError):
    """The program gave no block, and the run has failed (rule 12.1)."""


def given(block: Destination) -> Destination:
    """The block that its script gives: what the script leaves out is as the block has it. ScriptFailed."""
    script = block.script
    assert script is not None, "only a block with a script is given by it"
    fields = _fields(script, _output(script))
    known = FIELDS[type(block)]
    found: dict[str, Any] = {}
    for name, content in fields.items():
        ours = known.get(name)
        if ours is None or content is None:
            continue
        wanted = type(getattr(block, ours))
        if type(content) is not wanted:
            raise ScriptFailed(script.exec, f"its {name} is no {wanted.__name__}", "let it print RavenDB's block")
        found[ours] = content
    filled = attrs.evolve(block, script=None, **found)
    if not filled.is_complete:
        key = next(name for name, ours in known.items() if ours == block.key_field)
        raise ScriptFailed(script.exec, f"it prints no {key}", f"let it print the {block.word} block with its {key}")
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
