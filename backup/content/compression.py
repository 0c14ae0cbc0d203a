"""Compression of backup files with zstd: each file is one frame with a checksum of its content.

Only this module knows which zstd library is used.
"""

import sys
from collections.abc import Iterable, Iterator

from backup.content.manifest import DamagedBackup, UnreadableBackup

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3
WINDOW = 24
"""The largest window of a frame that is read, as a power of two: with more, a small file could ask for much memory."""
RATIO, ALLOWED = 2_000, 1 << 30
"""A file may unpack to a gibibyte, and beyond that to two thousand times its size: no backup of documents comes near that."""
PIECE = 1 << 18
"""How many bytes are decompressed at most at once, so that a small file of large content does not fill the memory."""
GZIP = b"\x1f\x8b"


class EndlessFrame(DamagedBackup):
    """The compressed frame has no end: the file was cut short, or RavenDB 5.4 wrote it."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "it is cut short: the compressed frame has no end")


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks compressed into one zstd frame with a checksum. Equal chunks give equal bytes in one version of zstd."""
    parameters = zstd.CompressionParameter
    compressor = zstd.ZstdCompressor(options={parameters.compression_level: LEVEL, parameters.checksum_flag: 1})
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush(zstd.ZstdCompressor.FLUSH_FRAME)


def decompressed(name: str, chunks: Iterable[bytes], *, open_ended: bool = False) -> Iterator[bytes]:
    """The content of one zstd frame, in pieces. `name` is the file's name, for errors.

    Raises EndlessFrame if the frame is cut, DamagedBackup if it is changed, or followed by anything, and UnreadableBackup for
    another compression. `open_ended` accepts a frame without an end, as RavenDB 5.4 writes it.
    """
    decompressor = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW})
    taken = given = 0
    begins, ended = True, False
    try:
        for chunk in filter(None, chunks):
            if ended:
                raise DamagedBackup(name, "bytes follow its end")
            if begins and chunk.startswith(GZIP):
                raise UnreadableBackup(
                    f"{name} is compressed with gzip, as RavenDB did before version 5.4: import it into a newer RavenDB "
                    "and back it up there"
                )
            begins, rest, hungry = False, chunk, False
            taken += len(chunk)
            while not (ended or hungry):
                if piece := decompressor.decompress(rest, PIECE):
                    given += len(piece)
                    if given > ALLOWED + RATIO * taken:
                        raise DamagedBackup(
                            name, f"its first {taken:,} bytes unpack to more than {given:,}, as nobody's backup does"
                        )
                    yield piece
                rest, ended, hungry = b"", decompressor.eof, decompressor.needs_input
            if decompressor.unused_data:
                raise DamagedBackup(name, "bytes follow its end")
    except zstd.ZstdError as error:
        raise DamagedBackup(name, f"zstd says: {error}") from error
    if not (ended or open_ended):
        raise EndlessFrame(name)
