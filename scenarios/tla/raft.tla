-------------------------------- MODULE raft --------------------------------
\* The law of Raft as a specification: elections and replication, one entry to an append, no step that is not the
\* paper's. Its variables, messages and actions bear the names and shapes of Diego Ongaro's specification (the
\* dissertation's appendix B), so that the trace module beside it can be put on top of either. What is different is
\* said where it is: a message stays where it is once sent, which is as if the network could always repeat it.

EXTENDS Naturals, FiniteSets, Sequences, TLC

CONSTANTS Server,                       \* the nodes
          Value,                        \* what can be asked of the log
          Follower, Candidate, Leader,  \* roles
          Nil,                          \* nobody
          RequestVoteRequest, RequestVoteResponse, AppendEntriesRequest, AppendEntriesResponse

VARIABLES messages                      \* a function whose domain is everything ever sent
VARIABLES currentTerm, state, votedFor  \* by node
VARIABLES log, commitIndex              \* by node; entry n of log[i] is a record of term and value
VARIABLES votesResponded, votesGranted  \* by node: who has answered in this term, who with a vote
VARIABLES nextIndex, matchIndex         \* by node, by peer
VARIABLES elections                     \* every election won: term and leader
VARIABLES allLogs                       \* nobody here changes it; it is in the interface

serverVars == <<currentTerm, state, votedFor>>
logVars == <<log, commitIndex>>
candidateVars == <<votesResponded, votesGranted>>
leaderVars == <<nextIndex, matchIndex, elections>>

------------------------------------------------------------------------------

Quorum == {some \in SUBSET Server : 2 * Cardinality(some) > Cardinality(Server)}

TermAt(entries, index) == IF index = 0 THEN 0 ELSE entries[index].term
LastTerm(entries) == TermAt(entries, Len(entries))
Smaller(a, b) == IF a < b THEN a ELSE b

Send(m) == messages' = (m :> 1) @@ messages

Init ==
    /\ messages = [m \in {} |-> 0]
    /\ currentTerm = [i \in Server |-> 1]
    /\ state = [i \in Server |-> Follower]
    /\ votedFor = [i \in Server |-> Nil]
    /\ log = [i \in Server |-> <<>>]
    /\ commitIndex = [i \in Server |-> 0]
    /\ votesResponded = [i \in Server |-> {}]
    /\ votesGranted = [i \in Server |-> {}]
    /\ nextIndex = [i \in Server |-> [j \in Server |-> 1]]
    /\ matchIndex = [i \in Server |-> [j \in Server |-> 0]]
    /\ elections = {}
    /\ allLogs = {}

------------------------------------------------------------------------------
\* What a node does of itself

\* Term, vote and log are on its disk; the rest is gone.
Restart(i) ==
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = {}]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
    /\ commitIndex' = [commitIndex EXCEPT ![i] = 0]
    /\ UNCHANGED <<messages, currentTerm, votedFor, log, elections, allLogs>>

\* Section 5.2. The vote for itself is asked for like any other.
Timeout(i) ==
    /\ state[i] # Leader
    /\ state' = [state EXCEPT ![i] = Candidate]
    /\ currentTerm' = [currentTerm EXCEPT ![i] = @ + 1]
    /\ votedFor' = [votedFor EXCEPT ![i] = Nil]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = {}]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ UNCHANGED <<messages, leaderVars, logVars>>

RequestVote(i, j) ==
    /\ state[i] = Candidate
    /\ j \notin votesResponded[i]
    /\ Send([mtype |-> RequestVoteRequest, mterm |-> currentTerm[i], msource |-> i, mdest |-> j,
             mlastLogTerm |-> LastTerm(log[i]), mlastLogIndex |-> Len(log[i])])
    /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>

BecomeLeader(i) ==
    /\ state[i] = Candidate
    /\ votesGranted[i] \in Quorum
    /\ state' = [state EXCEPT ![i] = Leader]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> Len(log[i]) + 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
    /\ elections' = elections \cup {[eterm |-> currentTerm[i], eleader |-> i]}
    /\ UNCHANGED <<messages, currentTerm, votedFor, candidateVars, logVars>>

\* Section 5.3.
ClientRequest(i, v) ==
    /\ state[i] = Leader
    /\ log' = [log EXCEPT ![i] = Append(@, [term |-> currentTerm[i], value |-> v])]
    /\ UNCHANGED <<messages, serverVars, candidateVars, leaderVars, commitIndex>>

AppendEntries(i, j) ==
    LET next == nextIndex[i][j]
        last == Smaller(Len(log[i]), next)
    IN /\ i # j
       /\ state[i] = Leader
       /\ Send([mtype |-> AppendEntriesRequest, mterm |-> currentTerm[i], msource |-> i, mdest |-> j,
                mprevLogIndex |-> next - 1, mprevLogTerm |-> TermAt(log[i], next - 1),
                mentries |-> SubSeq(log[i], next, last), mcommitIndex |-> Smaller(commitIndex[i], last)])
       /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>

