"""The most memory that this process has held. It brings in next to nothing, so that a slim process may ask too."""

import resource
import sys
from pathlib import Path


def peak() -> float:
    """Peak resident memory of this process in MiB, counted from its own start and not from its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return round(int(lines["VmHWM"].split()[0]) / 1_024, 1)
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kibibytes / (1_048_576 if sys.platform == "darwin" else 1_024), 1)
