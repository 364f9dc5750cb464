"""The records that Lambda stores: functions and their versions, aliases, policies, layers, URLs, mappings."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.store.api import Record, Table

LATEST = "$LATEST"


def document(statements: list[dict[str, Any]]) -> str:
    """Formats a resource policy as the JSON that GetPolicy returns."""
    return msgspec.json.encode({"Version": "2012-10-17", "Id": "default", "Statement": statements}).decode()


class LayerUse(msgspec.Struct, frozen=True):
    """A layer version in use by a function."""

    arn: str
    size: int
    blob: str


class Function(Record):
    """The data that all versions of a function share."""

    account: str
    region: str
    name: str
    tags: dict[str, str] = {}
    next_version: int = 1
    reserved: int | None = None
    recursion: str = "Terminate"
    runtime_updates: str = "Auto"
    runtime_version_arn: str = ""


class Version(Record):
    """One configuration: number 0 is $LATEST, published versions are 1 and up."""

    account: str
    region: str
    name: str
    number: int
    role: str
    runtime: str = ""
    handler: str = ""
    description: str = ""
    timeout: int = 3
    memory: int = 128
    environment: dict[str, str] | None = None
    kms_key: str = ""
    layers: list[LayerUse] = []
    package: str = "Zip"
    blob: str = ""
    code_sha256: str = ""
    code_size: int = 0
    image: str = ""
    extras: dict[str, Any] = {}  # structures that are returned as sent: VpcConfig, DeadLetterConfig, …
    architectures: list[str] = msgspec.field(default_factory=lambda: ["x86_64"])
    ephemeral: int = 512
    tracing: str = "PassThrough"
    logging: dict[str, str] = {}
    snap_start: str = "None"
    revision: str = ""
    modified: float = 0.0
    state: str = "Pending"
    updating: bool = False  # LastUpdateStatus InProgress

    @property
    def version(self) -> str:
        return str(self.number) if self.number else LATEST


class Alias(Record):
    account: str
    region: str
    name: str
    alias: str
    version: str
    description: str = ""
    weights: dict[str, float] = {}
    revision: str = ""


class Policy(Record):
    """The resource policy of one qualifier ("" is the function itself)."""

    account: str
    region: str
    name: str
    qualifier: str
    statements: list[dict[str, Any]] = []
    revision: str = ""


class EventInvoke(Record):
    """How often asynchronous events of a qualifier are retried, and where their records are sent."""

    account: str
    region: str
    name: str
    qualifier: str
    retries: int | None = None
    age: int | None = None
    on_success: str = ""
    on_failure: str = ""
    modified: float = 0.0


class Concurrency(Record):
    """The reserved concurrency of an account in a region, the sum over its functions."""

    account: str
    region: str
    reserved: int = 0


class Provisioned(Record):
    account: str
    region: str
    name: str
    qualifier: str
    requested: int
    modified: float = 0.0


class Url(Record):
    """A function URL. `id` is the first label of its host name, unique in the cloud."""

    account: str
    region: str
    name: str
    qualifier: str
    id: str
    auth: str
    cors: dict[str, Any] | None = None
    mode: str = "BUFFERED"
    created: float = 0.0
    modified: float = 0.0


class Layer(Record):
    """One version of a layer."""

    account: str
    region: str
    name: str
    number: int
    blob: str
    sha256: str
    size: int
    description: str = ""
    license: str = ""
    runtimes: list[str] = []
    architectures: list[str] = []
    created: float = 0.0
    statements: list[dict[str, Any]] = []
    policy_revision: str = ""


class LayerCounter(Record):
    """The next version number of a layer; numbers are never reused."""

    account: str
    region: str
    name: str
    next: int = 1


class Mapping(Record):
    """An event source mapping."""

    account: str
    region: str
    id: str
    source: str
    function: str  # name
    qualifier: str
    enabled: bool = True
    state: str = "Creating"
    batch: int = 10
    window: int = 0
    extras: dict[str, Any] = {}  # members that are returned as sent
    tags: dict[str, str] = {}
    modified: float = 0.0
    result: str = "No records processed"
    generation: int = 0  # generation of the poller; pollers of older generations stop


FUNCTIONS = Table("lambda/function", Function, key=lambda f: (f.account, f.region, f.name))
VERSIONS = Table("lambda/version", Version, key=lambda v: (v.account, v.region, v.name, v.number))
ALIASES = Table("lambda/alias", Alias, key=lambda a: (a.account, a.region, a.name, a.alias))
POLICIES = Table("lambda/policy", Policy, key=lambda p: (p.account, p.region, p.name, p.qualifier))
EVENT_INVOKES = Table("lambda/event-invoke", EventInvoke, key=lambda e: (e.account, e.region, e.name, e.qualifier))
CONCURRENCY = Table("lambda/concurrency", Concurrency, key=lambda c: (c.account, c.region))
PROVISIONED = Table("lambda/provisioned", Provisioned, key=lambda p: (p.account, p.region, p.name, p.qualifier))
URLS = Table(
    "lambda/url", Url, key=lambda u: (u.account, u.region, u.name, u.qualifier), indexes={"id": lambda u: (u.id,)}
)
LAYERS = Table("lambda/layer", Layer, key=lambda v: (v.account, v.region, v.name, v.number))
LAYER_COUNTERS = Table("lambda/layer-counter", LayerCounter, key=lambda c: (c.account, c.region, c.name))
MAPPINGS = Table("lambda/mapping", Mapping, key=lambda m: (m.account, m.region, m.id))
