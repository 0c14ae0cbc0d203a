"""The habits of the house, read from the source: no prints, no wall clock, no luck of its own, and words for everything."""

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ("cluster", "backup", "scenarios")
FILES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
OTHERS = sorted(path for folder in ("tests",) for path in (ROOT / folder).rglob("*.py"))

PRINTS = {
    "scenarios/terminal.py",
    "scenarios/bench/program.py",
    "scenarios/campaign/program.py",
    "scenarios/campaign/command.py",
    *(f"scenarios/cli/{path.name}" for path in ROOT.glob("scenarios/cli/*.py")),
}
"""Who speaks to a terminal."""
WALL_CLOCK = {
    "cluster/sim/run.py": "perf_counter",
    "scenarios/campaign/parts.py": "perf_counter",
    "scenarios/campaign/program.py": "perf_counter monotonic",
    "scenarios/campaign/workers.py": "perf_counter",
    "scenarios/cli/explore.py": "perf_counter",
    "scenarios/cli/zoo.py": "perf_counter",
    "scenarios/cli/bench.py": "perf_counter",
    "scenarios/terminal.py": "monotonic",
}
"""Who may look at real time, and how: to say how long a run took, and to draw no faster than can be seen."""
BENCH = "scenarios/bench/"

Check = Callable[[ast.AST, str], bool]


def named(node: ast.AST) -> str:
    """`a.b.c` for a name or an attribute of names; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            outer = named(inner)
            return f"{outer}.{name}" if outer else ""
        case _:
            return ""


def called(node: ast.AST) -> str:
    """The dotted name of what is called; empty if it is no call of a name."""
    return named(node.func) if isinstance(node, ast.Call) else ""


def prints(node: ast.AST, file: str) -> bool:
    """Shows something to somebody."""
    return file not in PRINTS and called(node) in ("print", "input", "breakpoint", "pprint.pprint")


CLOCKS = re.compile(
    r"time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|process_time|sleep|localtime|gmtime)"
    r"|(datetime\.)?(datetime|date)\.(now|utcnow|today)|os\.times"
)


def looks_at_real_time(node: ast.AST, file: str) -> bool:
    """Asks the machine what time it is, or waits in real time."""
    name = named(node)
    return (
        not file.startswith(BENCH)
        and bool(CLOCKS.fullmatch(name))
        and name.rpartition(".")[2] not in WALL_CLOCK.get(file, "").split()
    )


LUCK = re.compile(r"random\.(?!Random$)\w+|secrets\.\w+|uuid\.uuid[14]|os\.(urandom|getrandom)|np\.random.*")


def has_luck_of_its_own(node: ast.AST, file: str) -> bool:
    """Draws from a generator that no seed of ours decides."""
    return bool(LUCK.fullmatch(named(node))) or (called(node) == "random.Random" and not getattr(node, "args", []))


def depends_on_the_process(node: ast.AST, file: str) -> bool:
    """Uses what is another number in every process."""
    return called(node) in ("id", "hash")


def is_a_set(node: ast.AST) -> bool:
    """Whether an expression is plainly a set."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub | ast.BitXor):
        return is_a_set(node.left) or is_a_set(node.right)
    return isinstance(node, ast.Set | ast.SetComp) or called(node) in ("set", "frozenset")


def iterates_over_a_set(node: ast.AST, file: str) -> bool:
    """Goes through a set in its own order, which is another in every process."""
    over: list[ast.AST] = []
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        over.append(node.iter)
    if called(node) in ("list", "tuple", "enumerate", "iter", "map", "zip", "reversed", "dict.fromkeys"):
        over += getattr(node, "args", [])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        over += node.args
    if isinstance(node, ast.Starred):
        over.append(node.value)
    return any(is_a_set(each) for each in over)


HABITS: dict[str, Check] = {
    check.__name__: check
    for check in (
        prints,
        looks_at_real_time,
        has_luck_of_its_own,
        depends_on_the_process,
        iterates_over_a_set,
    )
}


