"""A run as a sequence diagram of Mermaid's, which many pages of documentation render. Text only: the program is never bundled.

Its reader refuses more than 50,000 characters, and takes some characters for its own. Heartbeats without news are in no trace.
"""

import re
from collections.abc import Iterable

from cluster.time_units import clock_text
from cluster.trace import Agreed, Delivered, Happened, Lost, Note
from scenarios.drawing.messages import SAID
from scenarios.export.excerpt import Excerpt
from scenarios.inspect.causality import is_quiet
from scenarios.kept_run import ReplayError

MOST = 50_000
"""The most characters that Mermaid reads, its `maxTextSize`."""
REPLIES = frozenset(
    {"VoteReply", "AppendReply", "SnapshotReply", "Confirmed", "Decline", "TooMuch", "Granted", "Denied"}
)
"""The messages that answer one: their arrows are dashed."""
ASKED = frozenset({*SAID, *REPLIES, "RequestVote", "AppendEntries"})
"""The messages that are drawn; what the programs of an application say to each other is not, as in a picture."""
TAKEN = re.compile(r"[^\w .,:()'/+=|*@%\[\]-]")
"""The characters that may mean something to Mermaid within a text."""


def mermaid(excerpt: Excerpt) -> Iterable[str]:
    """The lines of the diagram. ReplayError if it is too large, with a window that is not."""
    head = ["sequenceDiagram", f"    accTitle: {escaped(excerpt.title)}"]
    head += [f"    participant {alias(excerpt, name)} as {escaped(name)}" for name in excerpt.names]
    lines, size, news = list[str](), sum(len(line) + 1 for line in head), set[Note]()
    for event in excerpt.events:
        if isinstance(event.note, Agreed):
            if event.note in news:
                continue
            news.add(event.note)
        for line in _lines(excerpt, event):
            size += len(line) + 1
            if size > MOST:
                before = max(excerpt.first, event.seq - 1)
                raise ReplayError(
                    f"the diagram has more than the {MOST:,} characters that Mermaid reads: narrow it, for example by "
                    f"--window {excerpt.first}:{before}"
                )
            lines.append(line)
    return [*head, *lines]


def _lines(excerpt: Excerpt, event: Happened) -> Iterable[str]:
    note = event.note
    if isinstance(note, Delivered | Lost):
        if note.message in ASKED and note.peer in excerpt.names:
            arrow = "--x" if isinstance(note, Lost) else "-->>" if note.message in REPLIES else "->>"
            why = f" ({note.why})" if isinstance(note, Lost) else ""
            yield f"    {alias(excerpt, note.peer)}{arrow}{alias(excerpt, event.node)}: {escaped(note.message + why)}"
        return
    if is_quiet(event):
        return
    ends = excerpt.names if not event.node else (event.node,)
    over = ",".join(alias(excerpt, name) for name in dict.fromkeys((ends[0], ends[-1])))
    yield f"    Note over {over}: {escaped(f'{clock_text(event.t)} {excerpt.text(note)}')}"


def alias(excerpt: Excerpt, name: str) -> str:
    """The name of a node in the diagram: no name of a node can be a word of Mermaid's."""
    return f"n{excerpt.names.index(name)}"


def escaped(words: str) -> str:
    """A text that Mermaid reads as a text: each character that may mean something to it as its number."""
    return TAKEN.sub(lambda found: f"#{ord(found[0])};", words)
