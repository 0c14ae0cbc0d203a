"""Which published tests there are, row by row, and which test of ours is each one's counterpart. No test is here.

`script` means a script whose first words name the row. A row that ends otherwise here has the reason behind `|`.
"""

ETCD_SCRIPTS = """
campaign                                script
campaign_learner_must_vote              script
checkquorum                             script | asked in a trial first, so that no term moves (rule 3.10)
prevote                                 script
forget_leader                           script | there is no such call; a learner whose leader is silent forgets it by itself
single_node                             script
async_storage_writes                    script
confchange_v1_add_single                script
confchange_v1_remove_leader             script | it steps down when its removal is committed (dissertation, 4.2.2)
confchange_v1_remove_leader_stepdown    script
confchange_v2_add_single_auto           script
confchange_v2_add_double_implicit       script
confchange_v2_add_double_auto           script
confchange_v2_add_single_explicit       script | a change while joint is refused, not replaced by an empty entry
confchange_disable_validation           script | the checks cannot be switched off
probe_and_replicate                     script
snapshot_succeed_via_app_resp           script
heartbeat_resp_recovers_from_probing    script
"""

ETCD_TABLES = """
TestFollowerCheckMsgApp                 test_tables.py::test_append_is_checked | says what was verified, not its commit index
TestFollowerAppendEntries               test_tables.py::test_append_cuts_only_a_conflict
TestHandleMsgApp                        test_tables.py::test_append_commits_what_it_verified
TestLogMaybeAppend                      test_tables.py::test_append_to_a_log_with_commits
TestLogMaybeAppend/conflict             test_tables.py::test_to_overwrite_what_is_committed_fails_loudly
TestFindConflictByTerm                  test_log.py::test_find_conflict
TestFindConflictByTerm/snapshot         test_log.py::test_find_conflict_after_a_snapshot
TestIsUpToDate                          test_tables.py::test_up_to_date
TestVoter                               test_tables.py::test_a_voter_protects_its_log
TestRecvMsgVote                         test_tables.py::test_a_vote_in_the_same_term
TestRecvMsgVote/voted                   test_tables.py::test_who_voted_for_itself_does_not_vote_again
TestFollowerVote                        test_tables.py::test_a_vote_is_remembered
TestVoteFromAnyState                    test_tables.py::test_a_vote_from_any_state | Rachis's leader is asked by force (rule 3.19)
TestLeaderElectionInOneRoundRPC         test_tables.py::test_an_election_in_one_round | who lost waits for its time (rule 3.11)
TestStateTransition                     test_tables.py::test_roles_and_terms
TestStateTransition/errors              test_tables.py::test_a_leader_has_no_election_timer
TestLeaderOnlyCommitsLogFromCurrentTerm test_tables.py::test_only_the_own_term_is_committed_by_counting
TestLeaderAcknowledgeCommit             test_tables.py::test_acknowledgements_needed
TestLeaderCommitPrecedingEntries        test_tables.py::test_one_commit_delivers_all_that_precedes
TestLeaderSyncFollowerLog               test_tables.py::test_figure_7
TestLogReplicationWithReorderedMessage  script
TestLeaderAppResp                       test_tables.py::test_a_leader_learns_from_answers
TestHandleHeartbeat                     test_tables.py::test_a_heartbeat_commits
TestBcastBeat                           test_replication.py::test_a_beat_verifies_what_is_verified_and_nothing_more
quorum/majority_commit                  test_quorum.py::test_committed
quorum/majority_vote                    test_quorum.py::test_votes
quorum/joint_commit                     test_quorum.py::test_committed
quorum/joint_vote                       test_quorum.py::test_votes
quorum/empty                            test_quorum.py::test_a_majority_of_nobody_restricts_nothing
quorum/quick_commit                     test_quorum.py::test_committed_is_what_a_brute_search_finds
quorum/quick_vote                       test_quorum.py::test_results_are_what_a_brute_search_finds
confchange/simple                       test_configuration.py::test_a_simple_change | there is no node 0, and no update of an address
confchange/simple_errors                test_configuration.py::test_a_simple_change_that_cannot_be
confchange/joint                        test_configuration.py::test_into_a_joint_configuration_and_out
confchange/joint_errors                 test_configuration.py::test_what_a_joint_configuration_refuses
confchange/quick                        test_configuration.py::test_every_way_to_a_target_ends_there
confchange/quick_model                  test_against_dumb.py::test_a_change_is_what_each_node_comes_to
confchange/progress                     test_membership.py::test_a_newcomer_is_probed_from_the_end_of_the_log | next: that entry
TestUncommittedEntryLimit               test_progress.py::test_what_is_larger_than_the_limit_is_taken_when_nothing_waits
TestPastElectionTimeout                 test_chance.py::test_who_has_lost_patience_after_so_long
"""

