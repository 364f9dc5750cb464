"""Managed prefix lists.

https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Named, named
from fogbank.network import cidrs, prefix_lists, vpcs
from fogbank.network.link_records import PREFIX_LISTS, PREFIX_VERSIONS, PrefixEntry, PrefixList, PrefixVersion
from fogbank.network.prefix_lists import Managed
from fogbank.network.records import GROUP_RULES, ROUTE_TABLES
from fogbank.store.api import Reader, Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, NetworkError
from ..filters import Filters, page
from ..find import PREFIX_LIST
from ..kinds import creates, on

BY_ID = on((PREFIX_LIST, "PrefixListId"))
MOST_ENTRIES = 1000
MOST_VERSIONS = 1000
Either = Managed | PrefixList


def _block(text: str, family: str) -> str:
    return str(cidrs.v4(text, "cidr") if family == "IPv4" else cidrs.v6(text, "cidr"))


def _read(given: list[dict[str, Any]], family: str) -> list[PrefixEntry]:
    return [
        PrefixEntry(cidr=_block(entry["Cidr"], family), description=entry.get("Description") or "") for entry in given
    ]


def _check(entries: list[PrefixEntry], most: int) -> None:
    if len(entries) > most:
        raise NetworkError(
            "PrefixListMaxEntriesExceeded", "The number of entries exceeds the maximum number of entries of the list."
        )
    if len({entry.cidr for entry in entries}) < len(entries):
        raise InvalidParameterValue("Duplicate CIDRs in the entries of the prefix list.")


def shape(ctx: Context, found: Either, state: str = "") -> dict[str, Any]:
    """A customer's list, or one of AWS, which has no version and no limit."""
    if isinstance(found, Managed):
        return {
            "PrefixListId": found.id,
            "AddressFamily": found.family,
            "State": "create-complete",
            "PrefixListArn": ctx.arn("ec2", f"prefix-list/{found.id}", account="aws"),
            "PrefixListName": found.name,
            "Tags": [],
            "OwnerId": "AWS",
        }
    return {
        "PrefixListId": found.id,
        "AddressFamily": found.family,
        "State": state or found.state,
        "PrefixListArn": PREFIX_LIST.arn_of(ctx, found.id, found.account),
        "PrefixListName": found.name,
        "MaxEntries": found.most,
        "Version": found.version,
        "Tags": tags.listed(found.tags),
        "OwnerId": found.account,
    }


@action("CreateManagedPrefixList", resource=creates(PREFIX_LIST))
def create_managed_prefix_list(ctx: Context, req: Request) -> Answer:
    """Create a prefix list."""
    family, most = req["AddressFamily"], req["MaxEntries"]
    if family not in ("IPv4", "IPv6"):
        raise InvalidParameterValue(f"Value ({family}) for parameter AddressFamily is invalid. Use IPv4 or IPv6.")
    if not 1 <= most <= MOST_ENTRIES:
        raise InvalidParameterValue(f"Value ({most}) for parameter MaxEntries is invalid. It has to be 1 to 1000.")
    if req["PrefixListName"].lower().startswith("com.amazonaws"):
        raise InvalidParameterValue("The prefix list name cannot start with com.amazonaws.")
    given = tags.created(req, "prefix-list")
    entries = _read(req.get("Entries") or [], family)
    _check(entries, most)
    with ctx.write() as tx:
        made = PrefixList(**vpcs.common(ctx, "pl", given), name=req["PrefixListName"], family=family, most=most)
        tx.put(PREFIX_LISTS, made)
        _keep(tx, made, entries)
    return {"PrefixList": shape(ctx, made, "create-in-progress")}


def _keep(tx: Transaction, found: PrefixList, entries: list[PrefixEntry]) -> None:
    place = (found.account, found.region, found.id)
    version = PrefixVersion(
        account=found.account, region=found.region, prefix_list=found.id, version=found.version, entries=entries
    )
    tx.put(PREFIX_VERSIONS, version)
    tx.delete(PREFIX_VERSIONS, (*place, found.version - MOST_VERSIONS))


