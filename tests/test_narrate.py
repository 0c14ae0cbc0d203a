"""A trace as a log."""

import structlog
from structlog.testing import capture_logs

from cluster.steps import Crash
from cluster.structlog_listener import narrate
from cluster.trace import Committed, Failed, Happened, Stepped


def test_an_event_is_logged_as_its_sentence_with_node_and_time() -> None:
    """Information for what happens, an error for a failed program; the world's own events have the world as node."""
    with capture_logs() as lines:
        for event in (
            Happened(1, 0, "", 0, Stepped(Crash("A"))),
            Happened(2, 1_187_000, "B", 1, Committed(7, 3)),
            Happened(3, 1_188_000, "B", 2, Failed("boom")),
        ):
            narrate(event, structlog.get_logger())
    head = {"log_level": "info"}
    assert lines == [
        head | {"event": "crash A", "node": "world", "time": "00:00:00.000", "kind": "Stepped", "seq": 1, "cause": 0},
        head
        | {"event": "commits up to 7", "node": "B", "time": "00:00:01.187", "kind": "Committed", "seq": 2, "cause": 1},
        {
            "log_level": "error",
            "event": "program failed: boom",
            "node": "B",
            "time": "00:00:01.188",
            "kind": "Failed",
            "seq": 3,
            "cause": 2,
        },
    ]
