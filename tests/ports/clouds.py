"""Places of real clouds for tests: each on a server of loopback that the tests start themselves, once a session.

Azure's server, Azurite, is npm's: `make azurite` installs it, and where it lacks the tests that want it are skipped.
Never here: the contract that they keep (test_destination.py).
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from backup.destinations.azure import Azure
from backup.destinations.ftp import Ftp
from backup.destinations.glacier import AmazonGlacier
from backup.destinations.google_cloud import GoogleCloud
from backup.destinations.port import Destination
from backup.destinations.s3 import AmazonS3
from backup.destinations.settings import DestinationSettings

AZURITE = Path(__file__).parents[2] / ".venv" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of Azurite, which everybody knows."""
WORD_OF_GOOGLE = "a-private-word"


class Clouds:
    """The servers, and fresh places on them."""

    def __init__(self, ports: dict[str, Any], azurite: int | None) -> None:
        self.ports = ports
        self.azurite = azurite
        self._numbers = count(1)

    def fresh(self) -> str:
        """A name that nobody has had."""
        return f"nightly{next(self._numbers)}"

    @property
    def amazon_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['amazon']}"

    def boto3(self, service: str) -> Any:
        """A client of Amazon's own library, for what backups never do: making buckets, and looking from outside."""
        import boto3

        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.amazon_url,
            aws_access_key_id="AKIA",
            aws_secret_access_key="whatever it is",
        )

    def s3_block(self, **fields: Any) -> AmazonS3:
        """A new bucket."""
        name = self.fresh()
        self.boto3("s3").create_bucket(Bucket=name)
        return AmazonS3(name, "us-east-1", "AKIA", "the secret key", custom_server_url=self.amazon_url, **fields)

    def google_block(self, **fields: Any) -> GoogleCloud:
        """A new bucket, known to the translator as well."""
        name = self.fresh()
        self.boto3("s3").create_bucket(Bucket=name)
        credentials = {
            "gcs_base_url": f"http://127.0.0.1:{self.ports['google']}",
            "disable_oauth": True,
            "client_email": "",
            "private_key": WORD_OF_GOOGLE,
            "private_key_id": "",
        }
        return GoogleCloud(name, json.dumps(credentials), **fields)

    def azure_url(self) -> str:
        if self.azurite is None:
            pytest.skip("Azurite is not installed: `make azurite`, which wants npm")
        return f"http://127.0.0.1:{self.azurite}/{ACCOUNT}"

    def azure_block(self, **fields: Any) -> Azure:
        """A new container."""
        name = self.fresh()
        make_container(self.azure_url(), name)
        return Azure(name, ACCOUNT, ACCOUNT_KEY, **fields)

    def ftp_block(self, kind: str = "ftp") -> Ftp:
        """A folder that is not made yet."""
        scheme, host = ("ftps", "localhost") if kind == "ftps" else ("ftp", "127.0.0.1")
        return Ftp(f"{scheme}://{host}:{self.ports[kind]}/{self.fresh()}/deeper", user="raven", password="quoth")

    def glacier_block(self) -> AmazonGlacier:
        """A new vault."""
        name = self.fresh()
        self.boto3("glacier").create_vault(vaultName=name)
        return AmazonGlacier(name, "us-east-1", "AKIA", "the secret key")

    def azure_place(self) -> Destination:
        return self.azure_block(remote_folder="shop").connect(self.azure_url())

    def azure_place_by_token(self) -> Destination:
        """Who gets in has no key, but a token for one container."""
        container = self.azure_block().container
        return Azure(container, ACCOUNT, sas_token=shared_access(container)).connect(self.azure_url())

    def ftp_place(self, kind: str) -> Destination:
        return self.ftp_block(kind).connect(self.ports["certificate"])


SERVED: dict[str, tuple[type[DestinationSettings], Callable[[Clouds], Destination]]] = {
    "s3": (AmazonS3, lambda clouds: clouds.s3_block(remote_folder="of/ours").open()),
    "glacier": (AmazonGlacier, lambda clouds: clouds.glacier_block().connect(clouds.amazon_url)),
    "azure": (Azure, Clouds.azure_place),
    "azure by token": (Azure, Clouds.azure_place_by_token),
    "google": (GoogleCloud, lambda clouds: clouds.google_block().open()),
    "ftp": (Ftp, lambda clouds: clouds.ftp_place("ftp")),
    "ftps": (Ftp, lambda clouds: clouds.ftp_place("ftps")),
    "old ftp": (Ftp, lambda clouds: clouds.ftp_place("old ftp")),
}
"""The real remote places that the contract is tried on, each a kind and how to have one that is empty. A new kind adds one."""


def signed(text: str) -> str:
    """As Azure wants it."""
    import hashlib
    import hmac

    return base64.b64encode(hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()).decode()


def make_container(url: str, name: str) -> None:
    """One request of Azure's own interface, which obstore has not."""
    import urllib.request
    from email.utils import formatdate

    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    named = "".join(f"{key}:{headers[key]}\n" for key in sorted(headers))
    text = "PUT" + "\n" * 12 + named + f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    request = urllib.request.Request(f"{url}/{name}?restype=container", method="PUT", headers=headers)
    request.add_header("Authorization", f"SharedKey {ACCOUNT}:{signed(text)}")
    request.add_header("Content-Length", "0")
    with urllib.request.urlopen(request, timeout=10):
        pass


def put_blob(url: str, container: str, key: str) -> None:
    """An empty blob of any name, which obstore does not make."""
    import urllib.request
    from urllib.parse import quote

    where = f"{url}/{container}/{quote(key)}?{shared_access(container)}"
    request = urllib.request.Request(where, data=b"", method="PUT", headers={"x-ms-blob-type": "BlockBlob"})
    with urllib.request.urlopen(request, timeout=10):
        pass


def shared_access(container: str) -> str:
    """A token for one container, for a while."""
    from urllib.parse import urlencode

    fields = {
        "sp": "racwdl",
        "st": "",
        "se": "2100-01-01T00:00:00Z",
        "spr": "https,http",
        "sv": "2021-12-02",
        "sr": "c",
    }
    text = "\n".join(
        [fields["sp"], "", fields["se"], f"/blob/{ACCOUNT}/{container}", "", "", fields["spr"], fields["sv"], "c"]
        + [""] * 7
    )
    return urlencode({key: each for key, each in fields.items() if each} | {"sig": signed(text)})


def _azurite(folder: Path) -> tuple[subprocess.Popen[bytes], int] | None:
    if not AZURITE.exists() or shutil.which("node") is None:
        return None
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [str(AZURITE), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
    server = subprocess.Popen(
        [*command, "--skipApiVersionCheck", "--silent", "--disableTelemetry"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(1_200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server, port
    server.kill()
    server.wait(timeout=20)
    raise AssertionError("Azurite has not come up in two minutes")


@pytest.fixture(scope="session")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    """Every server, on ports of this session's own."""
    pytest.importorskip("moto", reason="the clouds of tests want the dev extra")
    folder = tmp_path_factory.mktemp("clouds")
    command = [sys.executable, "-m", "tests.ports.servers", str(folder)]
    azurite = _azurite(folder)
    root = Path(__file__).parents[2]
    servers = subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    assert servers.stdout is not None
    assert servers.stdin is not None
    try:
        yield Clouds(json.loads(servers.stdout.readline()), azurite[1] if azurite is not None else None)
    finally:
        servers.stdin.close()
        servers.wait(timeout=20)
        servers.stdout.close()
        if azurite is not None:
            azurite[0].kill()
            azurite[0].wait(timeout=20)
