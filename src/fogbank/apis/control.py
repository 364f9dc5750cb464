"""IAM's view of the control plane: the action is the HTTP verb, the resource the URL's path.

What a path names is of the caller's own account and region, by its exact identifiers: records are found by no other.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from fogbank.core import tagging
from fogbank.core.context import Context
from fogbank.core.kinds import Named, named
from fogbank.core.operation import Access, Fidelity, operation

F = TypeVar("F", bound=Callable[..., Any])
Also = Callable[[Context, dict[str, Any]], list[Access]]


def resource(ctx: Context, path: str) -> Named:
    """arn:aws:apigateway:REGION::/restapis/ID, of this account."""
    return named(ctx.arn("apigateway", path, account=""), ctx.account)


def control_call(
    service: str, name: str, verb: str, path: str, *, also: Also | None = None, fidelity: Fidelity = "real"
) -> Callable[[F], F]:
    """`@operation` of a control-plane call; `path` names request members: /restapis/{restApiId}, /apis/{ApiId}.

    `also` says what else a request needs: other actions on the same things, roles that it passes. A request that gives
    tags to what it makes needs to PUT them:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
    """
    action = f"apigateway:{verb}"

    def needed(ctx: Context, req: dict[str, Any]) -> Named | list[Access]:
        here = resource(ctx, path.format_map(req))
        given = tagging.given(req)
        if not given and also is None:
            return here
        accesses = [Access(action, here)]
        if given:
            of_all = quote(f"{here}/", safe="") + "*"
            accesses.append(Access("apigateway:PUT", resource(ctx, f"/tags/{of_all}")))
        return accesses + (also(ctx, req) if also is not None else [])

    return operation(service, name, action=action, resource=needed, fidelity=fidelity)
