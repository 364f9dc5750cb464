"""Event data stores. Only recorded: they receive no events, and queries answer NotImplemented.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateEventDataStore.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.kinds import Named, named
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from ..arns import STORE, store_arn
from ..errors import (
    EventDataStoreAlreadyExistsException,
    EventDataStoreTerminationProtectedException,
    InvalidEventDataStoreStatusException,
    InvalidMaxResultsException,
    InvalidNextTokenException,
)
from ..records import STORES, DataStore
from ..selectors import check_advanced
from .tags import check_count

_DEFAULTS: dict[str, Any] = {
    "AdvancedEventSelectors": [
        {
            "Name": "Default management events",
            "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
        }
    ],
    "MultiRegionEnabled": True,
    "OrganizationEnabled": False,
    "RetentionPeriod": 366,
    "TerminationProtectionEnabled": True,
    "BillingMode": "EXTENDABLE_RETENTION_PRICING",
}
_SETTINGS = (*_DEFAULTS, "KmsKeyId")
MOST = 1000


def _new(ctx: Context, req: dict[str, Any]) -> Named:
    arn = ctx.arn("cloudtrail", f"eventdatastore/{req['Name']}")
    return named(arn, ctx.account)


def _shape(ctx: Context, store: DataStore) -> dict[str, Any]:
    return {
        "EventDataStoreArn": store_arn(ctx, STORES.key(store)),
        "Name": store.name,
        "Status": store.status,
        **{name: store.settings.get(name) for name in _SETTINGS},
        "CreatedTimestamp": store.created,
        "UpdatedTimestamp": store.updated,
    }


@operation("cloudtrail", "CreateEventDataStore", resource=_new, fidelity="recorded")
def create_event_data_store(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: req[name] for name in _SETTINGS if req.get(name) is not None}
    check_advanced(chosen.get("AdvancedEventSelectors") or [])
    given = tags.from_list(req.get("TagsList"))
    check_count(given)
    store = DataStore(
        account=ctx.account, region=ctx.region, id=ctx.ids.uuid(), name=req["Name"], settings=_DEFAULTS | chosen,
        created=ctx.now(), updated=ctx.now(), tags=given,
        status="ENABLED" if req.get("StartIngestion", True) else "STOPPED_INGESTION",
    )  # fmt: skip
    with ctx.write() as tx:
        if any(other.name == store.name for other in tx.scan(STORES, (ctx.account, ctx.region))):
            raise EventDataStoreAlreadyExistsException
        tx.put(STORES, store)
    return {**_shape(ctx, store), "TagsList": tags.to_list(given)}


@operation("cloudtrail", "GetEventDataStore", resource=STORE.of("EventDataStore"), fidelity="recorded")
def get_event_data_store(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.read() as tx:
        return _shape(ctx, STORE.require(tx, ctx, req["EventDataStore"]))


@operation("cloudtrail", "ListEventDataStores", resource="*", fidelity="recorded")
def list_event_data_stores(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    limit = req.get("MaxResults") or MOST
    if not 1 <= limit <= MOST:
        raise InvalidMaxResultsException(f"MaxResults must be between 1 and {MOST}.")
    pages = Pages(ctx, InvalidNextTokenException)
    where = (ctx.account, ctx.region)
    after = pages.key(where, req.get("NextToken"))
    with ctx.read() as tx:
        found = list(tx.scan(STORES, where, after=after, limit=limit + 1))
    shown, more = pages.cut(found, limit, lambda store: store.id)
    return {"EventDataStores": [_shape(ctx, store) for store in shown], **more}


@operation("cloudtrail", "UpdateEventDataStore", resource=STORE.of("EventDataStore"), fidelity="recorded")
def update_event_data_store(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: req[name] for name in _SETTINGS if req.get(name) is not None}
    check_advanced(chosen.get("AdvancedEventSelectors") or [])
    with ctx.write() as tx:
        store = STORE.require(tx, ctx, req["EventDataStore"])
        if store.status == "PENDING_DELETION":
            raise InvalidEventDataStoreStatusException
        store.settings |= chosen
        store.name, store.updated = req.get("Name") or store.name, ctx.now()
        tx.put(STORES, store)
    return _shape(ctx, store)


def _become(ctx: Context, text: str, status: str, *before: str) -> DataStore:
    with ctx.write() as tx:
        store = STORE.require(tx, ctx, text)
        if store.status not in before:
            raise InvalidEventDataStoreStatusException
        if status == "PENDING_DELETION" and store.settings.get("TerminationProtectionEnabled"):
            raise EventDataStoreTerminationProtectedException
        store.status, store.updated = status, ctx.now()
        tx.put(STORES, store)
    return store


@operation("cloudtrail", "DeleteEventDataStore", resource=STORE.of("EventDataStore"), fidelity="recorded")
def delete_event_data_store(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Mark the store for deletion. AWS deletes it after seven days; Fogbank waits until it is restored."""
    _become(ctx, req["EventDataStore"], "PENDING_DELETION", "ENABLED", "STOPPED_INGESTION")
    return {}


@operation("cloudtrail", "RestoreEventDataStore", resource=STORE.of("EventDataStore"), fidelity="recorded")
def restore_event_data_store(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _shape(ctx, _become(ctx, req["EventDataStore"], "ENABLED", "PENDING_DELETION"))


@operation("cloudtrail", "StartEventDataStoreIngestion", resource=STORE.of("EventDataStore"), fidelity="recorded")
def start_ingestion(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _become(ctx, req["EventDataStore"], "ENABLED", "STOPPED_INGESTION")
    return {}


@operation("cloudtrail", "StopEventDataStoreIngestion", resource=STORE.of("EventDataStore"), fidelity="recorded")
def stop_ingestion(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _become(ctx, req["EventDataStore"], "STOPPED_INGESTION", "ENABLED")
    return {}
