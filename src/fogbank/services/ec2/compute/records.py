"""The records of instances and of what they are made of. Keys are (account, region, id), as in the network."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.network.records import Thing, at, key
from fogbank.store.api import Key, Record, Table


class KeyPair(Thing):
    """The public half of a key pair. The private one is given out once, and not kept."""

    name: str
    type: str
    fingerprint: str
    public: str


class Device(msgspec.Struct, omit_defaults=True):
    """What an image or a request says of one device. `ebs` are the members of an EbsBlockDevice."""

    name: str
    ebs: dict[str, Any] | None = None
    virtual: str = ""
    none: bool = False


class Image(Thing):
    """An Amazon Machine Image. `launch` lists who else may launch it: "all", accounts, and ARNs of organizations."""

    name: str
    architecture: str
    devices: list[Device]
    root_device: str
    state: str = "available"
    owner: str = ""  # of a public image, which no account of the cloud has
    alias: str = ""
    description: str = ""
    location: str = ""
    platform: str = ""
    platform_details: str = "Linux/UNIX"
    usage_operation: str = "RunInstances"
    root_type: str = "ebs"
    virtualization: str = "hvm"
    ena: bool = True
    sriov: str = "simple"
    boot_mode: str = ""
    imds: str = ""
    tpm: str = ""
    kernel: str = ""
    ramdisk: str = ""
    launch: list[str] = []
    deprecated: float = 0.0
    protection: str = "disabled"
    source_instance: str = ""
    source_image: str = ""
    source_region: str = ""
    parameter: str = ""  # the public SSM parameter that names it
    launched: float = 0.0
    reason: str = ""
    uefi: str = ""

    @property
    def owner_id(self) -> str:
        return self.owner or self.account

    @property
    def public(self) -> bool:
        return "all" in self.launch


class VolumeAttachment(msgspec.Struct, omit_defaults=True):
    instance: str
    device: str
    at: float
    delete_with: bool = False
    state: str = "attached"


class Volume(Thing):
    """An EBS volume."""

    zone: str
    zone_id: str
    size: int
    type: str
    state: str = "available"
    iops: int = 0
    throughput: int = 0
    encrypted: bool = False
    kms_key: str = ""
    snapshot: str = ""
    source: str = ""  # a volume that it is a copy of
    multi_attach: bool = False
    initialization_rate: int = 0
    attachments: list[VolumeAttachment] = []
    auto_io: bool = False


class Modification(Thing):
    """The last change of a volume, under the volume's id. `original` and `target` have the members of the answer."""

    original: dict[str, Any]
    target: dict[str, Any]
    optimized: float  # when it began to be optimized, and when it was complete
    ended: float


class Snapshot(Thing):
    """A snapshot of a volume. `restore` lists who else may make volumes of it: "all", and accounts."""

    volume: str
    size: int
    state: str = "completed"
    owner: str = ""
    alias: str = ""
    description: str = ""
    encrypted: bool = False
    kms_key: str = ""
    completed: float = 0.0
    restore: list[str] = []
    tier: str = "standard"
    locked: dict[str, Any] = {}
    fast: list[str] = []  # zones in which it restores fast
    restore_expiry: float = 0.0

    @property
    def owner_id(self) -> str:
        return self.owner or self.account


class Grant(Record):
    """That an account, or "all", may use another account's image or snapshot."""

    grantee: str
    region: str
    id: str
    account: str


class InstanceDevice(msgspec.Struct, omit_defaults=True):
    name: str
    volume: str
    at: float
    delete_with: bool = True
    state: str = "attached"


class Profile(msgspec.Struct, omit_defaults=True):
    """The association of an instance with an instance profile."""

    id: str  # iip-assoc-…
    arn: str
    profile_id: str
    at: float


