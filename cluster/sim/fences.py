"""Fences: a story and its application read no real clock, draw no luck but the world's, and do no real input or output.

They hold in the thread that plays a run, while it plays, for the user's code (`user_code`). In its modules the names of what is
fenced stand for guards meanwhile, and an import inside a function gives guards too. Nothing of Python or of an installed
package is changed, so that logging, Hypothesis, coverage, a debugger, and what runs in a thread of `member.outside`, go on.
"""

import builtins
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import get_ident
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from cluster.sim.errors import Fenced
from cluster.sim.user_code import is_users

CLOCK = "the computer's clock: take `world.now`, or `member.wall()` and `member.monotonic()` in an application"
SLEEP = "really waits: wait with `trio.sleep`, or `member.sleep()` in an application"
LUCK = "luck that no seed decides: take `member.dice(…)` in an application, or `random.Random(7)` in a story"
OUTSIDE = "real input or output, for which the world does not wait: let a node do it with `member.outside(work, cost)`"
SECRETS = "token_bytes token_hex token_urlsafe randbelow randbits choice SystemRandom"
RANDOM = (
    "random uniform triangular randint choice randrange sample shuffle choices normalvariate lognormvariate expovariate "
    "vonmisesvariate gammavariate gauss betavariate paretovariate weibullvariate getrandbits randbytes binomialvariate seed "
    "getstate setstate SystemRandom"
)
TABLE: tuple[tuple[str, str, str], ...] = (
    ("time", "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns", CLOCK),
    ("time", "thread_time thread_time_ns clock_gettime clock_gettime_ns", CLOCK),
    ("time", "localtime? gmtime? ctime? asctime?", CLOCK),
    ("time", "sleep", SLEEP),
    ("datetime", "datetime.now datetime.utcnow datetime.today date.today", CLOCK),
    ("random", RANDOM, LUCK),
    ("random", "Random?", LUCK),
    ("os", "urandom getrandom", LUCK),
    ("os", "system popen fork forkpty posix_spawn posix_spawnp", OUTSIDE),
    ("uuid", "uuid1 uuid4 uuid6 uuid7", LUCK),
    ("secrets", SECRETS, LUCK),
    ("socket", "socket create_connection create_server socketpair fromfd getaddrinfo gethostbyname", OUTSIDE),
    ("threading", "Thread Timer", OUTSIDE),
    ("_thread", "start_new_thread", OUTSIDE),
    ("concurrent", "", ""),
    ("concurrent.futures", "ThreadPoolExecutor ProcessPoolExecutor", OUTSIDE),
    ("multiprocessing", "Process Pool", OUTSIDE),
    ("subprocess", "Popen run call check_call check_output getoutput getstatusoutput", OUTSIDE),
    ("asyncio", "run new_event_loop Runner", OUTSIDE),
    ("urllib", "", ""),
    ("urllib.request", "urlopen urlretrieve", OUTSIDE),
    ("http", "", ""),
    ("http.client", "HTTPConnection HTTPSConnection", OUTSIDE),
    ("trio", "run_process open_file open_tcp_stream open_tcp_listeners serve_tcp", OUTSIDE),
    ("trio.to_thread", "run_sync", OUTSIDE),
    ("trio.socket", "socket socketpair fromfd getaddrinfo", OUTSIDE),
    ("trio.lowlevel", "start_thread_soon open_process", OUTSIDE),
)
"""Module, names, and what to say. `name?`: only if it is called without arguments. `class.method`: the class may be made."""
_TOPS = frozenset(name.partition(".")[0] for name, _, _ in TABLE)
_KINDS = (BuiltinFunctionType, FunctionType, MethodType, ModuleType, type)

_playing: dict[int, Callable[[BaseException], None]] = {}
"""By thread, what ends the run that it plays."""
_guards: dict[Any, Any] = {}
"""The guard of each fenced function, class and module that is brought in by now."""
_guarded: set[str] = set()
_spots: list[tuple[dict[str, Any], str, Any, Any]] = []
"""Where guards stand now: the module's names, the name, what stood there, the guard."""
_others: set[str] = set()
"""Names of modules that are not the user's: to ask each of them at every run would cost 2 % of a short one."""
_bounds = 0
_import = builtins.__import__


@contextmanager
def held(fail: Callable[[BaseException], None]) -> Iterator[None]:
    """Hold the fences in this thread. A violation is told to `fail`, then raised: nobody can take it for his own."""
    thread = get_ident()
    before = _playing.get(thread)
    with importing():
        _guard_modules()
        _playing[thread] = fail
        try:
            yield
        finally:
            if before is None:
                del _playing[thread]
            else:
                _playing[thread] = before


@contextmanager
def importing() -> Iterator[None]:
    """Let what the user's code imports meanwhile be guards, which do nothing while no run is played."""
    global _bounds
    if not _bounds:
        builtins.__import__ = _fenced_import
    _bounds += 1
    try:
        yield
    finally:
        _bounds -= 1
        if not _bounds:
            builtins.__import__ = _import
            while _spots:
                names, name, before, guard = _spots.pop()
                if names.get(name) is guard:
                    names[name] = before


