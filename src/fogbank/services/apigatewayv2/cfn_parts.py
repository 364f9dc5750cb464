"""The parts of an API as CloudFormation resources: Route, Integration, Authorizer, Model and the responses.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.cfn import Name, Resource
from fogbank.core.cfn_calls import create_once, text, truth
from fogbank.core.cfn_tables import table
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from . import parts
from .cfn import SERVICE, Properties, cleared, gone
from .operations.authorizers import MEMBERS as AUTHORIZER
from .records import AUTHORIZERS, INTEGRATION_RESPONSES, INTEGRATIONS, MODELS, ROUTE_RESPONSES, ROUTES


class Part:
    """The handler of what lies below an API. Ref and GetAtt WordId: the id.

    `parents` are the properties that say where it lies. A thing that an earlier try has made is recognised by its
    properties, all of which it has.
    """

    def __init__(
        self,
        word: str,
        held: Table[Any],
        members: tuple[str, ...],
        *,
        parents: tuple[str, ...] = ("ApiId",),
        convert: Callable[[Properties], Properties] = dict,
    ) -> None:
        self._word = word
        self._held = held
        self._members = members
        self._parents = parents
        self._convert = convert

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        place = self._place(properties)
        given = self._convert(properties)
        shape = {member: given[member] for member in self._members if given.get(member) is not None}

        def look(tx: Reader) -> str | None:
            for record in tx.scan(self._held, (ctx.account, ctx.region, *place.values())):
                same = all(record.shape.get(member) == value for member, value in shape.items() if value != "")
                if same and name.made(name.began, record.id):
                    return str(record.id)
            return None

        async def make() -> str:
            return str((await ctx.call(SERVICE, f"Create{self._word}", {**place, **shape}))[f"{self._word}Id"])

        made = await create_once(name, make, lambda: ctx.fetch(look))
        return Resource(made, {f"{self._word}Id": made})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        request = cleared(self._convert(old), self._convert(new), self._members)
        where = {**self._place(new), f"{self._word}Id": physical_id}
        await ctx.call(SERVICE, f"Update{self._word}", {**where, **request})
        return Resource(physical_id, {f"{self._word}Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await gone(ctx, f"Delete{self._word}", {**self._place(properties), f"{self._word}Id": physical_id})

    def _place(self, properties: Properties) -> Properties:
        return {name: properties[name] for name in self._parents}


def _integration(properties: Properties) -> Properties:
    """ResponseParameters are lists of Destination and Source in templates, and maps in the API."""
    found = dict(properties)
    given = found.get("ResponseParameters")
    if given:
        found["ResponseParameters"] = {
            status: {entry["Destination"]: entry["Source"] for entry in mapped.get("ResponseParameters") or ()}
            for status, mapped in given.items()
        }
    return found


def _model(properties: Properties) -> Properties:
    return {**properties, "Schema": text(properties["Schema"])} if properties.get("Schema") is not None else properties


def _route(properties: Properties) -> Properties:
    found = _texts("RequestModels")(properties)
    if found.get("RequestParameters"):
        found["RequestParameters"] = {
            name: {"Required": truth(given.get("Required"))} for name, given in found["RequestParameters"].items()
        }
    return found


def _texts(*names: str) -> Callable[[Properties], Properties]:
    """Convert the values of maps that are free JSON in templates to text."""

    def convert(properties: Properties) -> Properties:
        found = dict(properties)
        for name in names:
            if isinstance(found.get(name), dict):
                found[name] = {key: value if isinstance(value, dict) else text(value)
                               for key, value in found[name].items()}  # fmt: skip
        return found

    return convert


ROUTE = table(
    "AWS::ApiGatewayV2::Route",
    Part("Route", ROUTES, parts.ROUTE, convert=_route),
)
INTEGRATION = table(
    "AWS::ApiGatewayV2::Integration", Part("Integration", INTEGRATIONS, parts.INTEGRATION, convert=_integration)
)
AUTHORIZERS_TYPE = table("AWS::ApiGatewayV2::Authorizer", Part("Authorizer", AUTHORIZERS, AUTHORIZER))
MODEL = table(
    "AWS::ApiGatewayV2::Model", Part("Model", MODELS, ("ContentType", "Description", "Name", "Schema"), convert=_model)
)
ROUTE_RESPONSE = table(
    "AWS::ApiGatewayV2::RouteResponse",
    Part(
        "RouteResponse",
        ROUTE_RESPONSES,
        ("ModelSelectionExpression", "ResponseModels", "ResponseParameters", "RouteResponseKey"),
        parents=("ApiId", "RouteId"),
    ),
)
INTEGRATION_RESPONSE = table(
    "AWS::ApiGatewayV2::IntegrationResponse",
    Part(
        "IntegrationResponse",
        INTEGRATION_RESPONSES,
        ("ContentHandlingStrategy", "IntegrationResponseKey", "ResponseParameters", "ResponseTemplates",
         "TemplateSelectionExpression"),
        parents=("ApiId", "IntegrationId"),
        convert=_texts("ResponseParameters", "ResponseTemplates"),
    ),
)  # fmt: skip