ETCD_PAPER = """
TestUpdateTermFromMessage               paper/test_figure_2.py::test_a_later_term_in_any_message_makes_a_follower
TestRejectStaleTermMessage              paper/test_section_5_elections.py::test_a_request_of_an_old_term_is_refused
TestStartAsFollower                     paper/test_section_5_elections.py::test_nodes_start_as_followers
TestLeaderBcastBeat                     paper/test_section_5_elections.py::test_a_leader_beats_while_nothing_happens
TestNonleaderStartElection              paper/test_section_5_elections.py::test_an_election_begins_with_the_own_vote
TestCandidateFallback                   paper/test_section_5_elections.py::test_a_candidate_concedes_to_a_leader_of_its_term_or_a_later
TestNonleaderElectionTimeoutRandomized  test_chance.py::test_every_timeout_comes
TestNonleadersElectionTimeoutNonconflict test_chance.py::test_two_seldom_draw_the_least
TestLeaderStartReplication              paper/test_section_5_logs.py::test_a_command_is_appended_and_sent_to_all_at_once
TestLeaderCommitEntry                   paper/test_section_5_logs.py::test_what_is_safely_replicated_is_applied
TestFollowerCommitEntry                 paper/test_section_5_logs.py::test_a_follower_applies_what_it_learns_is_committed
TestVoteRequest                         paper/test_section_5_logs.py::test_entries_flow_from_leaders_to_followers
"""

