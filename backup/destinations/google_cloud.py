"""The destination kind for a bucket of Google's cloud storage, which is reached through `obstore`.

object_store.py reads and writes the objects.
"""

import json
import os
from pathlib import Path
from typing import ClassVar

import attrs

from backup.destinations.object_store import ObjectStore, client_options, opened, retry_config
from backup.destinations.port import DestinationError
from backup.destinations.settings import CloudSettings, Script, named
from cluster.value import value


@value
class GoogleCloud(CloudSettings):
    """The settings of a bucket of Google's cloud storage."""

    bucket: str = attrs.field(metadata=named("BucketName", is_place=True))
    credentials: str = attrs.field(default="", repr=False, metadata=named("GoogleCredentialsJson"))
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

    def connect(self) -> ObjectStore:
        from obstore.store import GCSStore

        try:
            text = self.credentials or _of_the_environment()
            credentials = json.loads(text)
            url, private = str(credentials.get("gcs_base_url", "")), str(credentials.get("private_key", ""))
        except (AttributeError, OSError, ValueError):
            raise DestinationError(
                self.address, "its credentials are no JSON object", "give the text of a service account's key file"
            ) from None
        options, retry = client_options(url), retry_config()
        hidden = [*self.secrets, *([private] if private else [])]
        store = opened(
            lambda: GCSStore(self.bucket, service_account_key=text, client_options=options, retry_config=retry),
            self.address,
            [text, *hidden],
            "give the text of a service account's key file",
        )
        return ObjectStore(store, self.address, self.remote_folder, hidden)


def _of_the_environment() -> str:
    """The credentials in the environment, found as Google's own libraries do; empty if there are none."""
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if path is None:
        return os.environ.get("GOOGLE_SERVICE_ACCOUNT_KEY", "")
    return Path(path).read_text(encoding="utf-8")
