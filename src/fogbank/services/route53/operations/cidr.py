"""CIDR collections, for IP-based routing. They are kept; answers do not depend on who asks.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-ipbased.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import shapes
from ..errors import (
    CidrCollectionAlreadyExistsException,
    CidrCollectionInUseException,
    CidrCollectionVersionMismatchException,
    InvalidInput,
    InvalidPaginationToken,
)
from ..find import COLLECTION, arn
from ..records import THINGS, Thing
from .record_sets import page_size

_by_id = COLLECTION.of("Id")
_by_collection = COLLECTION.of("CollectionId")


def _shape(ctx: Context, found: Thing) -> dict[str, Any]:
    where = arn(ctx, COLLECTION.word, found.id)
    return {"Arn": where, "Id": found.id, "Name": found.data["Name"], "Version": found.data["Version"]}


@operation("route53", "CreateCidrCollection", resource="*", fidelity="recorded")
def create_cidr_collection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make an empty collection. A repeated request returns the one that is there."""
    with ctx.write() as tx:
        there = tx.scan(THINGS, (ctx.account, COLLECTION.word))
        made = next((each for each in there if each.data["Name"] == req["Name"]), None)
        if made is not None and made.data["Reference"] != req["CallerReference"]:
            raise CidrCollectionAlreadyExistsException
        if made is None:
            data = {"Name": req["Name"], "Reference": req["CallerReference"], "Version": 1, "Locations": {}}
            made = Thing(account=ctx.account, kind=COLLECTION.word, id=ctx.ids.uuid(), data=data)
            tx.put(THINGS, made)
    return {"Collection": _shape(ctx, made), "Location": shapes.location(f"cidrcollection/{made.id}")}


@operation("route53", "ChangeCidrCollection", resource=_by_id, fidelity="recorded")
def change_cidr_collection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add blocks to locations, or take them away."""
    with ctx.write() as tx:
        found = COLLECTION.require(tx, ctx, req["Id"])
        if req.get("CollectionVersion") not in (None, found.data["Version"]):
            raise CidrCollectionVersionMismatchException
        locations = {name: list(blocks) for name, blocks in found.data["Locations"].items()}
        for change in req["Changes"]:
            blocks = _blocks(change["CidrList"])
            kept = [block for block in locations.get(change["LocationName"], ()) if block not in blocks]
            locations[change["LocationName"]] = sorted(kept + blocks if change["Action"] == "PUT" else kept)
        locations = {name: blocks for name, blocks in locations.items() if blocks}
        found.data = found.data | {"Locations": locations, "Version": found.data["Version"] + 1}
        tx.put(THINGS, found)
    return {"Id": found.id}


def _blocks(given: list[str]) -> list[str]:
    try:
        return [str(ipaddress.ip_network(text)) for text in given]
    except ValueError as error:
        raise InvalidInput(f"Invalid CIDR block: {error}") from None  # not confirmed


@operation("route53", "DeleteCidrCollection", resource=_by_id, fidelity="recorded")
def delete_cidr_collection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a collection without locations."""
    with ctx.write() as tx:
        found = COLLECTION.require(tx, ctx, req["Id"])
        if found.data["Locations"]:
            raise CidrCollectionInUseException
        tx.delete(THINGS, THINGS.key(found))
    return {}


def _paged(ctx: Context, req: dict[str, Any], member: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    pages = Pages(ctx, InvalidPaginationToken, f"{ctx.account}/{member}/{req.get('CollectionId')}")
    shown, more = pages.by_position(found, req.get("NextToken"), page_size(req, 100))
    return {member: shown, **more}


@operation("route53", "ListCidrCollections", resource="*", fidelity="recorded")
def list_cidr_collections(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The collections of the account."""
    with ctx.read() as tx:
        found = [_shape(ctx, each) for each in tx.scan(THINGS, (ctx.account, COLLECTION.word))]
    return _paged(ctx, req, "CidrCollections", found)


def _locations(tx: Reader, ctx: Context, req: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = COLLECTION.require(tx, ctx, req["CollectionId"]).data["Locations"]
    return found


@operation("route53", "ListCidrLocations", resource=_by_collection, fidelity="recorded")
def list_cidr_locations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The locations of a collection."""
    with ctx.read() as tx:
        found = [{"LocationName": name} for name in sorted(_locations(tx, ctx, req))]
    return _paged(ctx, req, "CidrLocations", found)


@operation("route53", "ListCidrBlocks", resource=_by_collection, fidelity="recorded")
def list_cidr_blocks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The blocks of a collection, or of one of its locations."""
    wanted = req.get("LocationName")
    with ctx.read() as tx:
        found = [
            {"CidrBlock": block, "LocationName": name}
            for name, blocks in sorted(_locations(tx, ctx, req).items()) for block in blocks
            if wanted in (None, name)
        ]  # fmt: skip
    return _paged(ctx, req, "CidrBlocks", found)
