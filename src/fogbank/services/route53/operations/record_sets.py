"""Record sets: changed in batches, and listed in the order of reversed names."""

from __future__ import annotations

from itertools import islice
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.network.domain_names import BadName, canonical, order
from fogbank.network.zones import RECORD_SETS, ZONES

from .. import batch, changes, shapes
from ..answers import Question, answer
from ..errors import InvalidInput
from ..find import CHANGE, ZONE, by_zone_id

PAGE = 300


@operation("route53", "ChangeResourceRecordSets", resource=by_zone_id)
def change_resource_record_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create, change and delete record sets, all of a batch or none."""
    given = req["ChangeBatch"]
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        batch.apply(tx, ctx, zone, given["Changes"])
        tx.put(ZONES, zone)
        return {"ChangeInfo": changes.submit(tx, ctx, given.get("Comment") or "")}


@operation("route53", "ListResourceRecordSets", resource=by_zone_id)
def list_resource_record_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The record sets of a zone from a name, type and identifier on.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
    """
    name, type, identifier = (req.get(f"StartRecord{part}") or "" for part in ("Name", "Type", "Identifier"))
    if type and not name:
        raise InvalidInput("When you specify a record type, you must also specify a record name.")  # not confirmed
    size = page_size(req, PAGE)
    with ctx.read() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        where = (zone.account, zone.id)
        start = (*where, order(_name(name)), type, identifier) if name else where
        found = list(islice(tx.scan(RECORD_SETS, where, start=start), size + 1))
    shown, more = found[:size], found[size:]
    result = {
        "ResourceRecordSets": [shapes.record_set(each) for each in shown],
        "IsTruncated": bool(more),
        "MaxItems": str(size),
    }
    if more:
        result |= {"NextRecordName": more[0].name, "NextRecordType": more[0].type}
        result |= {"NextRecordIdentifier": more[0].identifier} if more[0].identifier else {}
    return result


def _name(text: str) -> str:
    try:
        return canonical(text)
    except BadName as error:
        raise InvalidInput(f"{error}: {text}") from None


def page_size(req: dict[str, Any], most: int) -> int:
    """MaxItems, which is a text in this API. Larger numbers mean the largest page."""
    text = req.get("MaxItems") or req.get("MaxResults") or str(most)
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise InvalidInput(f"Value '{text}' at 'maxItems' failed to satisfy constraint: it is a number from 1.")
    return min(int(text), most)


@operation("route53", "GetChange", resource=CHANGE.of("Id"))
async def get_change(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A change. One of this very moment is waited for, so that clients that ask at once see it INSYNC."""
    change = await ctx.fetch(CHANGE.require, ctx, req["Id"])
    left = change.submitted + changes.SETTLES - ctx.now()
    if left > 0:
        await ctx.clock.sleep(left)
    return {"ChangeInfo": changes.shape(change, "INSYNC")}


@operation("route53", "TestDNSAnswer", resource=by_zone_id)
def test_dns_answer(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What the zone's name servers answer, evaluated from its records and health checks."""
    name = _name(req["RecordName"])
    with ctx.read() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        found = answer(tx, Question(zone, name, req["RecordType"], ctx.region, ctx.ids.bytes))
    return {
        "Nameserver": zone.name_servers[0],
        "RecordName": name,
        "RecordType": req["RecordType"],
        "RecordData": found.values,
        "ResponseCode": found.code,
        "Protocol": "UDP",
    }
