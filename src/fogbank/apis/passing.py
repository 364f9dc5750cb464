"""Roles that requests give to API Gateway: the caller has to be allowed to pass them.

iam:PassRole, with iam:PassedToService apigateway.amazonaws.com, stands beside the operations that take a role in
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.operation import Access

from .control import Also
from .errors import BadRequest

APIGATEWAY = "apigateway.amazonaws.com"


def callers_own(partition: str) -> str:
    """What `credentials` says when an integration acts as the caller: no role.

    https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html#apigw-PutIntegration-request-credentials
    """
    return f"arn:{partition}:iam::*:user/*"


def passed(ctx: Context, texts: Iterable[Any]) -> list[Access]:
    """iam:PassRole on each role that is named. Raises BadRequest for text that is no role's ARN."""
    given = [text for text in texts if text and text != callers_own(ctx.partition)]
    if not all(isinstance(text, str) and roles.account_of(text, ctx.partition) for text in given):
        raise BadRequest("Invalid ARN specified in the request")
    return [roles.passed(ctx, text, APIGATEWAY) for text in dict.fromkeys(given)]


def member(name: str) -> Also:
    """The role in a member of the request."""
    return lambda ctx, req: passed(ctx, [req.get(name)])
