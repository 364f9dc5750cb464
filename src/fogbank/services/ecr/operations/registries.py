"""The settings of a private registry: policy, replication, scanning, signing, account settings, excluded principals."""

from __future__ import annotations

from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import policies, scans, settings
from ..errors import (
    ExclusionAlreadyExists,
    ExclusionNotFound,
    InvalidParameter,
    LimitExceeded,
    RegistryPolicyNotFound,
    SigningConfigurationNotFound,
    Validation,
)
from ..find import REPOSITORY, arn_of, listed, text_of
from ..settings import REGISTRIES, Registry

Req = dict[str, Any]
EXCLUSIONS = 100


def _mine(tx: Reader, ctx: Context) -> Registry:
    return settings.registry_of(tx, ctx.account, ctx.region)


@operation("ecr", "DescribeRegistry", resource="*")
def describe_registry(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRegistry.html"""
    with ctx.read() as tx:
        found = _mine(tx, ctx)
    return {"registryId": ctx.account, "replicationConfiguration": {"rules": found.replication}}


# -- the policy --------------------------------------------------------------------------------------------------------


@operation("ecr", "PutRegistryPolicy", resource="*")
def put_registry_policy(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryPolicy.html"""
    policies.check(req["policyText"], "registry")
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        found.policy = req["policyText"]
        tx.put(REGISTRIES, found)
    return _policy(found)


@operation("ecr", "GetRegistryPolicy", resource="*")
def get_registry_policy(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetRegistryPolicy.html"""
    with ctx.read() as tx:
        return _policy(_mine(tx, ctx))


@operation("ecr", "DeleteRegistryPolicy", resource="*")
def delete_registry_policy(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRegistryPolicy.html"""
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        shown = _policy(found)
        found.policy = None
        tx.put(REGISTRIES, found)
    return shown


def _policy(found: Registry) -> dict[str, Any]:
    if found.policy is None:
        raise RegistryPolicyNotFound(f"Registry policy does not exist in the registry with id '{found.account}'")
    return {"registryId": found.account, "policyText": found.policy}


# -- scanning ----------------------------------------------------------------------------------------------------------


@operation("ecr", "PutRegistryScanningConfiguration", resource="*", fidelity="recorded")
def put_registry_scanning_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html"""
    kind, rules = req.get("scanType") or "BASIC", req.get("rules") or []
    if kind == "BASIC" and any(rule["scanFrequency"] == "CONTINUOUS_SCAN" for rule in rules):
        raise InvalidParameter.at("rules", "CONTINUOUS_SCAN is not supported for scanType BASIC")
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        found.scanning = {"scanType": kind, "rules": rules}
        tx.put(REGISTRIES, found)
    return {"registryScanningConfiguration": found.scanning}


@operation("ecr", "GetRegistryScanningConfiguration", resource="*", fidelity="recorded")
def get_registry_scanning_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetRegistryScanningConfiguration.html"""
    with ctx.read() as tx:
        found = _mine(tx, ctx)
    return {"registryId": ctx.account, "scanningConfiguration": found.scanning or settings.BASIC}


@operation("ecr", "BatchGetRepositoryScanningConfiguration", resource=listed)
def batch_get_repository_scanning_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetRepositoryScanningConfiguration.html"""
    shown, failures = [], []
    with ctx.read() as tx:
        for name in req["repositoryNames"]:
            found = REPOSITORY.find(tx, ctx, text_of(ctx, req, name))
            if found is None:
                reason = f"Repository with name '{name}' does not exist"
                failures.append(
                    {"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": reason}
                )
                continue
            rule = scans.rule_of(tx, found)
            frequency = rule["scanFrequency"] if rule else "SCAN_ON_PUSH" if found.scan_on_push else "MANUAL"
            shown.append(
                {
                    "repositoryArn": arn_of(ctx, (found.account, found.region, found.name)),
                    "repositoryName": found.name,
                    "scanOnPush": scans.on_push(tx, found),
                    "scanFrequency": frequency,
                    "appliedScanFilters": rule["repositoryFilters"] if rule else [],
                }
            )
    return {"scanningConfigurations": shown, "failures": failures}


# -- signing -----------------------------------------------------------------------------------------------------------


@operation("ecr", "PutSigningConfiguration", resource="*", fidelity="recorded")
def put_signing_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutSigningConfiguration.html"""
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        found.signing = req["signingConfiguration"]
        tx.put(REGISTRIES, found)
    return {"signingConfiguration": found.signing}


@operation("ecr", "GetSigningConfiguration", resource="*", fidelity="recorded")
def get_signing_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetSigningConfiguration.html"""
    with ctx.read() as tx:
        return _signing(_mine(tx, ctx))


@operation("ecr", "DeleteSigningConfiguration", resource="*", fidelity="recorded")
def delete_signing_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteSigningConfiguration.html"""
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        shown = _signing(found)
        found.signing = None
        tx.put(REGISTRIES, found)
    return shown


def _signing(found: Registry) -> dict[str, Any]:
    if found.signing is None:
        raise SigningConfigurationNotFound(
            f"Signing configuration does not exist in the registry with id '{found.account}'"
        )
    return {"registryId": found.account, "signingConfiguration": found.signing}


# -- account settings --------------------------------------------------------------------------------------------------


@operation("ecr", "GetAccountSetting", resource="*")
def get_account_setting(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAccountSetting.html"""
    name = _setting(req)
    with ctx.read() as tx:
        return {"name": name, "value": settings.setting(_mine(tx, ctx), name)}


@operation("ecr", "PutAccountSetting", resource="*")
def put_account_setting(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html"""
    name, value = _setting(req), req["value"]
    if value not in settings.VALUES[name]:
        raise InvalidParameter.at("value", f"Member must satisfy enum value set: [{', '.join(settings.VALUES[name])}]")
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        found.settings = {**found.settings, name: value}
        tx.put(REGISTRIES, found)
    return {"name": name, "value": value}


def _setting(req: Req) -> str:
    name: str = req["name"]
    if name not in settings.SETTINGS:
        raise InvalidParameter.at("name", f"Member must satisfy enum value set: [{', '.join(settings.SETTINGS)}]")
    return name


# -- principals whose pulls are not recorded ---------------------------------------------------------------------------


@operation("ecr", "RegisterPullTimeUpdateExclusion", resource="*")
def register_pull_time_update_exclusion(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html"""
    arn = _principal(ctx, req)
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        if arn in found.exclusions:
            raise ExclusionAlreadyExists(f"The pull time update exclusion for '{arn}' already exists")
        if len(found.exclusions) >= EXCLUSIONS:
            raise LimitExceeded(f"The limit of {EXCLUSIONS} pull time update exclusions has been exceeded")
        found.exclusions = {**found.exclusions, arn: ctx.now()}
        tx.put(REGISTRIES, found)
    return {"principalArn": arn, "createdAt": found.exclusions[arn]}


@operation("ecr", "DeregisterPullTimeUpdateExclusion", resource="*")
def deregister_pull_time_update_exclusion(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeregisterPullTimeUpdateExclusion.html"""
    arn = _principal(ctx, req)
    with ctx.write() as tx:
        found = _mine(tx, ctx)
        if arn not in found.exclusions:
            raise ExclusionNotFound(f"The pull time update exclusion for '{arn}' does not exist")
        found.exclusions = {name: since for name, since in found.exclusions.items() if name != arn}
        tx.put(REGISTRIES, found)
    return {"principalArn": arn}


@operation("ecr", "ListPullTimeUpdateExclusions", resource="*")
def list_pull_time_update_exclusions(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListPullTimeUpdateExclusions.html"""
    with ctx.read() as tx:
        found = sorted(_mine(tx, ctx).exclusions)
    pages = Pages(ctx, lambda: Validation("The nextToken is not valid"), member="nextToken")
    shown, more = pages.by_key(found, req.get("nextToken"), req.get("maxResults") or 100, lambda arn: arn)
    return {"pullTimeUpdateExclusions": shown, **more}


def _principal(ctx: Context, req: Req) -> str:
    """A role or user of this account, by its ARN."""
    arn: str = req["principalArn"]
    try:
        parsed = arns.parse(arn)
    except ValueError:
        raise InvalidParameter.at("principalArn", "Invalid ARN") from None
    kind = parsed.resource.partition("/")[0]
    here = parsed[:4] == (ctx.partition, "iam", "", ctx.account)
    if not here or kind not in ("role", "user"):
        raise InvalidParameter.at("principalArn", "must be the ARN of a role or user of this account")
    return arn
