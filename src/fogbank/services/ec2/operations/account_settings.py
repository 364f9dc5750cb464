"""Settings of an account for a region: what may be shared with the public, the serial console, credits by default.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html
https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from ..calls import Answer, Request, action
from ..compute import settings
from ..compute.launch_options import FAMILIES, default_credits
from ..errors import InvalidParameterValue

IMAGES_BLOCKED = "block-new-sharing"
SNAPSHOT_STATES = ("block-all-sharing", "block-new-sharing")


def _keep(ctx: Context, **values: Any) -> None:
    with ctx.write() as tx:
        settings.keep(tx, ctx, **values)


def _read(ctx: Context, name: str, default: Any) -> Any:
    with ctx.read() as tx:
        return settings.of_region(tx, ctx).get(name, default)


@action("EnableImageBlockPublicAccess", resource="*")
def enable_image_block_public_access(ctx: Context, req: Request) -> Answer:
    """Let no image become public. This is so from the beginning."""
    if req["ImageBlockPublicAccessState"] != IMAGES_BLOCKED:
        raise InvalidParameterValue(
            f"Value ({req['ImageBlockPublicAccessState']}) for parameter ImageBlockPublicAccessState is invalid."
        )
    _keep(ctx, ImagesBlocked=IMAGES_BLOCKED)
    return {"ImageBlockPublicAccessState": IMAGES_BLOCKED}


@action("DisableImageBlockPublicAccess", resource="*")
def disable_image_block_public_access(ctx: Context, req: Request) -> Answer:
    """Let images become public. AWS takes up to ten minutes for this."""
    _keep(ctx, ImagesBlocked="unblocked")
    return {"ImageBlockPublicAccessState": "unblocked"}


@action("GetImageBlockPublicAccessState", resource="*")
def get_image_block_public_access_state(ctx: Context, req: Request) -> Answer:
    """Whether images may become public."""
    return {"ImageBlockPublicAccessState": _read(ctx, "ImagesBlocked", IMAGES_BLOCKED), "ManagedBy": "account"}


@action("EnableSnapshotBlockPublicAccess", resource="*")
def enable_snapshot_block_public_access(ctx: Context, req: Request) -> Answer:
    """Let no snapshot become public, or none be it any longer."""
    if req["State"] not in SNAPSHOT_STATES:
        raise InvalidParameterValue(f"Value ({req['State']}) for parameter State is invalid.")
    _keep(ctx, SnapshotsBlocked=req["State"])
    return {"State": req["State"]}


@action("DisableSnapshotBlockPublicAccess", resource="*")
def disable_snapshot_block_public_access(ctx: Context, req: Request) -> Answer:
    """Let snapshots become public."""
    _keep(ctx, SnapshotsBlocked=None)
    return {"State": "unblocked"}


@action("GetSnapshotBlockPublicAccessState", resource="*")
def get_snapshot_block_public_access_state(ctx: Context, req: Request) -> Answer:
    """Whether snapshots may become public."""
    return {"State": _read(ctx, "SnapshotsBlocked", "unblocked"), "ManagedBy": "account"}


@action("EnableSerialConsoleAccess", resource="*", fidelity="recorded")
def enable_serial_console_access(ctx: Context, req: Request) -> Answer:
    """Allow the serial console. There is none, as no guest runs."""
    _keep(ctx, SerialConsole=True)
    return {"SerialConsoleAccessEnabled": True}


@action("DisableSerialConsoleAccess", resource="*", fidelity="recorded")
def disable_serial_console_access(ctx: Context, req: Request) -> Answer:
    """Forbid the serial console."""
    _keep(ctx, SerialConsole=None)
    return {"SerialConsoleAccessEnabled": False}


@action("GetSerialConsoleAccessStatus", resource="*", fidelity="recorded")
def get_serial_console_access_status(ctx: Context, req: Request) -> Answer:
    """Whether the serial console is allowed."""
    return {"SerialConsoleAccessEnabled": _read(ctx, "SerialConsole", False), "ManagedBy": "account"}


def _family(req: Request) -> str:
    family = str(req["InstanceFamily"])
    if family not in FAMILIES:
        raise InvalidParameterValue(f"Value ({family}) for parameter InstanceFamily is invalid.")
    return family


@action("GetDefaultCreditSpecification", resource="*")
def get_default_credit_specification(ctx: Context, req: Request) -> Answer:
    """How new burstable instances of a family spend CPU credits."""
    family = _family(req)
    with ctx.read() as tx:
        credits = default_credits(tx, ctx, family)
    return {"InstanceFamilyCreditSpecification": {"InstanceFamily": family, "CpuCredits": credits}}


@action("ModifyDefaultCreditSpecification", resource="*")
def modify_default_credit_specification(ctx: Context, req: Request) -> Answer:
    """Change how new burstable instances of a family spend CPU credits."""
    family, credits = _family(req), req["CpuCredits"]
    if credits not in ("standard", "unlimited"):
        raise InvalidParameterValue(f"Value ({credits}) for parameter CpuCredits is invalid.")
    with ctx.write() as tx:
        known = settings.of_region(tx, ctx).get("Credits") or {}
        settings.keep(tx, ctx, Credits={**known, family: credits})
    return {"InstanceFamilyCreditSpecification": {"InstanceFamily": family, "CpuCredits": credits}}
