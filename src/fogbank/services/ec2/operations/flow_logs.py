"""Flow logs: recorded, and their destinations checked. Nothing is delivered, for no packets flow.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import roles
from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import Access
from fogbank.core.principal import root
from fogbank.network import vpcs
from fogbank.network.link_records import FLOW_LOGS, FlowLog
from fogbank.store.api import Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, MissingParameter
from ..filters import Filters, describe
from ..find import FLOW_LOG, INTERFACE, SUBNET, VPC
from ..kinds import ById, created, on

SERVICE = "vpc-flow-logs.amazonaws.com"
KINDS: dict[str, ById[Any]] = {"VPC": VPC, "Subnet": SUBNET, "NetworkInterface": INTERFACE}
LOGS, BUCKET, STREAM = "cloud-watch-logs", "s3", "kinesis-data-firehose"
FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
Fault = dict[str, Any]


def _kind(req: Request) -> ById[Any]:
    found = KINDS.get(req["ResourceType"])
    if found is None:
        raise InvalidParameterValue(f"Value ({req['ResourceType']}) for parameter resourceType is not supported here.")
    return found


def _creating(ctx: Context, req: Request) -> list[Access]:
    kind, role = _kind(req), req.get("DeliverLogsPermissionArn")
    needed = created(ctx, FLOW_LOG.new(ctx), tags.given(req, FLOW_LOG.word))
    needed += [Access("", kind.name(ctx, id)) for id in req.get("ResourceIds") or ()]
    return [*needed, roles.passed(ctx, role, SERVICE)] if role else needed


@action("CreateFlowLogs", resource=_creating, fidelity="recorded")
async def create_flow_logs(ctx: Context, req: Request) -> Answer:
    """Record a flow log for each resource."""
    given = tags.created(req, "vpc-flow-log")
    pattern = _pattern(req)
    missing = await _missing(ctx, pattern)

    def body(tx: Transaction) -> Answer:
        kind, made, faults = _kind(req), [], []
        for id in dict.fromkeys(req["ResourceIds"]):
            kind.require(tx, ctx, id)
            fault = missing or _duplicate(tx, ctx, id, pattern)
            if fault is not None:
                faults.append({"Error": fault, "ResourceId": id})
                continue
            log = FlowLog(**vpcs.common(ctx, "fl", given), resource=id, **pattern)
            tx.put(FLOW_LOGS, log)
            made.append(log.id)
        return {"FlowLogIds": made, "Unsuccessful": faults}

    answer = await ctx.transact(body)
    return {**answer, "ClientToken": req.get("ClientToken") or ctx.ids.uuid()}


def _pattern(req: Request) -> dict[str, Any]:
    """The members of the records to be, checked."""
    type, destination = req.get("LogDestinationType") or LOGS, req.get("LogDestination") or ""
    if type not in (LOGS, BUCKET, STREAM):
        raise InvalidParameterValue(f"Value ({type}) for parameter logDestinationType is invalid.")
    if not req.get("TrafficType"):
        raise MissingParameter.of("trafficType")
    if type == LOGS and not (req.get("LogGroupName") or destination):
        raise InvalidParameterValue("LogDestination can't be empty if LogGroupName is not provided.")
    if type == LOGS and not req.get("DeliverLogsPermissionArn"):
        raise InvalidParameterValue(
            "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."
        )
    if type != LOGS and (req.get("LogGroupName") or not destination):
        raise InvalidParameterValue(f"LogDestination can't be empty if LogDestinationType is {type}.")
    interval = req.get("MaxAggregationInterval") or 600
    if interval not in (60, 600):
        raise InvalidParameterValue("Max Aggregation Interval must be 60 or 600 seconds.")
    named = destination.partition(":log-group:")[2].removesuffix(":*") if type == LOGS else ""
    return {
        "traffic": req["TrafficType"], "destination_type": type, "destination": destination,
        "group": req.get("LogGroupName") or named,
        "role": req.get("DeliverLogsPermissionArn") or "", "format": req.get("LogFormat") or FORMAT,
        "interval": interval, "options": _options(req) if type == BUCKET else {},
    }  # fmt: skip


def _options(req: Request) -> dict[str, Any]:
    given = req.get("DestinationOptions") or {}
    return {
        "FileFormat": given.get("FileFormat") or "plain-text",
        "HiveCompatiblePartitions": bool(given.get("HiveCompatiblePartitions")),
        "PerHourPartition": bool(given.get("PerHourPartition")),
    }


async def _missing(ctx: Context, pattern: dict[str, Any]) -> Fault | None:
    """The fault of a bucket that is not there. A log group is made when there is something to deliver."""
    if pattern["destination_type"] != BUCKET:
        return None
    try:
        bucket = arns.parse(pattern["destination"]).resource.partition("/")[0]
    except ValueError:
        raise InvalidParameterValue(f"LogDestination: {pattern['destination']} is not a valid ARN.") from None
    try:
        await ctx.acting_as(root(ctx.account)).call("s3", "HeadBucket", {"Bucket": bucket})
    except ServiceError as error:
        if error.status == 404:
            return {"Code": "400", "Message": f"LogDestination: {bucket} does not exist"}
    return None


def _duplicate(tx: Transaction, ctx: Context, id: str, pattern: dict[str, Any]) -> Fault | None:
    for other in tx.scan_index(FLOW_LOGS, "resource", (ctx.account, ctx.region, id)):
        if all(getattr(other, name) == value for name, value in pattern.items()):
            return {
                "Code": "FlowLogAlreadyExists",
                "Message": "There is an existing Flow Log with the same configuration and log destination.",
            }
    return None


@action("DeleteFlowLogs", resource=on((FLOW_LOG, "FlowLogIds")))
def delete_flow_logs(ctx: Context, req: Request) -> Answer:
    """Delete flow logs: all of them or none."""
    with ctx.write() as tx:
        for id in dict.fromkeys(req["FlowLogIds"]):
            tx.delete(FLOW_LOGS, FLOW_LOGS.key(FLOW_LOG.require(tx, ctx, id)))
    return {"Unsuccessful": []}


def _shape(found: FlowLog) -> dict[str, Any]:
    return {
        "CreationTime": found.created,
        **({"DeliverLogsPermissionArn": found.role} if found.role else {}),
        "DeliverLogsStatus": "SUCCESS",
        "FlowLogId": found.id,
        "FlowLogStatus": "ACTIVE",
        **({"LogGroupName": found.group} if found.group else {}),
        "ResourceId": found.resource,
        "TrafficType": found.traffic,
        "LogDestinationType": found.destination_type,
        **({"LogDestination": found.destination} if found.destination else {}),
        "LogFormat": found.format,
        "Tags": tags.listed(found.tags),
        "MaxAggregationInterval": found.interval,
        **({"DestinationOptions": found.options} if found.options else {}),
    }


FILTERS: Filters[FlowLog] = Filters(
    {
        "deliver-log-status": lambda found: "SUCCESS",
        "flow-log-id": "id",
        "log-destination-type": "destination_type",
        "log-group-name": "group",
        "resource-id": "resource",
        "traffic-type": "traffic",
    }
)


@action("DescribeFlowLogs", resource="*")
def describe_flow_logs(ctx: Context, req: Request) -> Answer:
    """Describe flow logs. Ids that are not there are passed over, as AWS does it."""
    wanted = req.get("FlowLogIds")
    if wanted:
        with ctx.read() as tx:
            there = [id for id in wanted if tx.get(FLOW_LOGS, (ctx.account, ctx.region, id)) is not None]
        if not there:
            return {"FlowLogs": []}
        req = {**req, "FlowLogIds": there}
    return describe(
        ctx, req, FLOW_LOG, FILTERS, ids="FlowLogIds", into="FlowLogs", shape=lambda tx, each: _shape(each),
        index=("resource-id", "resource"),
    )  # fmt: skip
