"""The destination kind for a bucket of Amazon S3, or of a server with the same protocol, reached through `obstore`.

object_store.py reads and writes the objects.
"""

import os
from typing import Any, ClassVar, Self

import attrs

from backup.destinations.object_store import ObjectStore, client_options, opened, retry_config
from backup.destinations.settings import CloudSettings, Script, named
from cluster.value import value

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

    @property
    def aws_region(self) -> str:
        return self.region

    @classmethod
    def of_address(cls, address: str) -> Self:
        return super().of_address(address).changed(region=os.environ.get("AWS_REGION", ""))

    def connect(self) -> ObjectStore:
        from obstore.store import S3Store

        url = self.custom_server_url or os.environ.get("AWS_ENDPOINT_URL", "")
        keys: dict[str, Any] = {
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            "session_token": self.session_token,
            "endpoint": url,
            "region": self.region or "us-east-1",
        }
        given = {key: content for key, content in keys.items() if content}
        store = opened(
            lambda: S3Store(
                self.bucket,
                **given,
                virtual_hosted_style_request=not (self.force_path_style or url),
                client_options=client_options(url),
                retry_config=retry_config(),
            ),
            self.address,
            self.secrets,
            "give the bucket, its region and the keys as Amazon shows them",
        )
        asleep = self.storage_class in ASLEEP
        return ObjectStore(store, self.address, self.remote_folder, self.secrets, self.storage_class, asleep=asleep)
