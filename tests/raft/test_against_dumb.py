"""The algebra of logs, votes, quorums and configurations against second implementations: dumb, by lists, as the papers say it."""

from collections.abc import Sequence
from itertools import combinations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.raft import election, replication
from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import (
    Alteration,
    CannotChange,
    Change,
    MemberPlace,
    Way,
    changed,
    entered,
    left,
    simple,
)
from cluster.raft.quorum import VoteResult
from cluster.raft.state import Leader, Raft
from tests.raft.vocabulary import (
    PAPER,
    START,
    answer,
    append,
    ask,
    entries,
    following,
    log,
    node,
    progress,
    take,
    terms,
)

# ---- a follower's log: the five rules of figure 2, on a list ----


def words(of: Sequence[int]) -> str:
    return " ".join(map(str, of))


def dumb_append(
    held: list[int], prev: tuple[int, int], new: list[int], leaders_commit: int, commit: int
) -> tuple[bool, list[int], int]:
    """Whether it is accepted, the log, and the commit index then; entries are their terms."""
    index, term = prev
    if index > len(held) or (index > 0 and held[index - 1] != term):
        return False, held, commit
    held = list(held)
    for offset, each in enumerate(new):
        at = index + offset
        if at < len(held) and held[at] != each:
            del held[at:]
        if at >= len(held):
            held.append(each)
    return True, held, max(commit, min(leaders_commit, index + len(new)))


@st.composite
def followers_and_leaders(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    """A follower's log, the log of the leader of term 7, and how much is committed: they agree at least so far."""
    common = sorted(draw(st.lists(st.integers(1, 3), max_size=4)))
    least = common[-1] if common else 1
    own = sorted(draw(st.lists(st.sampled_from([each for each in (1, 3, 5) if each >= least]), max_size=4)))
    leaders = sorted(draw(st.lists(st.sampled_from([each for each in (2, 4, 6) if each >= least] + [7]), max_size=4)))
    commit = draw(st.integers(0, len(common)))
    return common + own, common + leaders, commit


@given(followers_and_leaders(), st.data())
def test_appends_are_the_five_rules_of_figure_2(logs: tuple[list[int], list[int], int], data: st.DataObject) -> None:
    """Several appends of one leader, cut out of its log anywhere and in any order: same answers, logs and commits."""
    held, leaders, commit = logs
    follower = following(node(words(held), term=7, commit=commit, timing=PAPER), "B")
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(leaders)))
        count = data.draw(st.integers(0, len(leaders) - index))
        leaders_commit = data.draw(st.integers(commit, len(leaders)))
        prev, new = (index, leaders[index - 1] if index else 0), leaders[index : index + count]
        accepted, held, commit = dumb_append(held, prev, new, leaders_commit, commit)
        follower, effects = take(follower, "B", append(7, prev, words(new), leaders_commit))
        reply = answer(effects)
        assert (reply.success, terms(follower.log), follower.commit) == (accepted, words(held), commit)
        if accepted:
            assert reply.match == index + count
        else:
            assert reply.hint_index <= min(index, len(held))
            agreeing = [at for at in range(len(leaders) + 1) if leaders[:at] == held[:at]]
            assert reply.hint_index >= min(max(agreeing), index - 1), "a hint never passes over what agrees"


@given(followers_and_leaders())
def test_a_leader_repairs_any_log(logs: tuple[list[int], list[int], int]) -> None:
    """Step by step as messages go: at the end the follower's log is the leader's, and the dumb one's; terms bound the rounds."""
    held, leaders, commit = logs
    leader = node(words(leaders), term=7, timing=PAPER)
    last = len(leaders)
    role = Leader((("B", progress(0, last + 1, probing=True)), ("C", progress(last))), last, START, 0, False)
    leader = attrs.evolve(leader, role=role, vote="A", durable=attrs.evolve(leader.durable, vote="A"))
    follower = following(node(words(held), term=7, commit=commit, name="B", timing=PAPER), "A")
    sent, rounds = append(7, (last, leaders[-1] if leaders else 0), ""), 0
    while True:
        follower, effects = take(follower, "A", sent)
        reply, rounds = answer(effects), rounds + 1
        leader, effects = take(leader, "B", reply)
        messages = [effect.message for effect in effects if hasattr(effect, "message")]
        if reply.success and not messages:
            break
        sent = messages[0]  # type: ignore[assignment]
        assert rounds <= len({*held, *leaders}) + 3
    assert terms(follower.log)[: len(words(leaders))] == words(leaders)


# ---- votes ----


