"""Where subscription filters send: what is documented of `destinationArn` and `roleArn`.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context

from .errors import InvalidParameterException

_RESOURCES = {"lambda": "function:", "kinesis": "stream/", "firehose": "deliverystream/"}


def check(ctx: Context, req: dict[str, Any]) -> None:
    """Raise InvalidParameterException unless the destination may be used: of this account and region, exactly.

    Cross-account delivery goes to destinations of Logs, which are not built. The texts about roles and vendors are
    AWS's; that for another account or region is not confirmed.
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
    if arn.service != "lambda" and not req.get("roleArn"):
        raise InvalidParameterException(f"destinationArn for vendor {arn.service} cannot be used without roleArn")
