"""Configures function URLs; `endpoint.py` answers requests to them.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.store.api import Reader

from .. import lookups
from ..arns import Target, function_arn, named, number_of, qualified, target
from ..errors import InvalidParameterValue, ResourceConflict, ResourceNotFound
from ..records import URLS, Url
from ..shapes import stamp


def _access(ctx: Context, req: dict[str, Any]) -> Access:
    """Requires access to the function; its ARN and the URL's AuthType are condition keys.

    The AuthType is the request's, otherwise the stored one.
    """
    which = qualified(ctx, req)
    auth = req.get("AuthType")
    if not auth:
        with ctx.read() as tx:
            url = tx.get(URLS, (*which.key.key, which.key.qualifier))
        auth = url.auth if url is not None else ""
    conditions = {"lambda:FunctionArn": str(which)}
    return Access("", which, {**conditions, "lambda:FunctionUrlAuthType": auth} if auth else conditions)


def _which(ctx: Context, req: dict[str, Any]) -> Target:
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    if which.qualifier and number_of(which.qualifier) is not None:
        raise InvalidParameterValue("Function URLs can be attached to $LATEST (no qualifier) or to an alias only.")
    return which


def _require(tx: Reader, ctx: Context, which: Target) -> Url:
    lookups.exists(tx, ctx, which)
    url = tx.get(URLS, (*which.key, which.qualifier))
    if url is None:
        raise ResourceNotFound("The resource you requested does not exist.")
    return url


def address(ctx: Context, url: Url) -> str:
    """Returns the URL under which this cloud answers. AWS's would be https://ID.lambda-url.REGION.on.aws/."""
    here = urlsplit(ctx.endpoint)
    host = here.hostname or "localhost"
    if host.replace(".", "").isdigit() or ":" in host:
        host = "localhost"
    port = f":{here.port}" if here.port else ""
    return f"{here.scheme}://{url.id}.lambda-url.{url.region}.{host}{port}/"


def shape(ctx: Context, url: Url, *, modified: bool = True) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "FunctionUrl": address(ctx, url),
        "FunctionArn": function_arn(ctx, url.account, url.name, url.qualifier),
        "AuthType": url.auth,
        "CreationTime": stamp(url.created),
        "InvokeMode": url.mode,
    }
    if url.cors is not None:
        shown["Cors"] = url.cors
    if modified:
        shown["LastModifiedTime"] = stamp(url.modified)
    return shown


@operation("lambda", "CreateFunctionUrlConfig", resource=_access)
def create_function_url_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html"""
    which = _which(ctx, req)
    with ctx.write() as tx:
        lookups.exists(tx, ctx, which)
        if tx.get(URLS, (*which.key, which.qualifier)) is not None:
            arn = function_arn(ctx, which.account, which.name, which.qualifier)
            raise ResourceConflict(f"FunctionUrlConfig exists for this Lambda function [functionArn={arn}]")
        url = Url(
            account=which.account, region=which.region, name=which.name, qualifier=which.qualifier,
            id=ctx.ids.lower(32), auth=req["AuthType"], cors=req.get("Cors"), mode=req.get("InvokeMode") or "BUFFERED",
            created=ctx.now(), modified=ctx.now(),
        )  # fmt: skip
        tx.put(URLS, url)
    return shape(ctx, url, modified=False)


@operation("lambda", "UpdateFunctionUrlConfig", resource=_access)
def update_function_url_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionUrlConfig.html"""
    with ctx.write() as tx:
        url = _require(tx, ctx, _which(ctx, req))
        url.auth = req.get("AuthType") or url.auth
        url.mode = req.get("InvokeMode") or url.mode
        if "Cors" in req:
            url.cors = req["Cors"] or None
        url.modified = ctx.now()
        tx.put(URLS, url)
    return shape(ctx, url)


@operation("lambda", "GetFunctionUrlConfig", resource=_access)
def get_function_url_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html"""
    with ctx.read() as tx:
        return shape(ctx, _require(tx, ctx, _which(ctx, req)))


@operation("lambda", "DeleteFunctionUrlConfig", resource=_access)
def delete_function_url_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionUrlConfig.html"""
    which = _which(ctx, req)
    with ctx.write() as tx:
        _require(tx, ctx, which)
        tx.delete(URLS, (*which.key, which.qualifier))
    return {}


@operation("lambda", "ListFunctionUrlConfigs", resource=named)
def list_function_url_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html"""
    which = target(ctx, req["FunctionName"])
    with ctx.read() as tx:
        lookups.function(tx, ctx, which)
        found = list(tx.scan(URLS, which.key))
    shown, more = lookups.page(ctx, found, req, lambda url: url.qualifier)
    return {"FunctionUrlConfigs": [shape(ctx, url) for url in shown], **more}
