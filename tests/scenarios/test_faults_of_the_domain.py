"""What can befall a backup, and which story tells of it: each is in the gallery, and a planted bug breaks what it promises."""

import pytest

from scenarios.gallery import gallery
from scenarios.zoo import all_bugs

FAULTS = {
    "the node dies before the backup": "responsible_node_dies",
    "the node dies just before the backup": "the_node_dies_just_before",
    "the node dies during the upload": "crash_during_the_upload",
    "the node dies after the upload and before its books": "nobody_knows_of_the_file",
    "the node dies before the report": "the_report_arrives_late",
    "the leader changes during a report": "the_leader_changes_during_a_report",
    "the destination is full": "the_backup_folder_is_full",
    "the destination is slow": "the_backup_folder_is_slow",
    "the destination refuses": "the_backup_folder_refuses",
    "the connection is lost half-way": "the_connection_is_lost_half_way",
    "success is told for a file that is not there": "the_file_that_is_not_there",
    "the owner is cut off while the others move the task": "cut_off_owner_backs_up_twice",
    "the owner is cut off, and afterwards the runs of both are told": "the_task_moves_meanwhile",
    "a late report meets a newer one": "the_later_start_is_shown",
    "a clock is set across an occurrence": "the_clock_is_set",
    "two nodes stand in different zones": "two_zones",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_its_story_and_its_bug(fault: str) -> None:
    """In the gallery, and struck by a resident of the zoo."""
    story = FAULTS[fault]
    assert story in {entry.story for entry in gallery()}
    assert story in {bug.strikes for bug in all_bugs()}
