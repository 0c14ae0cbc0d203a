"""The bugs that are known of Raft's implementations, row by row, and what plants each here, or why nothing can.

The numbers are those of a catalogue of bugs that real projects shipped: E elections, L the log, C committing, R reads, M members,
S snapshots, D disks, T transfers, V and Q liveness, K clients; sources stand with the bugs. A test reads this table, and
README.md beside it is printed from it.
"""

from cluster.value import value


@value
class Row:
    """One known bug."""

    number: str
    says: str
    planted: tuple[str, ...] = ()
    """The residents that plant it, each variant one."""
    because: str = ""
    """Why it cannot be expressed here, or the part of it that cannot."""


ROWS = (
    Row("E1", "A vote is counted that was given for an earlier term.", ("grant-of-another-term",)),
    Row("E2", "Stepping down within a term forgets the vote.", ("vote-forgotten-by-following",)),
    Row("E3", "A vote that arrives twice counts twice.", ("votes-are-a-number",)),
    Row(
        "E4",
        "A leader votes for another in its own term.",
        ("leader-votes-for-another",),
        "The bug takes away two guards: the vote, and the log, which with the leader's first entry is fresher than any rival's.",
    ),
    Row("E5", "The vote for itself is counted and not written.", ("own-vote-is-not-written",)),
    Row(
        "E7",
        "The same question twice: the second is refused, or, the other way round, any is granted.",
        ("vote-given-twice",),
        "Refusing the repeat broke nothing in twenty droughts: a candidate asks each round in a new term, so a lost vote costs that round.",
    ),
    Row("E9", "Half is a majority.", ("majority-of-half",)),
    Row(
        "E10",
        "The comparison of logs is wrong: none, by index, by term, later for as late.",
        ("any-log-may-lead", "the-longer-log-may-lead", "the-later-term-may-lead", "only-a-fresher-log-may-lead"),
    ),
    Row("E11", "A heartbeat of an earlier term is a sign of a leader.", ("an-old-leader-is-a-leader",)),
    Row("E13", "A better log takes a vote back.", ("a-longer-log-gets-a-second-vote",)),
    Row("E15", "Heartbeats end at the first peer that needs a snapshot.", ("beats-stop-at-who-needs-a-snapshot",)),
    Row("L1", "A log that ends elsewhere than the entry before is cut.", ("cuts-what-lies-beyond",)),
    Row("L2", "The log is cut before entries are written, conflict or not.", ("cuts-before-it-writes",)),
    Row(
        "L3",
        "The entry before is not compared well: not at all, by index, never for the first.",
        ("previous-entry-by-index-only", "the-first-entries-are-added-again"),
        "Not at all is the same as by index: a log here is a value that refuses a hole. What is compacted taken for a conflict "
        "broke nothing in ten droughts: a refusal cuts nothing here.",
    ),
    Row("L4", "An entry stays because there is one, of whatever term.", ("keeps-a-conflicting-entry",)),
    Row(
        "L7",
        "An acknowledgement names more than the request verified.",
        ("acknowledges-its-whole-log", "takes-one-answer-for-all"),
    ),
    Row("L9", "An acknowledgement of an earlier term counts.", ("an-answer-of-an-earlier-term",)),
    Row("L10", "What was believed of a peer survives the leadership.", ("match-survives-a-reign",)),
    Row("L12", "A leader cuts its own log.", ("leader-cuts-its-tail",)),
    Row("L14", "What is sent after a compaction carries no entries.", ("sends-nothing-after-a-compaction",)),
    Row("L15", "The entry in conflict is never offered.", ("offers-the-same-again",)),
    Row("L17", "The window is never freed.", ("the-window-stays-full",)),
    Row("C1", "Figure 8: an entry of an earlier term is committed by counting.", ("commits-an-older-term",)),
    Row("C2", "The search for what to commit stops at an older term.", ("stops-at-an-older-term",)),
    Row(
        "C4",
        "A follower commits beyond what the message verified.",
        ("commits-what-nobody-verified",),
        "The bug takes away two guards: here a heartbeat carries no commit index beyond what its receiver is known to hold.",
    ),
    Row("C5", "Peers are taken for sorted by what they hold.", ("takes-the-peers-for-sorted",)),
    Row(
        "C6",
        "The rank is wrong: the largest, one too few, the leader twice.",
        ("commits-what-one-node-has", "one-less-is-a-majority", "leader-counts-itself-twice"),
    ),
    Row("C9", "Heartbeats do not tell what is committed.", ("beats-tell-no-commit",)),
    Row("R1", "A read before the leader's first commit.", ("reads-before-its-own-term",)),
    Row("R3", "A read without asking whether it still leads.", ("reads-without-asking",)),
    Row("R4", "A read before the round is over.", ("one-answer-will-do",)),
    Row(
        "R6",
        "A leader whose disk stands still beats on.",
        ("the-leaders-disk-comes-first",),
        "Here no leader's own disk is needed to commit, so the bug first puts it in the way.",
    ),
    Row("R7", "A follower answers before it has applied.", ("answers-before-it-has-applied",)),
    Row("R8", "A lease survives a transfer.", ("lease-survives-a-transfer",)),
    Row("M1", "A change before an entry of the own term is committed.", ("changes-before-its-own-term",)),
    Row("M2", "A second change before the first is settled.", ("changes-twice-at-once", "stands-by-what-is-committed")),
    Row(
        "M4",
        "A node with a change that it has not applied stands.",
        ("stands-by-what-is-committed",),
        "A configuration is in force here as soon as the log holds it, so the bug goes by the committed one instead.",
    ),
    Row("M5", "A configuration outlives its entry.", ("keeps-what-is-cut",)),
    Row("M7", "A snapshot stores a configuration that is not committed.", ("snapshot-of-what-is-to-be",)),
    Row("M8", "Who is removed leads on.", ("removed-and-leads-on",)),
    Row("M9", "Who is removed disturbs.", ("anybody-raises-the-term",)),
    Row("M10", "A learner refuses a vote that it has.", ("learner-refuses-to-vote",)),
    Row(
        "M11",
        "Who removes itself never stands again, or counts itself.",
        ("removed-stands-no-more", "counts-itself-without-a-vote"),
    ),
    Row(
        "M13",
        "A wiped node comes back under its name.",
        because="There is no rule to take away: a node is known by its name alone, and a newcomer must be able to vote before it "
        "holds anything (dissertation 4.1). Whoever wipes a node and lets it come back as before breaks *one vote a term*, as "
        "`tests/scenarios/test_zoo_membership.py` shows; under a new name it harms nobody.",
    ),
    Row("M16", "A newcomer votes with an empty log.", ("votes-with-an-empty-log",)),
    Row("S1", "A late snapshot replaces a newer log.", ("installs-a-stale-snapshot",)),
    Row("S3", "A restore keeps what was there.", ("restores-into-what-was-there",)),
    Row("S5", "Nothing ends the sending of a snapshot.", ("a-lost-part-is-not-sent-again", "a-snapshot-without-end")),
    Row("S6", "Compaction overtakes the snapshot on its way.", ("compacts-past-a-snapshot-on-its-way",)),
    Row("S8", "A snapshot is refused because the log differs.", ("refuses-a-snapshot-that-does-not-fit",)),
    Row("S11", "Long work keeps a node from answering.", ("answers-nobody-while-it-installs",)),
    Row(
        "D1",
        "The vote, or the term too, does not survive a crash.",
        ("vote-forgotten-by-a-restart", "term-forgotten-by-a-restart"),
    ),
    Row("D2", "Term and vote are two writes.", ("vote-and-term-are-two-writes",)),
    Row("D4", "Answered before it is durable.", ("answers-before-the-disk", "answers-before-the-journal")),
    Row(
        "D6",
        "A log is cut from its front.",
        because="The log is one file without segments, and a cut is one frame that says after which index the next entries stand: "
        "a crash finds it whole or not there (cluster/storage.py), and entries that leave a hole are refused when it is read.",
    ),
    Row("V1p", "A trial's refusal does not carry the term.", ("a-refusal-teaches-no-term",)),
    Row(
        "V2p",
        "Trials and plain elections meet, and both wait.",
        ("silent-to-an-old-term",),
        "All nodes of a world run one timing, so none is half-way through a migration: the same end is reached by a hand-over.",
    ),
    Row("V4p", "A trial's answer is compared with the wrong term.", ("grants-of-another-term-are-stale",)),
    Row("V6p", "A leader that hears nobody leads on.", ("leads-on-whatever-it-hears",)),
    Row(
        "V7p",
        "What trials and the check of the quorum still miss.",
        ("one-voice-is-enough", "a-trial-asks-for-no-log", "good-standing-protects-nobody"),
        "A limit and no bug: of the three patterns of links only `the_hub_is_behind` leaves nobody leading here.",
    ),
    Row("V8p", "A candidate of a far term is stuck.", ("silent-to-an-old-leader",)),
    Row("T1", "A transfer never ends.", ("transfer-without-end",)),
    Row("T3", "The heir is told too early.", ("told-too-early",)),
    Row(
        "Q1",
        "A group sleeps that should not.",
        ("sleeps-though-nobody-leads",),
        "While a follower lags nothing sleeps by a slip in one place: its leader sends again, and that is no chatter.",
    ),
    Row(
        "K1",
        "What was applied already is not remembered by all.",
        ("sessions-left-out", "remembers-only-while-it-leads"),
    ),
    Row("K2", "A command waits for one before it that was given up.", ("waits-for-the-one-before",)),
)


def rows_of(bug: str) -> str:
    """The numbers that a resident plants, or a dash: `E10`."""
    return " ".join(row.number for row in ROWS if bug in row.planted) or "-"