ETCD_SCENARIOS = """
TestLeaderElection                      script
TestLeaderElectionPreVote               script
TestLeaderElectionWithCheckQuorum       script
TestLeaderCycle                         script
TestLeaderElectionOverwriteNewerLogs    script
TestDuelingCandidates                   script
TestDuelingPreCandidates                script
TestCandidateConcede                    script
TestOldMessages                         script
TestProposal                            script
TestProposalByProxy                     script | a follower refuses and names the leader
TestCannotCommitWithoutNewTermEntry     script
TestCommitWithoutNewTermEntry           script
TestLogReplication                      script
TestCandidateSelfVoteAfterLostElection  script
TestCandidateDeliversPreCandidateSelfVoteAfterBecomingCandidate script
TestLeaderMsgAppSelfAckAfterTermChange  script
TestLeaderStepdownWhenQuorumActive      script
TestLeaderStepdownWhenQuorumLost        script
TestLeaderSupersedingWithCheckQuorum    script | the trial is refused, not the request
TestFreeStuckCandidateWithCheckQuorum   script
TestDisruptiveFollower                  script
TestDisruptiveFollowerPreVote           script
TestNodeWithSmallerTermCanCompleteElection script
TestPreVoteWithSplitVote                script
TestPreVoteMigrationCanCompleteElection script
TestPreVoteMigrationWithFreeStuckPreCandidate script
TestConfChangeCheckBeforeCampaign       script | a change counts when it is appended, so there is nothing to wait for
TestConfChangeV2CheckBeforeCampaign     ccf/reconfig_01_el1_12.script | the same of a joint change
TestNewLeaderPendingConfig              script
TestCommitAfterRemoveNode               script
TestAddNodeCheckQuorum                  script
TestAddNode                             script
TestAddLearner                          script
TestRemoveNode                          script
TestLearnerPromotion                    script
TestLearnerElectionTimeout              script
TestLearnerLogReplication               script
TestLearnerReceiveSnapshot              script
TestRestoreLearner                      script
TestProvideSnap                         script
TestSnapshotSucceed                     script
TestIgnoreProvidingSnap                 script
TestRestoreIgnoreSnapshot               script
TestNonPromotableVoterWithCheckQuorum   script
TestLeaderTransferToUpToDateNode        script
TestLeaderTransferToUpToDateNodeFromFollower script | a follower refuses
TestLeaderTransferWithCheckQuorum       script
TestLeaderTransferToSlowFollower        script
TestLeaderTransferToSelf                script
TestLeaderTransferToNonExistingNode     script
TestLeaderTransferToLearner             script
TestLeaderTransferTimeout               script
TestLeaderTransferAfterSnapshot         script
TestLeaderTransferIgnoreProposal        script
TestLeaderTransferReceiveHigherTermVote script
TestLeaderTransferRemoveNode            script | nobody is removed while leadership is handed over
TestLeaderTransferDemoteNode            script | nor demoted
TestLeaderTransferBack                  script | refused; the attempt goes on
TestLeaderTransferSecondTransferToAnotherNode script
TestLeaderTransferSecondTransferToSameNode script
TestTransferNonMember                   script
TestNodeReadIndexToOldLeader            script
TestNodeCommitPaginationAfterRestart    script
TestRawNodeJointAutoLeave               script
TestRawNodeProposeAddDuplicateNode      script
TestRawNodeBoundedLogGrowthWithPartition script
"""

CCF = """
follower_overcommit_partial_verified former_candidate_double_vote pre_vote_double_leader rollback_safety ackuracy
follower_rollback_match_index liveness_through_conflict suffix_collision suffix_collision.1 suffix_collision.2
suffix_collision.3 long_divergence_sync partial_append_entries matching_partial indirect_commit_stale_leader
check_quorum_0_012 check_quorum_012_0 pre_vote_split delayed_vote_requests leadership_race late_nomination reconfig_01_12
reconfig_01_23 reconfig_01_el0_12 reconfig_01_el0_23 reconfig_01_el1_12 reconfig_01_el1_23 reconfig_01_el2_12
reconfig_01_el2_23 election_while_reconfiguration swap_single_node retire retire_follower retirement_rollback
retired_node_delayed_responses
"""

TOYDB = """
append_probe_divergent_first append_probe_divergent_long append_probe_divergent_short append_probe_divergent_single
heartbeat_lost_append_single heartbeat_lost_append_multiple heartbeat_lost_append_duplicate heartbeat_old_commit_index
heartbeat_multiple_leaders_panic election_contested election_tie election_tie_even election_candidate_behind_quorum
request_leader_change_linearizability request_leader_read_quorum request_leader_read_quorum_sequence restart_apply
restart_commit_recover restart_term_vote
"""


def rows() -> dict[str, tuple[str, str]]:
    """For each published test, as `source name`, the place of ours and why it ends otherwise, if it does."""
    found: dict[str, tuple[str, str]] = {}
    for text in (ETCD_SCRIPTS, ETCD_TABLES, ETCD_PAPER, ETCD_SCENARIOS):
        for line in text.strip().splitlines():
            row, _, why = line.partition(" | ")
            name, place = row.split()
            assert f"etcd {name}" not in found, f"{name} twice"
            found[f"etcd {name}"] = (place, why)
    for source, names in (("ccf", CCF), ("toydb", TOYDB)):
        found |= {f"{source} {name}": ("script", "") for name in names.split()}
    return found
