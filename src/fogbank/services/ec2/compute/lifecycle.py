"""The states of instances, and how one leads to the next.

    pending -> running -> stopping -> stopped -> pending …
                       -> shutting-down -> terminated, and an hour later gone

No guest boots yet: a state that passes takes a second of the cloud's clock.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.network import elastic, interfaces, public
from fogbank.network.records import INTERFACES, SUBNETS, Interface
from fogbank.store.api import Transaction

from .attachments import detach
from .records import INSTANCES, MODIFICATIONS, VOLUMES, Instance

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
NEXT = {"pending": "running", "stopping": "stopped", "shutting-down": "terminated"}
SECONDS = 1.0  # of a state that passes; on AWS it depends on the guest
KEPT = 3600.0  # "remains visible … for a short while (usually less than one hour)"


def take(tx: Transaction, ctx: Context, instances: Iterable[Instance], state: str) -> None:
    """Let instances take a state, and the one that follows it soon."""
    found = list(instances)
    for instance in found:
        instance.state, instance.since = state, ctx.now()
        tx.put(INSTANCES, instance)
    if found and state in NEXT:
        ctx.later(tx, "ec2.instances", {"ids": [each.id for each in found], "from": state}, delay=SECONDS)


def by_user(instance: Instance, now: float) -> None:
    """Note that a user stops or terminates an instance."""
    at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S GMT")
    instance.reason = f"User initiated ({at})"
    instance.reason_code = "Client.UserInitiatedShutdown"
    instance.reason_text = "Client.UserInitiatedShutdown: User initiated shutdown"


@job("ec2.instances")
async def step(ctx: Context, payload: dict[str, Any]) -> None:
    """Take the state that follows, each instance that is still in the state before it."""
    for id in payload["ids"]:
        await ctx.transact(_step, ctx, id, payload["from"])


def _step(tx: Transaction, ctx: Context, id: str, state: str) -> None:
    instance = tx.get(INSTANCES, (ctx.account, ctx.region, id))
    if instance is None or instance.state != state:
        return
    following = NEXT[state]
    if following == "stopped":
        _hide(tx, ctx, instance)
    if following == "terminated":
        release(tx, ctx, instance)
        ctx.later(tx, "ec2.forget-instance", {"id": id}, delay=KEPT)
    take(tx, ctx, [instance], following)


@job("ec2.forget-instance")
async def forget(ctx: Context, payload: dict[str, Any]) -> None:
    """Delete what is left of a terminated instance."""

    def delete(tx: Transaction) -> None:
        instance = tx.get(INSTANCES, (ctx.account, ctx.region, payload["id"]))
        if instance is not None and instance.state == "terminated":
            tx.delete(INSTANCES, INSTANCES.key(instance))

    await ctx.transact(delete)


# -- what instances have -----------------------------------------------------------------------------------------------


def show(tx: Transaction, ctx: Context, interface: Interface) -> None:
    """Give the primary address of an interface a public one, which it loses when the instance stops."""
    first = interfaces.primary(interface)
    if first is not None and not first.public:
        first.public = public.address(tx, ctx)
        tx.put(INTERFACES, interface)


def shown_on_start(tx: Transaction, ctx: Context, instance: Instance) -> None:
    """Give an instance that starts again a new public address, if its first launch gave it one."""
    for interface in interfaces.of_instance(tx, ctx, instance.id)[:1]:
        subnet = tx.get(SUBNETS, (instance.account, instance.region, interface.subnet))
        if instance.public_ip and subnet is not None and elastic.has_gateway(tx, interface):
            show(tx, ctx, interface)


def _hide(tx: Transaction, ctx: Context, instance: Instance) -> None:
    for interface in interfaces.of_instance(tx, ctx, instance.id):
        _hide_interface(tx, interface)


def _hide_interface(tx: Transaction, interface: Interface) -> None:
    """Take the public addresses that are not elastic ones."""
    for address in interface.addresses:
        if address.public and not address.allocation:
            public.give_back(tx, address.public)
            address.public = ""
    tx.put(INTERFACES, interface)


def release(tx: Transaction, ctx: Context, instance: Instance) -> None:
    """Take from a terminated instance its interfaces and volumes: some go with it, the others are free again."""
    for interface in interfaces.of_instance(tx, ctx, instance.id):
        goes = bool(interface.attachment and interface.attachment.delete_with)
        _hide_interface(tx, interface)
        if goes:
            interfaces.delete(tx, interface)
        else:
            interfaces.detach(tx, interface)
    for device in list(instance.devices):
        volume = tx.get(VOLUMES, (instance.account, instance.region, device.volume))
        if volume is None:
            continue
        detach(tx, instance, volume)
        if device.delete_with and not volume.attachments:
            tx.delete(VOLUMES, VOLUMES.key(volume))
            tx.delete(MODIFICATIONS, VOLUMES.key(volume))
    instance.devices, instance.profile, instance.subnet, instance.vpc = [], None, "", ""
