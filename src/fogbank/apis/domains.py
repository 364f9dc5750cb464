"""Custom domain names and their mappings, which REST, HTTP and WebSocket APIs share.

"You can use API mappings to route requests to any API": both versions of the control plane see the same names.
https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html
"""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table

NONE = "(none)"  # the base path of a mapping for everything that no other mapping takes


class Domain(Record):
    """A custom domain name: its DomainName structure as apigateway (version 1) writes it."""

    account: str
    region: str
    id: str
    created: float
    updated: float
    shape: dict[str, Any]


class Mapping(Record):
    """A base path of a custom domain name. Its `id` is apigatewayv2's ApiMappingId."""

    account: str
    region: str
    domain: str
    base: str
    api: str
    stage: str  # empty: the first segment of the path below the base names it
    id: str = ""


DOMAINS = Table(
    "apigateway/domain",
    Domain,
    key=lambda d: (d.account, d.region, d.id),
    indexes={"name": lambda d: (d.id,), "target": lambda d: (d.shape.get("regionalDomainName") or "",)},
)
MAPPINGS = Table("apigateway/mapping", Mapping, key=lambda m: (m.account, m.region, m.domain, m.base))