def found(check: Check, path: Path) -> list[int]:
    """The lines where a file does it."""
    file = str(path.relative_to(ROOT))
    return [getattr(node, "lineno", 0) for node in parts(ast.parse(path.read_bytes())) if check(node, file)]


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in it, but for how a value makes its own hash: that one is for a dict, and goes nowhere."""
    yield node
    for inner in ast.iter_child_nodes(node):
        if not (isinstance(inner, ast.FunctionDef) and inner.name == "__hash__"):
            yield from parts(inner)


@pytest.mark.parametrize("check", HABITS.values(), ids=HABITS)
def test_nothing_in_the_product_does_that(check: Check) -> None:
    """Each habit, in every file."""
    lines = {str(path.relative_to(ROOT)): found(check, path) for path in FILES}
    assert {file: where for file, where in lines.items() if where} == {}


EXAMPLES = {
    "prints": "print(1)",
    "looks_at_real_time": "import time\nx = time.time",
    "has_luck_of_its_own": "import random\nrandom.Random()\n",
    "depends_on_the_process": "key = id(x)",
    "iterates_over_a_set": "for each in {1, 2} | other: pass",
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_bad_habit_is_found(habit: str) -> None:
    """The control."""
    assert any(HABITS[habit](node, "cluster/node.py") for node in ast.walk(ast.parse(EXAMPLES[habit])))


# ---- words ----


@pytest.mark.parametrize("path", [*FILES, *OTHERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_opens_with_what_is_in_it(path: Path) -> None:
    """A docstring, unless the file is empty."""
    source = path.read_text(encoding="utf-8")
    assert not source.strip() or ast.get_docstring(ast.parse(source))


PROTOCOLS = (
    "cluster/member.py",
    "cluster/ports.py",
    "cluster/node.py",
    "cluster/checks/__init__.py",
    "cluster/trace.py",
    "backup/destinations/port.py",
)
"""Where it is said, once for all, what methods of these names do."""


def said_elsewhere() -> set[str]:
    """Names of methods that a Protocol or a base of ours documents."""
    names = {"says", "sees", "see", "finish", "text"}
    for file in PROTOCOLS:
        for node in ast.walk(ast.parse((ROOT / file).read_bytes())):
            if isinstance(node, ast.ClassDef):
                names |= {
                    inner.name for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                }
                names |= assigned(node)
    return names


def assigned(cls: ast.ClassDef) -> set[str]:
    """The names that the body of a class gives a value or a type."""
    names = set[str]()
    for inner in cls.body:
        targets = inner.targets if isinstance(inner, ast.Assign) else [getattr(inner, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def public(node: ast.AST, inside: tuple[ast.AST, ...] = ()) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Every public class and function of a module, and public methods of public classes, with what they stand in."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
            yield inner, inside
            if isinstance(inner, ast.ClassDef):
                yield from public(inner, (*inside, inner))


def says_itself(cls: ast.ClassDef) -> bool:
    """A kind of happening, a step, a watcher: in its text or its promise. Plain data: in the names of its fields."""
    methods = {inner.name for inner in cls.body if isinstance(inner, ast.FunctionDef)}
    return bool((methods | assigned(cls)) & {"text", "says"}) or any(
        named(each) == "value" for each in cls.decorator_list
    )


def undocumented(path: Path) -> list[str]:
    """Public names of a file without a docstring, where none other says what they are."""
    elsewhere = said_elsewhere()
    missing = []
    for node, inside in public(ast.parse(path.read_bytes())):
        assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if ast.get_docstring(node):
            continue
        if (isinstance(node, ast.ClassDef) and says_itself(node)) or (
            path.parent.name == "stories" and node.name == "story"
        ):
            continue
        if any(called(each) == "shows" for each in node.decorator_list):
            continue  # a probe of the doctor: its name is the sentence
        if inside and not isinstance(node, ast.ClassDef):
            overloaded = any(
                named(each).endswith("overload") or named(each).endswith("setter") for each in node.decorator_list
            )
            watcher = any(isinstance(each, ast.ClassDef) and says_itself(each) for each in inside)
            if node.name in elsewhere or overloaded or watcher:
                continue
        missing.append(".".join(getattr(each, "name", "") for each in (*inside, node)))
    return missing


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_whatever_is_public_says_what_it_is(path: Path) -> None:
    """Methods of a Protocol are told there; notes, steps and promises tell themselves in a sentence."""
    assert undocumented(path) == []


UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")))
UNWRITTEN = re.compile(r"NotImplementedError(?!\(?\)?  #)")
"""A method that is not written, without the reason beside it."""
TOP = {"pyproject.toml", "README.md", "cluster", "backup", "scenarios", "tests", "Makefile", "LICENSE"}
SCRATCH = {"build", "dist", "mutants", "runs", "__pycache__"}
"""What tools and runs leave, and git ignores."""


@pytest.mark.parametrize("path", [*FILES, *OTHERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_left_for_later_in_a_comment(path: Path) -> None:
    """What is missing is not there; what is there is done."""
    assert not [line for line in path.read_text(encoding="utf-8").splitlines() if UNFINISHED.search(line)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_not_written_says_why(path: Path) -> None:
    """A base class may leave a method to others, with the reason beside it."""
    assert not UNWRITTEN.search(path.read_text(encoding="utf-8"))


def test_the_top_level_is_what_the_readme_says() -> None:
    """Nothing else lies there but dot-files and what tools leave."""
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - SCRATCH - {name for name in found if name.endswith(".egg-info")} == TOP


def test_no_name_hides_one_of_pythons() -> None:
    """A function or class of the product is not called like a builtin."""
    hidden = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in FILES
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and hasattr(builtins, node.name)
    ]
    assert hidden == []


def test_the_map_of_the_cluster_names_every_file() -> None:
    """Each module has its line in the README's reference, and each line its module."""
    text = (ROOT / "cluster/README.md").read_text(encoding="utf-8").partition("\n# Reference")[2].split("```")[1]
    rooms: dict[str, set[str]] = {}
    room = ""
    for line in text.strip().splitlines():
        names = line.strip().partition("  ")[0].split(", ")
        if names[0].endswith("/"):
            room = names[0]
            rooms[room] = set()
        else:
            rooms.setdefault(room if line.startswith(" ") else "", set()).update(names)
    here = {path.name for path in (ROOT / "cluster").glob("*.py")} - {"__init__.py"}
    assert rooms[""] == here
    for folder in ("raft", "sim"):
        assert rooms[f"{folder}/"] == {p.stem for p in (ROOT / "cluster" / folder).glob("*.py")} - {"__init__"}


