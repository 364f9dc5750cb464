"""The VPCs that are associated with private zones, as (region, id)."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network.records import VPCS
from fogbank.store.api import Reader

from .errors import InvalidVPCId

Vpc = tuple[str, str]


def read(given: dict[str, Any]) -> Vpc:
    """The VPC of a request."""
    region, id = given.get("VPCRegion") or "", given.get("VPCId") or ""
    if not region or not id:
        raise InvalidVPCId("The VPC ID that you specified either isn't a valid ID or the current account is not "
                           "authorized to access this VPC.")  # fmt: skip
    return region, id


def check(tx: Reader, ctx: Context, vpc: Vpc) -> None:
    """Raise InvalidVPCId unless the account has this VPC in its region."""
    if tx.get(VPCS, (ctx.account, *vpc)) is None:
        raise InvalidVPCId(f"The VPC: {vpc[1]} in region {vpc[0]} that you provided is not authorized to make the "
                           "association.")  # fmt: skip
