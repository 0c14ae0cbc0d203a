"""The published elections: a sample of each experiment, the judge, the arithmetic, the picture and the command."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import attrs
import pytest

from cluster.raft import election
from cluster.raft.messages import RequestVote
from cluster.sim.dice import Dice
from cluster.time_units import MILLISECOND
from scenarios.bench import elections, elections_lines, elections_report, elections_svg
from scenarios.bench.elections import ElectionRunner, MeasuredElections, differences, judged, runner
from scenarios.bench.elections_driver import Elected, Normal, Setting, Trial, Uniform, trial
from scenarios.bench.elections_lines import LAN, QUIRKS, REFLOATED, SPLITS, WAN, ElectionLine, Experiment, Limits, paper
from scenarios.bench.elections_published import table
from scenarios.bench.elections_theory import expected, split_chance
from scenarios.bench.elections_variants import varied
from scenarios.cli import BROKEN, HELD, MISTAKE, main
from tests.raft.vocabulary import at, candidate, node

SEED = 3


def line_of(part: Experiment, name: str) -> ElectionLine:
    """The line of that name."""
    return next(line for line in part.lines if line.name == name)


def measured(part: Experiment, line: ElectionLine, trials: int) -> MeasuredElections:
    """A line alone, with the luck it has in the whole run."""
    return next(ElectionRunner(SEED).measured([(f"{part.key}/{line.name}", line.setting)], trials))


# ---- ours beside theirs: what is run here is a sample; the whole is the command ----


@pytest.mark.parametrize("name", ["12-24", "100-200", "150-155", "150-200", "150-300"])
def test_the_lan_of_the_paper(name: str) -> None:
    """Figure 16, within the limits of the full run."""
    line = line_of(LAN, name)
    assert judged(line, measured(LAN, line, 400)).misses == ()


@pytest.mark.parametrize("name", ["same logs, 1 down", "logs differ, 0 down", "logs differ, 2 down"])
def test_the_wan_of_the_dissertation(name: str) -> None:
    """Figures 9.9 and 9.10, within the limits of the full run, and the distribution at each point read from them."""
    line = line_of(WAN, name)
    ours = measured(WAN, line, 500)
    assert judged(line, ours).misses == ()
    assert all(abs(ours.share(within) - share) < 0.07 for within, share in line.published.points)


@pytest.mark.parametrize("name", ["org/50-100", "org/150-300", "ine-1/100-200", "ine-5/150-175"])
def test_refloated(name: str) -> None:
    """Means and messages, with its two quirks planted."""
    line = line_of(REFLOATED, name)
    assert judged(line, measured(REFLOATED, line, 400)).misses == ()


def test_without_its_quirks_refloated_is_another_experiment() -> None:
    """The 150-155 line: by the paper's own description elections are a quarter shorter than it printed."""
    line = line_of(QUIRKS, "neither/150-155")
    ours = measured(QUIRKS, line, 400)
    assert ours.mean < 0.85 * line.published.mean
    assert judged(attrs.evolve(line, limits=Limits(mean=0.12)), ours).misses != ()


@pytest.mark.parametrize("split", [each for each in SPLITS if each.latency in (0.1, 0.3) and each.servers == 5])
def test_the_share_of_split_votes_is_what_arithmetic_says(split: elections_lines.SplitVotes) -> None:
    """Dissertation, 9.2-9.4."""
    ours = next(ElectionRunner(SEED).measured([(split.name, split.setting)], 600))
    assert abs(ours.split - split.split_chance) < 0.08
    assert ours.split > 0 or split.split_chance < 0.02


def test_the_judge_sees_other_parameters() -> None:
    """The control: what would be another cluster misses."""
    free = line_of(LAN, "150-155")
    begins_late = line_of(LAN, "150-151")
    others = (
        attrs.evolve(free, setting=attrs.evolve(free.setting, write=Uniform(0, 0))),
        attrs.evolve(
            begins_late, setting=attrs.evolve(begins_late.setting, timing=paper(150, 151, writing_counts=False))
        ),
    )
    for other in others:
        assert judged(other, measured(LAN, other, 300)).misses != ()
    wan = line_of(WAN, "logs differ, 0 down")
    other = attrs.evolve(wan, setting=attrs.evolve(wan.setting, logs=(1,) * 5))
    assert judged(other, measured(WAN, other, 300)).misses != ()


@contextmanager
def replaced(name: str, change: object) -> Iterator[None]:
    """Another rule in the core's election."""
    original = getattr(election, name)
    setattr(election, name, change)
    try:
        yield
    finally:
        setattr(election, name, original)


