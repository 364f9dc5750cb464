"""Put, get and delete parameters, their history and labels."""

from __future__ import annotations

import base64
from collections.abc import Coroutine
from itertools import chain
from typing import Any

import msgspec

from fogbank.auth import quotas
from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Transaction

from .. import filters, public, references, rules
from ..arns import AWS, NAMED, READ, arn_of, by_name, by_path, each_by_name, each_read, place, put, read
from ..errors import (
    InvalidKeyId,
    InvalidNextToken,
    ParameterAlreadyExists,
    ParameterLimitExceeded,
    ParameterMaxVersionLimitExceeded,
    ParameterNotFound,
    ParameterVersionNotFound,
)
from ..records import PARAMETERS, VERSIONS, Parameter
from ..shapes import history, shape

DEFAULT_KEY = "alias/aws/ssm"
_TIERS = {"Standard": "L-C3B871CB", "Advanced": "L-527D1CD8"}  # the quota of each
Chosen = tuple[Parameter, str]  # a version, and the selector that chose it: ":3", ":label" or ""


@operation("ssm", "PutParameter", resource=put)
async def put_parameter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a parameter, or add a version to it with Overwrite.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """
    rules.check_name(req["Name"])
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
    value = req["Value"]
    existing = await ctx.fetch(NAMED.find, ctx, req["Name"])
    kind = req.get("Type") or (existing.type if existing else "")
    if not kind:
        raise ValidationError("A parameter type is required when you create a parameter.")
    tier = _tier(req.get("Tier"), existing, value)
    rules.check_value(value, tier, req.get("AllowedPattern", ""))
    key_id = ""
    if kind == "SecureString":
        key_id = req.get("KeyId") or DEFAULT_KEY
        value = await _encrypt(ctx, key_id, req["Name"], value)
    elif req.get("KeyId"):
        raise ValidationError("KeyId is required for SecureString type parameter only.")
    parameter = await ctx.transact(_store, ctx, req, kind, tier, key_id, value)
    return {"Version": parameter.version, "Tier": parameter.tier}


def _tier(asked: str | None, existing: Parameter | None, value: str) -> str:
    if asked == "Intelligent-Tiering":
        large = len(value.encode()) > rules.STANDARD_BYTES
        return "Advanced" if large or (existing and existing.tier == "Advanced") else "Standard"
    if existing and existing.tier == "Advanced" and asked == "Standard":
        raise ValidationError(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
            "parameter and recreate it as a standard parameter."
        )
    return asked or (existing.tier if existing else "Standard")


def _store(
    tx: Transaction, ctx: Context, req: dict[str, Any], kind: str, tier: str, key_id: str, value: str
) -> Parameter:
    existing = NAMED.find(tx, ctx, req["Name"])
    if existing is not None and not req.get("Overwrite"):
        raise ParameterAlreadyExists
    if existing is None or existing.tier != tier:
        _refuse_more(tx, ctx, tier)
    if existing is not None and existing.version >= rules.MAX_VERSIONS:
        _drop_oldest(tx, existing)
    parameter = Parameter(
        account=ctx.account,
        region=ctx.region,
        name=req["Name"],
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
        policies=req.get("Policies", ""),
        tags=tags.from_list(req.get("Tags")) if existing is None else existing.tags,
    )
    tx.put(PARAMETERS, parameter)
    tx.put(VERSIONS, parameter)
    return parameter


def _refuse_more(tx: Transaction, ctx: Context, tier: str) -> None:
    """Enforce the quota of a tier: each has its own.

    https://docs.aws.amazon.com/general/latest/gr/ssm.html
    """
    where = (ctx.account, ctx.region)
    limit = quotas.reached(tx, ctx, "ssm", _TIERS[tier], PARAMETERS, where)
    if limit is not None and sum(found.tier == tier for found in tx.scan(PARAMETERS, where)) >= limit:
        raise ParameterLimitExceeded


def _drop_oldest(tx: Transaction, parameter: Parameter) -> None:
    """Make room for the 101st version by deleting the oldest one. Raises if that one has a label."""
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


async def _encrypt(ctx: Context, key_id: str, name: str, value: str) -> str:
    context = {"PARAMETER_ARN": arn_of(ctx, name)}
    try:
        sealed = await ctx.call(
            "kms", "Encrypt", {"KeyId": key_id, "Plaintext": value.encode(), "EncryptionContext": context}
        )
    except ServiceError as error:
        if error.code in ("NotFoundException", "DisabledException", "InvalidKeyUsageException"):
            raise InvalidKeyId(error.message) from error
        raise
    return base64.b64encode(sealed["CiphertextBlob"]).decode()


async def _decrypted(ctx: Context, parameter: Parameter) -> Parameter:
    if parameter.type != "SecureString":
        return parameter
    opened = await ctx.call(
        "kms",
        "Decrypt",
        {
            "CiphertextBlob": base64.b64decode(parameter.value),
            "EncryptionContext": {"PARAMETER_ARN": arn_of(ctx, parameter.name)},
        },
    )
    return msgspec.structs.replace(parameter, value=opened["Plaintext"].decode())


def _find(tx: Reader, ctx: Context, name: str) -> Chosen | None:
    """The version that a name selects."""
    key, chosen = place(ctx, name)
    if key[0] == AWS:
        return public.find(ctx.region, key[2], chosen)
    parameter = READ.find(tx, ctx, name)
    if parameter is None or not chosen:
        return (parameter, "") if parameter else None
    number = rules.version(chosen)
    if number is not None:
        version = tx.get(VERSIONS, (*key, number))
        if version is None:
            raise ParameterVersionNotFound(f"Systems Manager could not find version {chosen} of {parameter.name}. "
                                           "Verify the version and try again.")  # fmt: skip
        return version, f":{chosen}"
    for version in tx.scan(VERSIONS, key, reverse=True):
        if chosen in version.labels:
            return version, f":{chosen}"
    return None


@operation("ssm", "GetParameter", resource=read)
def get_parameter(ctx: Context, req: dict[str, Any]) -> dict[str, Any] | Coroutine[Any, Any, dict[str, Any]]:
    """One parameter by name, name:version, name:label or ARN. Async only if there is a secret to decrypt."""
    if references.is_reference(req["Name"]):
        return _referenced(ctx, req)
    with ctx.read() as tx:
        found = _find(tx, ctx, req["Name"])
    if found is None:
        raise ParameterNotFound

    async def opened() -> dict[str, Any]:
        return {"Parameter": shape(ctx, await _decrypted(ctx, found[0]), found[1])}

    return opened() if _sealed(req, [found]) else {"Parameter": shape(ctx, *found)}


async def _referenced(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Parameter": await references.parameter(ctx, req["Name"], decrypt=req.get("WithDecryption", False))}


@operation("ssm", "GetParameters", resource=each_read)
def get_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any] | Coroutine[Any, Any, dict[str, Any]]:
    """Up to ten parameters; those that do not exist are listed as invalid."""
    if len(set(req["Names"])) != len(req["Names"]):
        raise ValidationError("Duplicate parameters found in request")
    good: list[Chosen] = []
    bad: list[str] = []
    elsewhere = [name for name in req["Names"] if references.is_reference(name)]
    with ctx.read() as tx:
        for name in req["Names"]:
            if name in elsewhere:
                continue
            try:
                found = _find(tx, ctx, name)
            except ParameterVersionNotFound:
                found = None
            if found is None:
                bad.append(name)
            else:
                good.append(found)

    async def opened() -> dict[str, Any]:
        decrypt = bool(req.get("WithDecryption"))
        shown = [shape(ctx, await _decrypted(ctx, p) if decrypt else p, chosen) for p, chosen in good]
        for name in elsewhere:
            try:
                shown.append(await references.parameter(ctx, name, decrypt=decrypt))
            except ParameterNotFound:
                bad.append(name)
        return {"Parameters": shown, "InvalidParameters": bad}

    if elsewhere or _sealed(req, good):
        return opened()
    return {"Parameters": [shape(ctx, *found) for found in good], "InvalidParameters": bad}


def _sealed(req: dict[str, Any], found: list[Chosen]) -> bool:
    """Whether a value must be decrypted."""
    return bool(req.get("WithDecryption")) and any(parameter.type == "SecureString" for parameter, _ in found)


@operation("ssm", "GetParametersByPath", resource=by_path)
async def get_parameters_by_path(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Parameters under a path, one level deep or recursively."""
    path = req["Path"]
    if not path.startswith("/"):
        raise ValidationError(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, '
            "numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not "
            'allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: '
            "/get/parameters2-/by1./path0_."
        )
    recursive = req.get("Recursive", False)
    wanted = [filters.check(item) for item in req.get("ParameterFilters", ())]

    def find(tx: Reader) -> list[Parameter]:
        prefix = path.rstrip("/") + "/"
        start, end = (ctx.account, ctx.region, prefix), (ctx.account, ctx.region, prefix + "\U0010ffff")
        found = (p for p in tx.scan(PARAMETERS, start=start, end=end) if rules.under(path, p.name, recursive))
        shown = chain(found, public.under(ctx.region, path, recursive))
        return [p for p in shown if all(filters.passes(p, f) for f in wanted)]

    pages, limit = Pages(ctx, InvalidNextToken), req.get("MaxResults", 10)
    found, token = pages.by_key(await ctx.fetch(find), req.get("NextToken"), limit, lambda p: p.name)
    decrypt = req.get("WithDecryption")
    shown = [shape(ctx, await _decrypted(ctx, p) if decrypt else p, "") for p in found]
    return {"Parameters": shown, **token}


