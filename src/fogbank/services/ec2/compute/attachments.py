"""Attaches volumes to instances: each of the two records has the attachment."""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .records import INSTANCES, VOLUMES, Instance, InstanceDevice, Volume, VolumeAttachment


def attach(
    tx: Transaction, ctx: Context, instance: Instance, volume: Volume, device: str, *, delete_with: bool
) -> VolumeAttachment:
    """Attach a volume under a device name, which is free."""
    now = ctx.now()
    made = VolumeAttachment(instance=instance.id, device=device, at=now, delete_with=delete_with)
    volume.attachments = [*volume.attachments, made]
    volume.state = "in-use"
    instance.devices = [*instance.devices, InstanceDevice(device, volume.id, now, delete_with)]
    tx.put(VOLUMES, volume)
    tx.put(INSTANCES, instance)
    return made


def detach(tx: Transaction, instance: Instance, volume: Volume) -> None:
    """Detach a volume."""
    volume.attachments = [each for each in volume.attachments if each.instance != instance.id]
    volume.state = "in-use" if volume.attachments else "available"
    instance.devices = [each for each in instance.devices if each.volume != volume.id]
    tx.put(VOLUMES, volume)
    tx.put(INSTANCES, instance)


def keep_with(tx: Transaction, instance: Instance, device: str, delete_with: bool) -> bool:
    """Set whether a volume goes with its instance. False if there is no such device."""
    found = next((each for each in instance.devices if each.name == device), None)
    if found is None:
        return False
    found.delete_with = delete_with
    tx.put(INSTANCES, instance)
    volume = tx.get(VOLUMES, (instance.account, instance.region, found.volume))
    if volume is not None:
        for each in volume.attachments:
            each.delete_with = delete_with if each.instance == instance.id else each.delete_with
        tx.put(VOLUMES, volume)
    return True
