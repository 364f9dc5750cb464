"""Invoke: runs a function and waits, puts an event on its queue, or only checks the permission."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.http import BodyTooLarge
from fogbank.core.operation import operation

from ..arns import qualified, target
from ..code import read_body
from ..environments.spec import SYNC_PAYLOAD, Outcome
from ..errors import InvalidRequestContent, RequestTooLarge
from ..invocation import find, invoke
from ..jobs import enqueue

ASYNC_PAYLOAD = 1_048_576  # bytes of an event
CLIENT_CONTEXT = 3583  # bytes of X-Amz-Client-Context


@operation("lambda", "Invoke", action="lambda:InvokeFunction", resource=qualified, data_event=True)
async def invoke_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """RequestResponse returns the result, Event returns 202 at once, DryRun returns 204.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    kind = req.get("InvocationType") or "RequestResponse"
    payload = await _payload(req.get("Payload"), ASYNC_PAYLOAD if kind == "Event" else SYNC_PAYLOAD, "InvokeFunction")
    client_context = _client_context(req.get("ClientContext") or "")
    found = await find(ctx, which)
    if kind == "DryRun":
        return {"StatusCode": 204}
    if kind == "Event":
        await ctx.transact(lambda tx: enqueue(tx, ctx, which, payload, ctx.request_id, client_context=client_context))
        return {"StatusCode": 202}
    outcome, version = await invoke(ctx, which, payload, found=found, client_context=client_context)
    answer: dict[str, Any] = {
        "StatusCode": 200, "Payload": outcome.payload, "ExecutedVersion": version.version
    }  # fmt: skip
    if outcome.error:
        answer["FunctionError"] = outcome.error
    if req.get("LogType") == "Tail":
        answer["LogResult"] = base64.b64encode(outcome.log_tail).decode()
    return answer


async def _payload(body: Any, limit: int, operation: str) -> bytes:
    """Returns the event, JSON within the limit. Raises RequestTooLarge or InvalidRequestContent."""
    too_large = RequestTooLarge(f"Request must be smaller than {limit} bytes for the {operation} operation")
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        payload = bytes(body)
    elif hasattr(body, "read"):
        try:
            payload = await body.read(limit)
        except BodyTooLarge:
            raise too_large from None
    else:
        payload = await read_body(body, limit + 1)
    if len(payload) > limit:
        raise too_large
    if payload:
        try:
            msgspec.json.decode(payload, type=msgspec.Raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequestContent(
                f"Could not parse request body into json: Could not parse payload into json: {error}"
            ) from None
    return payload


def _client_context(text: str) -> str:
    """Decodes X-Amz-Client-Context and returns its JSON text."""
    if not text:
        return ""
    if len(text) > CLIENT_CONTEXT:
        raise InvalidRequestContent(f"Client context must be no larger than {CLIENT_CONTEXT} bytes")
    try:
        decoded = base64.b64decode(text, validate=True)
        msgspec.json.decode(decoded)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.") from None
    return decoded.decode()


@operation("lambda", "InvokeAsync", action="lambda:InvokeFunction", resource=qualified, data_event=True)
async def invoke_async(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Puts an event on the function's queue; the older form of InvocationType Event.

    https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html
    """
    which = target(ctx, req["FunctionName"])
    payload = await _payload(req.get("InvokeArgs"), ASYNC_PAYLOAD, "InvokeAsync")
    await find(ctx, which)
    await ctx.transact(lambda tx: enqueue(tx, ctx, which, payload, ctx.request_id))
    return {"Status": 202}


@operation("lambda", "InvokeWithResponseStream", action="lambda:InvokeFunction", resource=qualified, data_event=True)
async def invoke_with_response_stream(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the result as an event stream. Its chunks are sent after the function has ended, not while it runs.

    https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
    """
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    payload = await _payload(req.get("Payload"), SYNC_PAYLOAD, "InvokeWithResponseStream")
    if req.get("InvocationType") == "DryRun":
        await find(ctx, which)
        return {"StatusCode": 204}
    outcome, version = await invoke(ctx, which, payload)
    return {
        "StatusCode": 200,
        "ExecutedVersion": version.version,
        "ResponseStreamContentType": outcome.content_type,
        "EventStream": _events(outcome, tail=req.get("LogType") == "Tail"),
    }


async def _events(outcome: Outcome, *, tail: bool) -> AsyncIterator[dict[str, Any]]:
    size = 64 * 1024
    if not outcome.error or outcome.streamed:
        for start in range(0, len(outcome.payload), size):
            yield {"PayloadChunk": {"Payload": outcome.payload[start : start + size]}}
    done: dict[str, Any] = {}
    if outcome.error:
        error = msgspec.json.decode(outcome.payload, type=dict[str, Any]) if not outcome.streamed else {}
        done = {
            "ErrorCode": error.get("errorType") or outcome.error_type,
            "ErrorDetails": error.get("errorMessage") or "",
        }
    if tail:
        done["LogResult"] = base64.b64encode(outcome.log_tail).decode()
    yield {"InvokeComplete": done}