def test_the_real_rules_decide() -> None:
    """A core whose voters ask no log elects sooner where logs differ: nothing here has rules of its own."""
    line = line_of(WAN, "logs differ, 2 down")
    before = measured(WAN, line, 200)
    with replaced("log_is_up_to_date", lambda log, last_index, last_term: True):
        after = measured(WAN, line, 200)
    assert after.mean < 0.95 * before.mean


# ---- the arithmetic ----


@pytest.mark.parametrize(
    ("servers", "down", "latency", "chance"),
    [(3, 0, 0.1, 0.0280), (3, 1, 0.01, 0.0199), (5, 1, 0.1, 0.0523), (5, 2, 0.3, 0.6570), (9, 4, 0.2, 0.6723)],
)
def test_the_chance_of_a_split_vote(servers: int, down: int, latency: float, chance: float) -> None:
    """Values of figure 9.4."""
    assert split_chance(servers, down, latency) == pytest.approx(chance, abs=5e-5)


def test_the_expected_time_has_its_parts() -> None:
    """Two of three live, no latency: the earlier of two timeouts after 4/3, less a quarter of the way to a heartbeat."""
    assert expected(3, 1, 0.0) == pytest.approx(1 + 1 / 3 - 1 / 4)


# ---- the driver ----


def test_a_trial_has_luck_of_its_own() -> None:
    """Seed, name and number decide it, each of them, and nothing else."""
    setting = line_of(LAN, "150-300").setting
    assert trial(setting, 1, "x", 7) == trial(setting, 1, "x", 7)
    assert len({trial(setting, *luck) for luck in ((1, "x", 7), (2, "x", 7), (1, "y", 7), (1, "x", 8))}) == 4


def test_the_number_of_processes_changes_nothing() -> None:
    """One process or two: the same figures, in the same order."""
    settings = [(line.name, line.setting) for line in LAN.lines[:2]] + [("q", line_of(REFLOATED, "org/50-100").setting)]
    with runner(SEED, 2) as two:
        assert list(two.measured(settings, 30)) == list(ElectionRunner(SEED).measured(settings, 30))


def test_one_election_by_hand() -> None:
    """Two of three live, equal logs, one latency of 10 ms, free disks: the first timeout, a question and an answer."""
    setting = Setting(paper(150, 300), 3, 2, Uniform(10 * MILLISECOND, 10 * MILLISECOND), (1, 1, 1))
    decided = 0
    for number in range(20):
        took = trial(setting, SEED, "by hand", number)
        first = min(server.raft.wake_at for server in Trial(setting, dice_of(number)).servers.values())
        decided += took.rounds == 1
        if took.rounds == 1:
            assert took == Elected(first + 20 * MILLISECOND, 3, 1)  # two questions, one to the dead, and one answer
    assert decided > 10


def dice_of(number: int) -> Dice:
    """The luck of a trial of `by hand`."""
    return Dice(SEED, ("elections", "by hand", number))


def test_a_server_that_writes_answers_late() -> None:
    """One write before the candidate asks, two before the voter answers."""
    free = Setting(paper(150, 300), 3, 2, Uniform(1, 1), (1, 1, 1))
    slow = attrs.evolve(free, write=Uniform(2_000, 2_000))
    for number in range(5):
        took, late = trial(free, SEED, "write", number), trial(slow, SEED, "write", number)
        assert (took.rounds, late.rounds) == (1, 1)
        assert late.duration == took.duration + 6_000


def test_a_normal_duration_is_positive() -> None:
    """Redrawn until it is."""
    dice = Dice(1, "normal")
    drawn = [Normal(5_000, 3_000).drawn(dice) for _ in range(2_000)]
    assert min(drawn) > 0
    assert 5_100 < sum(drawn) / len(drawn) < 5_500  # above 5,000 for what was drawn again


# ---- the quirks ----


def test_a_deposed_candidate_refuses_while_it_is_planted() -> None:
    """Raft grants; the quirk steps down and says no; and it is taken out again."""
    standing = candidate(node(term=2, timing=paper(150, 300)))
    later = RequestVote(3, 0, 0, False, False, 0)

    def granted() -> bool:
        _, effects = election.request_vote(standing, "B", later, at())
        return bool(effects[0].then[0].message.granted)  # type: ignore[union-attr]  # a Save and its answer

    assert granted()
    with varied("refuses-once-deposed"):
        assert not granted()
    assert granted()


def test_one_too_many_may_lead() -> None:
    """Three are said, four get votes, the fifth none."""
    with varied("one-too-many:3"):
        votes = [
            election.may_grant_vote(node(name="A" if name != "A" else "B", voters="ABCDE"), name, ask, 0)
            for ask in (RequestVote(2, 0, 0, False, False, 0),)
            for name in "ABCDE"
        ]
    assert votes == [True, True, True, True, False]


