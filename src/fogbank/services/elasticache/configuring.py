"""Parses and validates the request members that clusters and replication groups share."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader

from . import acl, catalog, parameters
from .errors import InvalidParameterCombination, InvalidParameterValue
from .names import SNAPSHOT, SUBNETS
from .records import Access, Settings, Snapshot

Request = dict[str, Any]
PORTS = {catalog.MEMCACHED: 11211, catalog.REDIS: 6379, catalog.VALKEY: 6379}
_MAINTENANCE, _SNAPSHOTS = "sun:05:00-sun:06:00", "03:00-04:00"
_WINDOW = re.compile(r"(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d-(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d")
_HOURS = re.compile(r"\d\d:\d\d-\d\d:\d\d")
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
_TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")


def settings(tx: Reader, ctx: Context, req: Request, version: catalog.Version, *, cluster_mode: bool) -> Settings:
    """The settings of a new cluster or group. Raises errors for names that do not exist."""
    found = Settings(maintenance_window=_MAINTENANCE, snapshot_window=_SNAPSHOTS)
    found.parameter_group = parameters.default_group(version.family, cluster_mode=cluster_mode)
    found.subnet_group = "default"
    if req.get("CacheSubnetGroupName"):
        text = req["CacheSubnetGroupName"]
        found.subnet_group = SUBNETS.require(tx, ctx, text).name if text.lower() != "default" else "default"
    found.network_type = req.get("NetworkType") or "ipv4"
    change(tx, ctx, found, req, version)
    return found


def change(tx: Reader, ctx: Context, found: Settings, req: Request, version: catalog.Version) -> None:
    """Apply the members that Create and Modify share."""
    window, hours = req.get("PreferredMaintenanceWindow"), req.get("SnapshotWindow")
    if window and not _WINDOW.fullmatch(window.lower()):
        raise InvalidParameterValue(
            f"Invalid maintenance window format: {window}. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H "
            "Clock UTC). Example: Sun:23:45-Mon:00:15"
        )
    if hours and not _HOURS.fullmatch(hours):
        raise InvalidParameterValue(
            f"Invalid snapshot window format: {hours}. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC). "
            "Example: 04:00-05:00"
        )
    limit = req.get("SnapshotRetentionLimit")
    if limit is not None and not 0 <= limit <= 35:
        raise InvalidParameterValue("The snapshot retention limit must be between 0 and 35 days.")
    found.maintenance_window = window.lower() if window else found.maintenance_window
    found.snapshot_window = hours or found.snapshot_window
    found.snapshot_limit = found.snapshot_limit if limit is None else limit
    if req.get("AutoMinorVersionUpgrade") is not None:
        found.auto_minor = req["AutoMinorVersionUpgrade"]
    if req.get("NotificationTopicArn"):
        found.topic, found.topic_status = req["NotificationTopicArn"], "active"
    found.topic_status = req.get("NotificationTopicStatus") or found.topic_status
    found.security_groups = req.get("SecurityGroupIds") or found.security_groups
    found.cache_security_groups = req.get("CacheSecurityGroupNames") or found.cache_security_groups
    found.ip_discovery = req.get("IpDiscovery") or found.ip_discovery
    for delivery in req.get("LogDeliveryConfigurations") or ():
        kept = [other for other in found.log_deliveries if other.get("LogType") != delivery.get("LogType")]
        found.log_deliveries = kept + ([delivery] if delivery.get("Enabled", True) else [])
    if req.get("CacheParameterGroupName"):
        group = parameters.named(tx, ctx, req["CacheParameterGroupName"])
        if group.family != version.family:
            raise InvalidParameterCombination(
                f"Expected a parameter group of family {version.family} but found one of family {group.family}"
            )
        found.parameter_group = group.name


def access(ctx: Context, req: Request) -> Access:
    """How clients of a new cluster or group authenticate."""
    found = Access(transit=bool(req.get("TransitEncryptionEnabled")), user_groups=list(req.get("UserGroupIds") or ()))
    if found.transit:
        found.mode = req.get("TransitEncryptionMode") or "required"
    if req.get("AuthToken"):
        if found.user_groups:
            raise InvalidParameterCombination("Cannot specify both AuthToken and UserGroupIds.")
        if not found.transit:
            raise InvalidParameterCombination("Auth token can only be specified when encryption in transit is enabled.")
        found.tokens, found.changed = [acl.digest(token(req["AuthToken"]))], ctx.now()
    if found.user_groups and not found.transit:
        raise InvalidParameterCombination(
            "User group based access control requires encryption-in-transit to be enabled on the replication group"
        )
    return found


def token(text: str) -> str:
    """An AUTH token: "16-128 printable characters, nonalphanumeric ones restricted to !, &, #, $, ^, <, >, -"."""
    if not _TOKEN.fullmatch(text):
        raise InvalidParameterValue(
            "Invalid AuthToken provided. Must be at least 16 and no more than 128 printable characters; "
            "nonalphanumeric characters are restricted to (!, &, #, $, ^, <, >, -)."
        )
    return text


def change_token(ctx: Context, found: Access, req: Request) -> bool:
    """Set, rotate or delete the token in a Modify request. Returns whether anything changed.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html: ROTATE adds a token and keeps the previous one,
    SET keeps only the new one.
    """
    strategy = req.get("AuthTokenUpdateStrategy") or ("ROTATE" if req.get("AuthToken") else "")
    if strategy == "DELETE":
        found.tokens, found.changed = [], ctx.now()
        return True
    if not req.get("AuthToken"):
        return False
    if not found.transit:
        raise InvalidParameterCombination("Auth token can only be specified when encryption in transit is enabled.")
    new = acl.digest(token(req["AuthToken"]))
    found.tokens = [new] if strategy == "SET" else [*found.tokens[-1:], new]
    found.changed = ctx.now()
    return True


def zones(ctx: Context, req: Request, count: int) -> list[str]:
    """The zones of the nodes: from the request, or the zones of the region in turn."""
    wanted = list(req.get("PreferredAvailabilityZones") or req.get("PreferredCacheClusterAZs") or ())
    if not wanted and req.get("PreferredAvailabilityZone") not in (None, "", "Multiple"):
        wanted = [req["PreferredAvailabilityZone"]]
    named = wanted or [ctx.region + letter for letter in "abc"]
    for zone in named:
        if not zone.startswith(ctx.region):
            raise InvalidParameterValue(f"{zone} is not a valid availability zone.")
    single = req.get("AZMode") != "cross-az" and not wanted and req.get("CacheClusterId")
    return [named[0] if single else named[at % len(named)] for at in range(count)]


def restored(tx: Reader, ctx: Context, req: Request) -> Snapshot | None:
    """The snapshot that a Create restores. The resource function has checked the caller's permission for it."""
    if not req.get("SnapshotName"):
        return None
    found = SNAPSHOT.require(tx, ctx, req["SnapshotName"])
    if found.status != "available":
        raise InvalidParameterValue(f"Snapshot {found.name} is not available.")
    return found
