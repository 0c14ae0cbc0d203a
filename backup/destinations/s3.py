"""The destination kind for a bucket of Amazon S3, or of a server with the same protocol, reached through `obstore`.

object_store.py reads and writes the objects.
"""

import os
import re
from typing import Any, ClassVar, Self

import attrs

from backup.destinations.amazon_keys import amazon_keys
from backup.destinations.object_store import ObjectStore
from backup.destinations.plain_listing import of_amazon
from backup.destinations.setting_checks import WrongSettings, check_region, server_url
from backup.destinations.settings import CloudSettings, Script, named
from backup.destinations.store_options import client_options, opened, retry_config
from cluster.value import value

CLASSES = (
    *("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER"),
    *("DEEP_ARCHIVE", "OUTPOSTS", "SNOW", "EXPRESS_ONEZONE"),
)
"""The storage classes that S3 has."""
ASLEEP = ("GLACIER", "DEEP_ARCHIVE")
"""The storage classes whose objects must be restored by S3, which takes hours, before they can be read."""


@value
class AmazonS3(CloudSettings):
    """The settings of a bucket of Amazon S3, or of a server with the same protocol."""

    bucket: str = attrs.field(metadata=named("BucketName", is_place=True))
    region: str = attrs.field(default="", metadata=named("AwsRegionName"))
    access_key: str = attrs.field(default="", metadata=named("AwsAccessKey", in_files=False))
    secret_key: str = attrs.field(default="", repr=False, metadata=named("AwsSecretKey"))
    session_token: str = attrs.field(default="", repr=False, metadata=named("AwsSessionToken"))
    remote_folder: str = attrs.field(default="", metadata=named("RemoteFolderName"))
    custom_server_url: str = attrs.field(default="", metadata=named("CustomServerUrl", is_place=True))
    force_path_style: bool = attrs.field(default=False, metadata=named("ForcePathStyle"))
    storage_class: str = attrs.field(default="", metadata=named("StorageClass"))
    disabled: bool = False
    script: Script | None = None

    json_name: ClassVar[str] = "S3Settings"
    word: ClassVar[str] = "Amazon S3"
    allowed_as: ClassVar[str] = "AmazonS3"
    key_field: ClassVar[str] = "bucket"
    login_fields: ClassVar[tuple[str, ...]] = ("access_key", "secret_key", "session_token")
    scheme: ClassVar[str] = "s3"
    example: ClassVar[str] = "s3://bucket/folder"
    through: ClassVar[str] = (
        "obstore; custom server, path style, session token, storage class; "
        "what sleeps in GLACIER or DEEP_ARCHIVE is neither given back nor removed"
    )

    names: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
    name_rule: ClassVar[str] = "3 to 63 letters, digits, dots and hyphens, a letter or digit first and last"

    def check(self) -> None:
        CloudSettings.check(self)
        if self.custom_server_url:
            server_url(self.custom_server_url, "custom_server_url", "https://minio.example.com:9000")
        check_region(self.region)
        if self.storage_class and self.storage_class not in CLASSES:
            raise WrongSettings(f"S3 has no storage_class {self.storage_class!r}: give one of {', '.join(CLASSES)}")

    @property
    def aws_region(self) -> str:
        return self.region

    @property
    def account(self) -> str:
        return self.custom_server_url.rstrip("/")

    @classmethod
    def of_address(cls, address: str) -> Self:
        return super().of_address(address).changed(region=os.environ.get("AWS_REGION", ""))

    def connect(self) -> ObjectStore:
        from obstore.store import S3Store

        region = self.region or "us-east-1"
        url, by_path = self._server(region)
        keys = amazon_keys(self.address, self.access_key, self.secret_key, self.session_token)
        given: dict[str, Any] = {}
        if keys is not None:
            given["credential_provider"] = lambda: {
                "access_key_id": keys.access_key,
                "secret_access_key": keys.secret_key,
                "token": keys.session_token or None,
                "expires_at": None,
            }
        hidden = [*self.secrets, *([keys.secret_key, keys.session_token] if keys is not None else [])]
        store = opened(
            lambda: S3Store(
                self.bucket,
                endpoint=url,
                region=region,
                virtual_hosted_style_request=not by_path,
                client_options=client_options(url, pinned=keys is not None),
                retry_config=retry_config(),
                **given,
            ),
            self.address,
            hidden,
            "give the bucket, its region and the keys as Amazon shows them",
        )
        asleep = self.storage_class in ASLEEP
        # Amazon's own library puts the bucket's name in front of the server itself
        server = url if by_path else url.replace(f"{self.bucket}.", "", 1)
        lister = of_amazon(self.bucket, server, region, keys, by_path=by_path)
        return ObjectStore(store, self.address, self.folder, hidden, self.storage_class, asleep=asleep, lister=lister)

    def _server(self, region: str) -> tuple[str, bool]:
        """The URL of the server, and whether the bucket is named in the path behind it, or else is a part of the URL."""
        url = self.custom_server_url or os.environ.get("AWS_ENDPOINT_URL", "")
        if url:
            server_url(url, "AWS_ENDPOINT_URL", "https://minio.example.com:9000")
            return url, True
        server = f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
        if self.force_path_style or "." in self.bucket:  # no certificate of Amazon's is for names with more dots
            return f"https://{server}", True
        return f"https://{self.bucket}.{server}", False