def _fenced_import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    found = _import(name, globals, locals, fromlist, level)
    if level or name.partition(".")[0] not in _TOPS or not isinstance(globals, dict):
        return found
    return _guard_of(found) if is_users(str(globals.get("__file__") or "")) else found


def _guard_modules() -> None:
    """Put the guards into every module of the user's."""
    _learn()
    for called, module in list(sys.modules.items()):
        if called in _others:
            continue
        names: dict[str, Any] = getattr(module, "__dict__", {})  # whatever a library has put there
        if not is_users(str(names.get("__file__") or "")):
            _others.add(called)
            continue
        for name, value in list(names.items()):
            guard = _guard_of(value)
            if guard is not value:
                names[name] = guard
                _spots.append((names, name, value, guard))


def _guard_of(value: Any) -> Any:
    if not isinstance(value, _KINDS):
        return value
    if isinstance(value, ModuleType) and value.__name__ not in _guarded and value.__name__.partition(".")[0] in _TOPS:
        _learn()
    try:
        return _guards.get(value, value)
    except TypeError:
        return value  # a method of what has no hash


def _learn() -> None:
    """Make the guards of the modules that were brought in since."""
    for module in {name: None for name, _, _ in TABLE}:
        real = sys.modules.get(module)
        if real is None or module in _guarded:
            continue
        _guarded.add(module)
        for _, names, says in (row for row in TABLE if row[0] == module):
            methods: dict[str, list[str]] = {}
            for name in names.split():
                owner, _, method = name.partition(".")
                if method:
                    methods.setdefault(owner, []).append(method)
                else:
                    _guard(real, name.rstrip("?"), says, bare=name.endswith("?"))
            for owner, fenced in methods.items():
                _guards[getattr(real, owner)] = _guarded_methods(module, getattr(real, owner), fenced, says)
        _guards[real] = _guarded_module(real)


def _guard(real: ModuleType, name: str, says: str, bare: bool) -> None:
    original: Any = getattr(real, name, None)
    if original is None:
        return  # this Python has it not, or not on this system
    label = f"{real.__name__}.{name}"
    if isinstance(original, type):
        _guards[original] = _guarded_class(label, original, says, bare)
        return

    @wraps(original)
    def guard(*args: Any, **options: Any) -> Any:
        if not (bare and (args or options)):
            _strike(label, says)
        return original(*args, **options)

    _guards[original] = guard


def _guarded_class(label: str, original: Any, says: str, bare: bool, methods: dict[str, Any] | None = None) -> Any:
    """A class that makes instances of the original; `isinstance` knows no difference."""
    kind: Any = type(original)

    class Guard(kind):  # type: ignore[misc]  # the metaclass of the original
        def __call__(self, *args: Any, **options: Any) -> Any:
            if says and not (bare and (args or options)):
                _strike(label, says)
            return original(*args, **options) if self is made else super().__call__(*args, **options)

        def __instancecheck__(self, instance: object) -> bool:
            return isinstance(instance, original) if self is made else super().__instancecheck__(instance)

        def __subclasscheck__(self, other: type) -> bool:
            return issubclass(other, original) if self is made else super().__subclasscheck__(other)

    body = {"__module__": original.__module__, "__qualname__": original.__qualname__, "__doc__": original.__doc__}
    made: Any = Guard(original.__name__, (original,), body | (methods or {}))
    return made


def _guarded_methods(module: str, original: Any, names: list[str], says: str) -> Any:
    """A class some of whose class methods are fenced."""

    def guard_of(name: str) -> Any:
        def guard(cls: Any, *args: Any, **options: Any) -> Any:
            _strike(f"{module}.{original.__name__}.{name}", says)
            return getattr(original, name)(*args, **options)

        return classmethod(guard)

    return _guarded_class("", original, "", False, {name: guard_of(name) for name in names})


def _guarded_module(real: ModuleType) -> ModuleType:
    """A module that gives what the real one has, and guards for what is fenced."""
    made = ModuleType(real.__name__, real.__doc__)
    for name in ("__file__", "__spec__", "__loader__", "__package__", "__path__", "__all__"):
        if hasattr(real, name):
            setattr(made, name, getattr(real, name))
    made.__dict__["__getattr__"] = lambda name: _guard_of(getattr(real, name))
    made.__dict__["__dir__"] = lambda: dir(real)
    return made


def _strike(label: str, says: str) -> None:
    """Raise Fenced, and end the run, if a run is played in this thread and the user's code called."""
    fail = _playing.get(get_ident())
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and (frame.f_code.co_filename == __file__ or _made_up(frame.f_code.co_filename)):
        frame = frame.f_back
    if fail is None or frame is None or not is_users(frame.f_code.co_filename):
        return
    is_what = says if says.startswith("really") else f"is {says}"
    error = Fenced(f"{frame.f_code.co_filename}:{frame.f_lineno}: {label} {is_what}")
    fail(error)
    raise error


def _made_up(filename: str) -> bool:
    """Whether a frame is of code that a library wrote, as attrs and dataclasses write methods; not of a debugger's prompt."""
    return filename.startswith("<attrs generated") or filename == "<string>"
