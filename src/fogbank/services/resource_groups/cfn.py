"""AWS::ResourceGroups::Group. Ref: the name; GetAtt: Arn.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-resourcegroups-group.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.cfn import Name
from fogbank.core.cfn_calls import given
from fogbank.core.cfn_tables import Call, Named, Tags, table, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import NotFoundException
from .records import GROUPS

Properties = dict[str, Any]


def _arn(ctx: Context, name: str) -> str:
    return ctx.arn("resource-groups", f"group/{name}")


def _query(properties: Properties) -> Properties:
    """The Query of a template is a structure; without one, the resources of the stack are meant, which is not built."""
    query = properties.get("ResourceQuery")
    if not query:
        return {}
    document = {"ResourceTypeFilters": ["AWS::AllSupported"], **query.get("Query", {})}
    return {"ResourceQuery": {"Type": query["Type"], "Query": json.dumps(document)}}


def _created(name: str, properties: Properties) -> Properties:
    more = {"Tags": tags_of(properties)} if tags_of(properties) else {}
    return {"Name": name, **given(properties, "Description", "Configuration"), **_query(properties), **more}


async def _settle(ctx: Context, name: str, old: Properties, new: Properties) -> None:
    """What UpdateGroup does not change: the query, the configuration and the members."""
    if old and _query(old) != _query(new):
        await ctx.call("resource-groups", "UpdateGroupQuery", {"Group": name, **_query(new)})
    if old and old.get("Configuration") != new.get("Configuration"):
        await ctx.call("resource-groups", "PutGroupConfiguration", {"Group": name, **given(new, "Configuration")})
    before, after = set(old.get("Resources") or ()), set(new.get("Resources") or ())
    for operation, arns in (("UngroupResources", before - after), ("GroupResources", after - before)):
        listed = sorted(arns)
        for at in range(0, len(listed), 10):
            await ctx.call("resource-groups", operation, {"Group": name, "ResourceArns": listed[at : at + 10]})


def _made(tx: Reader, ctx: Context, name: Name, group: str, properties: Properties) -> bool:
    kept = tx.get(GROUPS, (ctx.account, ctx.region, group))
    return kept is not None and name.made(kept.created)


GROUP = table(
    "AWS::ResourceGroups::Group",
    Named(
        "resource-groups",
        name="Name",
        create=Call("CreateGroup", _created),
        update=Call("UpdateGroup", lambda name, p: {"Group": name, **given(p, "Description")}),
        delete=Call("DeleteGroup", lambda name, p: {"Group": name}),
        gone=(NotFoundException.code,),
        made=_made,
        attributes=lambda ctx, name, p: {"Arn": _arn(ctx, name)},
        settle=_settle,
        tagging=Tags(
            untag=("Untag", lambda ctx, name, keys: {"Arn": _arn(ctx, name), "Keys": keys}),
            tag=("Tag", lambda ctx, name, tags: {"Arn": _arn(ctx, name), "Tags": tags}),
        ),
    ),
)
