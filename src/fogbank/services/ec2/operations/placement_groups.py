"""Placement groups.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-groups.html
"""

from __future__ import annotations

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.network import vpcs

from .. import tags
from ..calls import Answer, Request, action
from ..compute.find import PLACEMENT_GROUP, PLACEMENT_NAME
from ..compute.records import INSTANCES, PLACEMENT_GROUPS, PlacementGroup
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters
from ..kinds import creates

STRATEGIES = ("cluster", "spread", "partition", "precision-time")
PARTITIONS = (1, 7)
MOST = 500


def _shape(found: PlacementGroup) -> Answer:
    return {
        "GroupName": found.name,
        "State": "available",
        "Strategy": found.strategy,
        **({"PartitionCount": found.partitions} if found.partitions else {}),
        "GroupId": found.id,
        "Tags": tags.listed(found.tags),
        "GroupArn": _arn(found),
        **({"SpreadLevel": found.spread} if found.spread else {}),
    }


@action("CreatePlacementGroup", resource=creates(PLACEMENT_GROUP))
def create_placement_group(ctx: Context, req: Request) -> Answer:
    """Create a placement group."""
    given = tags.created(req, "placement-group")
    name, strategy = req.get("GroupName") or "", req.get("Strategy") or "cluster"
    if not name:
        raise MissingParameter.of("groupName")
    if len(name) > 255 or not name.isascii():
        raise InvalidParameterValue(f"Value ({name}) for parameter groupName is invalid.")
    if strategy not in STRATEGIES:
        raise InvalidParameterValue(f"Value ({strategy}) for parameter strategy is invalid.")
    partitions = req.get("PartitionCount") or 0
    if partitions and strategy != "partition":
        raise InvalidParameterCombination("The parameter partitionCount is only valid for the strategy 'partition'.")
    if strategy == "partition":
        partitions = partitions or 2
        if not PARTITIONS[0] <= partitions <= PARTITIONS[1]:
            raise InvalidParameterValue(f"Value ({partitions}) for parameter partitionCount is invalid.")
    if req.get("SpreadLevel") and strategy != "spread":
        raise InvalidParameterCombination("The parameter spreadLevel is only valid for the strategy 'spread'.")
    with ctx.write() as tx:
        if PLACEMENT_NAME.seen(tx, ctx, name) is not None:
            raise NetworkError("InvalidPlacementGroup.Duplicate", f"The placement group '{name}' already exists.")
        if tx.count(PLACEMENT_GROUPS, (ctx.account, ctx.region)) >= MOST:
            raise NetworkError("PlacementGroupLimitExceeded", "The maximum number of placement groups is reached.")
        made = PlacementGroup(
            **vpcs.common(ctx, "pg", given), name=name, strategy=strategy, partitions=partitions,
            spread=(req.get("SpreadLevel") or "rack") if strategy == "spread" else "",
        )  # fmt: skip
        tx.put(PLACEMENT_GROUPS, made)
    return {"PlacementGroup": _shape(made)}


@action("DeletePlacementGroup", resource=lambda ctx, req: PLACEMENT_NAME.name(ctx, req.get("GroupName") or ""))
def delete_placement_group(ctx: Context, req: Request) -> Answer:
    """Delete a placement group without instances."""
    with ctx.write() as tx:
        found = PLACEMENT_NAME.require(tx, ctx, req["GroupName"])
        members = tx.scan_index(INSTANCES, "group", (ctx.account, ctx.region, found.name))
        if any(each.state != "terminated" for each in members):
            text = f"The placement group '{found.name}' is in use and may not be deleted."
            raise NetworkError("InvalidPlacementGroup.InUse", text)
        tx.delete(PLACEMENT_GROUPS, PLACEMENT_GROUPS.key(found))
    return {}


def _arn(found: PlacementGroup) -> str:
    partition = arns.partition_of(found.region)
    return f"arn:{partition}:ec2:{found.region}:{found.account}:placement-group/{found.name}"


FILTERS: Filters[PlacementGroup] = Filters(
    {
        "group-arn": lambda found: (
            f"arn:{arns.partition_of(found.region)}:ec2:{found.region}:{found.account}:placement-group/{found.name}"
        ),
        "group-name": "name",
        "spread-level": lambda found: found.spread or None,
        "state": lambda found: "available",
        "strategy": "strategy",
    }
)


@action("DescribePlacementGroups", resource="*")
def describe_placement_groups(ctx: Context, req: Request) -> Answer:
    """Describe placement groups. This has no pages."""
    test = FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        if req.get("GroupIds"):
            found = PLACEMENT_GROUP.all(tx, ctx, req["GroupIds"])
        elif req.get("GroupNames"):
            found = PLACEMENT_NAME.all(tx, ctx, req["GroupNames"])
        else:
            found = list(tx.scan(PLACEMENT_GROUPS, (ctx.account, ctx.region)))
    return {"PlacementGroups": [_shape(each) for each in found if test is None or test(each)]}
