"""The URLs that CloudFormation hands out: a custom resource's ResponseURL, and a wait condition's handle.

In AWS both are presigned S3 URLs. Here they are paths of this server that nobody can guess: the last part is 256 random
bits. Clients PUT a JSON object there: a custom resource's response (User Guide, "Custom resource response objects") or
a wait condition's signal ("Wait condition signal").
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import BodyTooLarge, Response
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit
from fogbank.store.api import Reader, Transaction

from .records import CALLBACKS, Callback

PATH = "/_aws/cloudformation/"
MAX_ANSWER = 4096 * 4  # bytes; AWS's own bound for custom resources is 4096


def url_of(ctx: Context, callback: Callback, *, inside: bool = False) -> str:
    """The callback's URL on the endpoint that the client used, or (`inside`) on that of functions: never TLS."""
    endpoint = ctx.app.endpoint if inside else ctx.endpoint
    return f"{endpoint}{PATH}{callback.secret}"


def topic(secret: str) -> str:
    return f"cloudformation/callback/{secret}"


def owe(tx: Transaction, ctx: Context, kind: str, stack_id: str, logical_id: str, request_id: str) -> Callback:
    """Get or create the callback of this request, so that every retry gets the same one."""
    kept = tx.first(CALLBACKS, "request", (stack_id, logical_id, request_id))
    if kept is not None:
        return kept
    callback = Callback(
        account=ctx.account,
        region=ctx.region,
        secret=ctx.ids.hex(64),
        stack_id=stack_id,
        logical_id=logical_id,
        kind=kind,
        request_id=request_id,
        began=ctx.now(),
    )
    tx.put(CALLBACKS, callback)
    return callback


def find(tx: Reader, secret: str) -> Callback | None:
    return tx.get(CALLBACKS, (secret,))


def secret_of(url: str) -> str:
    """Extract the secret from a URL that `url_of` made."""
    return url.partition("?")[0].rsplit("/", 1)[-1]


class Refused(ServiceError):
    """A refused PUT, with an error as S3 would word it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def refuse(visit: Visit, error: ServiceError) -> Response:
    code, message = escape(error.code_for("s3")), escape(error.message)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(error.status, [("content-type", "application/xml")], text.encode())


@endpoint("cloudformation-callback", refuse=refuse, id_header="x-amz-request-id")
async def receive(visit: Visit) -> Response:
    """Handle PUT PATH/SECRET: append the JSON object to the callback's answers and wake the waiting run."""
    request = visit.request
    if request.method != "PUT":
        raise Refused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    try:
        content = await request.read(MAX_ANSWER)
        answer = documents.read(content)
    except BodyTooLarge:
        raise Refused(400, "EntityTooLarge", "Response object is too long.") from None
    except documents.BadDocument:
        answer = None
    if not isinstance(answer, dict):
        raise Refused(400, "InvalidRequest", "The body is no JSON object.")
    callback = await visit.anonymous().transact(_keep, secret_of(request.path), answer)
    if callback is None:
        raise Refused(403, "AccessDenied", "Request has expired")
    visit.reaches(callback.account, callback.region)
    return Response(200)


def _keep(tx: Transaction, secret: str, answer: dict[str, Any]) -> Callback | None:
    callback = tx.get(CALLBACKS, (secret,))
    if callback is not None:
        callback.answers.append(answer)
        tx.put(CALLBACKS, callback)
        tx.signal(topic(secret))
    return callback
