"""The default VPC of an account in a region: made when the account first asks something of the region's network.

https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
"""

from __future__ import annotations

import ipaddress

from fogbank.core import regions
from fogbank.core.context import Cloud, Context
from fogbank.store.api import Reader, Transaction

from . import vpcs
from .records import (
    DHCP_OPTIONS,
    HOMES,
    INTERNET_GATEWAYS,
    ROUTE_TABLES,
    VPCS,
    DhcpOptions,
    Home,
    InternetGateway,
    Subnet,
    Vpc,
)

CIDR = "172.31.0.0/16"


class Known:
    """The accounts and regions of which this process knows that they have been there."""

    def __init__(self, app: Cloud) -> None:
        self.places: set[tuple[str, str]] = set()
        for topic in ("reset", "reset/ec2"):
            app.signals.on(topic, self.places.clear)


def ensure(ctx: Context) -> None:
    """Make the default VPC unless the account has been in this region before. Not inside a transaction."""
    known = ctx.app.local(Known).places
    place = (ctx.account, ctx.region)
    if place in known:
        return
    with ctx.read() as tx:
        there = tx.get(HOMES, place) is not None
    if not there:
        with ctx.write() as tx:
            settle(tx, ctx)
    known.add(place)


def settle(tx: Transaction, ctx: Context) -> None:
    """The same inside a transaction. Services that need a default VPC call it before they look for one."""
    if tx.get(HOMES, (ctx.account, ctx.region)) is not None:
        return
    domain = "ec2.internal" if ctx.region == "us-east-1" else f"{ctx.region}.compute.internal"
    options = DhcpOptions(
        **vpcs.common(ctx, "dopt"),
        options={"domain-name": [domain], "domain-name-servers": ["AmazonProvidedDNS"]},
    )
    tx.put(DHCP_OPTIONS, options)
    tx.put(HOMES, Home(account=ctx.account, region=ctx.region, dhcp=options.id))
    create(tx, ctx)


def create(tx: Transaction, ctx: Context) -> Vpc:
    """A default VPC: 172.31.0.0/16, a subnet for each zone, and an internet gateway."""
    vpc, table = vpcs.create(tx, ctx, CIDR, default=True, dns_hostnames=True)
    gateway = InternetGateway(**vpcs.common(ctx, "igw"), vpc=vpc.id)
    tx.put(INTERNET_GATEWAYS, gateway)
    vpcs.add_route(table, vpcs.ANY, gateway.id)
    tx.put(ROUTE_TABLES, table)
    blocks = ipaddress.IPv4Network(CIDR).subnets(new_prefix=20)
    for zone, block in zip(regions.zones(ctx.region), blocks, strict=False):
        create_subnet(tx, ctx, vpc, zone, str(block))
    return vpc


def create_subnet(tx: Transaction, ctx: Context, vpc: Vpc, zone: regions.Zone, cidr: str) -> Subnet:
    """A default subnet: what is launched in it has a public address."""
    return vpcs.create_subnet(tx, ctx, vpc, zone, cidr, default=True, public_ip=True)


def vpc(tx: Reader, ctx: Context) -> Vpc | None:
    """The default VPC; None if the account has deleted it."""
    return tx.first(VPCS, "default", (ctx.account, ctx.region))
