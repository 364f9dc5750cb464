"""AWS::SSM::Parameter.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import Name
from fogbank.core.cfn_calls import given
from fogbank.core.cfn_tables import Call, Named, Read, Tags, table, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .arns import arn_of
from .errors import ParameterNotFound
from .records import PARAMETERS, bare

_PUT = ("Type", "Value", "Description", "AllowedPattern", "Tier", "Policies", "DataType")


def _put(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Name": name, **given(properties, *_PUT)}


def _made(tx: Reader, ctx: Context, name: Name, parameter: str, properties: dict[str, Any]) -> bool:
    kept = tx.get(PARAMETERS, (ctx.account, ctx.region, bare(parameter)))
    return kept is not None and kept.version == 1 and name.made(kept.modified)


def _target(parameter: str) -> dict[str, Any]:
    return {"ResourceType": "Parameter", "ResourceId": parameter}


PARAMETER = table(
    "AWS::SSM::Parameter",  # Ref: the name
    Named(
        "ssm",
        name="Name",
        generate=lambda name, properties: f"CFN-{name.physical(limit=1000)}",
        create=Call("PutParameter", lambda name, p: {**_put(name, p), "Tags": tags.to_list(tags_of(p))}),
        update=Call("PutParameter", lambda name, p: {**_put(name, p), "Overwrite": True}),
        delete=Call("DeleteParameter", lambda name, p: {"Name": name}),
        gone=(ParameterNotFound.code,),
        made=_made,
        attributes=lambda ctx, name, p: {"Arn": arn_of(ctx, name), "Type": p["Type"], "Value": p["Value"]},
        tagging=Tags(
            untag=("RemoveTagsFromResource", lambda ctx, name, keys: {**_target(name), "TagKeys": keys}),
            tag=("AddTagsToResource", lambda ctx, name, new: {**_target(name), "Tags": tags.to_list(new)}),
        ),
        read=Read(
            "GetParameter",
            lambda name: {"Name": name},
            lambda name, answer: {"Name": name, **given(answer["Parameter"], "Type", "Value", "DataType")},
            ("DescribeParameters", "Parameters", "Name"),
        ),
    ),
)