# ---- one name for one thing ----

TWICE = {
    "Disk": "what a program on a node is given, and the simulated one",
    "Dice": "what a program on a node is given, and the simulated one",
    "Database": "the record's value, and a story's handle of it",
    "Task": "the record's value, and a story's handle of it",
    "Crash": "a step of a story, and the same in a search of every order",
    "Read": "an administrative request, and the same in a search of every order",
    "Reconfigure": "a step of a story, and the same in a search of every order",
    "Remove": "a step of a story, and the same of documents in the model of backups",
    "Stop": "a step of a story, and the end of a run in the model of backups",
    "Transfer": "a step of a story, and the event of Raft that comes of it",
    "Proposed": "an event of Raft, and the note that tells of it",
    "Progress": "the promise of liveness, and what a leader believes of a peer, as etcd calls it",
    "Word": "a message of the doctor's probes, and a word of a picture",
    "Once": "a promise about commands, and a backup without a schedule in the model of backups",
}
"""Names of two classes, each with what the two are."""


def classes() -> dict[str, list[str]]:
    """The names of the classes that stand in the first column of a file, and the files."""
    found: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and path.parent.name != "stories":
                found.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    return found


def test_a_class_has_a_name_of_its_own() -> None:
    """A name stands for one thing; the pairs that are meant are listed, and no others are."""
    found = classes()
    assert {name: files for name, files in found.items() if len(files) > 1 and name not in TWICE} == {}
    assert {name for name in TWICE if len(found.get(name, [])) != 2} == set()
