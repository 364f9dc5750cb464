"""Where a service places what it runs: subnets and security groups that a request names, of one VPC.

vpc = placement.vpc_of(tx, ctx, subnets, groups)
"""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.core.context import Context
from fogbank.store.api import Reader

from . import interfaces
from .errors import InvalidParameterValue, NetworkError
from .records import SECURITY_GROUPS


def vpc_of(tx: Reader, ctx: Context, subnets: Iterable[str], groups: Iterable[str] = ()) -> str:
    """The VPC of subnets and security groups. Raises EC2's errors for what is not there, or of several VPCs."""
    found = {interfaces.subnet(tx, ctx, id).vpc for id in subnets}
    for id in groups:
        group = tx.get(SECURITY_GROUPS, (ctx.account, ctx.region, id))
        if group is None:
            raise NetworkError("InvalidGroup.NotFound", f"The security group '{id}' does not exist")
        if found and not found & {group.vpc, *group.others}:
            found.add(group.vpc)
    if len(found) != 1:
        raise InvalidParameterValue("Subnets and security groups have to belong to the same VPC.")
    return found.pop()
