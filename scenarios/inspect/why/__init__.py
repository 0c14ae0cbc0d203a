"""Why a task ran at a time of a run, or why it did not. `answering.why` is the door."""