class Instance(Thing):
    """An instance. `created` is its first launch, `launched` its last start."""

    image: str
    type: str
    state: str
    since: float  # when it took this state
    launched: float
    reservation: str
    architecture: str
    zone: str
    zone_id: str
    subnet: str = ""
    vpc: str = ""
    index: int = 0
    public_ip: bool = False  # whether it gets a public address when it starts
    devices: list[InstanceDevice] = []
    key_name: str = ""
    root_device: str = ""
    root_type: str = "ebs"
    virtualization: str = "hvm"
    platform: str = ""
    platform_details: str = "Linux/UNIX"
    usage_operation: str = "RunInstances"
    ena: bool = True
    sriov: str = ""
    reason: str = ""  # "User initiated (2026-11-29 04:45:30 GMT)"
    reason_code: str = ""
    reason_text: str = ""
    client_token: str = ""
    ebs_optimized: bool = False
    hibernation: bool = False
    monitoring: bool = False
    tenancy: str = "default"
    group: str = ""  # placement group
    partition: int = 0
    affinity: str = ""
    host: str = ""
    profile: Profile | None = None
    lifecycle: str = ""  # spot; empty: on demand
    spot_request: str = ""
    persistent: bool = False  # whether its spot request is
    capacity_reservation: str = ""
    capacity: dict[str, Any] = {}
    cores: int = 1
    threads: int = 1
    sev_snp: str = ""
    metadata: dict[str, Any] = {}
    enclave: bool = False
    boot_mode: str = ""
    current_boot_mode: str = ""
    tpm: str = ""
    dns: dict[str, Any] = {}
    maintenance: dict[str, str] = {}
    bandwidth: str = "default"
    credits: str = ""
    user_data: str = ""
    api_termination: bool = True
    api_stop: bool = True
    shutdown: str = "stop"
    kernel: str = ""
    ramdisk: str = ""
    licenses: list[str] = []


class LaunchTemplate(Thing):
    name: str
    creator: str
    default: int = 1
    latest: int = 1
    operator: str = ""


class TemplateVersion(Record):
    """One version of a launch template. `data` is a RequestLaunchTemplateData."""

    account: str
    region: str
    template: str
    number: int
    created: float
    creator: str
    data: dict[str, Any]
    description: str = ""


class PlacementGroup(Thing):
    name: str
    strategy: str
    partitions: int = 0
    spread: str = ""
    parent: str = ""


class Kept(Thing):
    """Something that is only kept and shown: a spot request, a reservation of capacity, a host. `shown` is as in
    answers."""

    word: str
    shown: dict[str, Any]


class Settings(Record):
    """What an account has set for a region: `values` has members of answers by the operation's subject."""

    account: str
    region: str
    values: dict[str, Any] = {}


def _attached(volume: Volume) -> list[Key]:
    return [at(volume, each.instance) for each in volume.attachments]


KEY_PAIRS = Table("ec2/key-pair", KeyPair, key=key, indexes={"name": lambda k: at(k, k.name)})
IMAGES = Table("ec2/image", Image, key=key, indexes={"name": lambda i: at(i, i.name)})
VOLUMES = Table("ec2/volume", Volume, key=key, indexes={"instance": _attached})
MODIFICATIONS = Table("ec2/volume-modification", Modification, key=key)
SNAPSHOTS = Table("ec2/snapshot", Snapshot, key=key)
GRANTS = Table(
    "ec2/grant", Grant, key=lambda g: (g.grantee, g.region, g.id), indexes={"id": lambda g: (g.region, g.id)}
)
INSTANCES = Table(
    "ec2/instance",
    Instance,
    key=key,
    indexes={
        "vpc": lambda i: at(i, i.vpc) if i.vpc else None,
        "group": lambda i: at(i, i.group) if i.group else None,
        "profile": lambda i: at(i, i.profile.id) if i.profile else None,
        "counted": lambda i: at(i) if i.state in ("pending", "running") else None,
    },
)
LAUNCH_TEMPLATES = Table("ec2/launch-template", LaunchTemplate, key=key, indexes={"name": lambda t: at(t, t.name)})
TEMPLATE_VERSIONS = Table(
    "ec2/launch-template-version", TemplateVersion, key=lambda v: (v.account, v.region, v.template, v.number)
)
PLACEMENT_GROUPS = Table("ec2/placement-group", PlacementGroup, key=key, indexes={"name": lambda g: at(g, g.name)})
SPOT_REQUESTS = Table("ec2/spot-request", Kept, key=key)
SPOT_FLEETS = Table("ec2/spot-fleet", Kept, key=key)
FLEETS = Table("ec2/fleet", Kept, key=key)
CAPACITY_RESERVATIONS = Table("ec2/capacity-reservation", Kept, key=key)
HOSTS = Table("ec2/host", Kept, key=key)
CONNECT_ENDPOINTS = Table("ec2/instance-connect-endpoint", Kept, key=key)
SETTINGS = Table("ec2/settings", Settings, key=lambda s: (s.account, s.region))