@given(st.lists(st.integers(1, 3), max_size=4), st.integers(0, 5), st.integers(0, 4))
def test_up_to_date_is_an_order_of_pairs(held: list[int], index: int, term: int) -> None:
    """§5.4.1: last term first, then last index."""
    own = log(words(sorted(held)))
    assert election.log_is_up_to_date(own, index, term) == ((term, index) >= (own.last_term, own.last_index))


@given(
    st.lists(st.integers(1, 3), max_size=3).map(sorted),
    st.sampled_from([None, "B", "C"]),
    st.integers(1, 6),
    st.tuples(st.integers(0, 4), st.integers(0, 5)),
)
def test_by_the_paper_a_vote_is_two_conditions(
    held: list[int], vote: str | None, term: int, last: tuple[int, int]
) -> None:
    """Figure 2, RequestVote: nothing else counts, and the term is taken over either way."""
    voter = node(words(held), term=3, vote=vote, timing=PAPER)
    free = vote if term <= 3 else None
    own = (held[-1] if held else 0, len(held))
    yes = term >= 3 and free in (None, "B") and (last[1], last[0]) >= own
    after, effects = take(voter, "B", ask(term, last))
    assert answer(effects).granted == yes
    assert (after.term, after.vote) == (max(term, 3), "B" if yes else free)


# ---- whose agreement counts ----

