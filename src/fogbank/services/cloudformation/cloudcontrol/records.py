"""The stored records of Cloud Control: requests, and what was asked of the resources that it made."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class ResourceRequest(Record):
    """A request to create, change or delete a resource; it is kept for seven days."""

    account: str
    region: str
    token: str
    type: str
    operation: str  # CREATE, UPDATE, DELETE
    status: str  # PENDING, IN_PROGRESS, SUCCESS, FAILED, CANCEL_COMPLETE
    time: float
    identifier: str = ""
    desired: dict[str, Any] = {}
    previous: dict[str, Any] = {}
    model: str = ""  # JSON, once it has succeeded
    error: str = ""
    message: str = ""
    role_arn: str = ""
    client_token: str = ""
    fingerprint: str = ""
    maker: str = ""  # the token of a creation, the same at every try
    began: float = 0.0


REQUESTS = Table(
    "cloudformation/request",
    ResourceRequest,
    key=lambda r: (r.account, r.region, r.token),
    indexes={
        "client": lambda r: (r.account, r.region, r.client_token) if r.client_token else None,
        "resource": lambda r: (r.account, r.region, r.type, r.identifier) if r.status == "IN_PROGRESS" else None,
    },
)


class Made(Record):
    """A resource that Cloud Control made: its physical id, the properties it was made with, and its attributes."""

    account: str
    region: str
    type: str
    identifier: str
    id: str
    properties: dict[str, Any]
    attributes: dict[str, Any] = {}


MADE = Table("cloudformation/made", Made, key=lambda m: (m.account, m.region, m.type, m.identifier))
