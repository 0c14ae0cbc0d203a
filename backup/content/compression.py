"""Compression of backup files with zstd: each file is one frame with a checksum of its content.

Only this module knows which zstd library is used.
"""

import sys
from collections.abc import Iterable, Iterator

from backup.content.manifest import DamagedBackup

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3
PIECE = 1 << 18
"""How many bytes are decompressed at most at once, so that a small file of large content does not fill the memory."""


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

    Raises DamagedBackup if the frame is cut, changed, or followed by anything. `open_ended` accepts a frame without an
    end, as RavenDB 5.4 writes it.
    """
    decompressor = zstd.ZstdDecompressor()
    ended = False
    try:
        for chunk in filter(None, chunks):
            if ended:
                raise DamagedBackup(name, "bytes follow its end")
            rest, hungry = chunk, False
            while not (ended or hungry):
                if piece := decompressor.decompress(rest, PIECE):
                    yield piece
                rest, ended, hungry = b"", decompressor.eof, decompressor.needs_input
            if decompressor.unused_data:
                raise DamagedBackup(name, "bytes follow its end")
    except zstd.ZstdError as error:
        raise DamagedBackup(name, f"zstd says: {error}") from error
    if not (ended or open_ended):
        raise DamagedBackup(name, "it is cut short: the compressed frame has no end")
