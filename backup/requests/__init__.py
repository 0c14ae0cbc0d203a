"""What a client may ask of a node: one frozen class a request, each with what it answers and how it is refused.

A request says itself in one clause, and its `repr` stays short however much it carries. What changes the record is the
command itself (admin_requests.py). Never here: how a request is answered (backup/node).
"""

from backup.requests.admin_requests import Act, ObserverRequest
from backup.requests.backup_requests import Action
from backup.requests.document_requests import DocumentRequest
from backup.requests.restore_requests import RestoreDatabase

Request = Act | ObserverRequest | Action | DocumentRequest | RestoreDatabase
"""Whatever a node answers."""
