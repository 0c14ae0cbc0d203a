"""The verbs of a story about backups: what a client of the cluster would do, in a story's words.

Every verb is a request that some node is asked, so it is a step of the recording like any other. What a story may look
at (runs, owners, files) is read from the history and from the nodes; nothing here steers.
"""

from scenarios.backups.client import Client, backups
from scenarios.backups.database import Database
from scenarios.backups.task import FOLDER, Ran, Task

__all__ = ["FOLDER", "Client", "Database", "Ran", "Task", "backups"]
