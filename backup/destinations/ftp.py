"""The destination kind for a folder of an FTP server, reached through the standard library.

The protocol is plain FTP, or FTP with explicit TLS (`ftps://`), as in RavenDB. A file is sent under its in-progress name,
its size is checked, and only then it is renamed. Each operation opens a connection of its own, so that a lost connection
costs one operation. Retention and restores skip this kind (rules 12.4, 14.6).
"""

import base64
import contextlib
import ftplib
import os
import re
import socket
import ssl
import tempfile
from collections.abc import Iterator
from typing import ClassVar, Self
from urllib.parse import SplitResult, unquote

import attrs

from backup.destinations.port import IN_PROGRESS, AlreadyThere, DestinationError, NotThere, parts_of
from backup.destinations.setting_checks import (
    WrongSettings,
    base64_bytes,
    check_port,
    folder_in_cloud,
    split_url,
)
from backup.destinations.settings import DestinationSettings, Script, joined, named
from backup.destinations.waiting import waiting_for
from cluster.value import value

CHUNK = 1 << 17
TIMEOUT = 60.0
"""How many seconds of silence pass before a connection counts as lost."""
NO_SUCH_FILE = "550"
WANTS_TLS = re.compile(r"\b(TLS|SSL|AUTH|secure|encryption|encrypted)\b", re.IGNORECASE)
AGAIN = "see whether the server can be reached; the next run tries again"


@value
class Ftp(DestinationSettings):
    """The settings of a folder of an FTP server. Nothing is restored from there directly (rule 12.4)."""

    url: str = attrs.field(metadata=named("Url", is_place=True))
    port: int = attrs.field(default=21, metadata=named("Port"))
    user: str = attrs.field(default="", metadata=named("UserName"))
    password: str = attrs.field(default="", repr=False, metadata=named("Password"))
    certificate: str = attrs.field(default="", repr=False, metadata=named("CertificateAsBase64", has_lines=True))
    """The client certificate in PEM, encoded as Base64; empty for none."""
    certificate_file_name: str = attrs.field(default="", metadata=named("CertificateFileName", in_files=False))
    disabled: bool = False
    script: Script | None = None

    json_name: ClassVar[str] = "FtpSettings"
    word: ClassVar[str] = "FTP"
    allowed_as: ClassVar[str] = "FTP"
    key_field: ClassVar[str] = "url"
    login_fields: ClassVar[tuple[str, ...]] = ("user", "password")
    scheme: ClassVar[str] = "ftp"
    other_schemes: ClassVar[tuple[str, ...]] = ("ftps",)
    example: ClassVar[str] = "ftp://host:21/folder"
    through: ClassVar[str] = "ftplib; with TLS for `ftps://`; in progress, measured, renamed"
    restores: ClassVar[bool] = False
    retention_applies: ClassVar[bool] = False
    shows_progress: ClassVar[bool] = True

    def check(self) -> None:
        check_port(self.port, "port")
        if self.url:
            parts = self.split_url()
            if parts.scheme not in ("ftp", "ftps"):
                raise WrongSettings(
                    f"url {self.url!r} is no address of an FTP server: write ftp://host/folder or ftps://…"
                )
            folder_in_cloud(unquote(parts.path))
        if self.certificate:
            pem = base64_bytes(
                self.certificate, "certificate", "a PEM file with certificate and key, encoded as base64"
            )
            if b"-----BEGIN" not in pem:
                raise WrongSettings(
                    "certificate holds no PEM: give a PEM file with certificate and key, encoded as base64"
                )

    @property
    def is_complete(self) -> bool:
        """Whether the URL and a port other than 0 are given, or a script that gives them (section 12)."""
        return bool((self.url and self.port) or self.script)

    @property
    def address(self) -> str:
        if not self.url:
            return f"{self.scheme}://"
        parts, folder = self.split_url(), quoted(self.folder)
        host = parts.hostname or ""
        server = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{parts.port or self.port}"
        return f"{server}/{folder}" if folder else server

    @property
    def folder(self) -> str:
        """The folder on the server in normal form, below that in which the user starts; empty for that one."""
        return folder_in_cloud(unquote(self.split_url().path))

    def split_url(self) -> SplitResult:
        """The parts of the URL; a URL without a scheme is read as `ftp://`."""
        return split_url(self.url if "://" in self.url else f"ftp://{self.url}", "url", self.example)

    @classmethod
    def of_address(cls, address: str) -> Self:
        return cls(address)

    @property
    def account(self) -> str:
        return self.user

    @property
    def warning(self) -> str:
        if not self.url or self.is_secure:
            return ""
        secure = self.address.replace("ftp://", "ftps://", 1)
        return f"{self.address} is plain FTP: backup and password travel in the clear; write {secure} if its server takes TLS"

    @property
    def is_secure(self) -> bool:
        """Whether everything is sent by TLS."""
        return self.split_url().scheme == "ftps"

    def subfolder(self, name: str) -> Self:
        return self.changed(url=joined(self.url, quoted(name)))

    def connect(self, trusted: str = "") -> "FtpDestination":
        """The folder. `trusted`: path of a file with the certificates to trust; empty for those of the system."""
        return FtpDestination(self, trusted)


