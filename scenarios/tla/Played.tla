------------------------------- MODULE Played -------------------------------
\* Whether a run that was played is a behaviour of the specification it extends: Diego Ongaro's, or ours, which has the
\* same names. `Lines` is the run, written into a module of its own; line n must be a step that the specification takes
\* from where line n - 1 has led. What the specification has no word for is in the second part, each with the reason
\* why it can do no harm; nothing else is allowed.

EXTENDS raft

CONSTANTS Lines(_), Count

VARIABLES line,     \* the next line to take
          highest,  \* by node: the most it ever knew to be committed
          counted   \* by node: the most of its own log that it has counted towards a majority

Unmoved == UNCHANGED <<messages, serverVars, candidateVars, leaderVars, logVars>>

\* The messages that say this, by what they say and not by what history they carry.
Votes(t, j, i) == {m \in DOMAIN messages :
    m.mtype = RequestVoteRequest /\ m.mterm = t /\ m.msource = j /\ m.mdest = i}
VoteAnswers(t, j, i, yes) == {m \in DOMAIN messages :
    m.mtype = RequestVoteResponse /\ m.mterm = t /\ m.msource = j /\ m.mdest = i /\ m.mvoteGranted = yes}
Appends(t, j, i, prev, count, commit) == {m \in DOMAIN messages :
    /\ m.mtype = AppendEntriesRequest /\ m.mterm = t /\ m.msource = j /\ m.mdest = i
    /\ m.mprevLogIndex = prev /\ Len(m.mentries) = count /\ m.mcommitIndex = commit}
Answers(t, j, i, ok, match) == {m \in DOMAIN messages :
    /\ m.mtype = AppendEntriesResponse /\ m.mterm = t /\ m.msource = j /\ m.mdest = i
    /\ m.msuccess = ok /\ m.mmatchIndex = match}

------------------------------------------------------------------------------
\* What the specification has no word for

