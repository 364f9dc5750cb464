"""REST APIs and what belongs to them. Shapes are kept as the API reference writes them (camelCase members)."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Api(Record):
    """A REST API. `shape` is the RestApi structure without what is computed."""

    account: str
    region: str
    id: str
    created: float  # epoch seconds
    root: str  # id of the resource /
    shape: dict[str, Any]


class Resource(Record):
    """A path of an API with its methods: Method structures by HTTP method."""

    account: str
    region: str
    api: str
    id: str
    parent: str  # empty: the root
    part: str
    path: str
    methods: dict[str, dict[str, Any]] = {}


class Part(Record):
    """A model, validator, authorizer, gateway response or piece of documentation: its structure."""

    account: str
    region: str
    api: str
    id: str
    shape: dict[str, Any]


class Deployment(Record):
    """What an API was when it was deployed (the snapshot stands in a table of its own)."""

    account: str
    region: str
    api: str
    id: str
    created: float
    description: str = ""
    summary: dict[str, Any] = {}  # path -> method -> MethodSnapshot


class Snapshot(Record):
    """Everything of an API that a stage runs: see snapshot.take."""

    account: str
    region: str
    api: str
    id: str
    content: dict[str, Any]


class Stage(Record):
    """A stage: the Stage structure without its dates."""

    account: str
    region: str
    api: str
    name: str
    created: float
    updated: float
    shape: dict[str, Any]


class Item(Record):
    """An account's API key, usage plan, domain name, VPC link or client certificate."""

    account: str
    region: str
    id: str
    created: float
    updated: float
    shape: dict[str, Any]


class PlanKey(Record):
    """A key of a usage plan."""

    account: str
    region: str
    plan: str
    key: str


class Usage(Record):
    """How much of a plan's quota a key has used on a day (epoch day number)."""

    account: str
    region: str
    plan: str
    key: str
    day: int
    used: int
    remaining: int = 0


class Granted(Record):
    """A quota's balance that UpdateUsage set: it replaces the plan's until the period ends."""

    account: str
    region: str
    plan: str
    key: str
    period: int  # first day of the period
    remaining: int


def _of_api(record: Any) -> tuple[str, str, str, str]:
    return (record.account, record.region, record.api, record.id)


def _of_account(record: Any) -> tuple[str, str, str]:
    return (record.account, record.region, record.id)


APIS = Table("apigateway/api", Api, key=_of_account, indexes={"id": lambda a: (a.id,)})
RESOURCES = Table(
    "apigateway/resource", Resource, key=_of_api, indexes={"path": lambda r: (r.account, r.region, r.api, r.path)}
)
MODELS = Table("apigateway/model", Part, key=_of_api)
VALIDATORS = Table("apigateway/validator", Part, key=_of_api)
AUTHORIZERS = Table("apigateway/authorizer", Part, key=_of_api)
RESPONSES = Table("apigateway/gateway-response", Part, key=_of_api)
DOCUMENTATION = Table("apigateway/documentation-part", Part, key=_of_api)
DOCUMENTATION_VERSIONS = Table("apigateway/documentation-version", Part, key=_of_api)
DEPLOYMENTS = Table("apigateway/deployment", Deployment, key=_of_api)
SNAPSHOTS = Table("apigateway/snapshot", Snapshot, key=_of_api)
STAGES = Table("apigateway/stage", Stage, key=lambda s: (s.account, s.region, s.api, s.name))
KEYS = Table(
    "apigateway/key", Item, key=_of_account, indexes={"value": lambda k: (k.account, k.region, k.shape["value"])}
)
PLANS = Table("apigateway/usage-plan", Item, key=_of_account)
PLAN_KEYS = Table(
    "apigateway/usage-plan-key",
    PlanKey,
    key=lambda k: (k.account, k.region, k.plan, k.key),
    indexes={"key": lambda k: (k.account, k.region, k.key)},
)
USAGE = Table("apigateway/usage", Usage, key=lambda u: (u.account, u.region, u.plan, u.key, u.day))
GRANTS = Table("apigateway/grant", Granted, key=lambda g: (g.account, g.region, g.plan, g.key))
VPC_LINKS = Table("apigateway/vpc-link", Item, key=_of_account)
CERTIFICATES = Table("apigateway/client-certificate", Item, key=_of_account)

CHILDREN: tuple[Table[Any], ...] = (
    RESOURCES, MODELS, VALIDATORS, AUTHORIZERS, RESPONSES, DOCUMENTATION, DOCUMENTATION_VERSIONS, DEPLOYMENTS,
    SNAPSHOTS, STAGES,
)  # fmt: skip