\* Section 5.4.2: counted only up to an entry of its own term.
AdvanceCommitIndex(i) ==
    LET agreed == {n \in 1..Len(log[i]) : {i} \cup {k \in Server : matchIndex[i][k] >= n} \in Quorum}
        most == CHOOSE n \in agreed : \A other \in agreed : other <= n
    IN /\ state[i] = Leader
       /\ commitIndex' = IF agreed # {} /\ log[i][most].term = currentTerm[i]
                         THEN [commitIndex EXCEPT ![i] = most]
                         ELSE commitIndex
       /\ UNCHANGED <<messages, serverVars, candidateVars, leaderVars, log>>

------------------------------------------------------------------------------
\* What a node does about a message m from j

\* Section 5.1.
UpdateTerm(i, j, m) ==
    /\ m.mterm > currentTerm[i]
    /\ currentTerm' = [currentTerm EXCEPT ![i] = m.mterm]
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ votedFor' = [votedFor EXCEPT ![i] = Nil]
    /\ UNCHANGED <<messages, candidateVars, leaderVars, logVars>>

\* Sections 5.2 and 5.4.1.
HandleRequestVoteRequest(i, j, m) ==
    LET fresh == \/ m.mlastLogTerm > LastTerm(log[i])
                 \/ m.mlastLogTerm = LastTerm(log[i]) /\ m.mlastLogIndex >= Len(log[i])
        grant == m.mterm = currentTerm[i] /\ fresh /\ votedFor[i] \in {Nil, j}
    IN /\ m.mterm <= currentTerm[i]
       /\ votedFor' = IF grant THEN [votedFor EXCEPT ![i] = j] ELSE votedFor
       /\ Send([mtype |-> RequestVoteResponse, mterm |-> currentTerm[i], msource |-> i, mdest |-> j,
                mvoteGranted |-> grant])
       /\ UNCHANGED <<state, currentTerm, candidateVars, leaderVars, logVars>>

HandleRequestVoteResponse(i, j, m) ==
    /\ m.mterm = currentTerm[i]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = @ \cup {j}]
    /\ votesGranted' = IF m.mvoteGranted THEN [votesGranted EXCEPT ![i] = @ \cup {j}] ELSE votesGranted
    /\ UNCHANGED <<messages, serverVars, leaderVars, logVars>>

\* Section 5.3, in as many steps as it takes: back to follower, cut one entry, write one, answer.
HandleAppendEntriesRequest(i, j, m) ==
    LET index == m.mprevLogIndex + 1
        fits == /\ m.mprevLogIndex <= Len(log[i])
                /\ m.mprevLogTerm = TermAt(log[i], m.mprevLogIndex)
        answer(ok, match) == Send([mtype |-> AppendEntriesResponse, mterm |-> currentTerm[i], msource |-> i,
                                   mdest |-> j, msuccess |-> ok, mmatchIndex |-> match])
        listens == m.mterm = currentTerm[i] /\ state[i] = Follower
        there == IF m.mentries = <<>> THEN TRUE ELSE
                     IF Len(log[i]) < index THEN FALSE ELSE log[i][index].term = m.mentries[1].term
    IN /\ m.mterm <= currentTerm[i]
       /\ \/ /\ m.mterm < currentTerm[i] \/ (listens /\ ~fits)
             /\ answer(FALSE, 0)
             /\ UNCHANGED <<serverVars, logVars>>
          \/ /\ m.mterm = currentTerm[i] /\ state[i] = Candidate
             /\ state' = [state EXCEPT ![i] = Follower]
             /\ UNCHANGED <<messages, currentTerm, votedFor, logVars>>
          \/ /\ listens /\ fits /\ there
             /\ commitIndex' = [commitIndex EXCEPT ![i] = m.mcommitIndex]
             /\ answer(TRUE, m.mprevLogIndex + Len(m.mentries))
             /\ UNCHANGED <<serverVars, log>>
          \/ /\ listens /\ fits /\ ~there
             /\ log' = IF Len(log[i]) = m.mprevLogIndex
                       THEN [log EXCEPT ![i] = Append(@, m.mentries[1])]
                       ELSE [log EXCEPT ![i] = SubSeq(@, 1, Len(@) - 1)]
             /\ UNCHANGED <<messages, serverVars, commitIndex>>
       /\ UNCHANGED <<candidateVars, leaderVars>>

HandleAppendEntriesResponse(i, j, m) ==
    /\ m.mterm = currentTerm[i]
    /\ IF m.msuccess
       THEN /\ nextIndex' = [nextIndex EXCEPT ![i][j] = m.mmatchIndex + 1]
            /\ matchIndex' = [matchIndex EXCEPT ![i][j] = m.mmatchIndex]
       ELSE /\ nextIndex' = [nextIndex EXCEPT ![i][j] = IF @ > 1 THEN @ - 1 ELSE 1]
            /\ UNCHANGED matchIndex
    /\ UNCHANGED <<messages, serverVars, candidateVars, logVars, elections>>

=============================================================================
