"""Change vectors are a lattice: compare is its order, merge its join (rule 19.2). Shown against dictionaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.database.change_vector import ChangeVector, Relation, merge

COPIES = [("A", "LKRUcorlJEid1JC+TrnGVQ"), ("B", "b/2="), ("C", "c_3"), ("A", "wiped-and-new")]
etags = st.dictionaries(st.sampled_from(COPIES), st.integers(0, 3))
vectors = etags.map(ChangeVector.of)


def dumb_relation(first: dict[tuple[str, str], int], second: dict[tuple[str, str], int]) -> Relation:
    """Each copy's etag compared one by one."""
    signs = {(first.get(copy, 0) > second.get(copy, 0)) - (first.get(copy, 0) < second.get(copy, 0)) for copy in COPIES}
    match (1 in signs, -1 in signs):
        case (True, True):
            return Relation.CONFLICT
        case (True, False):
            return Relation.NEWER
        case (False, True):
            return Relation.OLDER
        case _:
            return Relation.EQUAL


@pytest.mark.parametrize(
    ("first", "second", "relation"),
    [
        ("", "", Relation.EQUAL),
        ("A:1-x", "", Relation.NEWER),
        ("", "A:1-x", Relation.OLDER),
        ("A:2-x", "A:1-x", Relation.NEWER),
        ("A:2-x, B:1-y", "A:2-x", Relation.NEWER),
        ("A:2-x", "B:1-y", Relation.CONFLICT),
        ("A:2-x, B:1-y", "A:1-x, B:2-y", Relation.CONFLICT),
        ("A:1-x", "A:1-wiped", Relation.CONFLICT),
    ],
)
def test_table(first: str, second: str, relation: Relation) -> None:
    """The four relations; a wiped and refilled copy is another copy, though the node's tag is the same."""
    assert ChangeVector.parse(first).compare(ChangeVector.parse(second)) is relation


@given(etags, etags)
def test_compare(first: dict[tuple[str, str], int], second: dict[tuple[str, str], int]) -> None:
    """Compare says what comparing every copy's etag says."""
    assert ChangeVector.of(first).compare(ChangeVector.of(second)) is dumb_relation(first, second)


@given(vectors, vectors, vectors)
def test_merge_is_a_join(first: ChangeVector, second: ChangeVector, third: ChangeVector) -> None:
    """Order, grouping and repetition of merges do not matter, and the result has seen what each has."""
    assert merge([first, second]) == merge([second, first])
    assert merge([merge([first, second]), third]) == merge([first, merge([second, third])])
    assert merge([first, first]) == first
    for vector in (first, second, third):
        joined = merge([first, second, third]).compare(vector)
        assert joined in (Relation.EQUAL, Relation.NEWER)


@given(vectors)
def test_text_and_back(vector: ChangeVector) -> None:
    """The text form loses nothing."""
    assert ChangeVector.parse(vector.text()) == vector


def test_text_form() -> None:
    """The text is RavenDB's: `tag:etag-databaseId`, sorted by tag."""
    vector = ChangeVector.of({("B", "y"): 3, ("A", "LKRUcorlJEid1JC+TrnGVQ"): 12})
    assert vector.text() == "A:12-LKRUcorlJEid1JC+TrnGVQ, B:3-y"


@pytest.mark.parametrize("text", ["A", "A:1", "A:-1-x", "A:1-x,B:2-y", "A:1-x, A:2-x", "ABCDE:1-x", 'A:1-"', "A:1-x, "])
def test_no_change_vector(text: str) -> None:
    """What is no change vector is refused with the text in the error."""
    with pytest.raises(ValueError, match="is no change vector"):
        ChangeVector.parse(text)


@given(vectors, st.sampled_from(COPIES))
def test_a_write_is_newer(vector: ChangeVector, copy: tuple[str, str]) -> None:
    """A write made over a version is newer than it."""
    etag = vector.etags().get(copy, 0) + 1
    assert vector.with_etag(*copy, etag).compare(vector) is Relation.NEWER