def quoted(folder: str) -> str:
    """A folder as a URL holds it; only what would be read as something else is written otherwise."""
    return folder.replace("%", "%25").replace("?", "%3F").replace("#", "%23")


class ReusingFtpTls(ftplib.FTP_TLS):
    """An FTP client that reuses the TLS session of the control connection for data, as servers require; the library does not."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """A connection for data, with TLS if the client asked for protected data."""
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:  # type: ignore[attr-defined]  # whether data is to be protected; only the library sets it
            assert isinstance(self.sock, ssl.SSLSocket), "data is protected after the control connection is"
            connection = self.context.wrap_socket(connection, server_hostname=self.host, session=self.sock.session)
        return connection, size


class FtpDestination:
    """A folder of an FTP server as a destination."""

    gives_back = True

    def __init__(self, settings: Ftp, trusted: str = "") -> None:
        parts = settings.split_url()
        self._where = settings.address
        self._secure = settings.is_secure
        self._host, self._port = parts.hostname or "", parts.port or settings.port
        self._folder = settings.folder
        self._settings = settings
        self._trusted = trusted

    def __repr__(self) -> str:
        return f"FtpDestination({self._where!r})"

    def start(self, name: str) -> "FtpUpload":
        """Begin a file under its in-progress name; makes missing folders. Raises AlreadyThere if either name is taken."""
        folder, file = parts_of(name, 2)
        with self.translated(name):
            client = self.connected()
            try:
                for taken in (file, file + IN_PROGRESS):
                    if taken in self._names(client, self.path(folder)):
                        raise AlreadyThere(f"{self._where}/{folder}/{taken}")
                self._make(client, self.path(folder))
                client.voidcmd("TYPE I")
                path = self.path(folder, file)
                return FtpUpload(self, client, name, path, client.transfercmd(f"STOR {path}{IN_PROGRESS}"))
            except BaseException:
                client.close()
                raise

    def read(self, name: str) -> Iterator[bytes]:
        """The file in chunks. Raises NotThere."""
        path = self.path(*parts_of(name, 2))
        with contextlib.ExitStack() as ended:
            with self.translated(name):
                client = ended.enter_context(self._client())
                client.voidcmd("TYPE I")
                connection = ended.enter_context(client.transfercmd(f"RETR {path}"))
            while chunk := self._received(connection, name):
                yield chunk
            with self.translated(name):
                connection.close()
                client.voidresp()
                ended.close()

    def _received(self, connection: socket.socket, name: str) -> bytes:
        with self.translated(name):
            return connection.recv(CHUNK)

    def folders(self) -> tuple[str, ...]:
        """The folders that hold backups, sorted; () if the destination's own folder does not exist yet."""
        with self.translated(""), self._client() as client:
            return tuple(sorted(self._names(client, self.path(), folders=True)))

    def files(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, sorted, those in progress included; () if there is no such folder."""
        parts_of(folder, 1)
        with self.translated(folder), self._client() as client:
            return tuple(sorted(self._names(client, self.path(folder))))

    def delete(self, name: str) -> None:
        """Remove a file; does nothing if there is none."""
        path = self.path(*parts_of(name, 2))
        with self.translated(name), self._client() as client, _passing_over_what_is_not_there():
            client.delete(path)

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and its files, incrementals before their full backup; does nothing if there is no such folder."""
        for file in reversed(self.files(folder)):
            self.delete(f"{folder}/{file}")
        with self.translated(folder), self._client() as client, _passing_over_what_is_not_there():
            client.rmd(self.path(folder))

    def path(self, *parts: str) -> str:
        """A path on the server, relative to the folder in which the user starts after login."""
        return "/".join(part for part in (self._folder, *parts) if part) or "."

    def connected(self) -> ftplib.FTP:
        """A new connection that is logged in."""
        client = (
            ReusingFtpTls(context=self._context(), timeout=TIMEOUT) if self._secure else ftplib.FTP(timeout=TIMEOUT)
        )
        try:
            client.encoding = "utf-8"
            client.connect(self._host, self._port)
            self._let_in(client)
        except BaseException:
            client.close()
            raise
        return client

    def _let_in(self, client: ftplib.FTP) -> None:
        """Log in, by TLS if the settings say so. DestinationError names the side that wants TLS where the other has none."""
        settings = self._settings
        if isinstance(client, ftplib.FTP_TLS):
            try:
                client.auth()
            except ftplib.Error as error:
                what = f"the server offers no TLS ({self._shown(error)})"
                remedy = "have it offered there, or write ftp://, by which backup and password travel in the clear"
                raise DestinationError(self._where, what, remedy) from None
        try:
            client.login(settings.user, settings.password)
            if isinstance(client, ftplib.FTP_TLS):
                client.prot_p()
        except (ftplib.error_perm, ftplib.error_temp) as error:
            said = self._shown(error)
            if not self._secure and WANTS_TLS.search(said):
                secure = self._where.replace("ftp://", "ftps://", 1)
                raise DestinationError(self._where, f"the server takes TLS only ({said})", f"write {secure}") from None
            if isinstance(error, ftplib.error_temp):
                raise
            raise DestinationError(
                self._where, f"the server lets nobody in ({said})", "give the right user, and its password"
            ) from None

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._trusted or None)
        if self._settings.certificate:
            with tempfile.NamedTemporaryFile(suffix=".pem") as file:
                file.write(base64.b64decode(self._settings.certificate))
                file.flush()
                os.chmod(file.name, 0o600)
                try:
                    context.load_cert_chain(file.name)
                except ssl.SSLError:
                    raise DestinationError(
                        self._where,
                        "its certificate cannot be used",
                        "give a PEM file with a certificate and its own key",
                    ) from None
        return context

    @contextlib.contextmanager
    def _client(self) -> Iterator[ftplib.FTP]:
        client = self.connected()
        try:
            yield client
            client.quit()
        finally:
            client.close()

    def _names(self, client: ftplib.FTP, path: str, *, folders: bool = False) -> list[str]:
        """The names of the files, or of the folders, in a folder; empty if it does not exist."""
        try:
            listed = list(client.mlsd(path, ["type"]))
        except ftplib.error_perm as error:
            if str(error).startswith(NO_SUCH_FILE):
                return []
            return self._names_of_old(client, path, folders=folders)
        wanted = "dir" if folders else "file"
        return [name for name, facts in listed if facts.get("type") == wanted]

    def _names_of_old(self, client: ftplib.FTP, path: str, *, folders: bool) -> list[str]:
        """The names of the files, or of the folders, on a server without MLSD: an entry with a size is a file."""
        try:
            names = [name.rpartition("/")[2] for name in client.nlst(path)]
        except ftplib.error_perm as error:
            if str(error).startswith(NO_SUCH_FILE):
                return []
            raise
        client.voidcmd("TYPE I")
        return [name for name in names if (_size(client, f"{path}/{name}") is None) is folders]

    def _make(self, client: ftplib.FTP, path: str) -> None:
        """Make a folder and those above it, unless they exist."""
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            with _passing_over_what_is_not_there():  # 550 also means that the folder exists already
                client.mkd("/".join(parts[:count]))

    @contextlib.contextmanager
    def translated(self, name: str) -> Iterator[None]:
        """Turn errors of the library into DestinationError; the text never shows the password."""
        where = f"{self._where}/{name}" if name else self._where
        try:
            with waiting_for(self._where):
                yield
        except DestinationError:
            raise
        except ftplib.error_perm as error:
            if str(error).startswith(NO_SUCH_FILE):
                raise NotThere(where) from None
            raise DestinationError(
                where, self._shown(error), "give a user that may write there, and its password"
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise DestinationError(
                where, self._shown(error), "ask who runs the server for a certificate that this system trusts"
            ) from None
        except TimeoutError:
            raise DestinationError(where, f"the server has kept silent for {TIMEOUT:g} s", AGAIN) from None
        except (ftplib.Error, OSError, EOFError, UnicodeError) as error:
            what = self._shown(error) or "the connection is lost"
            raise DestinationError(where, what, AGAIN) from None

    def _shown(self, error: BaseException) -> str:
        text = (str(error).splitlines() or [""])[0]
        return text.replace(self._settings.password, "…") if self._settings.password else text


class FtpUpload:
    """One file that is being sent to an FTP server."""

    def __init__(
        self, place: FtpDestination, client: ftplib.FTP, name: str, path: str, connection: socket.socket
    ) -> None:
        self._place = place
        self._client = client
        self._name = name
        self._path = path
        self._connection: socket.socket | None = connection
        self._length = 0

    def write(self, chunk: bytes) -> None:
        """Add a chunk."""
        with self._place.translated(self._name):
            self._open().sendall(chunk)
        self._length += len(chunk)

    def finish(self) -> None:
        """Check that all bytes have arrived, and rename the file. Raises DestinationError, AlreadyThere."""
        self._open()
        with self._place.translated(self._name):
            self._end()
            self._client.voidresp()
            self._client.voidcmd("TYPE I")
            size = _size(self._client, self._path + IN_PROGRESS)
            if size != self._length:
                what = f"{self._length} bytes were sent and {size} have arrived"
                raise DestinationError(self._name, what, "see whether its disk is full; the next run tries again")
            if _size(self._client, self._path) is not None:
                raise AlreadyThere(self._name)
            self._client.rename(self._path + IN_PROGRESS, self._path)
            self._client.quit()
        self._connection = None

    def abandon(self) -> None:
        """Stop as a crash does: the written bytes stay under the in-progress name."""
        if self._connection is not None:
            self._end()
            self._client.close()
        self._connection = None

    def discard(self) -> None:
        """Remove what was written; does nothing if the upload has ended."""
        if self._connection is not None:
            self.abandon()
            self._place.delete(self._name + IN_PROGRESS)

    def _open(self) -> socket.socket:
        assert self._connection is not None, f"{self._name} has ended: start another upload"
        return self._connection

    def _end(self) -> None:
        connection = self._open()
        if isinstance(connection, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                connection.unwrap()
        connection.close()


def _size(client: ftplib.FTP, path: str) -> int | None:
    """Size of a file in bytes; None if there is no such file."""
    try:
        return client.size(path)
    except ftplib.error_perm:
        return None


@contextlib.contextmanager
def _passing_over_what_is_not_there() -> Iterator[None]:
    try:
        yield
    except ftplib.error_perm as error:
        if not str(error).startswith(NO_SUCH_FILE):
            raise
