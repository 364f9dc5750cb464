"""What ElastiCache keeps: clusters and their nodes, replication groups, serverless caches, and what they refer to.

A node is one server (`keeping`). Secrets are kept as SHA-256, the form that the server's ACL file takes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.store.api import Record, Table


class Node(msgspec.Struct):
    """One server. `port` is the engine's, `door` the one that clients are given (0: the engine's), `bus` the cluster's.

    `folder` names what it keeps on disk and no other node ever kept; a new one is an empty server. `generation` is
    raised to have it started again, `started` is the one that answered last.
    """

    id: str
    zone: str
    created: float
    port: int
    folder: str
    door: int = 0
    bus: int = 0
    identity: str = ""  # of a Valkey cluster's node: 40 hexadecimal digits
    generation: int = 1
    started: int = 0

    @property
    def client_port(self) -> int:
        return self.door or self.port


class Settings(msgspec.Struct):
    """What clusters and replication groups have alike, and requests change alike."""

    maintenance_window: str = ""
    auto_minor: bool = True
    snapshot_limit: int = 0
    snapshot_window: str = ""
    topic: str = ""
    topic_status: str = ""
    security_groups: list[str] = []
    cache_security_groups: list[str] = []
    subnet_group: str = ""
    parameter_group: str = ""
    network_type: str = "ipv4"
    ip_discovery: str = "ipv4"
    log_deliveries: list[dict[str, Any]] = []


class Access(msgspec.Struct):
    """How clients come in: TLS, and who they are. `tokens`: one, or two while a token is rotated."""

    transit: bool = False
    mode: str = ""  # of TLS: preferred or required
    tokens: list[str] = []
    changed: float = 0.0
    user_groups: list[str] = []


class Cluster(Record):
    """A cluster: Memcached nodes, or one Valkey node, which may be a member of the replication group `group`.

    `source` is the blob that it begins with. `deleting` has begun when the status says so; its record goes last.
    """

    account: str
    region: str
    id: str
    engine: str
    version: str
    node_type: str
    status: str
    created: float
    nodes: list[Node]
    settings: Settings
    access: Access
    port: int = 0  # that of the request
    discovery: int = 0  # of Memcached's configuration endpoint
    az_mode: str = "single-az"
    at_rest: bool = False
    group: str = ""
    shard: str = ""
    host: str = "127.0.0.1"
    source: str = ""
    tags: dict[str, str] = {}


class Shard(msgspec.Struct):
    """`slots`: ranges of the cluster's hash slots, both ends included; empty where cluster mode is disabled.

    `target` is what they are to become while they move; a shard that is to go has `leaving`.
    """

    id: str
    members: list[str]
    primary: str
    slots: list[tuple[int, int]] = []
    target: list[tuple[int, int]] = []
    leaving: bool = False
    primary_port: int = 0
    reader_port: int = 0


class Group(Record):
    """A replication group."""

    account: str
    region: str
    id: str
    description: str
    engine: str
    version: str
    node_type: str
    status: str
    created: float
    shards: list[Shard]
    settings: Settings
    access: Access
    cluster_mode: bool = False
    port: int = 0
    configuration: int = 0  # port of the configuration endpoint, in cluster mode
    failover: bool = False
    multi_az: bool = False
    at_rest: bool = False
    kms_key: str = ""
    data_tiering: bool = False
    snapshotting: str = ""
    global_group: str = ""
    host: str = "127.0.0.1"
    doors: int = 1  # raised to have the doors of the endpoints opened anew
    moving: bool = False  # slots move
    tags: dict[str, str] = {}


class Serverless(Record):
    """A serverless cache: one server behind TLS, grown by nobody."""

    account: str
    region: str
    name: str
    engine: str
    version: str
    description: str
    status: str
    created: float
    node: Node
    reader: int = 0
    usage: dict[str, Any] = {}
    kms_key: str = ""
    security_groups: list[str] = []
    subnets: list[str] = []
    user_group: str = ""
    snapshot_limit: int = 0
    daily_time: str = ""
    network_type: str = "ipv4"
    host: str = "127.0.0.1"
    source: str = ""
    tags: dict[str, str] = {}


class ParameterGroup(Record):
    account: str
    region: str
    name: str
    family: str
    description: str
    values: dict[str, str] = {}
    tags: dict[str, str] = {}


class SubnetGroup(Record):
    account: str
    region: str
    name: str
    description: str
    subnets: list[str]
    tags: dict[str, str] = {}


class SecurityGroup(Record):
    account: str
    region: str
    name: str
    description: str
    ingress: list[tuple[str, str]] = []  # EC2 security group, its owner
    tags: dict[str, str] = {}


class User(Record):
    account: str
    region: str
    id: str
    name: str
    engine: str
    access: str
    kind: str  # password, no-password, iam
    passwords: list[str] = []
    status: str = "active"
    tags: dict[str, str] = {}


class UserGroup(Record):
    account: str
    region: str
    id: str
    engine: str
    users: list[str]
    status: str = "active"
    tags: dict[str, str] = {}


class Part(msgspec.Struct):
    """What one shard held: a blob with the RDB file."""

    blob: str
    size: int
    cluster: str
    shard: str
    slots: list[tuple[int, int]]
    created: float
    node_created: float


class Snapshot(Record):
    """A backup of a cluster or a replication group, with what is needed to make it again."""

    account: str
    region: str
    name: str
    status: str
    source: str  # manual or automated
    engine: str
    version: str
    node_type: str
    created: float
    settings: Settings
    parts: list[Part] = []
    cluster: str = ""
    group: str = ""
    description: str = ""
    port: int = 0
    cluster_mode: bool = False
    failover: bool = False
    origin_created: float = 0.0
    zone: str = ""
    kms_key: str = ""
    tags: dict[str, str] = {}


class ServerlessSnapshot(Record):
    account: str
    region: str
    name: str
    cache: str
    engine: str
    version: str
    kind: str
    status: str
    created: float
    blob: str = ""
    size: int = 0
    kms_key: str = ""
    expires: float = 0.0
    tags: dict[str, str] = {}


class Event(Record):
    account: str
    region: str
    at_ms: int
    id: str
    source: str
    kind: str
    message: str


class Reservation(Record):
    account: str
    region: str
    id: str
    offering: str
    count: int
    started: float
    tags: dict[str, str] = {}


class GlobalGroup(Record):
    """A global datastore: recorded, its members do not replicate."""

    account: str
    id: str
    description: str
    status: str
    members: list[tuple[str, str, str]]  # replication group, region, role
    tags: dict[str, str] = {}


CLUSTERS = Table("elasticache/cluster", Cluster, key=lambda r: (r.account, r.region, r.id),
                 indexes={"group": lambda r: (r.account, r.region, r.group, r.id) if r.group else None})  # fmt: skip
GROUPS = Table("elasticache/group", Group, key=lambda r: (r.account, r.region, r.id))
SERVERLESS = Table("elasticache/serverless", Serverless, key=lambda r: (r.account, r.region, r.name))
PARAMETER_GROUPS = Table("elasticache/parameters", ParameterGroup, key=lambda r: (r.account, r.region, r.name))
SUBNET_GROUPS = Table("elasticache/subnets", SubnetGroup, key=lambda r: (r.account, r.region, r.name))
SECURITY_GROUPS = Table("elasticache/security", SecurityGroup, key=lambda r: (r.account, r.region, r.name))
USERS = Table("elasticache/user", User, key=lambda r: (r.account, r.region, r.id))
USER_GROUPS = Table("elasticache/usergroup", UserGroup, key=lambda r: (r.account, r.region, r.id))
SNAPSHOTS = Table("elasticache/snapshot", Snapshot, key=lambda r: (r.account, r.region, r.name))
SERVERLESS_SNAPSHOTS = Table(
    "elasticache/serverlesssnapshot", ServerlessSnapshot, key=lambda r: (r.account, r.region, r.name)
)
EVENTS = Table("elasticache/event", Event, key=lambda r: (r.account, r.region, r.at_ms, r.id))
RESERVATIONS = Table("elasticache/reservation", Reservation, key=lambda r: (r.account, r.region, r.id))
GLOBAL_GROUPS = Table("elasticache/global", GlobalGroup, key=lambda r: (r.account, r.id))
