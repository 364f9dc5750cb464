"""Tags of functions and event source mappings, and small settings that are only recorded."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.tagging import Names, tag_operations
from fogbank.store.api import Reader, Transaction

from .. import lookups
from ..arns import MAPPING_BY_ARN, arn_of, named, names_mapping, qualified, tagged, target
from ..errors import InvalidParameterValue
from ..records import FUNCTIONS, MAPPINGS, Function, Mapping
from ..shapes import runtime_version_arn

MOST_TAGS = 50


def _tagged(tx: Reader, ctx: Context, req: dict[str, Any]) -> Function | Mapping:
    arn = req["Resource"]
    return MAPPING_BY_ARN.require(tx, ctx, arn) if names_mapping(arn) else lookups.function(tx, ctx, target(ctx, arn))


def _put(tx: Transaction, found: Function | Mapping) -> None:
    if isinstance(found, Function):
        tx.put(FUNCTIONS, found)
    else:
        tx.put(MAPPINGS, found)


def _check(found: Function | Mapping, given: object) -> None:
    if len(found.tags) > MOST_TAGS:
        raise InvalidParameterValue(f"The number of tags exceeds the limit of {MOST_TAGS}.")


tag_resource, untag_resource, list_tags = tag_operations(
    "lambda", __name__, tagged, _tagged, _put, names=Names(list="ListTags", key=""), check=_check
)


@operation("lambda", "GetRuntimeManagementConfig", resource=qualified, fidelity="recorded")
def get_runtime_management_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetRuntimeManagementConfig.html"""
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    with ctx.read() as tx:
        function = lookups.function(tx, ctx, which)
        version = lookups.version(tx, ctx, which)
    shown = {"UpdateRuntimeOn": function.runtime_updates, "FunctionArn": arn_of(ctx, which)}
    if function.runtime_updates == "Manual":
        shown["RuntimeVersionArn"] = function.runtime_version_arn or runtime_version_arn(ctx, version.runtime)
    return shown


@operation("lambda", "PutRuntimeManagementConfig", resource=qualified, fidelity="recorded")
def put_runtime_management_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stores the setting without effect: Fogbank uses the interpreters that the machine has.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html
    """
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    if (req["UpdateRuntimeOn"] == "Manual") != bool(req.get("RuntimeVersionArn")):
        raise InvalidParameterValue("RuntimeVersionArn is required with UpdateRuntimeOn Manual, and only then.")
    with ctx.write() as tx:
        function = lookups.function(tx, ctx, which)
        function.runtime_updates = req["UpdateRuntimeOn"]
        function.runtime_version_arn = req.get("RuntimeVersionArn") or ""
        tx.put(FUNCTIONS, function)
    shown = {"UpdateRuntimeOn": function.runtime_updates, "FunctionArn": arn_of(ctx, which)}
    return {**shown, "RuntimeVersionArn": function.runtime_version_arn} if function.runtime_version_arn else shown


@operation("lambda", "GetFunctionRecursionConfig", resource=named, fidelity="recorded")
def get_function_recursion_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionRecursionConfig.html"""
    with ctx.read() as tx:
        return {"RecursiveLoop": lookups.function(tx, ctx, target(ctx, req["FunctionName"])).recursion}


@operation("lambda", "PutFunctionRecursionConfig", resource=named, fidelity="recorded")
def put_function_recursion_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html"""
    with ctx.write() as tx:
        function = lookups.function(tx, ctx, target(ctx, req["FunctionName"]))
        function.recursion = req["RecursiveLoop"]
        tx.put(FUNCTIONS, function)
    return {"RecursiveLoop": function.recursion}
