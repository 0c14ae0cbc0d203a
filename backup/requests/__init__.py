"""Clients' requests to a node: one frozen class per request, each with its answer and its refusals.

`says()` describes a request in one clause, and its `repr` stays short however much it carries. A request that changes the
record is the command itself (admin_requests.py). Requests are answered in backup/node.
"""

from backup.requests.admin_requests import Act, ObserverRequest
from backup.requests.backup_requests import Action
from backup.requests.document_requests import DocumentRequest
from backup.requests.restore_requests import RestoreDatabase

Request = Act | ObserverRequest | Action | DocumentRequest | RestoreDatabase
"""Every request that a node answers."""
