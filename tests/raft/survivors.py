"""Says which mutants of `cluster/raft` no test of it notices: `python -m tests.raft.survivors`, after `mutmut run`.

One line each, the same whatever is changed elsewhere: the function, and what was replaced by what within its line. A
survivor that does no harm, or that nothing can see, is listed in `mutants.md` by that line, with the reason. Fails if
another one survives, or if a listed one is killed by now. It only reads what mutmut wrote into `mutants/`.
"""

import ast
import difflib
import io
import json
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

MUTANTS = Path("mutants/cluster/raft")
LIST = Path(__file__).with_name("mutants.md")
KILLED = (1, 3)
"""How pytest ended: a test failed, or a mutant broke pytest's own loop."""
TIMEOUTS = (-24, 24, 36, 152, 255)
"""A mutant that runs for ever is noticed too; on a busy machine another may run out of time as well, so it is said."""
CONTEXT = 4
"""Words of the line that are shown before and after what was replaced."""


def words_of(code: str) -> list[str]:
    """The tokens of a line; all of it if it is no whole line of Python."""
    try:
        found = [token.string for token in tokenize.generate_tokens(io.StringIO(code.strip()).readline)]
    except (tokenize.TokenError, IndentationError):
        return code.split()
    return [word for word in found if word.strip()]


def difference(before: ast.FunctionDef, after: ast.FunctionDef) -> str:
    """`a + [1 => 2]`: what was replaced, with a few words around it."""
    before.name = after.name = "function"
    old, new = (ast.unparse(each).splitlines() for each in (before, after))
    lines = [
        each for each in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if each[0] != "equal"
    ]
    _, start, end, other_start, other_end = lines[0]
    one, two = (words_of("\n".join(each)) for each in (old[start:end], new[other_start:other_end]))
    head = 0
    while head < min(len(one), len(two)) and one[head] == two[head]:
        head += 1
    tail = 0
    while tail < min(len(one), len(two)) - head and one[-1 - tail] == two[-1 - tail]:
        tail += 1
    replaced, by = one[head : len(one) - tail], two[head : len(two) - tail]
    lead, rest = one[max(0, head - CONTEXT) : head], one[len(one) - tail :][:CONTEXT]
    return " ".join([*lead, f"[{' '.join(replaced)} => {' '.join(by)}]", *rest])


def functions_of(source: Path) -> dict[str, ast.FunctionDef]:
    """Every function that mutmut wrote, the original ones and the mutants, by its name."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def lines_of(meta: Path) -> Iterator[tuple[str, str, int | None]]:
    """Line, mutmut's name, and verdict of each mutant of a module, in mutmut's order."""
    verdicts: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    module, functions = meta.name.removesuffix(".py.meta"), functions_of(meta.with_suffix(""))
    for name, verdict in verdicts.items():
        own = name.rpartition(".")[2]
        original = own.rpartition("__mutmut_")[0]
        function = original.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        what = difference(functions[f"{original}__mutmut_orig"], functions[own])
        yield f"`{module}.{function}`: `{what}`", name, verdict


def listed(path: Path) -> set[str]:
    """The lines of the list, without the reasons."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        line.removeprefix("- ").partition("` - ")[0] + "`" for line in lines if line.startswith("- ") and "` - " in line
    }


def main() -> int:
    """Print the score of each module, then the survivors that are not listed, then what is listed for nothing."""
    known = listed(LIST)
    unlisted, names, decided = list[str](), list[str](), set[str]()
    for meta in sorted(MUTANTS.glob("*.py.meta")):
        found = list(lines_of(meta))
        alive = [(line, name) for line, name, verdict in found if verdict not in (None, *KILLED, *TIMEOUTS)]
        open_ones = sum(verdict is None for _, _, verdict in found)
        if not found or open_ones == len(found):
            continue
        decided |= {line.partition(".")[0] for line, _, _ in found} if not open_ones else set()
        tried = len(found) - open_ones
        killed = tried - len(alive)
        late = sum(verdict in TIMEOUTS for _, _, verdict in found)
        later = (f", {late} of them ran out of time" if late else "") + (
            f", {open_ones} not tried yet" if open_ones else ""
        )
        print(f"{meta.name.removesuffix('.py.meta'):21} {killed:5} of {tried:5} killed, {killed / tried:6.1%}{later}")
        unlisted += [line for line, _ in alive if line not in known]
        names += [name for line, name in alive if line not in known]
        known -= {line for line, _ in alive}
    stale = sorted(line for line in known if line.partition(".")[0] in decided)
    for title, lines in (("survive and are not listed", unlisted), ("are listed and do not survive", stale)):
        if lines:
            print(f"\nThese {title} in {LIST.name}:", *(f"- {line}" for line in lines), sep="\n")
    if names:
        print(
            "\nOnce there is a test, try them again:", "mutmut run " + " ".join(f"'{name}'" for name in names), sep="\n"
        )
    return 1 if unlisted or stale else 0


if __name__ == "__main__":
    sys.exit(main())
