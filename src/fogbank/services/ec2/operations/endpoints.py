"""VPC endpoints: gateways in route tables, and interfaces in subnets. What they lead to answers without them as well.

https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import endpoint_services, interfaces, prefix_lists, vpcs
from fogbank.network.endpoint_services import GATEWAY, INTERFACE, AwsService
from fogbank.network.link_records import ENDPOINT_SERVICES, ENDPOINTS, DnsEntry, Endpoint
from fogbank.network.records import INTERFACES, ROUTE_TABLES, SECURITY_GROUPS, Route, Vpc
from fogbank.store.api import Reader, Transaction

from .. import quotas, tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import ENDPOINT, GROUP, ROUTE_TABLE, SUBNET, VPC
from ..kinds import creates, on

OPEN = json.dumps(
    {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]},
    separators=(",", ":"),
)
ZONE = "Z7HUB22UULQXV"  # of Amazon's names of endpoints in us-east-1; the same for all regions here
CREATES = creates(
    ENDPOINT, (VPC, "VpcId"), (ROUTE_TABLE, "RouteTableIds"), (SUBNET, "SubnetIds"), (GROUP, "SecurityGroupIds")
)


# -- creation ----------------------------------------------------------------------------------------------------------


@action("CreateVpcEndpoint", resource=CREATES)
def create_vpc_endpoint(ctx: Context, req: Request) -> Answer:
    """Create an endpoint. The same ClientToken makes the same one."""
    given, token = tags.created(req, "vpc-endpoint"), req.get("ClientToken") or ""
    kind = req.get("VpcEndpointType") or GATEWAY
    if kind not in (GATEWAY, INTERFACE):
        raise NetworkError("UnsupportedOperation", f"Endpoints of the type {kind} are not supported here.")
    policy = _policy(req.get("PolicyDocument"))
    with ctx.write() as tx:
        earlier = tx.first(ENDPOINTS, "token", (ctx.account, ctx.region, token)) if token else None
        if earlier is not None:
            return {"VpcEndpoint": shape(tx, earlier), "ClientToken": token}
        vpc = VPC.require(tx, ctx, req["VpcId"])
        service = _service(tx, ctx, req.get("ServiceName") or "", kind)
        made = Endpoint(
            **vpcs.common(ctx, "vpce", given), vpc=vpc.id, service=req["ServiceName"], type=kind, token=token,
            policy=(policy or OPEN) if service is None or service.policy else "",
        )  # fmt: skip
        if kind == GATEWAY:
            _make_gateway(tx, ctx, made, req.get("RouteTableIds") or [])
        else:
            _make_interfaces(tx, ctx, made, vpc, service, req)
        tx.put(ENDPOINTS, made)
        answer = shape(tx, made, "pending" if kind == INTERFACE else "")
    return {"VpcEndpoint": answer, **({"ClientToken": token} if token else {})}


def _policy(text: str | None) -> str:
    """A policy document, which has to be JSON."""
    if not text:
        return ""
    try:
        documents.read_object(text)
    except documents.BadDocument:
        raise NetworkError("InvalidPolicyDocument", "The Policy Document is not valid JSON.") from None
    return text


def _service(tx: Reader, ctx: Context, name: str, kind: str) -> AwsService | None:
    """The service of AWS that has this name; None if it is one of a customer."""
    found = endpoint_services.find(ctx.region, name)
    own = tx.first(ENDPOINT_SERVICES, "name", (ctx.region, name)) if not found else None
    if not found and (own is None or not endpoint_services.may_use(ctx, own)):
        raise NetworkError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    types = [each.type for each in found] or [INTERFACE]
    if kind not in types:
        raise NetworkError(
            "InvalidParameter", f"Endpoint type ({kind}) does not match available service types ([{', '.join(types)}])."
        )
    return next((each for each in found if each.type == kind), None)


def _make_gateway(tx: Transaction, ctx: Context, made: Endpoint, tables: list[str]) -> None:
    quotas.room(
        tx, ctx, quotas.GATEWAY_ENDPOINTS, ENDPOINTS,
        ("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached."),
    )  # fmt: skip
    lists = prefix_lists.managed(ctx.region)
    made.prefix_list = next(each.id for each in lists if each.name == made.service)
    made.record_type = "service-defined"
    for id in dict.fromkeys(tables):
        _add_table(tx, ctx, made, id)


def _add_table(tx: Transaction, ctx: Context, made: Endpoint, id: str) -> None:
    table = ROUTE_TABLE.require(tx, ctx, id)
    if table.vpc != made.vpc:
        raise NetworkError("InvalidParameter", f"Route table {id} does not belong to vpc {made.vpc}")
    if any(route.destination == made.prefix_list for route in table.routes):
        raise NetworkError(
            "RouteAlreadyExists", f"route table {id} already has a route with destination-prefix-list-id "
            f"{made.prefix_list}",
        )  # fmt: skip
    table.routes = [*table.routes, Route(destination=made.prefix_list, target=made.id)]
    tx.put(ROUTE_TABLES, table)
    made.route_tables = [*made.route_tables, id]


def _drop_table(tx: Transaction, made: Endpoint, id: str) -> None:
    table = tx.get(ROUTE_TABLES, (made.account, made.region, id))
    if table is not None:
        table.routes = [route for route in table.routes if route.target != made.id]
        tx.put(ROUTE_TABLES, table)
    made.route_tables = [each for each in made.route_tables if each != id]


def _make_interfaces(
    tx: Transaction, ctx: Context, made: Endpoint, vpc: Vpc, service: AwsService | None, req: Request
) -> None:
    quotas.room_in(
        tx, ctx, quotas.INTERFACE_ENDPOINTS, ENDPOINTS, "vpc", vpc.id,
        ("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached."),
    )  # fmt: skip
    asked = req.get("PrivateDnsEnabled")
    resolves = vpc.dns_support and vpc.dns_hostnames
    if asked and not resolves:
        raise _no_private_dns(vpc)
    made.private_dns = bool(service and service.private and (resolves if asked is None else asked))
    made.groups = interfaces.groups(tx, ctx, vpc.id, req.get("SecurityGroupIds") or ())
    made.address_type = req.get("IpAddressType") or "ipv4"
    made.record_type = (req.get("DnsOptions") or {}).get("DnsRecordIpType") or made.address_type
    for id in dict.fromkeys(req.get("SubnetIds") or ()):
        _add_subnet(tx, ctx, made, id)
    _name(ctx, made, service)


def _no_private_dns(vpc: Vpc) -> NetworkError:
    return NetworkError(
        "InvalidParameter",
        f"Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
        f"{vpc.id}",
    )


def _add_subnet(tx: Transaction, ctx: Context, made: Endpoint, id: str) -> None:
    """An interface in one subnet of each zone."""
    subnet = SUBNET.require(tx, ctx, id)
    if subnet.vpc != made.vpc:
        raise NetworkError("InvalidParameter", f"Subnet {id} does not belong to vpc {made.vpc}")
    zones = {interfaces.subnet(tx, ctx, other).zone for other in made.subnets}
    if subnet.zone in zones:
        raise NetworkError(
            "DuplicateSubnetsInSameZone",
            f"Found another VPC endpoint subnet in the availability zone of {id}. VPC endpoint subnets should be in "
            "different availability zones supported by the VPC endpoint service.",
        )
    interface = interfaces.create(
        tx, ctx, subnet, made.groups, requester="amazon-vpce", type="vpc_endpoint",
        description=f"VPC Endpoint Interface {made.id}",
    )  # fmt: skip
    interfaces.attach(tx, ctx, interface, "", owner="amazon-aws", index=1)
    made.subnets = [*made.subnets, id]
    made.interfaces = [*made.interfaces, interface.id]


def _drop_subnet(tx: Transaction, made: Endpoint, id: str) -> None:
    for each in list(made.interfaces):
        interface = tx.get(INTERFACES, (made.account, made.region, each))
        if interface is not None and interface.subnet == id:
            interfaces.delete(tx, interface)
            made.interfaces = [other for other in made.interfaces if other != each]
    made.subnets = [each for each in made.subnets if each != id]


def _name(ctx: Context, made: Endpoint, service: AwsService | None) -> None:
    """The names that an interface endpoint has in DNS."""
    word = service.word if service else made.service.rpartition(".")[2]
    base = f"{made.id}-{ctx.ids.lower(8)}.{word.removeprefix('*.')}.{ctx.region}.vpce.amazonaws.com"
    made.dns = [DnsEntry(name=base, zone=ZONE)]
    if service and made.private_dns:
        made.dns += [DnsEntry(name=name, zone=f"Z{made.id[-16:].upper()}") for name in service.private]


# -- changes -----------------------------------------------------------------------------------------------------------

MODIFIES = on(
    (ENDPOINT, "VpcEndpointId"), (ROUTE_TABLE, "AddRouteTableIds"), (SUBNET, "AddSubnetIds"),
    (GROUP, "AddSecurityGroupIds"),
)  # fmt: skip


@action("ModifyVpcEndpoint", resource=MODIFIES)
def modify_vpc_endpoint(ctx: Context, req: Request) -> Answer:
    """Change where an endpoint is, what it allows, or its names."""
    with ctx.write() as tx:
        found = ENDPOINT.require(tx, ctx, req["VpcEndpointId"])
        _change_place(tx, ctx, found, req)
        if req.get("ResetPolicy"):
            found.policy = OPEN
        found.policy = _policy(req.get("PolicyDocument")) or found.policy
        if req.get("PrivateDnsEnabled") is not None:
            _change_names(tx, ctx, found, bool(req["PrivateDnsEnabled"]))
        found.address_type = req.get("IpAddressType") or found.address_type
        found.record_type = (req.get("DnsOptions") or {}).get("DnsRecordIpType") or found.record_type
        tx.put(ENDPOINTS, found)
    return {"Return": True}


def _change_place(tx: Transaction, ctx: Context, found: Endpoint, req: Request) -> None:
    of_gateways = [name for name in ("AddRouteTableIds", "RemoveRouteTableIds") if req.get(name)]
    of_interfaces = [name for name in ("AddSubnetIds", "RemoveSubnetIds", "AddSecurityGroupIds") if req.get(name)]
    if (found.type == GATEWAY and of_interfaces) or (found.type == INTERFACE and of_gateways):
        wrong = (of_gateways + of_interfaces)[0]
        raise NetworkError("InvalidParameter", f"{wrong} cannot be used with an endpoint of the type {found.type}.")
    for id in req.get("RemoveRouteTableIds") or ():
        _drop_table(tx, found, id)
    for id in req.get("AddRouteTableIds") or ():
        if id not in found.route_tables:
            _add_table(tx, ctx, found, id)
    for id in req.get("RemoveSubnetIds") or ():
        _drop_subnet(tx, found, id)
    for id in req.get("AddSubnetIds") or ():
        if id not in found.subnets:
            _add_subnet(tx, ctx, found, id)
    gone = req.get("RemoveSecurityGroupIds") or ()
    wanted = [id for id in [*found.groups, *(req.get("AddSecurityGroupIds") or ())] if id not in gone]
    if found.type == INTERFACE and wanted != found.groups:
        if not wanted:
            raise InvalidParameterValue("An endpoint needs a security group.")
        found.groups = interfaces.groups(tx, ctx, found.vpc, wanted)
        for id in found.interfaces:
            interface = tx.get(INTERFACES, (found.account, found.region, id))
            if interface is not None:
                interface.groups = found.groups
                tx.put(INTERFACES, interface)


def _change_names(tx: Reader, ctx: Context, found: Endpoint, private: bool) -> None:
    services = endpoint_services.find(ctx.region, found.service)
    service = next((each for each in services if each.type == INTERFACE), None)
    vpc = VPC.known(tx, ctx, found.vpc)
    if private and not (vpc.dns_support and vpc.dns_hostnames):
        raise _no_private_dns(vpc)
    found.private_dns = private and service is not None
    names = service.private if service and found.private_dns else ()
    zone = f"Z{found.id[-16:].upper()}"
    found.dns = found.dns[:1] + [DnsEntry(name=name, zone=zone) for name in names]


def _deleting(ctx: Context, req: Request) -> list[Access]:
    if not req.get("VpcEndpointIds"):
        raise MissingParameter.of("vpcEndpointIds")
    return [Access("", ENDPOINT.name(ctx, id)) for id in req["VpcEndpointIds"]]


@action("DeleteVpcEndpoints", resource=_deleting)
def delete_vpc_endpoints(ctx: Context, req: Request) -> Answer:
    """Delete endpoints with their routes and interfaces; those that are not there are told."""
    faults = []
    with ctx.write() as tx:
        for id in dict.fromkeys(req["VpcEndpointIds"]):
            found = ENDPOINT.find(tx, ctx, id)
            if found is None:
                fault = {"Code": "InvalidVpcEndpoint.NotFound", "Message": f"The VPC endpoint {id} does not exist"}
                faults.append({"Error": fault, "ResourceId": id})
                continue
            for table in list(found.route_tables):
                _drop_table(tx, found, table)
            for subnet in list(found.subnets):
                _drop_subnet(tx, found, subnet)
            tx.delete(ENDPOINTS, ENDPOINTS.key(found))
    return {"Unsuccessful": faults}


# -- descriptions ------------------------------------------------------------------------------------------------------


def shape(tx: Reader, found: Endpoint, state: str = "") -> dict[str, Any]:
    groups = (tx.get(SECURITY_GROUPS, (found.account, found.region, id)) for id in found.groups)
    return {
        "VpcEndpointId": found.id,
        "VpcEndpointType": found.type,
        "VpcId": found.vpc,
        "ServiceName": found.service,
        "State": state or found.state,
        **({"PolicyDocument": found.policy} if found.policy else {}),
        "RouteTableIds": found.route_tables,
        "SubnetIds": found.subnets,
        "Groups": [{"GroupId": group.id, "GroupName": group.name} for group in groups if group is not None],
        "IpAddressType": found.address_type,
        "DnsOptions": {"DnsRecordIpType": found.record_type},
        "PrivateDnsEnabled": found.private_dns,
        "RequesterManaged": False,
        "NetworkInterfaceIds": found.interfaces,
        "DnsEntries": [{"DnsName": entry.name, "HostedZoneId": entry.zone} for entry in found.dns],
        "CreationTimestamp": found.created,
        "Tags": tags.listed(found.tags),
        "OwnerId": found.account,
        "ServiceRegion": found.region,
    }


FILTERS: Filters[Endpoint] = Filters(
    {
        "ip-address-type": "address_type",
        "service-name": "service",
        "service-region": "region",
        "vpc-endpoint-id": "id",
        "vpc-endpoint-state": "state",
        "vpc-endpoint-type": "type",
        "vpc-id": "vpc",
    }
)


@action("DescribeVpcEndpoints", resource="*")
def describe_vpc_endpoints(ctx: Context, req: Request) -> Answer:
    """Describe endpoints."""
    return describe(ctx, req, ENDPOINT, FILTERS, ids="VpcEndpointIds", into="VpcEndpoints", shape=shape, least=1)
