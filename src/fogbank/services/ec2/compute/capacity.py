"""How many virtual processors an account may run, by the families of instance types.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Reader

from ..errors import NetworkError
from . import instance_types
from .records import INSTANCES

STANDARD, SPOT = "L-1216C47A", "L-34B43A08"
# families that have a quota of their own, by the letters that their types begin with
CODES = {
    "f": "L-74FC7D96",
    "g": "L-DB2E81BA",
    "gr": "L-DB2E81BA",
    "vt": "L-DB2E81BA",
    "inf": "L-1945791B",
    "trn": "L-2C3B7624",
    "dl": "L-6E869C2A",
    "u": "L-43DA4232",
    "hpc": "L-F7808C92",
    "p": "L-417A185B",
    "x": "L-7295265B",
}
SPOT_CODES = {
    "f": "L-88CF9481",
    "g": "L-3819A6DF",
    "gr": "L-3819A6DF",
    "vt": "L-3819A6DF",
    "inf": "L-B5D1601B",
    "trn": "L-6B0D517C",
    "dl": "L-85EED4F7",
    "p": "L-7212CCBC",
    "x": "L-E3A00192",
}


def bucket(type: str, spot: bool) -> str:
    """The code of the quota in which a type counts."""
    letters = instance_types.family(type)
    return SPOT_CODES.get(letters, SPOT) if spot else CODES.get(letters, STANDARD)


def room(tx: Reader, ctx: Context, type: str, count: int, *, spot: bool = False, least: int = 0) -> int:
    """How many of `count` further instances of a type may run. Raises if there is no room for `least` of them."""
    code = bucket(type, spot)
    limit = ctx.quota("ec2", code, tx)
    if limit == float("inf"):
        return count
    used = sum(
        each.cores * each.threads
        for each in tx.scan_index(INSTANCES, "counted", (ctx.account, ctx.region))
        if bucket(each.type, each.lifecycle == "spot") == code
    )
    fit = min(count, int((limit - used) // instance_types.vcpus(instance_types.require(type))))
    if fit < max(least, 1):
        raise NetworkError(
            "MaxSpotInstanceCountExceeded" if spot else "VcpuLimitExceeded",
            "Max spot instance count exceeded"
            if spot
            else f"You have requested more vCPU capacity than your current vCPU limit of {limit:g} allows for the "
            "instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )
    return fit
