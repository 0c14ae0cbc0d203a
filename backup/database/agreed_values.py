"""What a database holds that is agreed through the log: identities, compare-exchange values, index definitions, and
which revisions are kept. Values, the commands that change them, and the pure `change`.

Never here: documents, and what a node makes of a definition.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

import attrs

from backup.database import fingerprint
from backup.database.items import key_of
from backup.database.revisions import Policies, RevisionPolicy
from cluster.member import Refused
from cluster.value import value

A_co = TypeVar("A_co", covariant=True)


@value
class Identity:
    """A number that only grows: the last one given away under a key that ends in `|`."""

    key: str
    """As it was first used."""
    number: int
    index: int
    """Log index of its last change."""


@value
class CompareExchange:
    """A compare-exchange value."""

    key: str
    text: str
    """JSON."""
    index: int
    """Log index of its last change: whoever names it may replace it."""


@value
class IndexDefinition:
    """Fields of the documents of one collection, made ready for being asked; with a reduce: counts and sums by a field."""

    name: str
    collection: str
    fields: tuple[str, ...]
    """Top-level fields that are mapped."""
    group_by: str = ""
    """One of the fields; empty: no reduce."""
    sums: tuple[str, ...] = ()
    """Those of the fields whose sum each group has, beside its count."""


@value
class Values:
    """All of one database. Mappings are by key in lower case."""

    identities: Mapping[str, Identity] = attrs.field(factory=dict, hash=False)
    exchanged: Mapping[str, CompareExchange] = attrs.field(factory=dict, hash=False)
    tombstones: Mapping[str, int] = attrs.field(factory=dict, hash=False)
    """Keys of compare-exchange values that were deleted, and the log index of that."""
    indexes: Mapping[str, IndexDefinition] = attrs.field(factory=dict, hash=False)
    policies: Policies = Policies()
    changed: int = 0
    """Log index of the last change of any of these."""
    fingerprint_sum: int = 0
    """128 bits that tell all of these but log indexes; a change costs one hash for each part of it."""


NOTHING = Values()


def combined(contents: int, values: Values) -> str:
    """32 hex digits that tell all that a backup keeps: what a copy holds (its `fingerprint_sum`), and these values."""
    return fingerprint.hexadecimal(contents + values.fingerprint_sum)


def kept_by(values: Values, policies: Policies) -> Values:
    """The values with the policies that a copy goes by: for a moment they may be older than those agreed on."""
    return values if values.policies == policies else with_policies(values, policies.policies, values.changed)


# ---- commands ----


class ValueChange(Generic[A_co]):
    """Base of the commands below: a `ValueChange[int]` is answered by an int. It has no fields."""

    __slots__ = ()


@value
class CompareExchangeResult:
    """What became of an attempt."""

    successful: bool
    text: str | None
    """The value there is now; None: none."""
    index: int
    """Its index; of a deletion, that of the deletion."""


@value
class NextIdentity(ValueChange[int]):
    """Give away `count` numbers. Answers the last of them."""

    database: str
    key: str
    count: int = 1


@value
class SeedIdentity(ValueChange[int]):
    """Set the last number given away; it never goes back. Answers the number."""

    database: str
    key: str
    number: int


@value
class PutCompareExchange(ValueChange[CompareExchangeResult]):
    """Answers a `CompareExchangeResult`."""

    database: str
    key: str
    text: str
    """JSON."""
    index: int
    """That of the value to replace; 0: there must be none."""


@value
class DeleteCompareExchange(ValueChange[CompareExchangeResult]):
    """Answers a `CompareExchangeResult`."""

    database: str
    key: str
    index: int


@value
class DefineIndex(ValueChange[None]):
    """Answers None. An index of that name is replaced."""

    database: str
    definition: IndexDefinition


@value
class RemoveIndex(ValueChange[None]):
    """Answers None."""

    database: str
    name: str


@value
class ConfigureRevisions(ValueChange[None]):
    """Replace all policies. Answers None."""

    database: str
    policies: tuple[RevisionPolicy, ...]


@value
class ForgetDeletedValues(ValueChange[int]):
    """No backup needs the tombstones of compare-exchange values up to that log index (rule 18.6). Answers how many go."""

    database: str
    up_to: int


@value
class RestoreValues(ValueChange[None]):
    """Put what a backup held into a database that was made from it (rule 17.7). Answers None."""

    database: str
    identities: tuple[tuple[str, int], ...]
    exchanged: tuple[tuple[str, str], ...]
    """Key and JSON text."""
    indexes: tuple[IndexDefinition, ...]
    policies: tuple[RevisionPolicy, ...]


ValueCommand = (
    NextIdentity
    | SeedIdentity
    | PutCompareExchange
    | DeleteCompareExchange
    | DefineIndex
    | RemoveIndex
    | ConfigureRevisions
    | ForgetDeletedValues
    | RestoreValues
)

WORDS: tuple[type, ...] = (
    RevisionPolicy,
    IndexDefinition,
    NextIdentity,
    SeedIdentity,
    PutCompareExchange,
    DeleteCompareExchange,
    DefineIndex,
    RemoveIndex,
    ConfigureRevisions,
    RestoreValues,
)
"""Every class that travels in a command, in a fixed order."""


# ---- change ----


def change(values: Values, command: ValueCommand, index: int) -> tuple[Values, object]:
    """The values after the command at that log index, and the answer its class promises. `Refused` changes nothing."""
    match command:
        case NextIdentity(_, key, count):
            if count < 1:
                raise Refused(f"{count} numbers of identity {key!r} cannot be given: ask for 1 or more")
            before = values.identities.get(_identity_key(key))
            number = (before.number if before is not None else 0) + count
            return with_identity(values, key, number, index), number
        case SeedIdentity(_, key, number):
            before = values.identities.get(_identity_key(key))
            if before is not None and before.number >= number:
                return values, before.number
            return with_identity(values, key, number, index), number
        case PutCompareExchange(_, key, text, expected):
            return _exchange(values, key, text, expected, index)
        case DeleteCompareExchange(_, key, expected):
            return _exchange(values, key, None, expected, index)
        case DefineIndex(_, definition):
            return with_index(values, checked(definition), index), None
        case RemoveIndex(_, name):
            if name.lower() not in values.indexes:
                raise Refused(f"there is no index {name!r} to remove")
            return without_index(values, name, index), None
        case ConfigureRevisions(_, policies):
            return with_policies(values, policies, index), None
        case ForgetDeletedValues(_, up_to):
            rest = {key: since for key, since in values.tombstones.items() if since > up_to}
            gone = len(values.tombstones) - len(rest)
            return (attrs.evolve(values, tombstones=rest) if gone else values), gone
        case RestoreValues(_, identities, exchanged, indexes, policies):
            if policies:
                values = with_policies(values, policies, index)
            for key, number in identities:
                values = with_identity(values, key, number, index)
            for key, text in exchanged:
                values = with_exchanged(values, key, text, index)
            for definition in indexes:
                values = with_index(values, definition, index)
            return values, None


def _identity_key(key: str) -> str:
    if not key.endswith("|") or len(key) < 2 or not key.isprintable():
        raise Refused(f"{key!r} is no key of an identity: give printable characters that end in '|', as in 'orders|'")
    return key.lower()


def _exchange(
    values: Values, key: str, text: str | None, expected: int, index: int
) -> tuple[Values, CompareExchangeResult]:
    """Replace a value, or delete it for None, if nobody did since the one that was seen."""
    try:
        known = values.exchanged.get(key_of(key))
    except ValueError as error:
        raise Refused(f"{key!r} is no key of a compare-exchange value: give printable characters") from error
    now = known.index if known is not None else 0
    if now != expected or (text is None and known is None):
        return values, CompareExchangeResult(False, known.text if known is not None else None, now)
    if text is None:
        return without_exchanged(values, key, index), CompareExchangeResult(True, None, index)
    return with_exchanged(values, key, text, index), CompareExchangeResult(True, text, index)


def checked(definition: IndexDefinition) -> IndexDefinition:
    """The definition, if it is one; `Refused` says what is wrong with it."""
    name, fields = definition.name, definition.fields
    if not name or not name.isprintable() or not definition.collection:
        raise Refused(f"index {name!r} over collection {definition.collection!r}: give it a name and a collection")
    if not fields or len(set(fields)) != len(fields) or not all(field.isidentifier() for field in fields):
        raise Refused(
            f"index {name!r} maps {', '.join(fields) or 'nothing'}: name fields, each once, of letters and digits"
        )
    for field in filter(None, (definition.group_by, *definition.sums)):
        if field not in fields:
            raise Refused(f"index {name!r} reduces by {field!r}, which it does not map: add it to the fields")
    if definition.sums and not definition.group_by:
        raise Refused(f"index {name!r} has sums and no groups: say by which field")
    return definition


def with_identity(values: Values, key: str, number: int, index: int) -> Values:
    """The values with that number as the last one given away."""
    place = key.lower()
    before = values.identities.get(place)
    identity = Identity(before.key if before is not None else key, number, index)
    total = values.fingerprint_sum + _of_identity(identity) - (_of_identity(before) if before is not None else 0)
    identities = {**values.identities, place: identity}
    return attrs.evolve(values, identities=identities, changed=index, fingerprint_sum=total & fingerprint.MASK)


def with_exchanged(values: Values, key: str, text: str, index: int) -> Values:
    """The values with that compare-exchange value."""
    place = key.lower()
    before = values.exchanged.get(place)
    stored = CompareExchange(key, text, index)
    total = values.fingerprint_sum + _of_exchanged(stored) - (_of_exchanged(before) if before is not None else 0)
    tombstones = {known: since for known, since in values.tombstones.items() if known != place}
    return attrs.evolve(
        values,
        exchanged={**values.exchanged, place: stored},
        tombstones=tombstones if place in values.tombstones else values.tombstones,
        changed=index,
        fingerprint_sum=total & fingerprint.MASK,
    )


def without_exchanged(values: Values, key: str, index: int) -> Values:
    """The values without it, and its tombstone for the next incremental backup (rule 18.2)."""
    place = key.lower()
    before = values.exchanged.get(place)
    if before is None:
        return values
    return attrs.evolve(
        values,
        exchanged={known: stored for known, stored in values.exchanged.items() if known != place},
        tombstones={**values.tombstones, place: index},
        changed=index,
        fingerprint_sum=(values.fingerprint_sum - _of_exchanged(before)) & fingerprint.MASK,
    )


def with_index(values: Values, definition: IndexDefinition, index: int) -> Values:
    """The values with that definition."""
    rest = without_index(values, definition.name, index)
    return attrs.evolve(
        rest,
        indexes={**rest.indexes, definition.name.lower(): definition},
        changed=index,
        fingerprint_sum=(rest.fingerprint_sum + _of_index(definition)) & fingerprint.MASK,
    )


def without_index(values: Values, name: str, index: int) -> Values:
    """The values without the definition of that name."""
    before = values.indexes.get(name.lower())
    if before is None:
        return values
    return attrs.evolve(
        values,
        indexes={known: stored for known, stored in values.indexes.items() if known != name.lower()},
        changed=index,
        fingerprint_sum=(values.fingerprint_sum - _of_index(before)) & fingerprint.MASK,
    )


def without_indexes(values: Values) -> Values:
    """The values without any index definition."""
    for name in values.indexes:
        values = without_index(values, name, values.changed)
    return values


def with_policies(values: Values, policies: tuple[RevisionPolicy, ...], index: int) -> Values:
    """The values with these policies and no others. `Refused` if two are of one collection, or one keeps less than 0."""
    ordered = tuple(sorted(policies, key=lambda policy: policy.collection.lower()))
    names = [policy.collection.lower() for policy in ordered]
    for policy in ordered:
        if names.count(policy.collection.lower()) > 1 or (policy.minimum_to_keep or 0) < 0:
            raise Refused(f"revisions of {policy.collection!r}: give each collection one policy that keeps 0 or more")
    total = values.fingerprint_sum - of_policies(values.policies.policies) + of_policies(ordered)
    return attrs.evolve(
        values, policies=Policies(index, ordered), changed=index, fingerprint_sum=total & fingerprint.MASK
    )


def _of_identity(identity: Identity) -> int:
    return fingerprint.of_texts("identity", identity.key.lower(), str(identity.number))


def _of_exchanged(stored: CompareExchange) -> int:
    return fingerprint.of_texts("exchanged", stored.key.lower(), stored.text)


def _of_index(definition: IndexDefinition) -> int:
    return fingerprint.of_texts(
        "index", definition.name, definition.collection, *definition.fields, "by", definition.group_by, *definition.sums
    )


def of_policies(policies: tuple[RevisionPolicy, ...]) -> int:
    """0 for none."""
    texts = [f"{each.collection}\0{each.minimum_to_keep}\0{each.disabled}" for each in policies]
    return fingerprint.of_texts("revisions", *texts) if texts else 0
