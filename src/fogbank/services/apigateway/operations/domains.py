"""Custom domain names and base path mappings. Certificates and policies are kept and returned.

https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.domains import (
    DOMAINS,
    MAPPINGS,
    NONE,
    Domain,
    Mapping,
    certificate_removal,
    new_domain,
    remove_domain,
)
from fogbank.apis.errors import Conflict
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from .. import patching
from ..apis import endpoint_configuration
from ..arns import call, resource
from ..lookups import changed, page, require_api, require_item, require_stage
from ..patching import MEMBER, REPLACE, SETTABLE

UNKNOWN = "Invalid domain name identifier specified"
_MEMBERS = (
    "certificateName", "certificateArn", "regionalCertificateName", "regionalCertificateArn", "endpointConfiguration",
    "tags", "securityPolicy", "endpointAccessMode", "mutualTlsAuthentication", "ownershipVerificationCertificateArn",
    "policy", "routingMode",
)  # fmt: skip
RULES = {
    "/certificateName": REPLACE,
    "/certificateArn": REPLACE,
    "/regionalCertificateName": REPLACE,
    "/regionalCertificateArn": REPLACE,
    "/ownershipVerificationCertificateArn": REPLACE,
    "/securityPolicy": REPLACE,
    "/endpointAccessMode": REPLACE,
    "/policy": SETTABLE,
    "/routingMode": REPLACE,
    "/endpointConfiguration/types/{type}": MEMBER,
    "/endpointConfiguration/ipAddressType": REPLACE,
    "/mutualTlsAuthentication/truststoreUri": SETTABLE,
    "/mutualTlsAuthentication/truststoreVersion": SETTABLE,
}


def shown(ctx: Context, domain: Domain) -> dict[str, Any]:
    """The DomainName structure."""
    arn = f"arn:{ctx.partition}:apigateway:{ctx.region}::/domainnames/{domain.id}"
    return {
        "securityPolicy": "TLS_1_2",
        **domain.shape,
        "domainName": domain.id,
        "domainNameArn": arn,
        "domainNameStatus": "AVAILABLE",
        "certificateUploadDate": domain.created,
    }


def _making(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Mutual TLS and a policy need permissions of their own."""
    domains = resource(ctx, "/domainnames")
    needed = [Access("apigateway:AddCertificateToDomain", domains)] if req.get("mutualTlsAuthentication") else []
    return [*needed, Access("apigateway:UpdateDomainNamePolicy", domains)] if req.get("policy") else needed