def _check_version(found: PrefixList, given: int | None) -> None:
    if given != found.version:
        raise NetworkError(
            "PrefixListVersionMismatch", f"The prefix list has the incorrect version number. It is {found.version}."
        )


@action("ModifyManagedPrefixList", resource=BY_ID)
def modify_managed_prefix_list(ctx: Context, req: Request) -> Answer:
    """Change the name, the limit, or the entries, which makes a new version."""
    adds, removes = req.get("AddEntries") or [], req.get("RemoveEntries") or []
    if req.get("MaxEntries") is not None and (adds or removes):
        raise InvalidParameterValue("You cannot modify the entries of a prefix list and its size at the same time.")
    with ctx.write() as tx:
        found = PREFIX_LIST.require(tx, ctx, req["PrefixListId"])
        entries = prefix_lists.entries(tx, found) or []
        if adds or removes:
            _check_version(found, req.get("CurrentVersion"))
            gone = {_block(entry["Cidr"], found.family) for entry in removes}
            if gone - {entry.cidr for entry in entries}:
                raise InvalidParameterValue("The prefix list has no entry for a CIDR that is to be removed.")
            new = {entry.cidr: entry for entry in _read(adds, found.family)}
            entries = [entry for entry in entries if entry.cidr not in gone and entry.cidr not in new] + [*new.values()]
            _check(entries, found.most)
            found.version += 1
            _keep(tx, found, entries)
        if req.get("MaxEntries") is not None:
            _check(entries, req["MaxEntries"])
            found.most = req["MaxEntries"]
        found.name = req.get("PrefixListName") or found.name
        found.state = "modify-complete"
        tx.put(PREFIX_LISTS, found)
    return {"PrefixList": shape(ctx, found, "modify-in-progress")}


@action("RestoreManagedPrefixListVersion", resource=BY_ID)
def restore_managed_prefix_list_version(ctx: Context, req: Request) -> Answer:
    """Make a new version that is like an earlier one."""
    with ctx.write() as tx:
        found = PREFIX_LIST.require(tx, ctx, req["PrefixListId"])
        _check_version(found, req["CurrentVersion"])
        entries = prefix_lists.entries(tx, found, req["PreviousVersion"])
        if entries is None:
            raise InvalidParameterValue(f"Value ({req['PreviousVersion']}) for parameter PreviousVersion is invalid.")
        found.version += 1
        found.state = "restore-complete"
        _keep(tx, found, entries)
        tx.put(PREFIX_LISTS, found)
    return {"PrefixList": shape(ctx, found, "restore-in-progress")}


@action("DeleteManagedPrefixList", resource=BY_ID)
def delete_managed_prefix_list(ctx: Context, req: Request) -> Answer:
    """Delete a list that nothing refers to."""
    with ctx.write() as tx:
        found = PREFIX_LIST.require(tx, ctx, req["PrefixListId"])
        if _users(tx, found):
            raise NetworkError("DependencyViolation", f"The prefix list '{found.id}' is in use and cannot be deleted.")
        for version in list(tx.scan(PREFIX_VERSIONS, (ctx.account, ctx.region, found.id))):
            tx.delete(PREFIX_VERSIONS, PREFIX_VERSIONS.key(version))
        tx.delete(PREFIX_LISTS, PREFIX_LISTS.key(found))
    return {"PrefixList": shape(ctx, found, "delete-in-progress")}


def _users(tx: Reader, found: PrefixList) -> list[str]:
    """The groups and route tables that refer to a list."""
    place = (found.account, found.region)
    groups = {rule.group for rule in tx.scan(GROUP_RULES, place) if rule.prefix_list == found.id}
    tables = {
        table.id for table in tx.scan(ROUTE_TABLES, place) if any(r.destination == found.id for r in table.routes)
    }
    return sorted(groups | tables)


