"""Clouds on loopback, in a process of their own: `python -m tests.ports.servers FOLDER` says where they are, as one line of JSON.

moto speaks for Amazon, S3 and vaults; behind other names of headers, for Google, whose XML interface is S3's with these;
pyftpdlib is the FTP server, with TLS and without. They live until their standard input is closed. Never here: Azure, which
has a server of its own (clouds.py).
"""

import contextlib
import datetime
import json
import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ACCESS = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
CLASSES = ("NEARLINE", "COLDLINE", "ARCHIVE")


def amazon() -> Callable[..., Iterable[bytes]]:
    """moto's S3 and Glacier, as one web application."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def google(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The same S3 under Google's names of headers."""

    def application(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        for name in [name for name in environment if name.startswith("HTTP_X_GOOG_")]:
            environment["HTTP_X_AMZ_" + name[len("HTTP_X_GOOG_") :]] = environment.pop(name)
        if environment.pop("HTTP_X_AMZ_IF_GENERATION_MATCH", None) == "0":
            environment["HTTP_IF_NONE_MATCH"] = "*"
        if environment.get("HTTP_X_AMZ_STORAGE_CLASS") in CLASSES:
            environment["HTTP_X_AMZ_STORAGE_CLASS"] = "STANDARD_IA"
        environment["HTTP_AUTHORIZATION"] = ACCESS

        def started(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            named = [("x-goog-" + key[6:] if key.lower().startswith("x-amz-") else key, text) for key, text in headers]
            return start(status, named, error)

        return inner(environment, started)

    return application


def served(application: Any) -> int:
    """Serve a web application in the background; its port."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            """Say nothing."""

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.port)


def certified(folder: Path) -> Path:
    """A key and a certificate that it signed for itself, for localhost."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def ftp(folder: Path, certificate: Path | None, *, old: bool = False) -> int:
    """An FTP server of that folder; its port. `old`: without MLSD, as vsftpd is."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

    users = DummyAuthorizer()
    users.add_user("raven", "quoth", str(folder), perm="elradfmwMT")

    class Handler(FTPHandler if certificate is None else TLS_FTPHandler):  # type: ignore[misc]  # a class without types
        authorizer = users
        use_sendfile = False
        auth_failed_timeout = 0

    if old:
        known = FTPHandler.proto_cmds.items()
        Handler.proto_cmds = {name: facts for name, facts in known if not name.startswith("MLS")}
    if certificate is not None:
        Handler.certfile = str(certificate)
        Handler.tls_control_required = Handler.tls_data_required = True
    server = FTPServer(
        ("127.0.0.1", 0), Handler, ioloop=IOLoop()
    )  # a loop of its own: the one of all is for one thread
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.address[1])


def main(folder: Path) -> None:
    """Start them all, say where they are, and wait for the end of the input."""
    clouds = amazon()
    certificate = certified(folder)
    print(
        json.dumps(
            {
                "amazon": served(clouds),
                "google": served(google(clouds)),
                "ftp": ftp(folder, None),
                "ftps": ftp(folder, certificate),
                "old ftp": ftp(folder, None, old=True),
                "certificate": str(certificate),
            }
        ),
        flush=True,
    )
    sys.stdin.read()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    import logging

    logging.disable(logging.CRITICAL)
    with contextlib.suppress(KeyboardInterrupt):
        main(Path(sys.argv[1]))
