"""A trace as a log: each event is handed to structlog with node and time bound."""

from structlog.typing import FilteringBoundLogger

from cluster.time_units import clock_text
from cluster.trace import Failed, Happened


def narrate(event: Happened, logger: FilteringBoundLogger) -> None:
    """Log the event's sentence: a program's failure as an error, everything else as information."""
    bound = logger.bind(node=event.node or "world", time=clock_text(event.t))
    tell = bound.error if isinstance(event.note, Failed) else bound.info
    tell(event.note.text(), kind=type(event.note).__name__, seq=event.seq, cause=event.cause)
