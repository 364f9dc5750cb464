"""The account's settings. https://docs.aws.amazon.com/apigateway/latest/api/API_GetAccount.html"""

from __future__ import annotations

from typing import Any

from fogbank.apis.accounts import ACCOUNTS, AccountSettings
from fogbank.apis.errors import BadRequest
from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .. import passing, patching
from ..arns import call
from ..lookups import changed
from ..patching import SETTABLE


def settings(tx: Reader, account: str, region: str) -> AccountSettings:
    found = tx.get(ACCOUNTS, (account, region))
    return found or AccountSettings(account=account, region=region, shape={})


def _shown(record: AccountSettings) -> dict[str, Any]:
    return {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
        **record.shape,
    }


@call("GetAccount", "GET", "/account")
def get_account(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The account's limits, and the role that writes logs."""
    with ctx.read() as tx:
        return _shown(settings(tx, ctx.account, ctx.region))


@call("UpdateAccount", "PATCH", "/account", also=passing.patched("cloudwatchRoleArn"))
def update_account(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set the role with which stages write to CloudWatch Logs."""
    with ctx.write() as tx:
        record = settings(tx, ctx.account, ctx.region)
        rules = {"/cloudwatchRoleArn": SETTABLE, "/features": patching.Rule("add remove")}
        operations = [o for o in req.get("patchOperations") or () if o.get("path") != "/features"]
        record.shape = patching.apply(record.shape, operations, rules)
        role = record.shape.get("cloudwatchRoleArn")
        if role == "":
            del record.shape["cloudwatchRoleArn"]
        elif role and roles.account_of(role, ctx.partition) != ctx.account:
            raise BadRequest("The role ARN does not have required permissions configured. Please grant trust "
                             "permission for API Gateway and add the required role policy.")  # fmt: skip
        tx.put(ACCOUNTS, record)
        changed(tx)
    return _shown(record)
