"""HTTP servers of loopback that do what servers should not: keep silent, redirect, stop in the middle.

Never here: servers that speak for a cloud (servers.py).
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EMPTY = b'<?xml version="1.0"?><ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>'


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        yield int(listening.getsockname()[1])


@contextlib.contextmanager
def answering(redirect: str = "", *, stops: bool = False) -> Iterator[tuple[int, list[tuple[str, str, str | None]]]]:
    """A server that answers every request with an empty listing, and what it was asked: method, path, session or bearer token.

    `redirect`: what it answers instead, the beginning of another URL. `stops`: it keeps silent in the middle of its answer.
    """
    asked: list[tuple[str, str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            bearer = (self.headers.get("authorization") or "").partition("Bearer ")[2]
            asked.append((self.command, self.path, self.headers.get("x-amz-security-token") or bearer or None))
            self.send_response(307 if redirect else 200)
            if redirect:
                self.send_header("location", f"{redirect}{self.path}")
            self.send_header("content-length", str(len(EMPTY)))
            self.send_header("etag", '"x"')
            self.send_header("last-modified", "Mon, 30 Nov 2026 19:49:30 GMT")
            self.end_headers()
            if self.command != "HEAD":
                with contextlib.suppress(OSError):
                    self.wfile.write(EMPTY[:20] if stops else EMPTY)
                    self.wfile.flush()
                    time.sleep(3 if stops else 0)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815  # names of the library

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def away(target: int) -> Iterator[tuple[int, threading.Event]]:
    """A port at which nobody listens until the event is set; from then on it is that of the server at port `target`."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    is_back, over = threading.Event(), threading.Event()
    opened: list[socket.socket] = []

    def carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(1 << 16):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        is_back.wait()
        with socket.create_server(("127.0.0.1", port)) as listening:
            listening.settimeout(0.05)
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    inner, _ = listening.accept()
                    inner.setblocking(True)
                    outer = socket.create_connection(("127.0.0.1", target))
                    opened.extend((inner, outer))
                    for pair in ((inner, outer), (outer, inner)):
                        threading.Thread(target=carry, args=pair, daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield port, is_back
    finally:
        over.set()
        is_back.set()
        thread.join()
        for each in opened:
            each.close()
