"""The destination kind for a container of Azure's blob storage, which is reached through `obstore`.

object_store.py reads and writes the objects.
"""

import os
import re
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import attrs

from backup.destinations.object_store import ObjectStore
from backup.destinations.plain_listing import of_azure
from backup.destinations.port import DestinationError
from backup.destinations.setting_checks import WrongSettings, base64_bytes, server_url
from backup.destinations.settings import CloudSettings, Script, named
from backup.destinations.store_options import client_options, opened, retry_config
from cluster.value import value

REMEDY = "with its key or a SAS token, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY in the environment"
ASKING = ("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_ENDPOINT")
"""Variables that name who gives keys out. A machine of Azure is not asked for its own unless one of them says so."""


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

    names: ClassVar[re.Pattern[str]] = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*|\$root|\$web|\$logs")
    name_rule: ClassVar[str] = "3 to 63 small letters, digits and single hyphens, a letter or digit first and last"

    def check(self) -> None:
        CloudSettings.check(self)
        if self.account_name and re.fullmatch(r"[a-z0-9]{3,24}", self.account_name) is None:
            raise WrongSettings(
                f"account_name {self.account_name!r} is no name of a storage account: give 3 to 24 small letters and digits"
            )
        if self.account_key:
            base64_bytes(self.account_key, "account_key", "the key as Azure shows it, in base64")
        if self.sas_token and not dict(parse_qsl(self.sas_token.lstrip("?"))).get("sig"):
            raise WrongSettings("sas_token has no signature: give the whole token, as in 'sv=…&se=…&sig=…'")

    @property
    def account(self) -> str:
        return self.account_name

    def connect(self, endpoint: str = "") -> ObjectStore:
        """The container. `endpoint`: the URL of the server, if it is not Azure's own."""
        from obstore.store import AzureStore

        account = self.account_name or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
        if not account:
            raise DestinationError(self.address, "it has no account_name", f"give the account's name {REMEDY}")
        endpoint = endpoint or os.environ.get("AZURE_STORAGE_ENDPOINT", "")
        if endpoint:
            server_url(endpoint, "AZURE_STORAGE_ENDPOINT", "https://account.blob.core.windows.net")
        endpoint = endpoint or f"https://{account}.blob.core.windows.net"
        given, hidden = self._keys(), list(self.secrets)
        if given is not None:
            hidden += given.values()
        provided: Any = {} if given is None else {"credential_provider": lambda: {**given, "expires_at": None}}
        store = opened(
            lambda: AzureStore(
                self.container,
                account_name=account,
                endpoint=endpoint,
                client_options=client_options(endpoint, pinned=given is not None),
                retry_config=retry_config(),
                **provided,
            ),
            self.address,
            hidden,
            f"give the account's name {REMEDY}",
        )
        lister = of_azure(self.container, endpoint, account, given) if given is not None else None
        return ObjectStore(store, self.address, self.folder, hidden, lister=lister)

    def _keys(self) -> dict[str, str] | None:
        """What gets in, as the library has it: that of the settings, else that of the environment, never some of each.

        None: the environment names who is to be asked. Raises DestinationError if there is nothing.
        """
        found = self.account_key, self.sas_token
        if not any(found):
            key = os.environ.get("AZURE_STORAGE_ACCOUNT_KEY", "") or os.environ.get("AZURE_STORAGE_ACCESS_KEY", "")
            found = key, os.environ.get("AZURE_STORAGE_SAS_TOKEN", "") or os.environ.get("AZURE_STORAGE_SAS_KEY", "")
            if key:
                base64_bytes(key, "AZURE_STORAGE_ACCOUNT_KEY", "the key as Azure shows it, in base64")
        key, token = found
        if key:
            return {"access_key": "".join(key.split())}
        if token:
            return {"sas_token": token.lstrip("?")}
        if any(os.environ.get(name) for name in ASKING):
            return None
        raise DestinationError(self.address, "it has no key", f"give the account's name {REMEDY}")
