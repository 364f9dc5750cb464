"""The handler of all types that Fogbank does not have.

It keeps each resource in a table of its own, so that identifiers are unique, and so that the resource outlives its
stack where a DeletionPolicy says so. The principal needs the IAM action of AWS's handler, as far as its schema tells.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, ResourceType
from fogbank.core.context import Context
from fogbank.core.kinds import named
from fogbank.store.api import Reader, Transaction
from fogbank.wire import resource_schemas
from fogbank.wire.resource_schemas import ResourceSchema

from .records import RECORDED, RecordedResource
from .values import Maker, Model, identifier_of, ref_of


def recorded(type_name: str) -> ResourceType | None:
    """The recorded form of a type; None if AWS publishes no such type, or CloudFormation itself implements it."""
    schema = resource_schemas.find(type_name)
    return None if schema is None else ResourceType(type_name, Recorded(type_name, schema))


class Recorded:
    """Creates, reads, changes and deletes the records of one type."""

    checks_values = True  # no service checks the enumerations of the schema

    def __init__(self, type_name: str, schema: ResourceSchema) -> None:
        self._type = type_name
        self._schema = schema
        self._fixed = {path for path in (*schema.read_only, *schema.id) if "/" not in path}

    async def create(self, ctx: Context, name: Name, properties: Model) -> Resource:
        maker = Maker(ctx, name, self._type, self._schema, properties)
        model = maker.model()
        made = RecordedResource(
            account=ctx.account,
            region=ctx.region,
            type=self._type,
            id=ref_of(self._type, self._schema, model),
            identifier=identifier_of(self._schema, model),
            model=model,
            created=ctx.now(),
            maker=name.token,
        )
        self._allow(ctx, "create", maker.arn())

        def write(tx: Transaction) -> None:
            kept = tx.get(RECORDED, RECORDED.key(made))
            if kept is not None and kept.maker != name.token:
                raise ResourceFailed(
                    f"Resource handler returned message: \"Resource of type '{self._type}' with identifier "
                    f"'{made.identifier}' already exists.\" (HandlerErrorCode: AlreadyExists)"
                )
            tx.put(RECORDED, made)

        await ctx.transact(write)
        return self._shown(made)

    async def read(self, ctx: Context, physical_id: str) -> Model | None:
        kept = await ctx.fetch(self._find, ctx, physical_id)
        return None if kept is None else kept.model

    async def update(self, ctx: Context, physical_id: str, old: Model, new: Model) -> Resource:
        self._allow(ctx, "update", self._arn_of(await ctx.fetch(self._find, ctx, physical_id)))

        def write(tx: Transaction) -> RecordedResource:
            kept = self._find(tx, ctx, physical_id)
            if kept is None:
                raise ResourceFailed(
                    f"Resource handler returned message: \"Resource of type '{self._type}' with identifier "
                    f"'{physical_id}' was not found.\" (HandlerErrorCode: NotFound)"
                )
            made = {name: value for name, value in kept.model.items() if name in self._fixed or name not in old}
            kept.model = {**made, **new}
            tx.put(RECORDED, kept)
            return kept

        return self._shown(await ctx.transact(write))

    async def delete(self, ctx: Context, physical_id: str, properties: Model) -> None:
        kept = await ctx.fetch(self._find, ctx, physical_id)
        if kept is not None:
            self._allow(ctx, "delete", self._arn_of(kept))
            await ctx.transact(lambda tx: tx.delete(RECORDED, RECORDED.key(kept)))

    async def list(self, ctx: Context) -> list[str]:
        where = (ctx.account, ctx.region, self._type)
        return await ctx.fetch(lambda tx: [kept.id for kept in tx.scan(RECORDED, where)])

    def _find(self, tx: Reader, ctx: Context, physical_id: str) -> RecordedResource | None:
        where = (ctx.account, ctx.region, self._type, physical_id)
        return tx.get(RECORDED, where) or tx.first(RECORDED, "identifier", where)

    def _allow(self, ctx: Context, handler: str, arn: str) -> None:
        action = self._schema.actions.get(handler)
        if action:
            ctx.require(action, named(arn, ctx.account))

    def _arn_of(self, kept: RecordedResource | None) -> str:
        if kept is None:
            return "*"
        values = [value for value in kept.model.values() if isinstance(value, str) and value.startswith("arn:")]
        own = [kept.model.get(path) for path in self._schema.read_only if path.endswith(("Arn", "ARN"))]
        return next((value for value in values if value in own), "*")

    def _shown(self, kept: RecordedResource) -> Resource:
        attributes: dict[str, Any] = {}
        for path in (*self._schema.read_only, *self._schema.id):
            top = path.split("/")[0]
            if top in kept.model:
                attributes[top] = kept.model[top]
        return Resource(kept.id, attributes)
