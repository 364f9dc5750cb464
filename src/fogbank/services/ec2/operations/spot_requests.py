"""Spot instance requests. They are fulfilled at once by instances that nothing interrupts; prices are made up.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .. import tags
from ..calls import Answer, Request, action
from ..compute import instance_types, kept, shapes, spot
from ..compute.find import SPOT_REQUEST
from ..errors import InvalidParameterValue, MissingParameter
from ..filters import Filters, page
from ..kinds import creates, on

PASSED = (
    "SecurityGroupIds", "SecurityGroups", "BlockDeviceMappings", "EbsOptimized", "IamInstanceProfile", "ImageId",
    "InstanceType", "KernelId", "KeyName", "Monitoring", "NetworkInterfaces", "RamdiskId", "SubnetId", "UserData",
)  # fmt: skip


@action("RequestSpotInstances", resource=creates(SPOT_REQUEST), fidelity="recorded")
async def request_spot_instances(ctx: Context, req: Request) -> Answer:
    """Request spot instances. They are launched as the caller, who needs ec2:RunInstances too."""
    tags.created(req, "spot-instances-request")
    launch = req.get("LaunchSpecification") or {}
    if not launch.get("ImageId"):
        raise MissingParameter.of("LaunchSpecification.ImageId")
    count = req.get("InstanceCount") or 1
    placement = launch.get("Placement") or {}
    options = {
        "MaxPrice": req.get("SpotPrice"), "SpotInstanceType": req.get("Type") or "one-time",
        "InstanceInterruptionBehavior": req.get("InstanceInterruptionBehavior"), "ValidUntil": req.get("ValidUntil"),
    }  # fmt: skip
    request = {
        **{member: launch[member] for member in PASSED if launch.get(member) is not None},
        "MinCount": count, "MaxCount": count, "TagSpecifications": req.get("TagSpecifications") or [],
        "InstanceMarketOptions": {
            "MarketType": "spot", "SpotOptions": {name: value for name, value in options.items() if value is not None},
        },
        **({"ClientToken": req["ClientToken"]} if req.get("ClientToken") else {}),
        **({"Placement": {name: placement[name] for name in ("AvailabilityZone", "GroupName", "Tenancy")
                          if placement.get(name)}} if placement else {}),
    }  # fmt: skip
    made = await ctx.call("ec2", "RunInstances", request)
    ids = [instance["SpotInstanceRequestId"] for instance in made["Instances"]]

    def shown(tx: Reader) -> list[Answer]:
        return [kept.shape(SPOT_REQUEST.known(tx, ctx, id), "SpotInstanceRequestId") for id in ids]

    return {"SpotInstanceRequests": await ctx.fetch(shown)}


@action("CancelSpotInstanceRequests", resource=on((SPOT_REQUEST, "SpotInstanceRequestIds")), fidelity="recorded")
def cancel_spot_instance_requests(ctx: Context, req: Request) -> Answer:
    """Cancel requests. "Canceling a Spot Instance request does not terminate running Spot Instances"."""
    cancelled = []
    with ctx.write() as tx:
        for id in req["SpotInstanceRequestIds"]:
            found = SPOT_REQUEST.require(tx, ctx, id)
            status = {**found.shown["Status"], "Code": "request-canceled-and-instance-running"}
            kept.change(tx, SPOT_REQUEST, found, State="cancelled", Status=status)
            cancelled.append({"SpotInstanceRequestId": id, "State": "cancelled"})
    return {"CancelledSpotInstanceRequests": cancelled}


FILTERS = kept.filters(
    {
        "create-time": "CreateTime",
        "instance-id": "InstanceId",
        "launched-availability-zone": "LaunchedAvailabilityZone",
        "product-description": "ProductDescription",
        "spot-instance-request-id": "id",
        "spot-price": "SpotPrice",
        "state": "State",
        "type": "Type",
        "valid-from": "ValidFrom",
        "valid-until": "ValidUntil",
    }
)


@action("DescribeSpotInstanceRequests", resource="*", fidelity="recorded")
def describe_spot_instance_requests(ctx: Context, req: Request) -> Answer:
    """Describe requests."""
    return kept.described(
        ctx, req, SPOT_REQUEST, FILTERS, ids="SpotInstanceRequestIds", into="SpotInstanceRequests",
        id="SpotInstanceRequestId",
    )  # fmt: skip


PRICE_FILTERS: Filters[dict[str, Any]] = Filters(
    {
        "availability-zone": lambda price: price["AvailabilityZone"],
        "availability-zone-id": lambda price: price["AvailabilityZoneId"],
        "instance-type": lambda price: price["InstanceType"],
        "product-description": lambda price: price["ProductDescription"],
        "spot-price": lambda price: price["SpotPrice"],
        "timestamp": lambda price: shapes.stamp(price["Timestamp"]),
    },
    tags=False,
)


@action("DescribeSpotPriceHistory", resource="*", fidelity="recorded")
def describe_spot_price_history(ctx: Context, req: Request) -> Answer:
    """The price of each type in each zone, which is the same for all and never changes."""
    start: datetime | None = req.get("StartTime")
    if start and req.get("EndTime") and req["EndTime"] < start:
        raise InvalidParameterValue("The start time must be before the end time.")
    at = start.timestamp() if start else ctx.now()
    test = PRICE_FILTERS.test(req.get("Filters"))
    wanted, products = req.get("InstanceTypes") or list(instance_types.known()), req.get("ProductDescriptions")
    zones = [
        zone for zone in regions.zones(ctx.region)
        if req.get("AvailabilityZone") in (None, zone.name) and req.get("AvailabilityZoneId") in (None, zone.id)
    ]  # fmt: skip
    prices = (
        {"AvailabilityZone": zone.name, "AvailabilityZoneId": zone.id, "InstanceType": name, "SpotPrice": spot.PRICE,
         "ProductDescription": product, "Timestamp": at}
        for name in sorted(wanted) for zone in zones for product in products or ("Linux/UNIX",)
    )  # fmt: skip
    passed = [price for price in prices if test is None or test(price)]
    return page(
        ctx, req, passed, into="SpotPriceHistory", shape=lambda price: price,
        key=lambda price: (price["InstanceType"], price["AvailabilityZone"], price["ProductDescription"]),
    )  # fmt: skip
