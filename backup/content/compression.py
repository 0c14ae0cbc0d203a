"""zstd, one frame a file, with a checksum of its content: chunks in, chunks out.

The only place that knows which zstd it is. Never here: what the bytes mean.
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
"""At most so many bytes are decompressed at once, however small the file: memory stays flat."""


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """One zstd frame with content checksum. Equal chunks give equal bytes under one version of zstd."""
    parameters = zstd.CompressionParameter
    compressor = zstd.ZstdCompressor(options={parameters.compression_level: LEVEL, parameters.checksum_flag: 1})
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush(zstd.ZstdCompressor.FLUSH_FRAME)


def decompressed(name: str, chunks: Iterable[bytes], *, open_ended: bool = False) -> Iterator[bytes]:
    """The content of one zstd frame in pieces; DamagedBackup if it is cut, changed, or followed by anything.

    `open_ended` accepts a frame without an end, as RavenDB 5.4 writes it.
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
