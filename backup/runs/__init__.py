"""One node's runs of its backup tasks: scheduling, writing, reading back, uploading, reporting, and retention."""
