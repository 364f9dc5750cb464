"""The kinds of things that Systems Manager keeps, with their ARNs and AWS's errors for ids that are not there.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from fogbank.core.kinds import Kind

from . import errors
from .things import Thing, kind, table

ASSOCIATION = kind("association", lambda id: errors.AssociationDoesNotExist())
WINDOW = kind("maintenancewindow", lambda id: errors.DoesNotExistException(f"Maintenance window {id} does not exist"))
WINDOW_TARGET = kind("windowtarget", lambda id: errors.DoesNotExistException(f"Window target {id} does not exist"))
WINDOW_TASK = kind("windowtask", lambda id: errors.DoesNotExistException(f"Window task {id} does not exist"))
BASELINE = kind("patchbaseline", lambda id: errors.DoesNotExistException(
    f"Maintenance window baseline {id} does not exist"))  # fmt: skip
OPS_ITEM = kind("opsitem", lambda id: errors.OpsItemNotFoundException(f"OpsItem ID {id} not found"))
OPS_METADATA: Kind[Thing] = Kind(
    "opsmetadata",
    table("opsmetadata"),
    key=lambda ctx, text: (ctx.account, ctx.region, text),
    arn=lambda ctx, key, thing: ctx.arn("ssm", f"opsmetadata{key[2]}"),  # ids begin with a slash
    missing=lambda ctx, key: errors.OpsMetadataNotFoundException(),
)
ACTIVATION = kind("activation", lambda id: errors.InvalidActivationId())
DATA_SYNC = kind("resource-data-sync", lambda id: errors.ResourceDataSyncNotFoundException(
    f"The resource data sync {id} does not exist."))  # fmt: skip
