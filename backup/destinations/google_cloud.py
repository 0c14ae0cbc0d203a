"""The destination kind for a bucket of Google's cloud storage, which is reached through `obstore`.

object_store.py reads and writes the objects.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, ClassVar

import attrs

from backup.destinations.key_files import open_to_all
from backup.destinations.object_store import ObjectStore
from backup.destinations.plain_listing import of_google
from backup.destinations.port import DestinationError
from backup.destinations.setting_checks import WrongSettings, server_url
from backup.destinations.settings import CloudSettings, Script, named
from backup.destinations.store_options import client_options, opened, retry_config
from cluster.value import value


@value
class GoogleCloud(CloudSettings):
    """The settings of a bucket of Google's cloud storage."""

    bucket: str = attrs.field(metadata=named("BucketName", is_place=True))
    credentials: str = attrs.field(default="", repr=False, metadata=named("GoogleCredentialsJson", has_lines=True))
    """JSON text of a service account's key file; empty for the credentials of the environment."""
    remote_folder: str = attrs.field(default="", metadata=named("RemoteFolderName"))
    disabled: bool = False
    script: Script | None = None

    json_name: ClassVar[str] = "GoogleCloudSettings"
    word: ClassVar[str] = "Google Cloud"
    allowed_as: ClassVar[str] = "GoogleCloud"
    key_field: ClassVar[str] = "bucket"
    login_fields: ClassVar[tuple[str, ...]] = ("credentials",)
    scheme: ClassVar[str] = "gs"
    example: ClassVar[str] = "gs://bucket/folder"
    through: ClassVar[str] = "obstore; the JSON of a service account"

    names: ClassVar[re.Pattern[str]] = re.compile(
        r"(?=.{3,222}\Z)[a-z0-9][a-z0-9_-]{0,62}(\.[a-z0-9_-]{1,63})*(?<=[a-z0-9])"
    )
    name_rule: ClassVar[str] = (
        "3 to 63 small letters, digits, hyphens and underscores, a letter or digit first and last"
    )

    def check(self) -> None:
        CloudSettings.check(self)
        if self.credentials:
            service_account(self.credentials)

    @property
    def warning(self) -> str:
        path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
        return open_to_all(Path(path)) if path and not self.credentials else ""

    def connect(self) -> ObjectStore:
        from obstore.store import GCSStore

        text = self.credentials or _of_the_environment(self.address)
        account = service_account(text)
        url, private = account["gcs_base_url"] or "https://storage.googleapis.com", account["private_key"]
        options, retry = client_options(url), retry_config()
        hidden = [*self.secrets, private]
        store = opened(
            lambda: GCSStore(self.bucket, service_account_key=text, client_options=options, retry_config=retry),
            self.address,
            [text, *hidden],
            "give the text of a service account's key file",
        )
        return ObjectStore(store, self.address, self.folder, hidden, lister=of_google(self.bucket, url, account))


def service_account(text: str) -> dict[str, Any]:
    """The key file of a service account. Raises WrongSettings for what is none, without a word of it."""
    give = "give the text of a service account's key file"
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise WrongSettings(f"credentials are no JSON object: {give}")
    for name in ("client_email", "private_key", "private_key_id"):
        if not isinstance(found.get(name), str):
            raise WrongSettings(f"credentials have no {name}: {give}, all of it")
    if not found.get("disable_oauth") and "-----BEGIN" not in found["private_key"]:
        raise WrongSettings(f"the private_key of credentials is no PEM: {give}, as Google made it")
    if url := found.setdefault("gcs_base_url", ""):
        server_url(str(url), "the gcs_base_url of credentials", "https://storage.googleapis.com")
    return found


def _of_the_environment(address: str) -> str:
    """The credentials in the environment, found as Google's own libraries do. Raises DestinationError if there are none."""
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    try:
        text = Path(path).read_text(encoding="utf-8") if path else os.environ.get("GOOGLE_SERVICE_ACCOUNT_KEY", "")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise DestinationError(
            address,
            f"the key file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read ({why})",
            "let it name a service account's key file",
        ) from None
    if not text:
        raise DestinationError(
            address,
            "it has no credentials",
            "give the text of a service account's key file, or name the file as GOOGLE_APPLICATION_CREDENTIALS",
        )
    return text
