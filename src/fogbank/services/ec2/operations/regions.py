"""Regions, availability zones, and the attributes of an account.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.network import defaults
from fogbank.network.errors import InvalidParameterValue, NetworkError

from ..calls import Answer, Request, action
from ..filters import Filters

# "Regions introduced before March 20, 2019 are enabled by default"; all later ones have to be opted in to:
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
ENABLED = {
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
}  # fmt: skip
SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


def _enabled(ctx: Context, name: str) -> bool:
    return ctx.partition != "aws" or name in ENABLED


def _region(ctx: Context, name: str) -> dict[str, str]:
    return {
        "OptInStatus": "opt-in-not-required" if _enabled(ctx, name) else "not-opted-in",
        "RegionName": name,
        "Endpoint": f"ec2.{name}.{SUFFIXES.get(ctx.partition, 'amazonaws.com')}",
    }


REGION_FILTERS: Filters[dict[str, str]] = Filters(
    {
        "endpoint": lambda region: region["Endpoint"],
        "opt-in-status": lambda region: region["OptInStatus"],
        "region-name": lambda region: region["RegionName"],
    },
    tags=False,
)


@action("DescribeRegions", resource="*")
def describe_regions(ctx: Context, req: Request) -> Answer:
    """The regions that are enabled for an account, or all. A new account has those that need no opt-in."""
    test = REGION_FILTERS.test(req.get("Filters"))
    known = {name: _region(ctx, name) for name in regions.names(ctx.partition)}
    wanted = req.get("RegionNames") or list(known)
    if wrong := [name for name in wanted if name not in known]:
        raise InvalidParameterValue(f"Invalid region(s): {', '.join(wrong)}")
    named = bool(req.get("RegionNames")) or req.get("AllRegions")
    found = [known[name] for name in known if name in wanted and (named or _enabled(ctx, name))]
    return {"Regions": [region for region in found if test is None or test(region)]}


def zone_shape(region: str, zone: regions.Zone) -> dict[str, Any]:
    group = f"{region}-zg-1"
    return {
        "OptInStatus": "opt-in-not-required",
        "Messages": [],
        "RegionName": region,
        "ZoneName": zone.name,
        "ZoneId": zone.id,
        "GroupName": group,
        "GroupLongName": f"{regions.description(region)} 1",
        "NetworkBorderGroup": region,
        "ZoneType": "availability-zone",
        "State": "available",
    }


ZONE_FILTERS: Filters[dict[str, Any]] = Filters(
    {
        "group-long-name": lambda zone: zone["GroupLongName"],
        "group-name": lambda zone: zone["GroupName"],
        "message": lambda zone: zone["Messages"],
        "opt-in-status": lambda zone: zone["OptInStatus"],
        "parent-zone-id": lambda zone: None,
        "parent-zone-name": lambda zone: None,
        "region-name": lambda zone: zone["RegionName"],
        "state": lambda zone: zone["State"],
        "zone-id": lambda zone: zone["ZoneId"],
        "zone-name": lambda zone: zone["ZoneName"],
        "zone-type": lambda zone: zone["ZoneType"],
    },
    tags=False,
)


@action("DescribeAvailabilityZones", resource="*")
def describe_availability_zones(ctx: Context, req: Request) -> Answer:
    """The zones of the region. Local zones and wavelength zones are not opted in to, and there are none here."""
    test = ZONE_FILTERS.test(req.get("Filters"))
    zones = [zone_shape(ctx.region, zone) for zone in regions.zones(ctx.region)]
    for member, key in (("ZoneNames", "ZoneName"), ("ZoneIds", "ZoneId")):
        wanted = req.get(member) or ()
        if wrong := [name for name in wanted if name not in {zone[key] for zone in zones}]:
            raise InvalidParameterValue(f"Invalid availability zone{'-id' * (key == 'ZoneId')}: [{', '.join(wrong)}]")
        zones = [zone for zone in zones if not wanted or zone[key] in wanted]
    return {"AvailabilityZones": [zone for zone in zones if test is None or test(zone)]}


ACCOUNT = {
    "supported-platforms": ["VPC"],
    "vpc-max-security-groups-per-interface": ["5"],
    "max-elastic-ips": ["5"],
    "max-instances": ["20"],
    "vpc-max-elastic-ips": ["5"],
}


@action("DescribeAccountAttributes", resource="*")
def describe_account_attributes(ctx: Context, req: Request) -> Answer:
    """What is fixed for the account, and its default VPC."""
    with ctx.read() as tx:
        vpc = defaults.vpc(tx, ctx)
    values = {**ACCOUNT, "default-vpc": [vpc.id if vpc else "none"]}
    wanted = req.get("AttributeNames") or list(values)
    if wrong := next((name for name in wanted if name not in values), None):
        raise NetworkError("InvalidParameterValue", f"Invalid value '{wrong}' for attributeName.")
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": value} for value in values[name]]}
            for name in values
            if name in wanted
        ]
    }
