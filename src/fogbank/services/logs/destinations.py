"""Checks `destinationArn` and `roleArn` of subscription filters by the rules that AWS documents.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import roles
from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import InvalidParameterException

_RESOURCES = {"lambda": "function:", "kinesis": "stream/", "firehose": "deliverystream/"}


def check(tx: Reader, ctx: Context, req: dict[str, Any]) -> None:
    """Raise InvalidParameterException unless destination and role are valid and belong to this account and region.

    AWS delivers across accounts through "destinations" of Logs, which Fogbank has not built. The texts about roles and
    vendors are AWS's; the text for another account or region is not confirmed.
    """
    text = str(req["destinationArn"])
    try:
        arn = arns.parse(text)
    except ValueError:
        raise InvalidParameterException("Invalid destinationArn.") from None
    prefix = _RESOURCES.get(arn.service)
    if prefix is None:
        raise InvalidParameterException(
            f"PutSubscriptionFilter operation cannot work with destinationArn for vendor {arn.service}"
        )
    rest = arn.resource.removeprefix(prefix)
    if ctx.arn(arn.service, prefix + rest) != text or not rest:
        raise InvalidParameterException(
            f"destinationArn for vendor {arn.service} must be of the account and the Region of the log group."
        )
    if arn.service == "lambda" and req.get("roleArn"):
        raise InvalidParameterException("destinationArn for vendor lambda cannot be used with roleArn")
    if arn.service != "lambda":
        _check_role(tx, ctx, arn.service, req.get("roleArn") or "")


def _check_role(tx: Reader, ctx: Context, vendor: str, role_arn: str) -> None:
    if not role_arn:
        raise InvalidParameterException(f"destinationArn for vendor {vendor} cannot be used without roleArn")
    role = roles.find(tx, role_arn, ctx.partition)
    if role is None or role.account != ctx.account:  # AWS sends a test message as the role
        raise InvalidParameterException(
            "Could not deliver test message to specified destination. Check if the destination is valid."
        )
