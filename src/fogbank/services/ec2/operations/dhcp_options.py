"""DHCP option sets.

https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import vpcs
from fogbank.network.records import DHCP_OPTIONS, VPCS, DhcpOptions

from .. import tags
from ..calls import Answer, Request, action
from ..errors import DependencyViolation, InvalidParameterValue, MissingParameter
from ..filters import Filters, describe
from ..find import DHCP, VPC
from ..kinds import creates, on

KEYS = (
    "domain-name", "domain-name-servers", "ntp-servers", "netbios-name-servers", "netbios-node-type",
    "ipv6-address-preferred-lease-time",
)  # fmt: skip
DEFAULT = "default"


def _shape(found: DhcpOptions) -> dict[str, Any]:
    return {
        "OwnerId": found.account,
        "Tags": tags.listed(found.tags),
        "DhcpOptionsId": found.id,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]} for key, values in found.options.items()
        ],
    }


@action("CreateDhcpOptions", resource=creates(DHCP))
def create_dhcp_options(ctx: Context, req: Request) -> Answer:
    """Create a set of options."""
    given = tags.created(req, "dhcp-options")
    options: dict[str, list[str]] = {}
    for each in req["DhcpConfigurations"]:
        key, values = each.get("Key") or "", each.get("Values") or []
        if key not in KEYS:
            raise InvalidParameterValue(f"Value ({key}) for parameter dhcpConfiguration is invalid. Unknown option.")
        if not values:
            raise MissingParameter.of("dhcpConfiguration.value")
        if key == "netbios-node-type" and values not in (["1"], ["2"], ["4"], ["8"]):
            raise InvalidParameterValue(f"Value ({values[0]}) for parameter netbios-node-type is invalid.")
        options[key] = list(values)
    if not options:
        raise MissingParameter.of("dhcpConfigurationSet")
    with ctx.write() as tx:
        made = DhcpOptions(**vpcs.common(ctx, "dopt", given), options=options)
        tx.put(DHCP_OPTIONS, made)
    return {"DhcpOptions": _shape(made)}


@action("DeleteDhcpOptions", resource=on((DHCP, "DhcpOptionsId")))
def delete_dhcp_options(ctx: Context, req: Request) -> Answer:
    """Delete a set that no VPC uses."""
    with ctx.write() as tx:
        found = DHCP.require(tx, ctx, req["DhcpOptionsId"])
        if any(vpc.dhcp == found.id for vpc in tx.scan(VPCS, (ctx.account, ctx.region))):
            raise DependencyViolation(f"The dhcpOptions '{found.id}' has dependencies and cannot be deleted.")
        tx.delete(DHCP_OPTIONS, DHCP_OPTIONS.key(found))
    return {}


def _associating(ctx: Context, req: Request) -> list[Access]:
    found = [Access("", VPC.name(ctx, req["VpcId"]))]
    if req["DhcpOptionsId"] != DEFAULT:
        found.append(Access("", DHCP.name(ctx, req["DhcpOptionsId"])))
    return found


@action("AssociateDhcpOptions", resource=_associating)
def associate_dhcp_options(ctx: Context, req: Request) -> Answer:
    """Let a VPC use a set, or with `default` none."""
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        id = req["DhcpOptionsId"]
        vpc.dhcp = DEFAULT if id == DEFAULT else DHCP.require(tx, ctx, id).id
        tx.put(VPCS, vpc)
    return {}


FILTERS: Filters[DhcpOptions] = Filters(
    {
        "dhcp-options-id": "id",
        "key": lambda found: list(found.options),
        "owner-id": "account",
        "value": lambda found: [value for values in found.options.values() for value in values],
    }
)


@action("DescribeDhcpOptions", resource="*")
def describe_dhcp_options(ctx: Context, req: Request) -> Answer:
    """Describe sets."""
    return describe(
        ctx, req, DHCP, FILTERS, ids="DhcpOptionsIds", into="DhcpOptions", shape=lambda tx, found: _shape(found),
        index=None,
    )  # fmt: skip
