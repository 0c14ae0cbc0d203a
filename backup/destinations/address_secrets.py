"""What gets in to a place, written where it would be shown: user and password in an address, a signature behind it.

An address, a name and a folder stand in events, files and errors; so settings that carry a secret in one of them are refused
as they are made, before anybody records them. Never here: the fields that are secret (settings.py).
"""

import re
from urllib.parse import unquote

HIDDEN = "***"
"""What stands in the place of a secret."""

_USER = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:(?=//))?/*([^/?#\s]*@|[^/:@\[]+:(?!\d*(?:[/?#]|$))[^@]*@)", re.IGNORECASE)
"""A user before the host, with or without a scheme; a password may hold a slash, and then no port stands before it."""
_SIGNED = re.compile(
    r"(?:^|[?&;,\s])-*(?:sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid|accountkey|"
    r"sharedaccess(?:key|signature)|(?:access_?|session_?|secret_?)?token|(?:api|secret|access)_?key|secret|pass(?:word|wd)?|pwd)"
    r"=(?=\S)",
    re.IGNORECASE,
)
"""A parameter that lets somebody in, in a query or in a connection string."""
_QUERY = re.compile(r"[?#]")
_PASSWORD = re.compile(r"[a-z0-9+.-]{2,20}://[^\s/?#\"'<>@:]*:(?!\*\*\*@)[^\s/\"'<>@]+@", re.IGNORECASE)
_SIGNATURE = re.compile(r"[?&](?:sig|signature|x-(?:amz|goog)-signature)=(?!\*\*\*)[^\s&\"']{8}", re.IGNORECASE)


class SecretInAddress(ValueError):
    """An address, a name or a folder carries a user, a password or a signature. The text shows it without."""


def masked(text: str, *, is_place: bool = True) -> str:
    """The text with `***` in the place of each secret that it carries; the text itself if it carries none.

    `is_place`: it is an address or the name of a place, which has no user and no query; else only a whole URL has a user.
    """
    for read in dict.fromkeys((text, unquote(text).replace("\\", "/"))):  # as written, and as a server would read it
        shown = read
        if is_place or "://" in read:
            shown = re.sub(_USER, lambda found: found[0].removesuffix(found[1]) + f"{HIDDEN}@", shown, count=1)
        if is_place and read is text and (query := _QUERY.search(shown)):
            shown = shown[: query.end()] + HIDDEN
        if signed := _SIGNED.search(shown):
            shown = shown[: signed.end()] + HIDDEN
        if shown != read:
            return shown
    return text


def refuse_secret(text: str, where: str, instead: str, *, is_place: bool = True) -> None:
    """SecretInAddress if the text carries a secret. `where`: what it is; `instead`: what to do, as a command."""
    if (shown := masked(text, is_place=is_place)) != text:
        raise SecretInAddress(
            f"{where} {shown!r} carries what lets somebody in, and it is shown in events, files and errors: {instead}"
        )


def stands_in(text: str) -> bool:
    """Whether a URL with a password, or one that is signed, stands anywhere in a longer text."""
    if "://" in text and _PASSWORD.search(text):
        return True
    return ("?" in text or "&" in text) and _SIGNATURE.search(text) is not None