def _changing(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """As for a new name, by what the patch operations touch."""
    actions = {
        "/mutualTlsAuthentication": ("apigateway:AddCertificateToDomain", "apigateway:RemoveCertificateFromDomain"),
        "/policy": ("apigateway:UpdateDomainNamePolicy", "apigateway:UpdateDomainNamePolicy"),
    }
    domain, needed = resource(ctx, f"/domainnames/{req['domainName']}"), set()
    for operation in req.get("patchOperations") or ():
        for path, (put, removed) in actions.items():
            if (operation.get("path") or "").startswith(path):
                needed.add(put if operation.get("op") != "remove" and operation.get("value") else removed)
    return [Access(action, domain) for action in sorted(needed)]


def _removing(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return certificate_removal(ctx, req["domainName"])


@call("CreateDomainName", "POST", "/domainnames", also=_making, fidelity="recorded")
def create_domain_name(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A name of one's own for stages."""
    shape = {member: req[member] for member in _MEMBERS if req.get(member) not in (None, "", {})}
    shape["endpointConfiguration"] = endpoint_configuration(shape.get("endpointConfiguration"))
    with ctx.write() as tx:
        domain = new_domain(tx, ctx, req["domainName"], shape)
    return shown(ctx, domain)


@call("GetDomainName", "GET", "/domainnames/{domainName}", fidelity="recorded")
def get_domain_name(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One name."""
    with ctx.read() as tx:
        return shown(ctx, require_item(tx, ctx, DOMAINS, req["domainName"], UNKNOWN))


@call("GetDomainNames", "GET", "/domainnames", fidelity="recorded")
def get_domain_names(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The account's names."""
    with ctx.read() as tx:
        found = [shown(ctx, domain) for domain in tx.scan(DOMAINS, (ctx.account, ctx.region))]
    return page(ctx, req, "domains", found)


@call("UpdateDomainName", "PATCH", "/domainnames/{domainName}", also=_changing, fidelity="recorded")
def update_domain_name(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a name's settings."""
    with ctx.write() as tx:
        domain = require_item(tx, ctx, DOMAINS, req["domainName"], UNKNOWN)
        domain.shape = patching.apply(domain.shape, req.get("patchOperations"), RULES)
        tx.put(DOMAINS, domain)
        changed(tx)
    return shown(ctx, domain)


@call("DeleteDomainName", "DELETE", "/domainnames/{domainName}", also=_removing)
def delete_domain_name(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a name with its mappings."""
    with ctx.write() as tx:
        remove_domain(tx, require_item(tx, ctx, DOMAINS, req["domainName"], UNKNOWN))
    return {}


# -- base path mappings ----------------------------------------------------------------------------------------------


def _shown_mapping(mapping: Mapping) -> dict[str, Any]:
    answer = {"basePath": mapping.base, "restApiId": mapping.api}
    if mapping.stage:
        answer["stage"] = mapping.stage
    return answer


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Mapping:
    require_item(tx, ctx, DOMAINS, req["domainName"], UNKNOWN)
    found = tx.get(MAPPINGS, (ctx.account, ctx.region, req["domainName"], req["basePath"]))
    if found is None:
        from fogbank.apis.errors import NotFound

        raise NotFound("Invalid base path mapping identifier specified")
    return found


def _refuse_taken(tx: Reader, mapping: Mapping) -> None:
    if tx.get(MAPPINGS, MAPPINGS.key(mapping)) is not None:
        raise Conflict("Base path already exists for this domain name")


@call("CreateBasePathMapping", "POST", "/domainnames/{domainName}/basepathmappings")
def create_base_path_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A stage under a path of a name."""
    base = req.get("basePath") or NONE
    with ctx.write() as tx:
        domain = require_item(tx, ctx, DOMAINS, req["domainName"], UNKNOWN)
        require_api(tx, ctx, req["restApiId"])
        if req.get("stage"):
            require_stage(tx, ctx, req["restApiId"], req["stage"])
        mapping = Mapping(account=ctx.account, region=ctx.region, domain=domain.id, base=base, api=req["restApiId"],
                          stage=req.get("stage") or "", id=ctx.ids.lower(6))  # fmt: skip
        _refuse_taken(tx, mapping)
        tx.put(MAPPINGS, mapping)
        changed(tx)
    return _shown_mapping(mapping)


@call("GetBasePathMapping", "GET", "/domainnames/{domainName}/basepathmappings/{basePath}")
def get_base_path_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One mapping."""
    with ctx.read() as tx:
        return _shown_mapping(_require(tx, ctx, req))


@call("GetBasePathMappings", "GET", "/domainnames/{domainName}/basepathmappings")
def get_base_path_mappings(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The mappings of a name."""
    with ctx.read() as tx:
        domain = require_item(tx, ctx, DOMAINS, req["domainName"], UNKNOWN)
        found = [_shown_mapping(m) for m in tx.scan(MAPPINGS, (ctx.account, ctx.region, domain.id))]
    return page(ctx, req, f"mappings/{domain.id}", found)


@call("UpdateBasePathMapping", "PATCH", "/domainnames/{domainName}/basepathmappings/{basePath}")
def update_base_path_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Move a mapping to another path, API or stage."""
    rules = {"/basePath": REPLACE, "/restapiId": REPLACE, "/restApiId": REPLACE, "/stage": REPLACE}
    with ctx.write() as tx:
        mapping = _require(tx, ctx, req)
        held = {"basePath": mapping.base, "restapiId": mapping.api, "stage": mapping.stage}
        shape = patching.apply(held, req.get("patchOperations"), rules)
        tx.delete(MAPPINGS, MAPPINGS.key(mapping))
        mapping.base = shape["basePath"] or NONE
        mapping.api = shape.get("restApiId") or shape["restapiId"]
        mapping.stage = shape.get("stage") or ""
        _refuse_taken(tx, mapping)
        require_api(tx, ctx, mapping.api)
        if mapping.stage:
            require_stage(tx, ctx, mapping.api, mapping.stage)
        tx.put(MAPPINGS, mapping)
        changed(tx)
    return _shown_mapping(mapping)


@call("DeleteBasePathMapping", "DELETE", "/domainnames/{domainName}/basepathmappings/{basePath}")
def delete_base_path_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a mapping."""
    with ctx.write() as tx:
        tx.delete(MAPPINGS, MAPPINGS.key(_require(tx, ctx, req)))
        changed(tx)
    return {}
