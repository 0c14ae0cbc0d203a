"""Opens the real cloud that a block names. Each kind wants a library that not everybody needs: an extra of this package.

Never here: how any of them is talked to.
"""

from backup.destinations import ftp, glacier, object_store, port
from backup.destinations.local import LocalDestination
from backup.record.destination_settings import (
    AmazonGlacier,
    AmazonS3,
    Azure,
    Destination,
    Ftp,
    GoogleCloud,
    LocalFolder,
    address,
)


def opened(block: Destination) -> port.Destination:
    """The place of a block. DestinationError if a library lacks, or if what the block says cannot be."""
    try:
        match block:
            case LocalFolder():
                return LocalDestination(block.path)
            case AmazonS3():
                return object_store.amazon(block)
            case Azure():
                return object_store.azure(block)
            case GoogleCloud():
                return object_store.google(block)
            case AmazonGlacier():
                return glacier.opened(block)
            case Ftp():
                return ftp.FtpDestination(block)
    except ImportError as error:
        raise port.DestinationError(
            address(block), f"this needs the library {error.name}", "pip install 'unkindness[clouds]'"
        ) from None