@operation("ssm", "DeleteParameter", resource=by_name)
def delete_parameter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a parameter and its versions."""
    rules.check_not_reserved(req["Name"])
    with ctx.write() as tx:
        if not _remove(tx, ctx, req["Name"]):
            raise ParameterNotFound
    return {}


@operation("ssm", "DeleteParameters", resource=each_by_name)
def delete_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove up to ten parameters; the others are listed as invalid."""
    with ctx.write() as tx:
        done = {name: _remove(tx, ctx, name) for name in req["Names"]}
    return {
        "DeletedParameters": [name for name, ok in done.items() if ok],
        "InvalidParameters": [name for name, ok in done.items() if not ok],
    }


def _remove(tx: Transaction, ctx: Context, name: str) -> bool:
    parameter = NAMED.find(tx, ctx, name)
    if parameter is None:
        return False
    for version in list(tx.scan(VERSIONS, PARAMETERS.key(parameter))):
        tx.delete(VERSIONS, VERSIONS.key(version))
    return tx.delete(PARAMETERS, PARAMETERS.key(parameter))


@operation("ssm", "GetParameterHistory", resource=read)
async def get_parameter_history(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Every stored version, oldest first."""

    def find(tx: Reader) -> list[Parameter]:
        key, chosen = place(ctx, req["Name"])
        if chosen:
            raise ParameterNotFound
        READ.require(tx, ctx, req["Name"])
        return list(tx.scan(VERSIONS, key))

    pages, limit = Pages(ctx, InvalidNextToken), req.get("MaxResults", 50)
    found, token = pages.by_key(await ctx.fetch(find), req.get("NextToken"), limit, lambda p: f"{p.version:09d}")
    decrypt = req.get("WithDecryption")
    return {"Parameters": [history(await _decrypted(ctx, p) if decrypt else p) for p in found], **token}


@operation("ssm", "LabelParameterVersion", resource=by_name)
def label_parameter_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Move labels to a version (the newest by default). A version has at most ten labels."""
    with ctx.write() as tx:
        current = NAMED.require(tx, ctx, req["Name"])
        key = PARAMETERS.key(current)
        number = req.get("ParameterVersion", current.version)
        chosen = tx.get(VERSIONS, (*key, number))
        if chosen is None:
            raise ParameterVersionNotFound(
                f"Systems Manager could not find version {number} of {req['Name']}. Verify the version and try again."
            )
        bad = [label for label in req["Labels"] if label[0].isdigit() or label.lower().startswith(("aws", "ssm"))]
        good = [label for label in req["Labels"] if label not in bad]
        for version in list(tx.scan(VERSIONS, key)):
            kept = [label for label in version.labels if label not in good]
            if version.version == number:
                kept += good
            if kept != version.labels:
                version.labels = kept
                tx.put(VERSIONS, version)
                if version.version == current.version:
                    tx.put(PARAMETERS, msgspec.structs.replace(current, labels=kept))
    return {"InvalidLabels": bad, "ParameterVersion": number}
