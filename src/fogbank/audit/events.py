"""Builds CloudTrail's event of a call.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Named
from fogbank.core.operation import Access, Operation
from fogbank.core.trace import Hop
from fogbank.wire import models

from . import names
from .identity import identity, stamp, username
from .members import shown
from .records import Entry

VERSION = "1.11"
LONGEST = 1024  # "The error description … has a maximum size of 1 KB"; the user agent's limit, too


class Call(msgspec.Struct):
    """A call that has ended and whose event is not built yet. `invoker`: the service that made the call by itself."""

    hop: Hop
    at: float
    ctx: Context | None = None
    operation: Operation | None = None
    params: Mapping[str, Any] = {}
    result: Mapping[str, Any] | None = None
    error: ServiceError | None = None
    invoker: str = ""


def entries(call: Call, asked: Mapping[str, frozenset[str]]) -> list[Entry]:
    """The entries to store for a call: the caller's first, then one for each other account whose resources it touched.

    `asked` maps a service to the accounts that want its data events.
    """
    ctx, operation, hop = call.ctx, call.operation, call.hop
    at_us = int(call.at * 1_000_000)
    if ctx is None or operation is None:
        return [Entry(account=hop.account, region=hop.region, at_us=at_us, id=hop.id, hop=hop)]
    resources = touched(ctx)
    owners = dict.fromkeys([ctx.principal.account, *(owner for _, owner in resources)])
    wanted = asked.get(operation.service, frozenset()) if operation.data_event else None
    seers = [account for account in owners if account and (wanted is None or account in wanted)]
    if not seers:
        return [Entry(account=hop.account, region=hop.region, at_us=at_us, id=hop.id, hop=hop)] if hop.error else []
    event = _event(call, ctx, operation, resources)
    shared = ctx.app.ids.uuid() if len(owners) > 1 else ""
    region = str(event["awsRegion"])
    made: list[Entry] = []
    for account in seers:
        event_id = event["eventID"] = ctx.app.ids.uuid()
        event["recipientAccountId"] = account
        if shared:
            event["sharedEventID"] = shared
        made.append(
            Entry(
                account=account,
                region=region,
                at_us=at_us,
                id=event_id,
                hop=hop,
                shared=bool(made),
                event=msgspec.json.encode(event).decode(),
                source=event["eventSource"],
                name=event["eventName"],
                username=username(ctx.principal),
                access_key=ctx.principal.access_key,
                read_only=event["readOnly"],
                data=operation.data_event,
                own=call.invoker == "cloudtrail.amazonaws.com" or ctx.principal.arn == "cloudtrail.amazonaws.com",
                resources=[(names.resource_type(arn), arn) for arn, _ in resources],
            )
        )
    return made


def touched(ctx: Context) -> list[tuple[str, str]]:
    """(ARN, owner) of each resource that authorization resolved."""
    needed: Any = ctx.names.needed if ctx.names is not None else None
    if needed is None:
        return []
    each: Sequence[Any] = [needed] if isinstance(needed, str | Access) else needed
    found = (part.resource if isinstance(part, Access) else part for part in each)
    return list(dict.fromkeys((str(part), part.owner) for part in found if isinstance(part, Named) and part.owner))


def _event(call: Call, ctx: Context, operation: Operation, resources: list[tuple[str, str]]) -> dict[str, Any]:
    """The event without its recipient. The members are in the order in which AWS writes them."""
    service, name = operation.service, operation.name
    model = models.load(service).operations[name]
    reads = names.read_only(service, name)
    invoker = call.invoker or (ctx.principal.via[-1] if ctx.principal.via else "")
    if ctx.principal.kind == "service":
        invoker = ctx.principal.arn
    error: dict[str, Any] = {}
    if call.error is not None:
        error = {"errorCode": call.hop.error, "errorMessage": _text(call.error.message)}
    answered = None if reads or call.error is not None else call.result
    event = {
        "eventVersion": VERSION,
        "userIdentity": identity(ctx.principal, invoker),
        "eventTime": stamp(call.at),
        "eventSource": names.source(service),
        "eventName": names.event_name(service, name),
        "awsRegion": names.region_of(service, ctx.region, ctx.partition),
        "sourceIPAddress": invoker or ctx.source_ip,
        "userAgent": (invoker or ctx.user_agent)[:LONGEST],
        **error,
        "requestParameters": shown(service, model.input_shape, call.params, "requestParameters"),
        "responseElements": shown(service, model.output_shape, answered, "responseElements"),
        "requestID": call.hop.id,
        "eventID": "",
        "readOnly": reads,
    }
    if resources and (operation.data_event or service in ("kms", "sts", "s3")):
        event["resources"] = [
            {"accountId": owner, **_typed(names.resource_type(arn)), "ARN": arn} for arn, owner in resources
        ]
    event |= {
        "eventType": "AwsApiCall",
        "managementEvent": not operation.data_event,
        "recipientAccountId": "",
        "eventCategory": "Data" if operation.data_event else "Management",
    }
    return event


def _typed(kind: str) -> dict[str, str]:
    return {"type": kind} if kind else {}


def _text(text: str) -> str:
    """Text in a form the store can keep: short, and without lone surrogates."""
    return text[:LONGEST].encode(errors="backslashreplace").decode()
