"""What browsers ask of S3 besides its API: CORS preflights, headers on answers to other origins, uploads by form.

None of it is in the service model, so the router sends such requests here instead of into the pipeline.
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fogbank.core.errors import ServiceError
from fogbank.core.http import Request, Response
from fogbank.core.operation import endpoint
from fogbank.wire import hosts

from . import cors
from .errors import AccessForbidden, InvalidRequest, NoSuchBucket
from .lookups import config
from .records import BUCKETS

if TYPE_CHECKING:
    from fogbank.app import App


def bucket_and_key(request: Request, domains: tuple[str, ...]) -> tuple[str, str]:
    """What a request's host and path name; the key is decoded."""
    host = hosts.parse(request.host, domains)
    path = unquote(request.path).removeprefix("/")
    if host.service == "s3" and host.name:
        return host.name, path
    bucket, _, key = path.partition("/")
    return bucket, key


def error_response(app: App, error: ServiceError, request: Request) -> Response:
    from fogbank import wire

    return wire.error_response(None, "rest-xml", "s3", error, app.ids.uuid())


def _rules(app: App, bucket: str) -> list[cors.Rule] | None:
    """The bucket's rules, empty when it has none; None when there is no such bucket."""
    with app.store.read() as tx:
        found = tx.get(BUCKETS, (bucket,))
        if found is None:
            return None
        return (config(tx, bucket, "cors") or []) if found.has_cors else []


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@endpoint("s3-browser")
async def answer(app: App, request: Request) -> Response:
    """Whatever a page sends: a preflight, a form, or an API call whose answer needs the headers of the CORS rules."""
    if request.method == "OPTIONS":
        return await preflight(app, request)
    if request.method == "POST" and request.header("content-type").startswith("multipart/form-data"):
        from .post import post

        return allow(app, request, await post(app, request))
    # the router's mark that this endpoint has had it
    request.set_headers([*request.headers, ("x-fogbank-cors", "answered")])
    response = app.pipeline(request)
    return allow(app, request, await response if inspect.isawaitable(response) else response)


async def preflight(app: App, request: Request) -> Response:
    """OPTIONS: what a page of another origin may do here."""
    origin, method = request.header("origin"), request.header("access-control-request-method")
    asked = _listed(request.header("access-control-request-headers"))
    bucket, _ = bucket_and_key(request, app.settings.domains)
    try:
        if not origin:
            raise InvalidRequest("Insufficient information. Origin request header needed.")
        if method not in cors.METHODS:
            raise InvalidRequest(f"Invalid Access-Control-Request-Method: {method or 'null'}")
        rules = _rules(app, bucket)
        if rules is None:
            raise NoSuchBucket(bucket)
        members: dict[str, Any] = {"Method": method, "ResourceType": "BUCKET"}
        if not rules:
            raise AccessForbidden("CORSResponse: CORS is not enabled for this bucket.", **members)
        rule = cors.match(rules, origin, method, asked)
        if rule is None:
            text = (
                "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
                "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted "
                "by the resource's CORS spec."
            )
            raise AccessForbidden(text, **members)
    except ServiceError as error:
        return error_response(app, error, request)
    return Response(200, [("x-amz-request-id", app.ids.uuid()), *cors.headers(rule, origin, asked, preflight=True)])


def allow(app: App, request: Request, response: Response) -> Response:
    """Add the headers that the bucket's rules give to the answer of a request with an Origin."""
    origin = request.header("origin")
    bucket, _ = bucket_and_key(request, app.settings.domains)
    rules = _rules(app, bucket) if origin and bucket else None
    rule = cors.match(rules, origin, request.method, []) if rules else None
    if rule is not None:
        response.headers += cors.headers(rule, origin, [], preflight=False)
    return response
