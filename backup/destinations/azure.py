"""The destination kind for a container of Azure's blob storage, which is reached through `obstore`.

object_store.py reads and writes the objects.
"""

import os
from typing import Any, ClassVar

import attrs

from backup.destinations.object_store import ObjectStore, client_options, opened, retry_config
from backup.destinations.settings import CloudSettings, Script, named
from cluster.value import value


@value
class Azure(CloudSettings):
    """The settings of a container of Azure's blob storage."""

    container: str = attrs.field(metadata=named("StorageContainer", is_place=True))
    account_name: str = attrs.field(default="", metadata=named("AccountName"))
    account_key: str = attrs.field(default="", repr=False, metadata=named("AccountKey"))
    sas_token: str = attrs.field(default="", repr=False, metadata=named("SasToken"))
    remote_folder: str = attrs.field(default="", metadata=named("RemoteFolderName"))
    disabled: bool = False
    script: Script | None = None

    json_name: ClassVar[str] = "AzureSettings"
    word: ClassVar[str] = "Azure"
    allowed_as: ClassVar[str] = "Azure"
    key_field: ClassVar[str] = "container"
    login_fields: ClassVar[tuple[str, ...]] = ("account_name", "account_key", "sas_token")
    scheme: ClassVar[str] = "azure"
    example: ClassVar[str] = "azure://container/folder"
    through: ClassVar[str] = "obstore; account key or SAS"

    def connect(self, endpoint: str = "") -> ObjectStore:
        """The container. `endpoint`: the URL of the server, if it is not Azure's own."""
        from obstore.store import AzureStore

        endpoint = endpoint or os.environ.get("AZURE_STORAGE_ENDPOINT", "")
        keys: dict[str, Any] = {
            "account_name": self.account_name,
            "account_key": self.account_key,
            "sas_key": self.sas_token.lstrip("?"),
            "endpoint": endpoint,
        }
        given = {key: content for key, content in keys.items() if content}
        options, retry = client_options(endpoint), retry_config()
        store = opened(
            lambda: AzureStore(self.container, **given, client_options=options, retry_config=retry),
            self.address,
            self.secrets,
            "give the account's name with its key or a SAS token, or AZURE_STORAGE_ACCOUNT_NAME and "
            "AZURE_STORAGE_ACCOUNT_KEY in the environment",
        )
        return ObjectStore(store, self.address, self.remote_folder, self.secrets)