\* A term learnt from an answer that is not in the specification (to a trial, or rule 3.21's): somebody is in it.
LearnTerm(i, t) ==
    /\ t > currentTerm[i]
    /\ \E k \in Server : currentTerm[k] >= t
    /\ currentTerm' = [currentTerm EXCEPT ![i] = t]
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ votedFor' = [votedFor EXCEPT ![i] = Nil]
    /\ UNCHANGED <<messages, candidateVars, leaderVars, logVars>>

\* Check-quorum: who leads may always stop.
GiveUp(i) ==
    /\ state[i] = Leader
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ UNCHANGED <<messages, currentTerm, votedFor, candidateVars, leaderVars, logVars>>

\* Good standing, rules 3.19 to 3.22: a vote may always be refused.
RefuseVote(i, j) ==
    /\ Send([mtype |-> RequestVoteResponse, mterm |-> currentTerm[i], msource |-> i, mdest |-> j,
             mvoteGranted |-> FALSE])
    /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>

\* Pipelining, probing and beats: which entry is sent next is a guess; only matchIndex is believed.
Aim(i, j, next) ==
    /\ next \in 1..(Len(log[i]) + 1)
    /\ nextIndex' = [nextIndex EXCEPT ![i][j] = next]
    /\ UNCHANGED <<messages, serverVars, candidateVars, matchIndex, elections, logVars>>

\* The specification forgets at a restart and at an old append what is committed; what was committed stays so.
Remember(i, c) ==
    /\ c <= highest[i] /\ c <= Len(log[i])
    /\ commitIndex' = [commitIndex EXCEPT ![i] = c]
    /\ UNCHANGED <<messages, serverVars, candidateVars, leaderVars, log>>

\* A leader counts its own log only as far as its disk has it, and so may commit less than the specification's, or
\* without itself; still only what a majority has, of its own term.
CommitUpTo(i, c, itself) ==
    /\ state[i] = Leader
    /\ c \in 1..Len(log[i])
    /\ c > commitIndex[i]
    /\ log[i][c].term = currentTerm[i]
    /\ (IF itself THEN {i} ELSE {}) \cup {k \in Server \ {i} : matchIndex[i][k] >= c} \in Quorum
    /\ commitIndex' = [commitIndex EXCEPT ![i] = c]
    /\ UNCHANGED <<messages, serverVars, candidateVars, leaderVars, log>>

\* A crash while a write is on its way: back to term t, vote v and log `entries`, which agrees with what it had up to
\* `common`. The specification's storage is immediate; ours is not, and tells nobody before it is done. So whatever it
\* would have said is taken back, and if anybody has counted on it already, this is no step.
Forget(i, t, v, entries, common) ==
    /\ t <= currentTerm[i]
    /\ common >= counted[i]
    /\ \A k \in Server : state[k] = Leader /\ currentTerm[k] >= t => matchIndex[k][i] <= common
    /\ \A k \in Server : state[k] # Follower /\ i \in votesGranted[k] =>
            currentTerm[k] < t \/ (currentTerm[k] = t /\ v = k)
    /\ LET unsaid == {m \in DOMAIN messages : m.msource = i /\
              \/ m.mterm > t
              \/ m.mtype = RequestVoteResponse /\ m.mterm = t /\ m.mvoteGranted /\ m.mdest # v
              \/ m.mtype = AppendEntriesResponse /\ m.mterm = t /\ m.msuccess /\ m.mmatchIndex > common}
       IN messages' = [m \in DOMAIN messages \ unsaid |-> messages[m]]
    /\ currentTerm' = [currentTerm EXCEPT ![i] = t]
    /\ votedFor' = [votedFor EXCEPT ![i] = v]
    /\ log' = [log EXCEPT ![i] = entries]
    /\ UNCHANGED <<state, candidateVars, leaderVars, commitIndex>>

------------------------------------------------------------------------------

Step(e) == LET i == e.node
               j == e.peer IN
    CASE e.act = "Timeout" -> Timeout(i)
      [] e.act = "RequestVote" -> RequestVote(i, j)
      [] e.act = "BecomeLeader" -> BecomeLeader(i)
      [] e.act = "ClientRequest" -> ClientRequest(i, e.x)
      [] e.act = "AppendEntries" -> AppendEntries(i, j)
      [] e.act = "Restart" -> Restart(i)
      [] e.act = "UpdateTerm" -> \E m \in DOMAIN messages :
            m.mdest = i /\ m.msource = j /\ m.mterm = e.x /\ UpdateTerm(i, j, m)
      [] e.act = "HandleRequestVoteRequest" -> \E m \in Votes(e.x, j, i) :
            /\ HandleRequestVoteRequest(i, j, m)
            /\ \E answer \in DOMAIN messages' : /\ answer.mtype = RequestVoteResponse /\ answer.mterm = e.x
                                                /\ answer.msource = i /\ answer.mdest = j /\ answer.mvoteGranted
      [] e.act = "HandleRequestVoteResponse" -> \E m \in VoteAnswers(e.x, j, i, TRUE) :
            HandleRequestVoteResponse(i, j, m)
      [] e.act = "HandleAppendEntriesRequest" -> \E m \in Appends(e.x, j, i, e.prev, e.count, e.mcommit) :
            HandleAppendEntriesRequest(i, j, m)
      [] e.act = "HandleAppendEntriesResponse" -> \E m \in Answers(currentTerm[i], j, i, TRUE, e.x) :
            HandleAppendEntriesResponse(i, j, m)
      [] e.act = "AdvanceCommitIndex" -> CommitUpTo(i, e.x, e.itself)
      [] e.act = "LearnTerm" -> LearnTerm(i, e.x)
      [] e.act = "GiveUp" -> GiveUp(i)
      [] e.act = "RefuseVote" -> RefuseVote(i, j)
      [] e.act = "Aim" -> Aim(i, j, e.x)
      [] e.act = "Remember" -> Remember(i, e.x)
      [] e.act = "Forget" -> Forget(i, e.x, j, e.log, e.prev)
      [] e.act = "Look" -> Unmoved
      [] OTHER -> FALSE

\* What the node was seen to be once the line was done.
Seen(e) == LET i == e.node IN e.seen =>
    /\ currentTerm'[i] = e.term
    /\ (state'[i] = Leader) = e.leads
    /\ votedFor'[i] = e.vote
    /\ Len(log'[i]) = e.length
    /\ e.length > 0 => log'[i][e.length].term = e.lastTerm /\ log'[i][e.length].value = e.lastValue
    /\ commitIndex'[i] = e.commit

PlayedInit == Init /\ line = 1 /\ highest = [i \in Server |-> 0] /\ counted = [i \in Server |-> 0]

PlayedNext ==
    /\ line <= Count
    /\ Step(Lines(line))
    /\ Seen(Lines(line))
    /\ line' = line + 1
    /\ highest' = [i \in Server |-> IF commitIndex'[i] > highest[i] THEN commitIndex'[i] ELSE highest[i]]
    /\ counted' = LET e == Lines(line) IN
            IF e.act = "AdvanceCommitIndex" /\ e.itself THEN [counted EXCEPT ![e.node] = e.x] ELSE counted
    /\ UNCHANGED allLogs

\* Reached the end: broken exactly by a run that is a behaviour.
NotDone == line <= Count

=============================================================================