names = st.sets(st.sampled_from("ABCDEFG"), max_size=5)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Any, joint or not, with learners of every kind, and with A inside or outside."""
    voters, outgoing = draw(names.filter(bool)), draw(st.one_of(st.just(set[str]()), names))
    learners = draw(names) - voters - outgoing
    coming = draw(names) & (outgoing - voters)
    promotable = draw(names) & (learners | coming)
    return Configuration(
        tuple(sorted(voters)),
        tuple(sorted(outgoing)),
        tuple(sorted(learners)),
        tuple(sorted(coming)),
        tuple(sorted(promotable)),
        bool(outgoing) and draw(st.booleans()),
    )


def dumb_agreement(configuration: Configuration, agreeing: set[str]) -> bool:
    """Some majority of each half, tried one by one, agrees altogether."""
    halves = [half for half in (configuration.voters, configuration.outgoing) if half]
    return all(any(set(way) <= agreeing for way in combinations(half, len(half) // 2 + 1)) for half in halves)


def a_leader(configuration: Configuration, matches: dict[str, int], last: int = 6) -> Raft:
    """A leads term 2 with entries of term 1 up to 3 and of term 2 behind; peers hold what `matches` says."""
    raft = node("1 1 1 2 2 2", term=2, timing=PAPER)
    raft = attrs.evolve(raft, configuration=configuration, configured=((0, configuration),))
    peers = tuple((peer, progress(matches.get(peer, 0))) for peer in configuration.others("A"))
    return attrs.evolve(raft, role=Leader(peers, matches.get("A", 0), START, 0, False), vote="A")


@given(configurations(), st.dictionaries(st.sampled_from("ABCDEFG"), st.integers(0, 6)))
def test_what_is_committed_is_what_a_dumb_search_finds(configuration: Configuration, matches: dict[str, int]) -> None:
    """§5.4.2, figure 2: the highest entry of the own term that every majority in force has. Learners count for nothing."""
    raft = a_leader(configuration, matches)
    holders = {index: {name for name in "ABCDEFG" if matches.get(name, 0) >= index} for index in range(1, 7)}
    agreed = [index for index in range(1, 7) if dumb_agreement(configuration, holders[index])]
    role = raft.role
    assert isinstance(role, Leader)
    assert replication.agreed_index(raft, role.stored, role.peers) == max(agreed, default=0)
    own = [index for index in agreed if index > 3]
    assert replication.leader_commit(raft, role.stored, role.peers) == max(own, default=0)


@given(configurations(), st.sets(st.sampled_from("ABCDEFG")), st.sets(st.sampled_from("ABCDEFG")))
def test_an_election_is_what_a_dumb_search_finds(configuration: Configuration, yes: set[str], no: set[str]) -> None:
    """Won if every majority in force can be had of those who granted, lost if not even of those who did not refuse."""
    no -= yes
    result = configuration.quorum.result(yes, no)
    assert (result is VoteResult.Won) == dumb_agreement(configuration, yes)
    assert (result is VoteResult.Lost) == (not dumb_agreement(configuration, set("ABCDEFG") - no))


@given(configurations(), st.sets(st.sampled_from("ABCDEFG")))
def test_hearing_a_quorum_is_what_a_dumb_search_finds(configuration: Configuration, silent: set[str]) -> None:
    """Rule 3.27: the leader itself and all who answered lately."""
    raft = a_leader(configuration, {})
    assert isinstance(raft.role, Leader)
    old = START - raft.timing.election - 1
    peers = tuple(
        (name, attrs.evolve(known, answered_at=old) if name in silent else known) for name, known in raft.role.peers
    )
    role = attrs.evolve(raft.role, peers=peers)
    heard = {"A"} | (set(configuration.members) - silent)
    assert replication.hears_quorum(raft, role, START) == dumb_agreement(configuration, heard)


# ---- how configurations change ----

alterations = st.lists(
    st.builds(Alteration, st.sampled_from("ABCDEFG"), st.sampled_from(tuple(MemberPlace))), max_size=6
).map(tuple)


def place_of(configuration: Configuration, name: str) -> MemberPlace:
    if name in configuration.voters:
        return MemberPlace.Voter
    if name in configuration.promotable:
        return MemberPlace.Promotable
    learning = name in configuration.learners or name in configuration.learners_next
    return MemberPlace.Watcher if learning else MemberPlace.Nowhere


def dumb_changed(now: Configuration, wanted: Sequence[Alteration], outgoing: Sequence[str]) -> dict[str, object]:
    """Node by node: where its own alterations, one after the other, leave it; then who is where."""
    places = {}
    for name in "ABCDEFG":
        place = place_of(now, name)
        for each in wanted:
            if each.node == name and not (place is MemberPlace.Voter and each.place is MemberPlace.Promotable):
                place = each.place
        places[name] = place
    learning = [name for name, place in places.items() if place in (MemberPlace.Watcher, MemberPlace.Promotable)]
    return {
        "voters": tuple(name for name, place in places.items() if place is MemberPlace.Voter),
        "outgoing": tuple(outgoing),
        "learners": tuple(name for name in learning if name not in outgoing),
        "learners_next": tuple(name for name in learning if name in outgoing),
        "promotable": tuple(name for name, place in places.items() if place is MemberPlace.Promotable),
    }


def parts(of: Configuration) -> dict[str, object]:
    return {each: getattr(of, each) for each in ("voters", "outgoing", "learners", "learners_next", "promotable")}


@given(configurations(), alterations, st.sampled_from(tuple(Way)))
def test_a_change_is_what_each_node_comes_to(now: Configuration, wanted: tuple[Alteration, ...], way: Way) -> None:
    """Simple, joint, held or leaving: same members in the same places, and refused in the same cases."""
    change = Change(wanted, way)
    simply = dumb_changed(now, wanted, ())
    voters = set(simply["voters"])  # type: ignore[call-overload]
    moved = len(voters ^ set(now.voters))
    if way is Way.Leave:
        refused, expected = not now.joint, dumb_changed(now, (), ())
    elif now.joint or not voters:
        refused, expected = True, simply
    elif way is Way.Shortest and moved <= 1:
        refused, expected = False, simply
    else:
        refused, expected = False, dumb_changed(now, wanted, now.voters)
    if refused:
        with pytest.raises(CannotChange):
            changed(now, change)
        return
    after = changed(now, change)
    assert parts(after) == expected
    assert after.auto_leave == (after.joint and way is not Way.Held)
    if after.joint:
        assert parts(left(after)) == simply


@given(configurations(), alterations)
def test_simple_changes_move_one_voter_at_most(now: Configuration, wanted: tuple[Alteration, ...]) -> None:
    """And joint ones never begin inside another; both keep a voter."""
    expected = dumb_changed(now, wanted, ())
    voters = set(expected["voters"])  # type: ignore[call-overload]
    possible = not now.joint and bool(voters) and len(voters ^ set(now.voters)) <= 1
    if possible:
        assert parts(simple(now, wanted)) == expected
    else:
        with pytest.raises(CannotChange):
            simple(now, wanted)
    if now.joint or not voters:
        with pytest.raises(CannotChange):
            entered(now, wanted, auto_leave=True)
    else:
        assert parts(entered(now, wanted, auto_leave=True)) == dumb_changed(now, wanted, now.voters)


def test_the_dumb_ones_know_the_textbook() -> None:
    """So that two mistakes do not agree."""
    assert dumb_append([1, 1, 2], (1, 1), [3], 5, 0) == (True, [1, 3], 2)
    assert dumb_append([1, 1], (3, 1), [3], 5, 1) == (False, [1, 1], 1)
    assert dumb_agreement(Configuration(("A", "B"), ("C",)), {"A", "B", "C"})
    assert not dumb_agreement(Configuration(("A", "B"), ("C",)), {"A", "C"})
    assert entries(words([1, 2])) == entries("1 2")
