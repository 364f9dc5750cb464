"""Query definitions: the saved queries of Logs Insights.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from ..errors import LimitExceededException, ResourceNotFoundException
from ..records import QUERY_DEFINITIONS, QueryDefinition
from ..tokens import pages

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
MAX_DEFINITIONS = 1000
PAGE = 1000


@operation("logs", "PutQueryDefinition", resource="*")
def put_query_definition(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Save a query, or (with an id) replace a saved one."""
    where = (ctx.account, ctx.region)
    with ctx.write() as tx:
        ident = req.get("queryDefinitionId") or _new_id(ctx, req.get("clientToken"))
        if tx.get(QUERY_DEFINITIONS, (*where, ident)) is None:
            if req.get("queryDefinitionId"):
                raise _missing()
            if tx.count(QUERY_DEFINITIONS, where) >= MAX_DEFINITIONS:
                raise LimitExceededException
        definition = QueryDefinition(
            account=ctx.account,
            region=ctx.region,
            id=ident,
            name=req["name"],
            query=req["queryString"],
            language=req.get("queryLanguage", "CWLI"),
            groups=req.get("logGroupNames") or [],
            parameters=req.get("parameters") or [],
            modified_ms=int(ctx.now() * 1000),
        )
        tx.put(QUERY_DEFINITIONS, definition)
    return {"queryDefinitionId": ident}


def _new_id(ctx: Context, token: str | None) -> str:
    """A new id, derived from the clientToken if there is one, so that a retry saves the same definition."""
    if not token:
        return ctx.ids.uuid()
    digest = hashlib.sha256(f"{ctx.account}/{ctx.region}/{token}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


@operation("logs", "DescribeQueryDefinitions", resource="*")
def describe_query_definitions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the saved queries by name prefix and language."""
    prefix, language = req.get("queryDefinitionNamePrefix", ""), req.get("queryLanguage")
    with ctx.read() as tx:
        found = [
            definition
            for definition in tx.scan(QUERY_DEFINITIONS, (ctx.account, ctx.region))
            if definition.name.startswith(prefix) and language in (None, definition.language)
        ]
    found.sort(key=_place)
    listed = pages(ctx, f"{ctx.account}/{ctx.region}/definitions/{language}/{prefix}")
    shown, more = listed.by_key(found, req.get("nextToken"), req.get("maxResults", PAGE), _place)
    return {"queryDefinitions": [_shape(definition) for definition in shown], **more}


def _place(definition: QueryDefinition) -> tuple[str, str]:
    return definition.name, definition.id


@operation("logs", "DeleteQueryDefinition", resource="*")
def delete_query_definition(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a saved query."""
    with ctx.write() as tx:
        if not tx.delete(QUERY_DEFINITIONS, (ctx.account, ctx.region, req["queryDefinitionId"])):
            raise _missing()
    return {"success": True}


def _missing() -> ResourceNotFoundException:
    return ResourceNotFoundException("The specified query definition does not exist.")


def _shape(definition: QueryDefinition) -> dict[str, Any]:
    shown = {
        "queryLanguage": definition.language,
        "queryDefinitionId": definition.id,
        "name": definition.name,
        "queryString": definition.query,
        "lastModified": definition.modified_ms,
        "logGroupNames": definition.groups,
    }
    return {**shown, "parameters": definition.parameters} if definition.parameters else shown
