"""Scripts over the pure step: commands at the margin, what comes of each indented below. The interpreter, and no test.

A line at the margin is a command, a `#` begins a comment, and what is indented is output: it is recorded, and compared.
`expect` says what must be so whatever is recorded: a script that is recorded again can hide nothing of that.

    nodes ABC +DE paper check-quorum batch=2 slow-disks     founders, strangers, and the rules they live by; first of all
    log A 1 1 2 [term=3] [vote=B] [commit=1]                what A's disk holds when it starts
    rules A pre-vote                                        A alone lives by another rule
    campaign A | wake A | pass 300ms | age A 300ms          A's patience ends | A's time comes | all clocks go on, and who
                                                            must act acts | A's clock goes on, and nobody acts yet
    propose A [count] | change A vD rB [held|joint|leave] | transfer A B | read A | snapshot A
    settle [wires] | deliver wires [count] | drop wires [count] | again wires | hold wires | let wires
    store A [count] | crash A | cut A BC | cut A>B | heal   A's disk, A's death, who cannot hear whom
    forge B>A append t1 after 2.1 [1 1] commit 2            a message that nobody sent
    state [names] | progress A | flying                     to look
    expect names key=value … | expect A>B key=value … | expect all key=value …
    quietly command …                                       without its output
    ! command …                                             which must fail as a broken promise does

`wires` are `A>B`, `A>`, `>B` or nothing for all, several if need be. Without `slow-disks` a Save is durable at once.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from cluster.raft.configuration_change import Alteration, Change, Way
from cluster.raft.messages import AppendEntries, AppendReply, Message, RequestVote, TimeoutNow, VoteReply
from cluster.raft.state import ChangeProposed, Leader, Proposed, ReadAsked, TransferAsked
from cluster.raft.timing import Timing
from cluster.time_units import MILLISECOND, SECOND
from tests.raft.club import PLACES
from tests.raft.stage import Stage, in_words, message_in_words, state_of
from tests.raft.vocabulary import PAPER, RACHIS, entries

WAYS = {"held": Way.Held, "joint": Way.Joint, "leave": Way.Leave}
INDENT = "  "


class ScriptError(AssertionError):
    """A script says what cannot be understood, or expects what is not so: with file and line."""


def commands_of(text: str) -> str:
    """The script without what was recorded."""
    return "".join(line + "\n" for line in text.splitlines() if not line.startswith(INDENT))


def played(text: str, name: str = "script") -> str:
    """The script with what comes of each command below it. ScriptError where it expects something else."""
    play, lines = Play(), list[str]()
    for number, line in enumerate(commands_of(text).splitlines(), 1):
        lines.append(line)
        command = line.partition("#")[0].strip()
        if not command:
            continue
        try:
            lines += [INDENT + said for said in play.do(command)]
        except (AssertionError, LookupError, ValueError) as error:
            so_far = "\n".join(f"  {said}" for said in play.so_far()[-12:])
            raise ScriptError(f"{name}, command line {number}: {line}\n{error}\njust before:\n{so_far}") from error
    return "\n".join(lines) + "\n"


def recorded(path: Path) -> str:
    """The file as it is."""
    return path.read_text(encoding="utf-8")


class Play:
    """One script under way."""

    def __init__(self) -> None:
        self._stage: Stage | None = None

    @property
    def stage(self) -> Stage:
        if self._stage is None:
            raise ValueError("begin with `nodes`")
        return self._stage

    def so_far(self) -> list[str]:
        """What the command under way has said."""
        return self._stage.lines if self._stage else []

    def do(self, line: str) -> list[str]:
        """What comes of one command."""
        if self._stage is not None:
            self._stage.lines.clear()
        word, *rest = line.split()
        if word == "quietly":
            self.do(" ".join(rest))
            return []
        if word == "!":
            try:
                self.do(" ".join(rest))
            except ScriptError:
                raise
            except AssertionError as error:
                return [*self.so_far(), f"broken: {error}"]
            raise ScriptError("nothing was broken by this")
        command: Callable[[list[str]], None] | None = getattr(self, f"on_{word}", None)
        if command is None:
            raise ValueError(f"no command `{word}`")
        command(rest)
        return list(self.stage.lines)

    # -- setting up

    def on_nodes(self, words: list[str]) -> None:
        founders, strangers, slow = words[0], 0, False
        assert "ABCDEFG".startswith(founders), f"founders are A, B, …, not {founders}"
        timing = RACHIS
        for word in words[1:]:
            if word.startswith("+"):
                strangers = len(word) - 1
            elif word == "slow-disks":
                slow = True
            else:
                timing = with_rule(timing, word)
        self._stage = Stage(len(founders), strangers, timing, slow)

    def on_log(self, words: list[str]) -> None:
        names, *rest = words
        held = " ".join(word for word in rest if "=" not in word)
        options = dict(word.split("=") for word in rest if "=" in word)
        last = int(held.split()[-1]) if held else 0
        term, vote = int(options.get("term", last)), options.get("vote")
        for name in names:
            self.stage.put_on_disk(name, held, term, vote, int(options.get("commit", 0)))

    def on_rules(self, words: list[str]) -> None:
        name, *rest = words
        raft = self.stage.nodes[name]
        timing = raft.timing
        for word in rest:
            timing = with_rule(timing, word)
        self.stage.nodes[name] = attrs.evolve(raft, timing=timing)

    # -- time

    def on_campaign(self, words: list[str]) -> None:
        self.stage.campaign(*words)

    def on_wake(self, words: list[str]) -> None:
        self.stage.wake(*words)

    def on_pass(self, words: list[str]) -> None:
        self.stage.pass_time(duration(*words))

    def on_age(self, words: list[str]) -> None:
        names, long = words
        self.stage.advance(duration(long), names)

    # -- clients and operators

    def on_propose(self, words: list[str]) -> None:
        name, count = words[0], int(words[1]) if len(words) > 1 else 1
        commands = tuple((self.stage.request(), b"x") for _ in range(count))
        self.stage.handle(name, Proposed(commands))

    def on_change(self, words: list[str]) -> None:
        name, *rest = words
        way = next((WAYS[word] for word in rest if word in WAYS), Way.Shortest)
        wanted = tuple(Alteration(word[1:], PLACES[word[0]]) for word in rest if word not in WAYS)
        self.stage.handle(name, ChangeProposed(self.stage.request(), Change(wanted, way)))

    def on_transfer(self, words: list[str]) -> None:
        name, target = words
        self.stage.handle(name, TransferAsked(self.stage.request(), target))

    def on_read(self, words: list[str]) -> None:
        [name] = words
        request = self.stage.request()
        self.stage.reads[request] = max(self.stage.committed, default=0)
        self.stage.handle(name, ReadAsked(request))

    def on_snapshot(self, words: list[str]) -> None:
        for name in words[0]:
            self.stage.snapshot(name)

    # -- wires

    def chosen(self, wires: list[str]) -> Callable[[str, str], bool]:
        pairs = [tuple(wire.split(">")) for wire in wires]
        return lambda sender, to: not pairs or any(a in ("", sender) and b in ("", to) for a, b in pairs)

    def positions(self, words: list[str]) -> Iterator[int]:
        """Positions of what flies now on these wires; each is taken away before the next is asked for."""
        count = next((int(word) for word in words if word.isdigit()), 1 << 30)
        chosen = self.chosen([word for word in words if not word.isdigit()])
        now = list(self.stage.flying)
        wanted = [each for each in now if chosen(each[0], each[1])][:count]
        if not wanted:
            raise ScriptError("nothing flies there")
        for each in wanted:
            yield next(at for at, other in enumerate(self.stage.flying) if other is each)

    def on_settle(self, words: list[str]) -> None:
        self.stage.settle_all(self.chosen(words))

    def on_deliver(self, words: list[str]) -> None:
        for position in self.positions(words):
            self.stage.deliver(position)

    def on_drop(self, words: list[str]) -> None:
        for position in self.positions(words):
            sender, to, message = self.stage.flying.pop(position)
            self.stage.tell(f"{sender}>{to} {message_in_words(message)}, lost")

    def on_again(self, words: list[str]) -> None:
        for position in list(self.positions(words)):
            self.stage.deliver(position, again=True)

    def on_hold(self, words: list[str]) -> None:
        for position in self.positions(words):
            self.stage.held.append(self.stage.flying.pop(position))

    def on_let(self, words: list[str]) -> None:
        chosen = self.chosen(words)
        back = [each for each in self.stage.held if chosen(each[0], each[1])]
        assert back, "nothing is held there"
        self.stage.held = [each for each in self.stage.held if each not in back]
        self.stage.flying += back

    def on_cut(self, words: list[str]) -> None:
        names = self.stage.names
        assert words, "cut whom from whom?"
        for wire in [word for word in words if ">" in word]:
            sender, to = wire.split(">")
            self.stage.cuts |= {(a, b) for a in sender or names for b in to or names if a != b}
        groups = [word for word in words if ">" not in word]
        if groups:
            others = "".join(name for name in names if not any(name in group for group in groups))
            for group in groups:
                outside = [name for other in (*groups, others) if other != group for name in other]
                self.stage.cuts |= {pair for a in group for b in outside for pair in ((a, b), (b, a))}

    def on_heal(self, _words: list[str]) -> None:
        self.stage.cuts.clear()

    def on_forge(self, words: list[str]) -> None:
        wire, *rest = words
        sender, to = wire.split(">")
        self.stage.give(sender, to, forged(rest))

    # -- disks

    def on_store(self, words: list[str]) -> None:
        name, count = words[0], int(words[1]) if len(words) > 1 else 1 << 30
        assert self.stage.saving[name], f"nothing is on its way to {name}'s disk"
        while self.stage.saving[name] and count:
            self.stage.store(name)
            count -= 1
            self.stage.tell(f"{name}'s disk holds t{self.stage.disks[name][0]}, [{self.stage.facts(name)['disk']}]")

    def on_crash(self, words: list[str]) -> None:
        for name in words:
            self.stage.crash(name)

    # -- looking

    def on_state(self, words: list[str]) -> None:
        for name in words[0] if words else self.stage.names:
            self.stage.tell(in_words(self.stage.nodes[name]))

    def on_progress(self, words: list[str]) -> None:
        role = self.stage.nodes[words[0]].role
        assert isinstance(role, Leader), f"{words[0]} does not lead"
        for name, known in role.peers:
            flying = f", on the way up to {', '.join(map(str, known.inflight))}" if known.inflight else ""
            self.stage.tell(f"{name}: {state_of(known)}, match {known.match}, next {known.next}{flying}")

    def on_flying(self, _words: list[str]) -> None:
        for sender, to, message in self.stage.flying:
            self.stage.tell(f"{sender}>{to} {message_in_words(message)}")

    def on_expect(self, words: list[str]) -> None:
        whom, *wanted = words
        if not wanted:
            raise ValueError("expect what?")
        if whom == "all":
            subjects = {"all": self.stage.facts_of_all()}
        elif ">" in whom:
            sender, to = whom.split(">")
            subjects = {f"{a}>{b}": self.stage.facts_of_wire(a, b) for a in sender for b in to}
        else:
            subjects = {name: self.stage.facts(name) for name in whom}
        for subject, facts in subjects.items():
            for word in wanted:
                key, _, value = word.partition("=")
                if key not in facts:
                    raise ValueError(f"of {subject} one may expect {', '.join(facts)}, not `{key}`")
                if facts[key] != value:
                    raise ScriptError(f"expected of {subject}: {key}={value}, but it is {facts[key]}")


def duration(word: str) -> int:
    """`300ms` or `2s` in µs."""
    return int(word.rstrip("ms")) * (MILLISECOND if word.endswith("ms") else SECOND)


def with_rule(timing: Timing, word: str) -> Timing:
    """The rules, but for one."""
    key, _, number = word.partition("=")
    match key:
        case "paper":
            return PAPER
        case "rachis":
            return RACHIS
        case "pre-vote":
            return attrs.evolve(timing, trial=True)
        case "check-quorum":
            return attrs.evolve(timing, check_quorum=True)
        case "no-check-quorum":
            return attrs.evolve(timing, check_quorum=False)
        case "batch":
            return attrs.evolve(timing, batch=int(number))
        case "inflight":
            return attrs.evolve(timing, inflight=int(number))
        case "uncommitted":
            return attrs.evolve(timing, uncommitted_bytes=int(number))
        case "margin" | "part":
            return attrs.evolve(timing, compaction=attrs.evolve(timing.compaction, **{key: int(number)}))
        case _:
            raise ValueError(f"no rule `{word}`")


def forged(words: list[str]) -> Message:
    """`append t1 after 2.1 [1 1] commit 2`, `vote t2 log 3.1`, `yes t1 up 4`, `no t1 at 3 hint 2.1`, `voted t2`, `stand t1`."""
    kind, term, *rest = " ".join(words).replace("[", " [ ").replace("]", " ] ").split()
    number = int(term.removeprefix("t"))
    inside = rest[rest.index("[") + 1 : rest.index("]")] if "[" in rest else []
    named = {word: rest[at + 1] for at, word in enumerate(rest[:-1]) if word.isalpha()}

    def place(key: str) -> tuple[int, int]:
        index, _, of = named.get(key, "0.0").partition(".")
        return int(index), int(of)

    match kind:
        case "append":
            beat, commit = int(named.get("beat", 0)), int(named.get("commit", 0))
            return AppendEntries(number, *place("after"), entries(" ".join(inside)), commit, beat)
        case "vote" | "would" | "force":
            return RequestVote(number, *place("log"), kind == "would", kind == "force", 0)
        case "yes":
            return AppendReply(number, True, int(named["up"]), 0, 0, int(named.get("beat", 0)))
        case "no":
            return AppendReply(number, False, int(named["at"]), *place("hint"), int(named.get("beat", 0)))
        case "granted":
            return VoteReply(number, number, True, False, 0)
        case "refused":
            return VoteReply(number, number, False, False, 0)
        case "stand":
            return TimeoutNow(number)
        case _:
            raise ValueError(f"what is `{kind}`?")
