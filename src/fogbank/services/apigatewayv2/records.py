"""HTTP and WebSocket APIs and what belongs to them. Shapes are kept as the service model names their members."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table

HTTP, WEBSOCKET = "HTTP", "WEBSOCKET"


class Api(Record):
    """An API. `shape` is the Api structure without what is computed."""

    account: str
    region: str
    id: str
    created: float  # epoch seconds
    shape: dict[str, Any]
    tags: dict[str, str] = {}

    @property
    def protocol(self) -> str:
        return str(self.shape["ProtocolType"])


class Part(Record):
    """A route, integration, authorizer or model: its structure, with its id in it."""

    account: str
    region: str
    api: str
    id: str
    shape: dict[str, Any]


class Answer(Record):
    """A response of a route or of an integration: its structure. `parent` is the id of that route or integration."""

    account: str
    region: str
    api: str
    parent: str
    id: str
    shape: dict[str, Any]


class Deployment(Record):
    """The content of an API when it was deployed (see `snapshots.take`)."""

    account: str
    region: str
    api: str
    id: str
    created: float
    content: dict[str, Any]
    description: str = ""
    automatic: bool = False


class Stage(Record):
    """A stage: the Stage structure without its dates and tags."""

    account: str
    region: str
    api: str
    name: str
    created: float
    updated: float
    shape: dict[str, Any]
    tags: dict[str, str] = {}
    authorizers_reset: float = 0.0  # when ResetAuthorizersCache was last called


class VpcLink(Record):
    """A way into a VPC."""

    account: str
    region: str
    id: str
    created: float
    name: str
    subnets: list[str]
    groups: list[str]
    tags: dict[str, str] = {}


class RoutingRule(Record):
    """A routing rule of a custom domain name."""

    account: str
    region: str
    domain: str
    id: str
    priority: int
    conditions: list[dict[str, Any]]
    actions: list[dict[str, Any]]


class Connection(Record):
    """An open WebSocket. `node` is the process that holds it; times are epoch seconds on the cloud's clock."""

    account: str
    region: str
    api: str
    stage: str
    id: str
    node: str
    connected: float
    active: float
    source_ip: str
    user_agent: str


class Holder(Record):
    """A process that holds WebSockets, and until when it is known to live, in seconds of real time."""

    node: str
    until: float


class Outgoing(Record):
    """A message, or the end, for a WebSocket that another node holds."""

    node: str
    at: int  # the order of messages, in nanoseconds of real time
    id: str
    connection: str
    data: bytes
    close: bool = False


def _of_account(record: Any) -> tuple[str, str, str]:
    return record.account, record.region, record.id


def _of_api(record: Any) -> tuple[str, str, str, str]:
    return record.account, record.region, record.api, record.id


def _of_parent(record: Any) -> tuple[str, str, str, str, str]:
    return record.account, record.region, record.api, record.parent, record.id


APIS = Table("apigatewayv2/api", Api, key=_of_account, indexes={"id": lambda a: (a.id,)})
ROUTES = Table(
    "apigatewayv2/route",
    Part,
    key=_of_api,
    indexes={"key": lambda r: (r.account, r.region, r.api, r.shape["RouteKey"])},
)
INTEGRATIONS = Table("apigatewayv2/integration", Part, key=_of_api)
AUTHORIZERS = Table("apigatewayv2/authorizer", Part, key=_of_api)
MODELS = Table("apigatewayv2/model", Part, key=_of_api)
ROUTE_RESPONSES = Table("apigatewayv2/route-response", Answer, key=_of_parent)
INTEGRATION_RESPONSES = Table("apigatewayv2/integration-response", Answer, key=_of_parent)
DEPLOYMENTS = Table("apigatewayv2/deployment", Deployment, key=_of_api)
STAGES = Table("apigatewayv2/stage", Stage, key=lambda s: (s.account, s.region, s.api, s.name))
VPC_LINKS = Table("apigatewayv2/vpc-link", VpcLink, key=_of_account)
RULES = Table("apigatewayv2/routing-rule", RoutingRule, key=lambda r: (r.account, r.region, r.domain, r.id))
CONNECTIONS = Table("apigatewayv2/connection", Connection, key=lambda c: (c.id,))
HOLDERS = Table("apigatewayv2/holder", Holder, key=lambda h: (h.node,))
OUTGOING = Table("apigatewayv2/outgoing", Outgoing, key=lambda o: (o.node, o.at, o.id))

CHILDREN: tuple[Table[Any], ...] = (
    ROUTES, INTEGRATIONS, AUTHORIZERS, MODELS, ROUTE_RESPONSES, INTEGRATION_RESPONSES, DEPLOYMENTS, STAGES,
)  # fmt: skip
