"""The end of a parameter: deleted, or expired."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from . import policies
from .records import PARAMETERS, VERSIONS, Parameter, bare


def remove(tx: Transaction, ctx: Context, parameter: Parameter) -> bool:
    """Delete a parameter with all its versions."""
    key = PARAMETERS.key(parameter)
    for version in list(tx.scan(VERSIONS, key)):
        tx.delete(VERSIONS, VERSIONS.key(version))
    if parameter.policies:
        ctx.cancel(tx, "ssm.expire", bare(parameter.name))
    return tx.delete(PARAMETERS, key)


@job("ssm.expire")
async def expire(ctx: Context, payload: dict[str, Any]) -> None:
    """Delete a parameter whose Expiration policy has come to its time.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
    """

    def end(tx: Transaction) -> None:
        parameter = tx.get(PARAMETERS, (ctx.account, ctx.region, payload["name"]))
        if parameter is None or not parameter.policies:
            return
        due = policies.expires(policies.read(parameter.policies))
        if due is not None and due <= ctx.now():
            remove(tx, ctx, parameter)

    await ctx.transact(end)
