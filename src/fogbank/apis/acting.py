"""On whose behalf API Gateway calls: as the role of an integration, as its caller, or as the service itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from __future__ import annotations

import re

from fogbank.auth import roles
from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.principal import Principal, service

from .failures import GatewayError, misconfigured
from .passing import APIGATEWAY, callers_own

SESSION = "BackplaneAssumeRoleSession"  # as CloudTrail shows it
_URI = re.compile(
    r"arn:[^:]+:apigateway:[^:]+:lambda:path/[0-9-]+/functions/(?P<arn>[^/]+)/(?:invocations|response-streaming-invocations)$"
)
_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")


def filled(text: str, variables: dict[str, str]) -> str:
    """Substitute `${stageVariables.NAME}`."""
    return _VARIABLE.sub(lambda match: variables.get(match[1], ""), text) if "${" in text else text


def function_arn(uri: str, variables: dict[str, str]) -> str:
    """The function's ARN in an integration's or authorizer's URI. Raises GatewayError when there is none."""
    whole = filled(uri, variables)
    match = _URI.match(whole)
    if match is None:
        raise misconfigured(f"Invalid Lambda function URI {whole}")
    return match["arn"]


def region_of(arn: str) -> str:
    try:
        return arns.parse(arn).region
    except ValueError:
        return ""


def timed_out() -> GatewayError:
    return GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out")


async def acting(
    ctx: Context, credentials: str, source_arn: str, *, caller: Principal | None = None, region: str = ""
) -> Context:
    """The context for an integration's calls: as its role, as the caller, or as the service principal.

    `ctx` is of the API's account and region.
    """
    if credentials == callers_own(ctx.partition):
        if caller is None:
            raise misconfigured("Caller credentials need AWS_IAM authorization")
        return ctx.acting_as(caller, region=region or ctx.region)
    if credentials:
        return await as_role(ctx, credentials, source_arn, region or ctx.region)
    return ctx.acting_as(service(APIGATEWAY, ctx.account, source_arn), region=region or ctx.region)


async def as_role(ctx: Context, role: str, source_arn: str = "", region: str | None = None) -> Context:
    """Assume a role as API Gateway. Raises GatewayError (500), also when the role is not of the API's account."""
    if roles.account_of(role, ctx.partition) != ctx.account:
        raise misconfigured(f"The role {role} is not one of the account {ctx.account}")
    try:
        return await ctx.assume(role, by=APIGATEWAY, session=SESSION, source_arn=source_arn, region=region)
    except ServiceError as error:
        raise misconfigured(f"API Gateway does not have permission to assume the provided role {role}") from error
