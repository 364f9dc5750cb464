"""Endpoint services: those of AWS, and those that customers offer.

https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import arns, regions
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import endpoint_services, vpcs
from fogbank.network.endpoint_services import AwsService
from fogbank.network.link_records import ENDPOINT_SERVICES, ENDPOINTS, EndpointService
from fogbank.store.api import Reader

from .. import tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe, page
from ..find import ENDPOINT_SERVICE
from ..kinds import creates, on

BY_ID = on((ENDPOINT_SERVICE, "ServiceId"))
Either = AwsService | EndpointService


def _zones(region: str) -> list[str]:
    return [zone.name for zone in regions.zones(region)]


def _detail(ctx: Context, found: Either) -> dict[str, Any]:
    """A service as somebody who would like an endpoint sees it."""
    zones = {
        "ServiceRegion": ctx.region,
        "AvailabilityZones": _zones(ctx.region),
        "AvailabilityZoneIds": [zone.id for zone in regions.zones(ctx.region)],
    }
    if isinstance(found, EndpointService):
        return {
            "ServiceName": found.name,
            "ServiceId": found.id,
            "ServiceType": [{"ServiceType": _type(found)}],
            **zones,
            "Owner": found.account,
            "BaseEndpointDnsNames": [f"{found.id}.{found.region}.vpce.amazonaws.com"],
            "VpcEndpointPolicySupported": False,
            "AcceptanceRequired": found.acceptance,
            "ManagesVpcEndpoints": False,
            "Tags": tags.listed(found.tags),
            "SupportedIpAddressTypes": found.address_types,
        }
    private: dict[str, Any] = {}
    if found.private:
        private = {
            "PrivateDnsName": found.private[0],
            "PrivateDnsNames": [{"PrivateDnsName": name} for name in found.private],
            "PrivateDnsNameVerificationState": "verified",
        }
    base = f"{found.word.removeprefix('*.')}.{ctx.region}.vpce.amazonaws.com" if found.private else (
        f"{found.name.rpartition('.')[2]}.{ctx.region}.amazonaws.com"
    )  # fmt: skip
    return {
        "ServiceName": found.name,
        "ServiceId": found.id,
        "ServiceType": [{"ServiceType": found.type}],
        **zones,
        "Owner": "amazon",
        "BaseEndpointDnsNames": [base],
        **private,
        "VpcEndpointPolicySupported": found.policy,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "Tags": [],
        "SupportedIpAddressTypes": ["ipv4"],
    }


DETAIL_FILTERS: Filters[dict[str, Any]] = Filters(
    {
        "owner": lambda each: each["Owner"],
        "service-name": lambda each: each["ServiceName"],
        "service-region": lambda each: each["ServiceRegion"],
        "service-type": lambda each: [kind["ServiceType"] for kind in each["ServiceType"]],
        "supported-ip-address-types": lambda each: each["SupportedIpAddressTypes"],
    },
    tags=False,
)


@action("DescribeVpcEndpointServices", resource="*")
def describe_vpc_endpoint_services(ctx: Context, req: Request) -> Answer:
    """The services of AWS in the region, and those of customers that the account may use."""
    test = DETAIL_FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        offered = [
            each
            for each in tx.scan(ENDPOINT_SERVICES)
            if each.region == ctx.region and endpoint_services.may_use(ctx, each)
        ]
    every: list[Either] = [*endpoint_services.of_region(ctx.region), *offered]
    details = [_detail(ctx, each) for each in every]
    wanted = req.get("ServiceNames") or ()
    if missing := [name for name in wanted if name not in {each["ServiceName"] for each in details}]:
        raise NetworkError("InvalidServiceName", f"The Vpc Endpoint Service '{missing[0]}' does not exist")
    found = [each for each in details if (not wanted or each["ServiceName"] in wanted) and (not test or test(each))]
    found.sort(key=_order)
    answer = page(ctx, req, found, key=_order, into="ServiceDetails", shape=lambda each: each, least=1)
    return {**answer, "ServiceNames": list(dict.fromkeys(each["ServiceName"] for each in answer["ServiceDetails"]))}


def _order(each: dict[str, Any]) -> tuple[str, str]:
    return each["ServiceName"], each["ServiceId"]


# -- what customers offer ----------------------------------------------------------------------------------------------


def _type(found: EndpointService) -> str:
    return "GatewayLoadBalancer" if found.gateway_balancers else "Interface"


def shape(found: EndpointService) -> dict[str, Any]:
    private: dict[str, Any] = {}
    if found.private_name:
        private = {
            "PrivateDnsName": found.private_name,
            "PrivateDnsNameConfiguration": {
                "State": "pendingVerification",
                "Type": "TXT",
                "Name": f"_{found.id[-16:]}",
            },
        }
    return {
        "ServiceType": [{"ServiceType": _type(found)}],
        "ServiceId": found.id,
        "ServiceName": found.name,
        "ServiceState": "Available",
        "AvailabilityZones": _zones(found.region),
        "AcceptanceRequired": found.acceptance,
        "ManagesVpcEndpoints": False,
        "NetworkLoadBalancerArns": found.load_balancers,
        "GatewayLoadBalancerArns": found.gateway_balancers,
        "SupportedIpAddressTypes": found.address_types,
        "BaseEndpointDnsNames": [f"{found.id}.{found.region}.vpce.amazonaws.com"],
        **private,
        "Tags": tags.listed(found.tags),
    }


@action("CreateVpcEndpointServiceConfiguration", resource=creates(ENDPOINT_SERVICE), fidelity="recorded")
def create_vpc_endpoint_service_configuration(ctx: Context, req: Request) -> Answer:
    """Offer what is behind load balancers. The balancers are not looked up."""
    given, token = tags.created(req, "vpc-endpoint-service"), req.get("ClientToken") or ""
    network, gateway = req.get("NetworkLoadBalancerArns") or [], req.get("GatewayLoadBalancerArns") or []
    if bool(network) == bool(gateway):
        raise MissingParameter("Specify either network load balancers or gateway load balancers.")
    acceptance = req.get("AcceptanceRequired")
    with ctx.write() as tx:
        there = tx.scan(ENDPOINT_SERVICES, (ctx.account, ctx.region)) if token else iter(())
        if (earlier := next((each for each in there if each.token == token), None)) is not None:
            return {"ServiceConfiguration": shape(earlier), "ClientToken": token}
        common = vpcs.common(ctx, "vpce-svc", given)
        made = EndpointService(
            **common, name=f"com.amazonaws.vpce.{ctx.region}.{common['id']}", token=token,
            acceptance=True if acceptance is None else bool(acceptance), load_balancers=network,
            gateway_balancers=gateway, address_types=req.get("SupportedIpAddressTypes") or ["ipv4"],
            private_name=req.get("PrivateDnsName") or "",
        )  # fmt: skip
        tx.put(ENDPOINT_SERVICES, made)
    return {"ServiceConfiguration": shape(made), **({"ClientToken": token} if token else {})}


@action("ModifyVpcEndpointServiceConfiguration", resource=BY_ID, fidelity="recorded")
def modify_vpc_endpoint_service_configuration(ctx: Context, req: Request) -> Answer:
    """Change what is offered."""
    with ctx.write() as tx:
        found = ENDPOINT_SERVICE.require(tx, ctx, req["ServiceId"])
        if req.get("AcceptanceRequired") is not None:
            found.acceptance = bool(req["AcceptanceRequired"])
        found.private_name = "" if req.get("RemovePrivateDnsName") else req.get("PrivateDnsName") or found.private_name
        for name, word in (
            ("load_balancers", "NetworkLoadBalancerArns"),
            ("gateway_balancers", "GatewayLoadBalancerArns"),
            ("address_types", "SupportedIpAddressTypes"),
        ):
            gone = req.get(f"Remove{word}") or ()
            kept = [each for each in getattr(found, name) if each not in gone]
            setattr(found, name, list(dict.fromkeys([*kept, *(req.get(f"Add{word}") or ())])))
        if not found.load_balancers and not found.gateway_balancers:
            raise InvalidParameterValue("An endpoint service needs a load balancer.")
        tx.put(ENDPOINT_SERVICES, found)
    return {"Return": True}


def _deleting(ctx: Context, req: Request) -> list[Access]:
    if not req.get("ServiceIds"):
        raise MissingParameter.of("serviceIds")
    return [Access("", ENDPOINT_SERVICE.name(ctx, id)) for id in req["ServiceIds"]]


@action("DeleteVpcEndpointServiceConfigurations", resource=_deleting)
def delete_vpc_endpoint_service_configurations(ctx: Context, req: Request) -> Answer:
    """Delete services that have no endpoints; others are told."""
    faults = []
    with ctx.write() as tx:
        for id in dict.fromkeys(req["ServiceIds"]):
            found = ENDPOINT_SERVICE.find(tx, ctx, id)
            if found is None:
                code, text = "InvalidVpcEndpointService.NotFound", f"The VPC endpoint service {id} does not exist"
            elif _used(tx, found):
                code, text = (
                    "ExistingVpcEndpointConnections",
                    f"Service {id} has existing active VPC endpoint connections!",
                )
            else:
                tx.delete(ENDPOINT_SERVICES, ENDPOINT_SERVICES.key(found))
                continue
            faults.append({"Error": {"Code": code, "Message": text}, "ResourceId": id})
    return {"Unsuccessful": faults}


def _used(tx: Reader, found: EndpointService) -> bool:
    return any(each.service == found.name for each in tx.scan(ENDPOINTS))


FILTERS: Filters[EndpointService] = Filters(
    {
        "service-id": "id",
        "service-name": "name",
        "service-state": lambda found: "Available",
        "supported-ip-address-types": "address_types",
    }
)


@action("DescribeVpcEndpointServiceConfigurations", resource="*")
def describe_vpc_endpoint_service_configurations(ctx: Context, req: Request) -> Answer:
    """Describe the services that the account offers."""
    return describe(
        ctx, req, ENDPOINT_SERVICE, FILTERS, ids="ServiceIds", into="ServiceConfigurations",
        shape=lambda tx, found: shape(found), index=None, least=1,
    )  # fmt: skip


# -- who may use them --------------------------------------------------------------------------------------------------


def _principal_type(principal: str) -> str:
    if principal == "*":
        return "All"
    if arns.ACCOUNT.fullmatch(principal) or principal.endswith(":root"):
        return "Account"
    if principal.endswith(".amazonaws.com"):
        return "Service"
    kind = principal.rpartition(":")[2].partition("/")[0]
    return {"user": "User", "role": "Role"}.get(kind, "OrganizationUnit")


def _permission(found: EndpointService, principal: str) -> dict[str, Any]:
    return {"PrincipalType": _principal_type(principal), "Principal": principal, "ServiceId": found.id}


@action("ModifyVpcEndpointServicePermissions", resource=BY_ID)
def modify_vpc_endpoint_service_permissions(ctx: Context, req: Request) -> Answer:
    """Add and remove principals that may use a service."""
    added, gone = req.get("AddAllowedPrincipals") or [], req.get("RemoveAllowedPrincipals") or ()
    with ctx.write() as tx:
        found = ENDPOINT_SERVICE.require(tx, ctx, req["ServiceId"])
        if wrong := next((each for each in gone if each not in found.principals), None):
            raise InvalidParameterValue(f"The principal {wrong} is not allowed to use the service.")
        kept = [each for each in found.principals if each not in gone]
        found.principals = list(dict.fromkeys([*kept, *added]))
        tx.put(ENDPOINT_SERVICES, found)
    return {"AddedPrincipals": [_permission(found, each) for each in added], "ReturnValue": True}


PERMISSION_FILTERS: Filters[dict[str, Any]] = Filters(
    {"principal": lambda each: each["Principal"], "principal-type": lambda each: each["PrincipalType"]}, tags=False
)


@action("DescribeVpcEndpointServicePermissions", resource=BY_ID)
def describe_vpc_endpoint_service_permissions(ctx: Context, req: Request) -> Answer:
    """The principals that may use a service."""
    test = PERMISSION_FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        found = ENDPOINT_SERVICE.require(tx, ctx, req["ServiceId"])
    allowed = [_permission(found, each) for each in sorted(found.principals)]
    return page(
        ctx, req, [each for each in allowed if test is None or test(each)], key=lambda each: each["Principal"],
        into="AllowedPrincipals", shape=lambda each: each, least=1,
    )  # fmt: skip
