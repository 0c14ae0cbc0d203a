"""What the Raft paper says must be so (extended version: figure 2, sections 5 to 8), one line a sentence. No test is here.

The line is the gist; the whole fact, in our words, is the docstring of the one test that begins with its key. Section 9 says
nothing of what a node does; its numbers are what `unkindness bench elections` measures.
"""

SENTENCES = """
F2.state.1     the term persists, begins at 0, and only grows
F2.state.2     the vote of the term persists
F2.state.3     the log persists; entries have a command and a term; the first is 1
F2.state.4     the commit index begins at 0 and only grows
F2.state.5     what was applied begins at 0 and only grows
F2.state.6     next begins at the leader's last index + 1
F2.state.7     match begins at 0 and only grows
F2.state.8     what persists is on disk before the answer
F2.append.1    refuse an earlier term
F2.append.2    refuse if the entry before is not there
F2.append.3    a conflicting entry goes, and all behind it
F2.append.4    append what is not there
F2.append.5    commit = min(leader's, last new entry)
F2.append.6    the answer carries term and success
F2.append.7    the follower learns who leads
F2.append.8    empty for a heartbeat, or many entries
F2.vote.1      refuse an earlier term
F2.vote.2      grant if free or given to the same, and the log is up to date
F2.vote.3      the answer carries term and grant
F2.all.1       apply what is committed
F2.all.2       a later term makes a follower
F2.follower.1  answer candidates and leaders
F2.follower.2  stand when no append and no vote for a timeout
F2.candidate.1 next term, own vote, new timer, requests
F2.candidate.2 a majority makes a leader
F2.candidate.3 a new leader's append makes a follower
F2.candidate.4 a timeout begins a new election
F2.leader.1    empty appends on winning and while idle
F2.leader.2    append a command, answer when applied
F2.leader.3    send from next on
F2.leader.4    success moves next and match
F2.leader.5    a refusal moves next back
F2.leader.6    a majority and the own term commit
5.1.1          one leader, others followers; a minority may fail
5.1.2          followers ask nothing
5.1.3          clients are sent to the leader
5.1.4          terms are consecutive; a split term has no leader
5.1.5          at most one leader a term
5.1.6          terms are exchanged, the larger is taken
5.1.7          a leader or candidate of an old term follows
5.1.8          a request of an old term is refused
5.1.9          requests are repeated, and sent in parallel
5.2.1          start as a follower
5.2.2          stay one while valid requests come
5.2.3          leaders send heartbeats to all
5.2.4          silence begins an election
5.2.5          next term, own vote, requests in parallel
5.2.6          three ends of a candidacy
5.2.7          a majority of the full cluster, of the same term
5.2.8          one vote a term, first come first served
5.2.9          a winner sends heartbeats at once
5.2.10         concede to a leader of the own term or a later
5.2.11         a split vote ends with the time
5.2.12         timeouts are random in a fixed interval
5.2.13         each election is a new draw
5.3.1          append, then send in parallel
5.3.2          apply what is safely replicated
5.3.3          retry for ever
5.3.4          an entry has a term and an index
5.3.5          the creator's majority commits it and all before
5.3.6          the commit index travels with every append
5.3.7          followers apply in order
5.3.8          one entry an index and a term
5.3.9          the consistency check
5.3.10         who accepts holds the leader's log so far
5.3.11         conflicts are overwritten with the leader's
5.3.12         next begins behind the last entry
5.3.13         go back until the logs agree
5.3.14         a refusal may pass over a term
5.3.15         a leader only appends
5.3.16         a majority's one round is enough
5.4.1.1        voters with more refuse
5.4.1.2        a later last term is more up to date
5.4.1.3        then the longer log
5.4.1.4        entries flow from leaders only
5.4.2.1        no counting of earlier terms' entries
5.4.2.2        the own entry commits them along
5.4.2.3        entries keep their terms
5.4.3.1        Leader Completeness
5.4.3.2        State Machine Safety
5.5.1          who is down is asked for ever
5.5.2          requests may be repeated
5.5.3          entries there already are passed over
5.6.1          safety knows no time
5.6.2          broadcast time << election timeout
6.1            entries go to both configurations
6.2            anybody of either may lead
6.3            separate majorities
6.4            in force as soon as the log holds it
6.5            neither half decides alone
6.6            then the new one is appended
6.7            who is not in it may be switched off
6.8            newcomers without a vote first
6.9            a leader outside steps down at the commit
6.10           who hears a leader refuses those who left
7.1            a snapshot has the index and term of its last entry
7.2            and the configuration as of it
7.3            each server takes its own, of what is committed
7.4            then the log up to it may go, and older snapshots
7.5            who needs what is gone gets the snapshot
7.6            news replace the whole log
7.7            a prefix leaves what follows
7.8            an earlier term is refused
7.9            parts by offset, each answered, the last installs
7.10           the state machine and the configuration become the snapshot's
7.11           a snapshot at a fixed size of the log
8.1            the leader serves; others name it
8.2            no answer: ask again elsewhere
8.3            numbers make a command happen once
8.4            an empty entry begins a term
8.5            a majority confirms a read
8.6            or a lease
"""

OTHERWISE = {
    "F2.all.2": ("trial=False", "Rachis's voter keeps its term when it refuses (rules 3.18 to 3.21)"),
    "F2.follower.2": ("ticking=False", "Rachis's timer fires at the second tick after a sign (rule 3.2)"),
    "F2.candidate.1": ("trial=False", "Rachis asks in a trial first (rule 3.10)"),
    "F2.candidate.4": ("trial=False", "in a trial a new round keeps the term (rule 3.11)"),
    "F2.leader.1": (
        "always",
        "the append on winning is not empty: it carries the empty entry of section 8 (rule 3.25)",
    ),
    "F2.leader.5": ("always", "further back than by one, as the end of section 5.3 allows"),
    "5.1.4": ("trial=False", "a trial that fails uses up no term (rule 3.10)"),
    "5.1.6": ("trial=False", "as F2.all.2"),
    "5.2.13": ("ticking=False", "Rachis draws anew only from a candidate's second round on (rule 3.1)"),
    "5.3.6": ("always", "a heartbeat carries it only as far as the follower is known to hold the log"),
    "6.3": ("always", "simple changes of one voter need no joint configuration (dissertation, 4.1)"),
    "6.10": ("trial=True", "the trial is refused, not the request (dissertation, 4.2.3)"),
    "7.9": ("always", "parts are gathered in memory, not in a file: what is not whole is worth nothing"),
    "7.11": ("compaction", "or at a number of entries; and never cheaper than the snapshot before it is large"),
    "8.6": ("lease_drift", "off unless a drift is given"),
}
"""Where this core differs from the letter: the value of `Timing` under which the paper's holds and is tested, and what else is so."""


def table() -> dict[str, str]:
    """Key and gist of every sentence, in the order of the paper."""
    lines = [line.split(None, 1) for line in SENTENCES.strip().splitlines()]
    return {key: gist.strip() for key, gist in lines}
