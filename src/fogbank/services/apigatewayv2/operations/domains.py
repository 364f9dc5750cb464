"""Custom domain names, which REST APIs see too.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames.html

They are served under their regional names (`d-….execute-api.REGION.…`); no certificate is installed anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping as Members
from typing import Any

from fogbank.apis.control import resource
from fogbank.apis.domains import DOMAINS, Domain, certificate_removal, new_domain, remove_domain
from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from ..find import Req, call, changed, page
from ..records import RULES

_DOMAIN = "/domainnames/{DomainName}"
# members of a configuration, and of version 1's structure
_CONFIGURED = {
    "CertificateArn": "regionalCertificateArn",
    "CertificateName": "regionalCertificateName",
    "SecurityPolicy": "securityPolicy",
    "OwnershipVerificationCertificateArn": "ownershipVerificationCertificateArn",
}
_TLS = {"TruststoreUri": "truststoreUri", "TruststoreVersion": "truststoreVersion"}


def require_domain(tx: Reader, ctx: Context, name: str) -> Domain:
    found = tx.get(DOMAINS, (ctx.account, ctx.region, name))
    if found is None:
        raise NotFound(f"Invalid domain name identifier specified {name}")  # not confirmed
    return found


def shown(ctx: Context, domain: Domain) -> dict[str, Any]:
    """The DomainName structure."""
    shape = domain.shape
    edge = shape["endpointConfiguration"]["types"] == ["EDGE"]
    configuration: dict[str, Any] = {
        "ApiGatewayDomainName": shape["distributionDomainName" if edge else "regionalDomainName"],
        "DomainNameStatus": "AVAILABLE",
        "EndpointType": "EDGE" if edge else "REGIONAL",
        "HostedZoneId": shape["distributionHostedZoneId" if edge else "regionalHostedZoneId"],
        "IpAddressType": shape["endpointConfiguration"].get("ipAddressType") or "ipv4",
        "SecurityPolicy": shape.get("securityPolicy") or "TLS_1_2",
    }
    if edge and shape.get("certificateArn"):
        configuration["CertificateArn"] = shape["certificateArn"]
    configuration |= {new: shape[old] for new, old in _CONFIGURED.items() if shape.get(old)}
    found: dict[str, Any] = {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": domain.id,
        "DomainNameArn": ctx.arn("apigateway", f"/domainnames/{domain.id}", account=""),
        "DomainNameConfigurations": [configuration],
        "RoutingMode": shape.get("routingMode") or "API_MAPPING_ONLY",
        "Tags": shape.get("tags") or {},
    }
    tls = shape.get("mutualTlsAuthentication")
    if tls:
        found["MutualTlsAuthentication"] = {new: tls[old] for new, old in _TLS.items() if tls.get(old)}
    return found


def _shape(req: Members[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    """Version 1's structure of what a request says. Raises BadRequest."""
    shape = dict(held)
    configurations = req.get("DomainNameConfigurations") or []
    if len(configurations) > 1:
        raise BadRequest("Only one domain name configuration is supported")  # not confirmed
    for configuration in configurations:
        if configuration.get("EndpointType") not in (None, "REGIONAL"):
            raise BadRequest("Only the endpoint type REGIONAL is supported for HTTP and WebSocket APIs")
        shape |= {old: configuration[new] for new, old in _CONFIGURED.items() if configuration.get(new)}
        if configuration.get("IpAddressType"):
            shape["endpointConfiguration"] = {
                **shape["endpointConfiguration"], "ipAddressType": configuration["IpAddressType"],
            }  # fmt: skip
    tls = req.get("MutualTlsAuthentication")
    if tls is not None:
        shape["mutualTlsAuthentication"] = {old: tls[new] for new, old in _TLS.items() if tls.get(new)}
    if req.get("RoutingMode"):
        shape["routingMode"] = req["RoutingMode"]
    return {name: value for name, value in shape.items() if value not in ("", {})}


def _making(ctx: Context, req: Req) -> list[Access]:
    """Mutual TLS needs a permission of its own."""
    if not req.get("MutualTlsAuthentication"):
        return []
    return [Access("apigateway:AddCertificateToDomain", resource(ctx, "/domainnames"))]


def _changing(ctx: Context, req: Req) -> list[Access]:
    tls = req.get("MutualTlsAuthentication")
    if tls is None:
        return []
    action = "AddCertificateToDomain" if tls.get("TruststoreUri") else "RemoveCertificateFromDomain"
    return [Access(f"apigateway:{action}", resource(ctx, f"/domainnames/{req['DomainName']}"))]


def _removing(ctx: Context, req: Req) -> list[Access]:
    return certificate_removal(ctx, req["DomainName"])


@call("CreateDomainName", "POST", "/domainnames", also=_making)
def create_domain_name(ctx: Context, req: Req) -> dict[str, Any]:
    """Create a custom domain name."""
    ctx.recorded(
        "DomainNameConfigurations", *(["MutualTlsAuthentication"] if req.get("MutualTlsAuthentication") else [])
    )
    shape = _shape(req, {"endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"}})
    if not (shape.get("regionalCertificateArn") or shape.get("regionalCertificateName")):
        raise BadRequest("A certificate ARN is required for a custom domain name")  # not confirmed
    if req.get("Tags"):
        shape["tags"] = req["Tags"]
    with ctx.write() as tx:
        return shown(ctx, new_domain(tx, ctx, req["DomainName"], shape))


@call("GetDomainName", "GET", _DOMAIN)
def get_domain_name(ctx: Context, req: Req) -> dict[str, Any]:
    """One custom domain name."""
    with ctx.read() as tx:
        return shown(ctx, require_domain(tx, ctx, req["DomainName"]))


@call("GetDomainNames", "GET", "/domainnames")
def get_domain_names(ctx: Context, req: Req) -> dict[str, Any]:
    """A page of the account's custom domain names in the region."""
    with ctx.read() as tx:
        found = [shown(ctx, domain) for domain in tx.scan(DOMAINS, (ctx.account, ctx.region))]
    return page(ctx, req, found, "DomainName")


@call("UpdateDomainName", "PATCH", _DOMAIN, also=_changing)
def update_domain_name(ctx: Context, req: Req) -> dict[str, Any]:
    """Change a custom domain name."""
    with ctx.write() as tx:
        domain = require_domain(tx, ctx, req["DomainName"])
        domain.shape = _shape(req, domain.shape)
        domain.updated = float(int(ctx.now()))
        tx.put(DOMAINS, domain)
        changed(tx)
    return shown(ctx, domain)


@call("DeleteDomainName", "DELETE", _DOMAIN, also=_removing)
def delete_domain_name(ctx: Context, req: Req) -> dict[str, Any]:
    """Delete a custom domain name with its mappings and rules."""
    with ctx.write() as tx:
        domain = require_domain(tx, ctx, req["DomainName"])
        for rule in list(tx.scan(RULES, (ctx.account, ctx.region, domain.id))):
            tx.delete(RULES, RULES.key(rule))
        remove_domain(tx, domain)
    return {}
