"""The data plane: function URLs, and the links to packages that GetFunction gives.

http://ID.lambda-url.REGION.localhost:4566/path        by host
http://localhost:4566/_aws/lambda-url/ID/path          by path
http://localhost:4566/_aws/lambda-url/code/TOKEN/NAME  a package
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ServiceError
from fogbank.core.http import BodyTooLarge, Request, Response
from fogbank.core.operation import endpoint
from fogbank.core.principal import anonymous
from fogbank.store.blobs import BlobMissing

from . import proxy
from .arns import Target, resource_of
from .environments.spec import SYNC_PAYLOAD
from .errors import TooManyRequests
from .invoking import invoke
from .records import URLS, Url

PATH = "/_aws/lambda-url/"
CODE = "code"


@endpoint("lambda-url")
async def answer(app: Any, request: Request) -> Response:
    """One request to a function URL (or for a package)."""
    name, path = _address(request)
    if name == CODE:
        return _package(app, path)
    with app.store.read() as tx:
        url = tx.first(URLS, "id", (name,))
    if url is None:
        return proxy.plain(403, "Forbidden", "AccessDeniedException")
    if request.method == "OPTIONS" and url.cors and request.header("origin"):
        return proxy.preflight(url.cors, request)
    response = await _run(app, request, url, path)
    response.headers += proxy.cors_headers(url.cors, request)
    return response


def _address(request: Request) -> tuple[str, str]:
    """(id, raw path below it)"""
    if request.path.startswith(PATH):
        name, _, rest = request.path[len(PATH) :].partition("/")
        return name, f"/{rest}"
    return request.host.partition(".")[0].lower(), request.path


async def _run(app: Any, request: Request, url: Url, path: str) -> Response:
    which = Target(url.account, url.region, url.name, url.qualifier)
    request_id = app.ids.uuid()
    try:
        principal = app.authenticator.authenticate(request, "lambda") if url.auth == "AWS_IAM" else anonymous()
        ctx = Context(
            app=app,
            account=url.account,
            region=url.region,
            principal=principal,
            request_id=request_id,
            service="lambda",
            operation="InvokeFunctionUrl",
            endpoint=f"{request.scheme}://{request.host}" if request.host else app.endpoint,
            source_ip=request.client,
            secure=request.scheme == "https",
            user_agent=request.header("user-agent"),
            referer=request.header("referer"),
        )
        _authorize(ctx, which, url.auth)
        body = await request.read(SYNC_PAYLOAD)
        event = proxy.event_of(
            request,
            body,
            path,
            url_id=url.id,
            domain=f"{url.id}.lambda-url.{url.region}.on.aws",
            account=url.account,
            request_id=request_id,
            now=ctx.now(),
            caller=principal if url.auth == "AWS_IAM" else None,
        )
        outcome, _ = await invoke(ctx, which, msgspec.json.encode(event))
    except BodyTooLarge:
        return proxy.plain(413, "Request Entity Too Large", "RequestEntityTooLargeException")
    except TooManyRequests:
        return proxy.plain(429, "Rate Exceeded.", "TooManyRequestsException")
    except AccessDenied:
        return proxy.plain(403, "Forbidden", "AccessDeniedException")
    except ServiceError as error:
        status = error.status if 400 <= error.status < 500 else 502
        return proxy.plain(status, error.message, error.code_for("json"))
    return proxy.response_of(outcome)


def _authorize(ctx: Context, which: Target, auth: str) -> None:
    """A URL is no API operation, but asks a permission all the same. Raises AccessDenied."""
    function = resource_of(ctx, which)
    conditions = {"lambda:FunctionUrlAuthType": auth, "lambda:FunctionArn": str(function)}
    ctx.require("lambda:InvokeFunctionUrl", function, conditions)


def _package(app: Any, path: str) -> Response:
    """A package by its sealed link, while it is good."""
    token = path.split("/")[1] if path.count("/") else ""
    try:
        blob, expires = paging.decode(app.secret, "lambda/code", token)
        if app.clock.now() > expires:
            return proxy.plain(403, "Request has expired", "AccessDenied")
        return Response(200, [("content-type", "application/zip")], app.blobs.slice(blob))
    except ValueError:
        return proxy.plain(403, "Forbidden", "AccessDenied")
    except BlobMissing:
        return proxy.plain(404, "The package is gone.", "NoSuchKey")
