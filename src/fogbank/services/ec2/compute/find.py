"""Instances and what they are made of, by their ids and names, and AWS's errors when they are not there.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from typing import Any

from ..kinds import ById
from .names import ByName, Either, Titled
from .public_images import images, snapshots
from .records import (
    CAPACITY_RESERVATIONS,
    CONNECT_ENDPOINTS,
    FLEETS,
    HOSTS,
    IMAGES,
    INSTANCES,
    KEY_PAIRS,
    LAUNCH_TEMPLATES,
    PLACEMENT_GROUPS,
    SNAPSHOTS,
    SPOT_FLEETS,
    SPOT_REQUESTS,
    VOLUMES,
    Image,
    Instance,
    KeyPair,
    LaunchTemplate,
    PlacementGroup,
    Snapshot,
    Volume,
)
from .sharing import Shared

INSTANCE: ById[Instance] = ById("instance", "i", INSTANCES, code="InvalidInstanceID", label="instance ID")
VOLUME: ById[Volume] = ById(
    "volume", "vol", VOLUMES, code="InvalidVolume", text="The volume '{id}' does not exist.",
    malformed="InvalidVolumeID.Malformed",
)  # fmt: skip
SNAPSHOT: Shared[Snapshot] = Shared(
    "snapshot", "snap", SNAPSHOTS, code="InvalidSnapshot", text="The snapshot '{id}' does not exist.",
    malformed="InvalidSnapshotID.Malformed", public=snapshots,
)  # fmt: skip
IMAGE: Shared[Image] = Shared(
    "image", "ami", IMAGES, code="InvalidAMIID", text="The image id '[{id}]' does not exist", public=images,
)  # fmt: skip
KEY_PAIR: Titled[KeyPair] = Titled(
    "key-pair", "key", KEY_PAIRS, code="InvalidKeyPair", text="The key pair '{id}' does not exist",
)  # fmt: skip
KEY_NAME: ByName[KeyPair] = ByName(KEY_PAIR, ("InvalidKeyPair.NotFound", "The key pair '{name}' does not exist"))
KEY: Either[KeyPair] = Either(KEY_PAIR, "KeyPairId", KEY_NAME, "KeyName")
TEMPLATE: ById[LaunchTemplate] = ById(
    "launch-template", "lt", LAUNCH_TEMPLATES, code="InvalidLaunchTemplateId",
    text="The specified launch template, with template ID {id}, does not exist.",
)  # fmt: skip
TEMPLATE_NAME: ByName[LaunchTemplate] = ByName(
    TEMPLATE,
    ("InvalidLaunchTemplateName.NotFoundException",
     "The specified launch template, with template name {name}, does not exist."),
)  # fmt: skip
LAUNCH_TEMPLATE: Either[LaunchTemplate] = Either(TEMPLATE, "LaunchTemplateId", TEMPLATE_NAME, "LaunchTemplateName")
PLACEMENT_GROUP: Titled[PlacementGroup] = Titled(
    "placement-group", "pg", PLACEMENT_GROUPS, code="InvalidPlacementGroup", whole="InvalidPlacementGroup.Unknown",
    text="The Placement Group '{id}' is unknown.",
)  # fmt: skip
PLACEMENT_NAME: ByName[PlacementGroup] = ByName(
    PLACEMENT_GROUP, ("InvalidPlacementGroup.Unknown", "The Placement Group '{name}' is unknown.")
)
SPOT_REQUEST: ById[Any] = ById(
    "spot-instances-request", "sir", SPOT_REQUESTS, code="InvalidSpotInstanceRequestID",
    text="The spot instance request ID '{id}' does not exist",
)  # fmt: skip
SPOT_FLEET: ById[Any] = ById("spot-fleet-request", "sfr", SPOT_FLEETS, code="InvalidSpotFleetRequestId")
FLEET: ById[Any] = ById("fleet", "fleet", FLEETS, code="InvalidFleetId", text="The fleet ID '{id}' does not exist.")
CAPACITY_RESERVATION: ById[Any] = ById(
    "capacity-reservation", "cr", CAPACITY_RESERVATIONS, code="InvalidCapacityReservationId",
    text="The capacity reservation '{id}' does not exist.",
)  # fmt: skip
HOST: ById[Any] = ById(
    "dedicated-host", "h", HOSTS, code="InvalidHostID", text="The specified host ID '{id}' does not exist.",
)  # fmt: skip
CONNECT_ENDPOINT: ById[Any] = ById(
    "instance-connect-endpoint", "eice", CONNECT_ENDPOINTS, code="InvalidInstanceConnectEndpointId",
    text="The instance connect endpoint '{id}' does not exist.",
)  # fmt: skip
