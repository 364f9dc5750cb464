"""EC2 Instance Connect endpoints, which are recorded: there is no guest to connect to.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.network import interfaces
from fogbank.network.records import INTERFACES
from fogbank.store.api import Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import kept, tokens
from ..compute.find import CONNECT_ENDPOINT
from ..find import GROUP, SUBNET
from ..kinds import creates, on


@action(
    "CreateInstanceConnectEndpoint",
    resource=creates(CONNECT_ENDPOINT, (SUBNET, "SubnetId"), (GROUP, "SecurityGroupIds")),
    fidelity="recorded",
)
def create_instance_connect_endpoint(ctx: Context, req: Request) -> Answer:
    """Create an endpoint, with an interface in its subnet."""
    given = tags.created(req, "instance-connect-endpoint")

    def make(tx: Transaction) -> Answer:
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        groups = [GROUP.require(tx, ctx, id).id for id in req.get("SecurityGroupIds") or ()]
        shown = {
            "OwnerId": ctx.account, "State": "create-complete", "StateMessage": "", "VpcId": subnet.vpc,
            "AvailabilityZone": subnet.zone, "AvailabilityZoneId": subnet.zone_id, "CreatedAt": ctx.now(),
            "SubnetId": subnet.id, "PreserveClientIp": bool(req.get("PreserveClientIp")),
            "IpAddressType": req.get("IpAddressType") or "ipv4",
        }  # fmt: skip
        made = kept.create(tx, ctx, CONNECT_ENDPOINT, given, shown)
        interface = interfaces.create(
            tx, ctx, subnet, groups, description=f"EC2 Instance Connect Endpoint {made.id}",
            requester="amazon-ec2-instance-connect", type="ec2_instance_connect_endpoint",
        )  # fmt: skip
        interfaces.attach(tx, ctx, interface, "", owner="amazon-aws")
        domain = f"{made.id}.{{}}ec2-instance-connect-endpoint.{ctx.region}.amazonaws.com"
        kept.change(
            tx, CONNECT_ENDPOINT, made, NetworkInterfaceIds=[interface.id], SecurityGroupIds=interface.groups,
            InstanceConnectEndpointArn=CONNECT_ENDPOINT.arn_of(ctx, made.id, ctx.account), DnsName=domain.format(""),
            FipsDnsName=domain.format("fips."),
        )  # fmt: skip
        shape = {**kept.shape(made, "InstanceConnectEndpointId"), "State": "create-in-progress"}
        return {"InstanceConnectEndpoint": shape, "ClientToken": req.get("ClientToken") or ""}

    with ctx.write() as tx:
        return tokens.once(tx, ctx, req, make)


@action("DeleteInstanceConnectEndpoint", resource=on((CONNECT_ENDPOINT, "InstanceConnectEndpointId")))
def delete_instance_connect_endpoint(ctx: Context, req: Request) -> Answer:
    """Delete an endpoint with its interface."""
    with ctx.write() as tx:
        found = CONNECT_ENDPOINT.require(tx, ctx, req["InstanceConnectEndpointId"])
        for id in found.shown["NetworkInterfaceIds"]:
            interface = tx.get(INTERFACES, (ctx.account, ctx.region, id))
            if interface is not None:
                interfaces.delete(tx, interface)
        tx.delete(CONNECT_ENDPOINT.table, CONNECT_ENDPOINT.table.key(found))
    shape = {**kept.shape(found, "InstanceConnectEndpointId"), "State": "delete-in-progress"}
    return {"InstanceConnectEndpoint": shape}


FILTERS = kept.filters(
    {
        "instance-connect-endpoint-id": "id",
        "state": "State",
        "subnet-id": "SubnetId",
        "vpc-id": "VpcId",
    }
)


@action("DescribeInstanceConnectEndpoints", resource="*", fidelity="recorded")
def describe_instance_connect_endpoints(ctx: Context, req: Request) -> Answer:
    """Describe endpoints."""
    return kept.described(
        ctx, req, CONNECT_ENDPOINT, FILTERS, ids="InstanceConnectEndpointIds", into="InstanceConnectEndpoints",
        id="InstanceConnectEndpointId",
    )  # fmt: skip
