"""PutParameter: tiers, sizes, patterns, policies, encryption and versions."""

from __future__ import annotations

import re
from typing import Any

from fogbank.auth import quotas
from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import policies, rules, settings
from ..arns import NAMED, arn_of, put
from ..errors import ParameterAlreadyExists, ParameterLimitExceeded, ParameterMaxVersionLimitExceeded
from ..records import PARAMETERS, VERSIONS, Parameter, bare
from ..sealing import DEFAULT_KEY, seal

_TIERS = {"Standard": "L-C3B871CB", "Advanced": "L-527D1CD8"}  # the quota of each
_IMAGE = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")


@operation("ssm", "PutParameter", resource=put)
async def put_parameter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a parameter, or add a version to it with Overwrite.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """
    rules.check_name(req["Name"], arn_of(ctx, req["Name"]))
    _check(req)
    value = req["Value"]
    existing = await ctx.fetch(NAMED.find, ctx, req["Name"])
    if existing is not None and not req.get("Overwrite"):
        raise ParameterAlreadyExists
    kind = req.get("Type") or (existing.type if existing else "")
    if not kind:
        raise ValidationError("A parameter type is required when you create a parameter.")
    tier = await ctx.fetch(_tier, ctx, req, existing)
    rules.check_value(value, tier, req.get("AllowedPattern", ""))
    key_id = ""
    if kind == "SecureString":
        key_id = req.get("KeyId") or DEFAULT_KEY  # "If you don't specify a key ID, the system uses the default key"
        value = await seal(ctx, key_id, req["Name"], value, tier == "Advanced")
    elif req.get("KeyId"):
        raise ValidationError("KeyId is required for SecureString type parameter only.")
    parameter = await ctx.transact(_store, ctx, req, kind, tier, key_id, value)
    return {"Version": parameter.version, "Tier": parameter.tier}


def _check(req: dict[str, Any]) -> None:
    """Raise the errors that depend on the request alone."""
    if not req["Value"]:
        raise ValidationError(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1"
        )
    if req.get("Overwrite") and req.get("Tags"):
        raise ValidationError(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
            "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
            "RemoveTagsFromResource."
        )
    if req.get("DataType") not in (None, "text", "aws:ec2:image", "aws:ssm:integration"):
        # the values are those of the API reference; the text is the one that moto's tests have from AWS
        raise ValidationError(f"The following data type is not supported: {req['DataType']} (Data type names are all "
                              "lowercase.)")  # fmt: skip
    if req.get("DataType") == "aws:ec2:image" and not _IMAGE.fullmatch(req["Value"]):
        raise ValidationError(f"Invalid value for data type aws:ec2:image: {req['Value']}")  # not confirmed


def _tier(tx: Any, ctx: Context, req: dict[str, Any], existing: Parameter | None) -> str:
    """The tier of the new version.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
    """
    asked = req.get("Tier")
    if not asked:
        default = settings.value(tx, ctx, settings.DEFAULT_TIER)
        asked = existing.tier if existing is not None and default == "Standard" else default
    has_policies = bool(policies.read(req["Policies"])) if req.get("Policies") else False
    advanced = existing is not None and existing.tier == "Advanced"
    if asked == "Intelligent-Tiering":
        large = len(req["Value"].encode()) > rules.STANDARD_BYTES
        full = existing is None and _left(tx, ctx, "Standard") <= 0
        return "Advanced" if advanced or large or has_policies or full else "Standard"
    if asked == "Standard" and advanced:
        raise ValidationError(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
            "parameter and recreate it as a standard parameter."
        )
    if asked == "Standard" and has_policies:  # the text is not confirmed
        raise ValidationError("Parameter policies are available for advanced-tier parameters only." + rules.UPGRADE)
    return str(asked)


def _store(
    tx: Transaction, ctx: Context, req: dict[str, Any], kind: str, tier: str, key_id: str, value: str
) -> Parameter:
    existing = NAMED.find(tx, ctx, req["Name"])
    if existing is not None and not req.get("Overwrite"):
        raise ParameterAlreadyExists
    if (existing is None or existing.tier != tier) and _left(tx, ctx, tier) <= 0:
        raise ParameterLimitExceeded
    if existing is not None:
        _drop_oldest(tx, existing)
    parameter = Parameter(
        account=ctx.account,
        region=ctx.region,
        name=existing.name if existing else req["Name"],
        type=kind,
        value=value,
        version=existing.version + 1 if existing else 1,
        modified=ctx.now(),
        user=ctx.principal.arn,
        tier=tier,
        data_type=req.get("DataType") or (existing.data_type if existing else "text"),
        description=req.get("Description") or (existing.description if existing else ""),
        allowed_pattern=req.get("AllowedPattern") or (existing.allowed_pattern if existing else ""),
        key_id=key_id,
        policies=req["Policies"] if req.get("Policies") else (existing.policies if existing else ""),
        tags=tags.from_list(req.get("Tags")) if existing is None else existing.tags,
        envelope=kind == "SecureString" and tier == "Advanced",
        shared=existing.shared if existing else {},
    )
    tx.put(PARAMETERS, parameter)
    tx.put(VERSIONS, parameter)
    _plan(tx, ctx, parameter)
    return parameter


def _plan(tx: Transaction, ctx: Context, parameter: Parameter) -> None:
    """Have the parameter deleted when its Expiration policy says."""
    end = policies.expires(policies.read(parameter.policies)) if parameter.policies else None
    name = bare(parameter.name)
    if end is None:
        ctx.cancel(tx, "ssm.expire", name)
    else:
        ctx.later(tx, "ssm.expire", {"name": name}, delay=max(end - ctx.now(), 0.0), name=name)


def _left(tx: Any, ctx: Context, tier: str) -> float:
    """How many more parameters of a tier there may be: each tier has its own quota.

    https://docs.aws.amazon.com/general/latest/gr/ssm.html
    """
    where = (ctx.account, ctx.region)
    limit = quotas.reached(tx, ctx, "ssm", _TIERS[tier], PARAMETERS, where)
    return 1 if limit is None else limit - sum(found.tier == tier for found in tx.scan(PARAMETERS, where))


def _drop_oldest(tx: Transaction, parameter: Parameter) -> None:
    """Make room for the 101st version by deleting the oldest one. Raises if that one has a label."""
    if parameter.version < rules.MAX_VERSIONS:
        return
    versions = list(tx.scan(VERSIONS, PARAMETERS.key(parameter)))
    while len(versions) >= rules.MAX_VERSIONS:
        oldest = versions.pop(0)
        if oldest.labels:
            raise ParameterMaxVersionLimitExceeded(
                f"You attempted to create a new version of {parameter.name} by calling the PutParameter API with the "
                f"overwrite flag. Version {oldest.version}, the oldest version, can't be deleted because it has a "
                "label associated with it. Move the label to another version of the parameter, and try again."
            )
        tx.delete(VERSIONS, VERSIONS.key(oldest))