def test_an_unknown_variant_is_refused() -> None:
    """By name."""
    with pytest.raises(ValueError, match="no variant 'x'"), varied("x"):
        pass


# ---- the published data ----


def test_the_published_tables_are_whole() -> None:
    """Nine lines of a hundred sorted quantiles, whose mean and median are those of the table."""
    for name, figures in (("lan", [""]), ("refloated", ["org/", "ine-1/", "ine-5/"])):
        lines = table(name)
        assert sorted(lines) == sorted(f"{figure}{spread}" for figure in figures for spread in elections_lines.SPREADS)
        for line in lines.values():
            values = [within for within, _ in line.points]
            assert len(values) == 100
            assert values == sorted(values)
            assert sum(values) / 100 == pytest.approx(line.mean, rel=0.03)
            assert values[49] <= line.median <= values[50]


def test_what_is_not_judged_cannot_miss() -> None:
    """Rows that are only shown say nothing at the end."""
    line = QUIRKS.lines[0]
    assert set(differences(line, MeasuredElections((1.0,), 1.0, 1.0, 1.0, 0.0)).values()) == {None}
    row = judged(line, MeasuredElections((1.0,), 1.0, 1.0, 1.0, 0.0))
    assert (row.judged, row.misses) == (False, ())


# ---- what people see ----


def test_the_tables_say_pass_and_miss() -> None:
    """A row within its limits passes; one far off says how far, and the section counts it."""
    part = attrs.evolve(
        LAN, lines=(line_of(LAN, "150-300"), attrs.evolve(line_of(LAN, "12-24"), limits=Limits(mean=1e-9)))
    )
    rows = ElectionRunner(SEED).part(part, 300)
    text = list(elections_report.part_lines(part, rows, 300))
    assert [line.split()[-1] for line in text if line.lstrip().startswith("150-300")] == ["pass"]
    assert any("MISS: the mean is" in line for line in text)


def test_the_picture_is_a_picture() -> None:
    """Well-formed, five curves a panel with their dots, both schemes, units on the axes, and the same each time."""
    rows = ElectionRunner(SEED).part(LAN, 20)
    drawn = elections_svg.drawn(rows)
    tree = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    curves = [each for each in tree.iter(f"{space}path") if (each.get("class") or "").startswith("ours")]
    assert len(curves) == 20  # ten curves, ten in the legends
    assert len(list(tree.iter(f"{space}g"))) == 10
    texts = [each.text or "" for each in tree.iter(f"{space}text")]
    assert [text for text in texts if "time to elect a leader, ms" in text] == [
        "time to elect a leader, ms",
        "time to elect a leader, ms, logarithmic",
    ]
    assert "prefers-color-scheme: dark" in drawn
    assert drawn == elections_svg.drawn(rows)
    places = [float(number) for path in curves for number in re.findall(r"[\d.]+", path.get("d") or "")]
    assert max(places) <= elections_svg.WIDTH


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It judges, draws and says so by its exit code."""
    monkeypatch.setattr(elections_report, "PARTS", (attrs.evolve(LAN, lines=LAN.lines[-1:]),))
    monkeypatch.setattr(elections, "SPLITS", SPLITS[:1])
    picture = tmp_path / "a.svg"
    command = ["bench", "elections", "--processes", "1", "--seed", str(SEED)]
    assert main([*command, "--trials", "200", "--json"]) == HELD
    found = json.loads(capsys.readouterr().out)
    assert found["missed"] == 0
    assert [row["line"] for row in found["lan"]] == ["150-300"]
    monkeypatch.setattr(
        elections_report, "PARTS", (attrs.evolve(LAN, lines=tuple([missing(line) for line in LAN.lines])),)
    )
    assert main([*command, "--trials", "5", "--svg", str(picture)]) == BROKEN
    assert "MISS" in capsys.readouterr().out
    assert picture.read_text().startswith("<svg")
    assert main(["bench", "elections", "--trials", "0"]) == MISTAKE
    capsys.readouterr()
    assert main([*command, "--svg", str(tmp_path / "nowhere" / "figure.svg")]) == MISTAKE
    said = capsys.readouterr()
    assert said.out == "", "refused before any election"
    assert "cannot be written (No such file or directory): name another file" in said.err
    assert main(["bench", "time", "--svg", str(picture)]) == MISTAKE


def missing(line: ElectionLine) -> ElectionLine:
    """One that nothing can meet."""
    return attrs.evolve(line, limits=Limits(mean=1e-12))
