"""Requests that browsers send to S3 outside its API: CORS preflights, uploads by form, API calls from other origins.

None of these is in the service model, so the router sends such requests here instead of into the pipeline.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fogbank import wire
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Request, Response
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit
from fogbank.store.api import Reader
from fogbank.wire import hosts

from . import cors
from .errors import AccessForbidden, InvalidRequest, NoSuchBucket
from .lookups import config
from .post import post
from .records import BUCKETS


def bucket_and_key(request: Request, domains: tuple[str, ...]) -> tuple[str, str]:
    """Returns the bucket and the key that a request's host and path name. The key is URL-decoded."""
    host = hosts.parse(request.host, domains)
    path = unquote(request.path).removeprefix("/")
    if host.service == "s3" and host.name:
        return host.name, path
    bucket, _, key = path.partition("/")
    return bucket, key


def refuse(visit: Visit, error: ServiceError) -> Response:
    """Makes S3's XML error response."""
    return wire.error_response(None, "rest-xml", "s3", error, visit.request_id)


async def _rules(ctx: Context, bucket: str) -> list[cors.Rule] | None:
    """Returns the bucket's CORS rules: empty when it has none, None when the bucket does not exist."""

    def look(tx: Reader) -> list[cors.Rule] | None:
        found = tx.get(BUCKETS, (bucket,))
        if found is None:
            return None
        return (config(tx, bucket, "cors") or []) if found.has_cors else []

    return await ctx.fetch(look)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@endpoint("s3-browser", refuse=refuse, id_header="x-amz-request-id")
async def answer(visit: Visit) -> Response:
    """Answers a request of a web page: a preflight, a form upload, or an API call that needs CORS response headers."""
    request = visit.request
    bucket, _ = bucket_and_key(request, visit.app.settings.domains)
    if request.method == "OPTIONS":
        return await preflight(visit, bucket)
    origin = request.header("origin")
    rules = await _rules(visit.anonymous(), bucket) if origin and bucket else None
    rule = cors.match(rules, origin, request.method, []) if rules else None
    if rule is not None:
        visit.headers += cors.headers(rule, origin, [], preflight=False)
    if request.method == "POST" and request.header("content-type").startswith("multipart/form-data"):
        return await post(visit, bucket)
    return await visit.pass_on()


async def preflight(visit: Visit, bucket: str) -> Response:
    """Answers an OPTIONS request: tells the browser what a page of another origin may do with this bucket."""
    request = visit.request
    origin, method = request.header("origin"), request.header("access-control-request-method")
    asked = _listed(request.header("access-control-request-headers"))
    if not origin:
        raise InvalidRequest("Insufficient information. Origin request header needed.")
    if method not in cors.METHODS:
        raise InvalidRequest(f"Invalid Access-Control-Request-Method: {method or 'null'}")
    rules = await _rules(visit.anonymous(), bucket)
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
    return Response(200, cors.headers(rule, origin, asked, preflight=True))
