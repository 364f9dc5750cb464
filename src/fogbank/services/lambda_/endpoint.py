"""The data plane: function URLs, and the package links of GetFunction.

http://ID.lambda-url.REGION.localhost:4566/path        by host
http://localhost:4566/_aws/lambda-url/ID/path          by path
http://localhost:4566/_aws/lambda-url/code/TOKEN/NAME  a package
"""

from __future__ import annotations

import msgspec

from fogbank.core import paging
from fogbank.core.errors import AccessDenied, InternalFailure, RequestTooLarge, ServiceError, ServiceUnavailable
from fogbank.core.http import Request, Response
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit
from fogbank.store.blobs import BlobMissing

from . import proxy
from .arns import Target, resource_of
from .environments.spec import SYNC_PAYLOAD
from .errors import TooManyRequests
from .invocation import invoke
from .records import URLS, Url

PATH = "/_aws/lambda-url/"
CODE = "code"


def refuse(visit: Visit, error: ServiceError) -> Response:
    """Makes a URL's response to an error that does not come from the function."""
    match error:
        case RequestTooLarge():
            return proxy.plain(413, "Request Entity Too Large", "RequestEntityTooLargeException")
        case TooManyRequests():
            return proxy.plain(429, "Rate Exceeded.", "TooManyRequestsException")
        case AccessDenied():
            return proxy.plain(403, "Forbidden", "AccessDeniedException")
        case InternalFailure():
            return proxy.plain(500, "Internal Server Error", "InternalServerErrorException")
    status = error.status if error.status < 500 or isinstance(error, ServiceUnavailable) else 502
    return proxy.plain(status, error.message, error.code_for("json"))


@endpoint("lambda-url", refuse=refuse)
async def answer(visit: Visit) -> Response:
    """Answers a request to a function URL or a package link."""
    request = visit.request
    name, path = _address(request)
    ctx = visit.anonymous()
    if name == CODE:
        return _package(visit, path)
    url = await ctx.fetch(lambda tx: tx.first(URLS, "id", (name,)))
    if url is None:
        raise AccessDenied
    visit.reaches(url.account, url.region, "InvokeFunctionUrl")
    if request.method == "OPTIONS" and url.cors and request.header("origin"):
        return proxy.preflight(url.cors, request)
    visit.headers += proxy.cors_headers(url.cors, request)
    return await _run(visit, url, path)


def _address(request: Request) -> tuple[str, str]:
    """Returns (URL id, raw path below the URL)."""
    if request.path.startswith(PATH):
        name, _, rest = request.path[len(PATH) :].partition("/")
        return name, f"/{rest}"
    return request.host.partition(".")[0].lower(), request.path


async def _run(visit: Visit, url: Url, path: str) -> Response:
    """Invokes the function of a URL. This is not an API operation, but it requires a permission all the same."""
    signed = url.auth == "AWS_IAM"
    which = Target(url.account, url.region, url.name, url.qualifier)
    ctx = visit.admit("lambda") if signed else visit.anonymous()
    function = resource_of(ctx, which)
    conditions = {"lambda:FunctionUrlAuthType": url.auth, "lambda:FunctionArn": str(function)}
    visit.allow(function, "lambda:InvokeFunctionUrl", conditions)
    body = await visit.request.read(SYNC_PAYLOAD)
    event = proxy.event_of(
        visit.request,
        body,
        path,
        url_id=url.id,
        domain=f"{url.id}.lambda-url.{url.region}.on.aws",
        account=url.account,
        request_id=visit.request_id,
        now=ctx.now(),
        caller=ctx.principal if signed else None,
    )
    outcome, _ = await invoke(ctx, which, msgspec.json.encode(event))
    if outcome.error:
        visit.fail(outcome.error_type or outcome.error, "the function failed: its log says why")
    return proxy.response_of(outcome)


def _package(visit: Visit, path: str) -> Response:
    """Returns the package of a signed link that has not expired."""
    app = visit.app
    visit.reaches(app.settings.account, app.settings.region, "GetPackage")
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