def _either(ctx: Context, req: Request) -> Named:
    """Reading is allowed for AWS's lists too, which belong to nobody: they are the same for everybody."""
    id = req.get("PrefixListId") or ""
    if any(each.id == id for each in prefix_lists.managed(ctx.region)):
        return named(ctx.arn("ec2", f"prefix-list/{id}", account="aws"), ctx.account)
    return PREFIX_LIST.name(ctx, id)


def _look(tx: Reader, ctx: Context, id: str) -> Either:
    aws = next((each for each in prefix_lists.managed(ctx.region) if each.id == id), None)
    return aws or PREFIX_LIST.require(tx, ctx, id)


@action("GetManagedPrefixListEntries", resource=_either)
def get_managed_prefix_list_entries(ctx: Context, req: Request) -> Answer:
    """The entries of a list, in a version."""
    with ctx.read() as tx:
        found = prefix_lists.entries(tx, _look(tx, ctx, req["PrefixListId"]), req.get("TargetVersion") or 0)
    if found is None:
        raise InvalidParameterValue(f"Value ({req['TargetVersion']}) for parameter TargetVersion is invalid.")
    return page(
        ctx, req, sorted(found, key=lambda entry: entry.cidr), key=lambda entry: entry.cidr, into="Entries", least=1,
        shape=lambda entry: {"Cidr": entry.cidr, **({"Description": entry.description} if entry.description else {})},
    )  # fmt: skip


@action("GetManagedPrefixListAssociations", resource=BY_ID)
def get_managed_prefix_list_associations(ctx: Context, req: Request) -> Answer:
    """What refers to a list."""
    with ctx.read() as tx:
        users = _users(tx, PREFIX_LIST.require(tx, ctx, req["PrefixListId"]))
    return page(
        ctx, req, users, key=lambda id: id, into="PrefixListAssociations",
        shape=lambda id: {"ResourceId": id, "ResourceOwner": ctx.account},
    )  # fmt: skip


# -- descriptions ------------------------------------------------------------------------------------------------------

FILTERS: Filters[Either] = Filters(
    {
        "owner-id": lambda found: "AWS" if isinstance(found, Managed) else found.account,
        "prefix-list-id": lambda found: found.id,
        "prefix-list-name": lambda found: found.name,
    },
    tags=False,
)


def _chosen(ctx: Context, req: Request, every: list[Either]) -> list[Either]:
    test = FILTERS.test(req.get("Filters"))
    wanted = req.get("PrefixListIds") or ()
    if missing := [id for id in wanted if id not in {found.id for found in every}]:
        raise prefix_lists.absent(missing[0])
    found = [each for each in every if (not wanted or each.id in wanted) and (test is None or test(each))]
    return sorted(found, key=lambda each: each.id)


@action("DescribeManagedPrefixLists", resource="*")
def describe_managed_prefix_lists(ctx: Context, req: Request) -> Answer:
    """Describe the lists of the account and those of AWS."""
    with ctx.read() as tx:
        own = list(tx.scan(PREFIX_LISTS, (ctx.account, ctx.region)))
    found = _chosen(ctx, req, [*prefix_lists.managed(ctx.region), *own])
    return page(ctx, req, found, key=lambda each: each.id, into="PrefixLists", shape=lambda each: shape(ctx, each))


@action("DescribePrefixLists", resource="*")
def describe_prefix_lists(ctx: Context, req: Request) -> Answer:
    """Describe AWS's lists for gateway endpoints."""
    every: list[Either] = [each for each in prefix_lists.managed(ctx.region) if ".global." not in each.name]
    return page(
        ctx, req, _chosen(ctx, req, every), key=lambda each: each.id, into="PrefixLists",
        shape=lambda each: {"PrefixListId": each.id, "PrefixListName": each.name, "Cidrs": list(each.cidrs)},  # type: ignore[union-attr]
    )  # fmt: skip
