"""Reserved nodes. Only recorded, since nothing costs money. Each node type has offerings for one and for three years.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/reserved-nodes.html
"""

from __future__ import annotations

import uuid
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import catalog, labels, names
from ..errors import InvalidParameterValue, OfferingNotFound, ReservedNodeAlreadyExists
from ..listing import page
from ..names import RESERVATION
from ..records import RESERVATIONS, Reservation

Request = dict[str, Any]
YEAR = 31_536_000
_SPACE = uuid.UUID("6f1c7a52-2c4e-4b0d-9f6e-0d7ad0a4a7c1")
_KINDS = ("No Upfront", "Partial Upfront", "All Upfront")
_PRODUCTS = ("memcached", "redis", "valkey")


def _offerings() -> list[dict[str, Any]]:
    """All offerings. Prices are made up, in proportion to memory."""
    found = []
    for node_type, memory in catalog.MEMORY.items():
        for years in (1, 3):
            for kind in _KINDS:
                for product in _PRODUCTS:
                    hourly = round(memory * 0.01, 4)
                    share = _KINDS.index(kind) / 2
                    id = uuid.uuid5(_SPACE, f"{node_type}/{years}/{kind}/{product}")
                    found.append({
                        "ReservedCacheNodesOfferingId": str(id),
                        "CacheNodeType": node_type,
                        "Duration": years * YEAR,
                        "FixedPrice": round(hourly * 8760 * years * share, 2),
                        "UsagePrice": 0.0,
                        "ProductDescription": product,
                        "OfferingType": kind,
                        "RecurringCharges": [{"RecurringChargeAmount": round(hourly * (1 - share), 4),
                                              "RecurringChargeFrequency": "Hourly"}],
                    })  # fmt: skip
    return sorted(found, key=lambda offering: offering["ReservedCacheNodesOfferingId"])


def _duration(text: str) -> int:
    """A duration in seconds, given in years or in seconds: "1 | 3 | 31536000 | 94608000"."""
    known = {"1": YEAR, "3": 3 * YEAR, str(YEAR): YEAR, str(3 * YEAR): 3 * YEAR}
    if text not in known:
        raise InvalidParameterValue(f"Invalid duration: {text}")
    return known[text]


def _matches(shape: dict[str, Any], req: Request) -> bool:
    if req.get("Duration") and shape["Duration"] != _duration(req["Duration"]):
        return False
    members = ("CacheNodeType", "ProductDescription", "OfferingType", "ReservedCacheNodesOfferingId")
    return all(not req.get(member) or shape[member] == req[member] for member in members)


@operation("elasticache", "DescribeReservedCacheNodesOfferings", resource="*", fidelity="recorded")
def describe_reserved_cache_nodes_offerings(ctx: Context, req: Request) -> dict[str, Any]:
    """The available offerings."""
    found = [offering for offering in _offerings() if _matches(offering, req)]
    if req.get("ReservedCacheNodesOfferingId") and not found:
        raise OfferingNotFound
    found, more = page(ctx, req, found, lambda offering: offering["ReservedCacheNodesOfferingId"])
    return {"ReservedCacheNodesOfferings": found, **more}


def _shape(ctx: Context, found: Reservation) -> dict[str, Any]:
    offering = next(one for one in _offerings() if one["ReservedCacheNodesOfferingId"] == found.offering)
    return {
        **offering,
        "ReservedCacheNodeId": found.id,
        "StartTime": found.started,
        "CacheNodeCount": found.count,
        "State": "active" if ctx.now() < found.started + offering["Duration"] else "retired",
        "ReservationARN": names.arn(ctx, RESERVATION, found.id),
    }


@operation(
    "elasticache",
    "PurchaseReservedCacheNodesOffering",
    resource=lambda ctx, req: names.new(RESERVATION, "ReservedCacheNodeId")(
        ctx, {**req, "ReservedCacheNodeId": _id(req)}
    ),
    fidelity="recorded",
)
def purchase_reserved_cache_nodes_offering(ctx: Context, req: Request) -> dict[str, Any]:
    """Record a reservation."""
    if not any(one["ReservedCacheNodesOfferingId"] == req["ReservedCacheNodesOfferingId"] for one in _offerings()):
        raise OfferingNotFound
    id = names.identifier("ReservedCacheNodeId", req["ReservedCacheNodeId"]) if req.get("ReservedCacheNodeId") else (
        "ri-" + ctx.ids.hex(17))  # fmt: skip
    with ctx.write() as tx:
        if tx.get(RESERVATIONS, (ctx.account, ctx.region, id)) is not None:
            raise ReservedNodeAlreadyExists
        made = Reservation(
            account=ctx.account,
            region=ctx.region,
            id=id,
            offering=req["ReservedCacheNodesOfferingId"],
            count=req.get("CacheNodeCount") or 1,
            started=ctx.now(),
            tags=labels.given(req),
        )
        tx.put(RESERVATIONS, made)
    return {"ReservedCacheNode": _shape(ctx, made)}


def _id(req: Request) -> str:
    """The name for authorization. AWS generates one if the request has none."""
    return req.get("ReservedCacheNodeId") or "ri-new"


@operation(
    "elasticache", "DescribeReservedCacheNodes", resource=names.listed(RESERVATION, "ReservedCacheNodeId"),
    fidelity="recorded",
)  # fmt: skip
def describe_reserved_cache_nodes(ctx: Context, req: Request) -> dict[str, Any]:
    """One reservation, or all that match."""
    with ctx.read() as tx:
        if req.get("ReservedCacheNodeId"):
            kept = [RESERVATION.require(tx, ctx, req["ReservedCacheNodeId"])]
        else:
            kept = list(tx.scan(RESERVATIONS, (ctx.account, ctx.region)))
    found = [shape for shape in (_shape(ctx, one) for one in kept) if _matches(shape, req)]
    found, more = page(ctx, req, found, lambda shape: shape["ReservedCacheNodeId"])
    return {"ReservedCacheNodes": found, **more}
