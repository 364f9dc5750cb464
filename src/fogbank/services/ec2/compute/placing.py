"""Where an instance is launched: its subnet, zone and security groups, and what it may use there.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network import defaults
from fogbank.network.records import SECURITY_GROUPS, SUBNETS, SecurityGroup, Subnet
from fogbank.store.api import Reader

from ..errors import InvalidParameterCombination, InvalidParameterValue, NetworkError

Spec = dict[str, Any]  # an InstanceNetworkInterfaceSpecification


def check(req: Spec) -> None:
    """What a request may not say both of the instance and of its interfaces."""
    if not req.get("NetworkInterfaces"):
        return
    for members, what in (
        (("SubnetId",), "subnet ID"),
        (("SecurityGroupIds", "SecurityGroups"), "security groups"),
        (("PrivateIpAddress",), "private IP address"),
    ):
        if any(req.get(member) for member in members):
            raise InvalidParameterCombination(
                f"Network interfaces and an instance-level {what} may not be specified on the same request"
            )


def interfaces_of(tx: Reader, ctx: Context, req: Spec) -> list[Spec]:
    """The interfaces that a request describes, in order of their devices; one if it only names a subnet and groups."""
    given = [dict(spec) for spec in req.get("NetworkInterfaces") or ()]
    if not given:
        one: Spec = {
            "DeviceIndex": 0, "SubnetId": req.get("SubnetId"), "Groups": req.get("SecurityGroupIds") or [],
            "PrivateIpAddress": req.get("PrivateIpAddress"), "Ipv6AddressCount": req.get("Ipv6AddressCount"),
            "Ipv6Addresses": req.get("Ipv6Addresses"),
        }  # fmt: skip
        given = [one]
    for spec in given:
        if spec.get("DeviceIndex") is None and not spec.get("NetworkInterfaceId"):
            raise InvalidParameterValue("Each network interface requires a device index.")
        if not spec.get("NetworkInterfaceId") and not spec.get("SubnetId"):
            spec["SubnetId"] = default_subnet(tx, ctx, _zone(req)).id
    given.sort(key=lambda spec: spec.get("DeviceIndex") or 0)
    if (given[0].get("DeviceIndex") or 0) != 0:
        raise InvalidParameterCombination("When specifying network interfaces, you must include a device at index 0.")
    places = [(spec.get("NetworkCardIndex") or 0, spec.get("DeviceIndex") or 0) for spec in given]
    if len(set(places)) < len(places):
        raise InvalidParameterCombination("Each network interface requires a unique device index.")
    _check_public(given)
    if not req.get("NetworkInterfaces") and req.get("SecurityGroups"):
        given[0]["Groups"] = [*given[0]["Groups"], *_by_name(tx, ctx, req["SecurityGroups"], given[0]["SubnetId"])]
    return given


def _check_public(given: list[Spec]) -> None:
    public = [spec for spec in given if spec.get("AssociatePublicIpAddress") is not None]
    if public and len(given) > 1:
        raise InvalidParameterCombination(
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network "
            "interfaces."
        )
    if any(spec.get("NetworkInterfaceId") for spec in public):
        raise InvalidParameterCombination(
            "The associatePublicIPAddress parameter cannot be specified for a network interface with an ID."
        )


def _zone(req: Spec) -> Spec:
    return dict(req.get("Placement") or {})


def default_subnet(tx: Reader, ctx: Context, where: Spec) -> Subnet:
    """The default subnet of a zone, of the first one if no zone is wanted."""
    vpc = defaults.vpc(tx, ctx)
    if vpc is None:
        raise NetworkError("VPCIdNotSpecified", "No default VPC for this user. GroupName is only supported for "
                           "EC2-Classic and default VPC.")  # fmt: skip
    name, id = where.get("AvailabilityZone"), where.get("AvailabilityZoneId")
    found = sorted(tx.scan_index(SUBNETS, "vpc", (ctx.account, ctx.region, vpc.id)), key=lambda each: each.zone)
    for subnet in found:
        if subnet.default and (not name or subnet.zone == name) and (not id or subnet.zone_id == id):
            return subnet
    if name or id:
        raise InvalidParameterValue(f"Invalid availability zone: [{name or id}]")
    raise NetworkError("MissingInput", f"No subnets found for the default VPC '{vpc.id}'. Please specify a subnet.")


def check_zone(req: Spec, subnet: Subnet) -> None:
    """A zone that a request names besides a subnet is the subnet's."""
    where = _zone(req)
    name, id = where.get("AvailabilityZone"), where.get("AvailabilityZoneId")
    if (name and name != subnet.zone) or (id and id != subnet.zone_id):
        raise InvalidParameterValue(f"The availability zone '{name or id}' and the subnet '{subnet.id}' do not match.")


def _by_name(tx: Reader, ctx: Context, names: list[str], subnet: str) -> list[str]:
    """The ids of groups of the default VPC, by their names."""
    vpc = defaults.vpc(tx, ctx)
    where = tx.get(SUBNETS, (ctx.account, ctx.region, subnet))
    if vpc is None or where is None or where.vpc != vpc.id:
        raise InvalidParameterCombination("The parameter groupName cannot be used with the parameter subnet")
    groups: dict[str, SecurityGroup] = {
        group.name: group for group in tx.scan_index(SECURITY_GROUPS, "vpc", (ctx.account, ctx.region, vpc.id))
    }
    if wrong := [name for name in names if name not in groups]:
        raise NetworkError("InvalidGroup.NotFound", f"The security group '{wrong[0]}' does not exist in default VPC "
                           f"'{vpc.id}'")  # fmt: skip
    return [groups[name].id for name in names]
