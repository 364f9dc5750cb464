"""Page tokens for lists of groups, streams and events, and the error for a token of another list.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.core.paging import Pages

from .errors import InvalidParameterException


def pages(ctx: Context, scope: str) -> Pages:
    return Pages(ctx, bad_token, scope, member="nextToken")


def bad_token() -> InvalidParameterException:
    return InvalidParameterException("The specified nextToken is invalid.")
