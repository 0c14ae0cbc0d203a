"""What users run and read: stories, the command `unkindness`, replays, and the proof that a run can be repeated."""
