"""Reserved and provisioned concurrency, and the account's limits and usage.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import lookups, storage
from ..archives import UNZIPPED_LIMIT
from ..arns import Target, arn_of, named, qualified, target
from ..code import ZIPPED_LIMIT
from ..errors import InvalidParameterValue, ProvisionedConcurrencyConfigNotFound
from ..invocation import CONCURRENT_EXECUTIONS, UNRESERVED_LEAST
from ..records import CONCURRENCY, FUNCTIONS, PROVISIONED, Concurrency, Provisioned
from ..shapes import stamp


@operation("lambda", "PutFunctionConcurrency", resource=named)
def put_function_concurrency(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Reserves concurrent executions for a function; it also gets no more than these.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
    """
    which = target(ctx, req["FunctionName"])
    amount = req["ReservedConcurrentExecutions"]
    with ctx.write() as tx:
        _reserve(tx, ctx, which, amount)
    return {"ReservedConcurrentExecutions": amount}


def _reserve(tx: Transaction, ctx: Context, which: Target, amount: int | None) -> None:
    function = lookups.function(tx, ctx, which)
    total = tx.get(CONCURRENCY, which.key[:2]) or Concurrency(account=which.account, region=which.region)
    total.reserved += (amount or 0) - (function.reserved or 0)
    limit = ctx.quota("lambda", CONCURRENT_EXECUTIONS, tx, account=which.account)
    if amount and limit - total.reserved < UNRESERVED_LEAST:
        raise InvalidParameterValue(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{UNRESERVED_LEAST}]."
        )
    function.reserved = amount
    tx.put(FUNCTIONS, function)
    tx.put(CONCURRENCY, total)


@operation("lambda", "GetFunctionConcurrency", resource=named)
def get_function_concurrency(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html"""
    which = target(ctx, req["FunctionName"])
    with ctx.read() as tx:
        function = lookups.function(tx, ctx, which)
    return {} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved}


@operation("lambda", "DeleteFunctionConcurrency", resource=named)
def delete_function_concurrency(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html"""
    which = target(ctx, req["FunctionName"])
    with ctx.write() as tx:
        _reserve(tx, ctx, which, None)
    return {}


@operation("lambda", "GetAccountSettings", resource="*")
def get_account_settings(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html"""
    here = (ctx.account, ctx.region)
    with ctx.read() as tx:
        functions = tx.count(FUNCTIONS, here)
        size = storage.used(tx, here)
        total = tx.get(CONCURRENCY, here)
        executions = int(quotas.shown(tx, ctx, "lambda", CONCURRENT_EXECUTIONS))
        most = int(quotas.shown(tx, ctx, "lambda", storage.QUOTA) * storage.GIGABYTE)
    return {
        "AccountLimit": {
            "TotalCodeSize": most,
            "CodeSizeUnzipped": UNZIPPED_LIMIT,
            "CodeSizeZipped": ZIPPED_LIMIT,
            "ConcurrentExecutions": executions,
            "UnreservedConcurrentExecutions": executions - (total.reserved if total else 0),
        },
        "AccountUsage": {"TotalCodeSize": size, "FunctionCount": functions},
    }


@operation("lambda", "PutProvisionedConcurrencyConfig", resource=qualified, fidelity="recorded")
def put_provisioned_concurrency_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stores the configuration without effect: environments still start on demand.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
    """
    which = target(ctx, req["FunctionName"], req["Qualifier"])
    if which.qualifier == "$LATEST":
        raise InvalidParameterValue("Provisioned Concurrency Configs cannot be applied to unpublished versions.")
    with ctx.write() as tx:
        lookups.version(tx, ctx, which)
        reserved = lookups.function(tx, ctx, which).reserved
        if reserved is not None and req["ProvisionedConcurrentExecutions"] > reserved:
            raise InvalidParameterValue(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
        config = Provisioned(
            account=which.account, region=which.region, name=which.name, qualifier=which.qualifier,
            requested=req["ProvisionedConcurrentExecutions"], modified=ctx.now(),
        )  # fmt: skip
        tx.put(PROVISIONED, config)
    return {**_provisioned(config), "Status": "IN_PROGRESS", "AllocatedProvisionedConcurrentExecutions": 0,
            "AvailableProvisionedConcurrentExecutions": 0}  # fmt: skip


def _provisioned(config: Provisioned) -> dict[str, Any]:
    return {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AllocatedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": config.requested,
        "Status": "READY",
        "LastModified": stamp(config.modified),
    }


@operation("lambda", "GetProvisionedConcurrencyConfig", resource=qualified, fidelity="recorded")
def get_provisioned_concurrency_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html"""
    which = target(ctx, req["FunctionName"], req["Qualifier"])
    with ctx.read() as tx:
        lookups.exists(tx, ctx, which)
        config = tx.get(PROVISIONED, (*which.key, which.qualifier))
    if config is None:
        raise ProvisionedConcurrencyConfigNotFound
    return _provisioned(config)


@operation("lambda", "DeleteProvisionedConcurrencyConfig", resource=qualified, fidelity="recorded")
def delete_provisioned_concurrency_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteProvisionedConcurrencyConfig.html"""
    which = target(ctx, req["FunctionName"], req["Qualifier"])
    with ctx.write() as tx:
        lookups.exists(tx, ctx, which)
        if not tx.delete(PROVISIONED, (*which.key, which.qualifier)):
            raise ProvisionedConcurrencyConfigNotFound
    return {}


@operation("lambda", "ListProvisionedConcurrencyConfigs", resource=named, fidelity="recorded")
def list_provisioned_concurrency_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html"""
    which = target(ctx, req["FunctionName"])
    with ctx.read() as tx:
        lookups.function(tx, ctx, which)
        found = list(tx.scan(PROVISIONED, which.key))
    shown, more = lookups.page(ctx, found, req, lambda config: config.qualifier)
    configs = [{**_provisioned(c), "FunctionArn": arn_of(ctx, Target(*which.key, c.qualifier))} for c in shown]
    return {"ProvisionedConcurrencyConfigs": configs, **more}
