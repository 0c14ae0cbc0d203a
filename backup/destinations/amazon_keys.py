"""The keys with which a bucket or a vault of Amazon is asked: those of the settings, else those of the environment.

They are never mixed: a token of the environment does not go with keys of the settings. A machine of Amazon can be asked
for keys at an address of its own; that is done only where the environment asks for it, as that address may be anybody's.
"""

import os
from typing import Any

import attrs

from backup.destinations.port import DestinationError
from cluster.value import value

IN_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ASKING = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
"""Variables that name who gives keys out."""


@value
class AmazonKeys:
    """What gets in."""

    access_key: str
    secret_key: str = attrs.field(repr=False)
    session_token: str = attrs.field(repr=False)


def amazon_keys(where: str, access_key: str, secret_key: str, session_token: str) -> AmazonKeys | None:
    """The keys for the place at the address `where`, whose settings hold these three; None: the environment names who is to be asked.

    Raises DestinationError if there are none, or half of them.
    """
    of_access, of_secret = "access_key", "secret_key"
    if not (access_key or secret_key or session_token):
        access_key, secret_key, session_token = (os.environ.get(name, "") for name in IN_ENVIRONMENT)
        of_access, of_secret, _ = IN_ENVIRONMENT
    if access_key and secret_key:
        return AmazonKeys(access_key, secret_key, session_token)
    if access_key or secret_key:
        has, lacks = (of_access, of_secret) if access_key else (of_secret, of_access)
        raise DestinationError(where, f"it has {has}, and no {lacks}", "give both, as Amazon shows them")
    if asks_the_machine() or any(os.environ.get(name) for name in ASKING):
        return None
    raise DestinationError(
        where,
        "it has no keys",
        f"give access_key and secret_key, or {IN_ENVIRONMENT[0]} and {IN_ENVIRONMENT[1]} in the environment; a machine of "
        "Amazon is asked for its own if AWS_EC2_METADATA_DISABLED is 'false'",
    )


def as_arguments(keys: AmazonKeys | None) -> dict[str, Any]:
    """What a client of Amazon's own library is given to get in; nothing without keys, for which it then asks itself."""
    if keys is None:
        return {}
    return {
        "aws_access_key_id": keys.access_key,
        "aws_secret_access_key": keys.secret_key,
        "aws_session_token": keys.session_token or None,
    }


def asks_the_machine() -> bool:
    """Whether the environment asks for the keys of the machine: nobody sets a variable to its default without meaning it."""
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "false"
