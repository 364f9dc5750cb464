"""The stored form of ElastiCache's resources: clusters and nodes, replication groups, serverless caches, and more.

A node is one server (`keeping`). Secrets are stored as SHA-256, the form that the server's ACL file uses.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.store.api import Record, Table


class Node(msgspec.Struct):
    """One server. `port` is the engine's; `door` is the clients' (0: the engine's); `bus` is that of the cluster bus.

    `folder` names the node's data folder, which no other node ever used; a new folder means an empty server. Raising
    `generation` restarts the node; `started` is the generation that last answered.
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
    """The settings that clusters and replication groups share."""

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
    """How clients get access: TLS, and who they are. `tokens` has one, or two while a token is rotated."""

    transit: bool = False
    mode: str = ""  # of TLS: preferred or required
    tokens: list[str] = []
    changed: float = 0.0
    user_groups: list[str] = []


class Cluster(Record):
    """A cluster: Memcached nodes, or one Valkey node, which may be a member of the replication group `group`.

    `source` is the blob with its initial data. While `status` is `deleting` the record still exists; it is deleted
    last.
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
    port: int = 0  # as requested
    discovery: int = 0  # of Memcached's configuration endpoint
    az_mode: str = "single-az"
    at_rest: bool = False
    group: str = ""
    shard: str = ""
    host: str = "127.0.0.1"
    source: str = ""
    tags: dict[str, str] = {}


class Shard(msgspec.Struct):
    """A shard. `slots`: ranges of hash slots, both ends included; empty without cluster mode.

    `target` is the wanted slots while slots move. `leaving` marks a shard to be removed.
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
    doors: int = 1  # raised to reopen the doors of the endpoints
    moving: bool = False  # slots move
    tags: dict[str, str] = {}


class Serverless(Record):
    """A serverless cache: one server behind TLS, which does not scale."""

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
    """The data of one shard: a blob with the RDB file."""

    blob: str
    size: int
    cluster: str
    shard: str
    slots: list[tuple[int, int]]
    created: float
    node_created: float


class Snapshot(Record):
    """A backup of a cluster or a replication group, with the settings needed to create it again."""

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
    """A global datastore. Only recorded: its members do not replicate."""

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
