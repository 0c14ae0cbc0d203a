"""What a run's file is: a logical backup or a snapshot, with the record in it (rules 6.1, 11.6, 18.4).

Never here: the formats themselves (content/), and where the bytes go, under which key, how fast (work.py).
"""

from typing import Any

from backup.content.logical import Writer
from backup.content.snapshot import SnapshotWriter
from backup.database.values import Values
from backup.job import Job
from backup.ledger import Chain
from backup.record import Database
from backup.task_json import task_json

DEFLATE = {"NoCompression": 0, "Fastest": 1, "Optimal": 6, "SmallestSize": 9}
"""Levels of deflate by the names that .NET gives them (rule 6.1); what asks for Zstd gets it too, so that any unzip reads it."""


def writer_of(job: Job, values: Values, chain: Chain | None, file: str, *, full: bool) -> Writer | SnapshotWriter:
    """What writes the file: a full one, or the next of that chain."""
    if job.is_snapshot(full=full):
        settings = job.task.snapshot
        return SnapshotWriter(
            job.contents,
            record_of(job.database),
            file=file,
            database=job.database.name,
            task_id=job.task.id,
            started_at=job.started_at,
            raft_index=job.database.raft_index,
            values=values,
            indexes=() if settings.exclude_indexes else job.indexes,
            level=0 if settings.compression == "None" else DEFLATE[settings.level],
        )
    return Writer(
        job.contents,
        record_of(job.database),
        file=file,
        database=job.database.name,
        task_id=job.task.id,
        started_at=job.started_at,
        raft_index=job.database.raft_index,
        from_etag=chain.last_etag if chain is not None else None,
        from_raft_index=chain.raft_index if chain is not None else 0,
        previous=chain.file if chain is not None else "",
        values=values,
    )


def record_of(database: Database) -> dict[str, Any]:
    """The database record as it stands in a file: a JSON object (rule 18.4), without any key."""
    topology = database.topology
    return {
        "DatabaseName": database.name,
        "Encrypted": database.key is not None,
        "Topology": {
            "Members": list(topology.members),
            "Promotables": list(topology.promotables),
            "Rehabs": list(topology.rehabs),
            "ReplicationFactor": topology.replication_factor,
        },
        "PeriodicBackups": [task_json(task) for task in database.tasks.values()],
    }
