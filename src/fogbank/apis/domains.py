"""Custom domain names and their mappings, which REST, HTTP and WebSocket APIs share.

"You can use API mappings to route requests to any API": both versions of the control plane see the same names.
https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.store.api import Record, Table, Transaction

from .accounts import CHANGED
from .control import resource
from .errors import BadRequest, LimitExceeded

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


def label_of(domain: Domain) -> str:
    """The first label of the name that a custom domain name is an alias of: d-abc123."""
    target = domain.shape.get("regionalDomainName") or domain.shape.get("distributionDomainName") or ""
    return str(target).partition(".")[0]


DOMAINS = Table(
    "apigateway/domain",
    Domain,
    key=lambda d: (d.account, d.region, d.id),
    indexes={"name": lambda d: (d.id,), "label": lambda d: (label_of(d),)},
)
MAPPINGS = Table("apigateway/mapping", Mapping, key=lambda m: (m.account, m.region, m.domain, m.base))
_QUOTA = "L-A93447B8"
_ZONES = {"us-east-1": "Z1UJRXOUMOOFQ8", "us-west-2": "Z2OJLYMUO9EFXC", "eu-west-1": "ZLY8HYME6SFDD"}


def new_domain(tx: Transaction, ctx: Context, name: str, shape: dict[str, Any]) -> Domain:
    """Store a new domain name, with the name that it is to be an alias of. Raises BadRequest, LimitExceeded."""
    if name != name.lower():  # "Uppercase letters are not supported": AWS::ApiGateway::DomainName, DomainName
        raise BadRequest("Invalid domain name specified: uppercase letters are not supported")
    if tx.first(DOMAINS, "name", (name,)) is not None:
        raise BadRequest("The domain name you provided already exists.")
    if quotas.reached(tx, ctx, "apigateway", _QUOTA, DOMAINS, (ctx.account, ctx.region)) is not None:
        raise LimitExceeded("Maximum number of custom domain names for this account has been reached. Please contact "
                            "AWS if you need additional custom domain names.")  # fmt: skip
    if shape["endpointConfiguration"]["types"] == ["EDGE"]:
        shape["distributionDomainName"] = f"d{ctx.ids.lower(13)}.cloudfront.net"
        shape["distributionHostedZoneId"] = "Z2FDTNDATAQYW2"
    else:
        shape["regionalDomainName"] = f"d-{ctx.ids.lower(10)}.execute-api.{ctx.region}.amazonaws.com"
        shape["regionalHostedZoneId"] = _ZONES.get(ctx.region, "Z1UJRXOUMOOFQ8")
    now = float(int(ctx.now()))
    domain = Domain(account=ctx.account, region=ctx.region, id=name, created=now, updated=now, shape=shape)
    tx.put(DOMAINS, domain)
    tx.signal(CHANGED)
    return domain


def remove_domain(tx: Transaction, domain: Domain) -> None:
    """Delete a domain name with its mappings."""
    for mapping in list(tx.scan(MAPPINGS, (domain.account, domain.region, domain.id))):
        tx.delete(MAPPINGS, MAPPINGS.key(mapping))
    tx.delete(DOMAINS, DOMAINS.key(domain))
    tx.signal(CHANGED)


def certificate_removal(ctx: Context, id: str) -> list[Access]:
    """What deleting a name needs besides: mutual TLS has a permission of its own."""
    with ctx.read() as tx:
        domain = tx.get(DOMAINS, (ctx.account, ctx.region, id))
    if domain is None or not domain.shape.get("mutualTlsAuthentication"):
        return []
    return [Access("apigateway:RemoveCertificateFromDomain", resource(ctx, f"/domainnames/{domain.id}"))]
