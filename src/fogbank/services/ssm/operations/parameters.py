"""Get and delete parameters, and their history."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from itertools import chain
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Transaction

from .. import filters, public, references, rules
from ..arns import AWS, NAMED, READ, by_name, by_path, each_by_name, each_read, place, read
from ..errors import InvalidNextToken, ParameterNotFound, ParameterVersionNotFound
from ..records import PARAMETERS, VERSIONS, Parameter
from ..removal import remove
from ..sealing import opened
from ..shapes import history, shape

Chosen = tuple[Parameter, str]  # a version, and the selector that chose it: ":3", ":label" or ""
Answer = dict[str, Any] | Coroutine[Any, Any, dict[str, Any]]


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
    version = labelled(tx, parameter, (chosen,))
    return (version, f":{chosen}") if version is not None else None


def labelled(tx: Reader, parameter: Parameter, labels: tuple[str, ...]) -> Parameter | None:
    """The newest version of a parameter that has one of these labels."""
    versions = tx.scan(VERSIONS, PARAMETERS.key(parameter), reverse=True)
    return next((version for version in versions if any(label in version.labels for label in labels)), None)


@operation("ssm", "GetParameter", resource=read)
def get_parameter(ctx: Context, req: dict[str, Any]) -> Answer:
    """One parameter by name, name:version, name:label or ARN. Async only if there is a secret to decrypt."""
    name = req["Name"]
    if name.startswith(references.REFERENCE):
        return _referenced(ctx, name, bool(req.get("WithDecryption")))
    with ctx.read() as tx:
        found = _find(tx, ctx, name)
    if found is None:
        raise ParameterNotFound

    async def decrypted() -> dict[str, Any]:
        return {"Parameter": shape(ctx, await opened(ctx, found[0]), found[1], name)}

    return decrypted() if _sealed(req, [found]) else {"Parameter": shape(ctx, *found, name)}


async def _referenced(ctx: Context, name: str, decrypt: bool) -> dict[str, Any]:
    return {"Parameter": await references.fetch(ctx, name, decrypt)}


@operation("ssm", "GetParameters", resource=each_read)
def get_parameters(ctx: Context, req: dict[str, Any]) -> Answer:
    """Up to ten parameters; those that do not exist are listed as invalid."""
    if len(set(req["Names"])) != len(req["Names"]):
        raise ValidationError("Duplicate parameters found in request")
    good: dict[str, Chosen] = {}
    names = [name for name in req["Names"] if not name.startswith(references.REFERENCE)]
    with ctx.read() as tx:
        for name in names:
            try:
                found = _find(tx, ctx, name)
            except ParameterVersionNotFound:
                found = None
            if found is not None:
                good[name] = found
    bad = [name for name in names if name not in good]

    async def waited() -> dict[str, Any]:
        decrypt = bool(req.get("WithDecryption"))
        shown = [shape(ctx, await opened(ctx, each[0]) if decrypt else each[0], each[1], name)
                 for name, each in good.items()]  # fmt: skip
        for name in req["Names"]:
            if name.startswith(references.REFERENCE):
                try:
                    shown.append(await references.fetch(ctx, name, decrypt))
                except ParameterNotFound:
                    bad.append(name)
        return {"Parameters": shown, "InvalidParameters": bad}

    if _sealed(req, list(good.values())) or len(names) < len(req["Names"]):
        return waited()
    return {"Parameters": [shape(ctx, *found, name) for name, found in good.items()], "InvalidParameters": bad}


def _sealed(req: dict[str, Any], found: list[Chosen]) -> bool:
    """Whether a value must be decrypted."""
    return bool(req.get("WithDecryption")) and any(parameter.type == "SecureString" for parameter, _ in found)


@operation("ssm", "GetParametersByPath", resource=by_path)
async def get_parameters_by_path(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Parameters under a path, one level deep or recursively. With a filter by labels, the versions that have them.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
    """
    path = req["Path"]
    rules.check_path(path)
    recursive = req.get("Recursive", False)
    wanted = filters.read(req.get("ParameterFilters", ()), filters.BY_PATH)
    labels = tuple(label for item in wanted if item["Key"] == "Label" for label in item["Values"])

    def find(tx: Reader) -> list[Parameter]:
        current = (p for p in _below(tx, ctx, path) if rules.under(path, p.name, recursive))
        found = (labelled(tx, p, labels) for p in current) if labels else current
        shown = chain((p for p in found if p is not None), public.under(ctx.region, path, recursive))
        return sorted((p for p in shown if all(filters.passes(p, f) for f in wanted)), key=lambda p: p.name)

    pages, limit = Pages(ctx, InvalidNextToken), req.get("MaxResults", 10)
    found, token = pages.by_key(await ctx.fetch(find), req.get("NextToken"), limit, lambda p: p.name)
    decrypt = req.get("WithDecryption")
    shown = [shape(ctx, await opened(ctx, p) if decrypt else p, "") for p in found]
    return {"Parameters": shown, **token}


def _below(tx: Reader, ctx: Context, path: str) -> Iterator[Parameter]:
    """The parameters that may lie under a path. Those of the root have keys without a slash."""
    where = (ctx.account, ctx.region)
    prefix = path.rstrip("/") + "/"
    if prefix == "/":
        return tx.scan(PARAMETERS, where)
    return tx.scan(PARAMETERS, start=(*where, prefix), end=(*where, prefix + "\U0010ffff"))


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
    return parameter is not None and remove(tx, ctx, parameter)


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
    return {"Parameters": [history(await opened(ctx, p) if decrypt else p) for p in found], **token}
