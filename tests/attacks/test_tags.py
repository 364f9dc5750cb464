"""Whoever makes something with tags needs the permission to tag it: tags are what policies decide by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.core import services
from fogbank.core.operation import Access

from . import building as build
from .world import World

# the action that tagging on creation asks, from each operation's page of the API reference or the user guide
_ACTIONS = {
    "cloudwatch": "cloudwatch:TagResource",
    "dynamodb": "dynamodb:TagResource",
    "elasticache": "elasticache:AddTagsToResource",
    "kms": "kms:TagResource",
    "lambda": "lambda:TagResource",
    "logs": "logs:TagResource",
    "sns": "sns:TagResource",
    "sqs": "sqs:TagQueue",
    "ssm": "ssm:AddTagsToResource",
    "sts": "sts:TagSession",
    "iam": "iam:Tag",
}
_TAGS = ("Tags", "tags")


def _cases() -> Iterator[Any]:
    for service in _ACTIONS:
        loaded = services.load(service)
        assert loaded is not None
        for name in sorted(loaded.operations):
            shape = build.operation(service, name).input_shape
            member = next((tag for tag in _TAGS if shape is not None and tag in shape.members), None)
            if member is not None and not name.startswith(("Tag", "AddTags", "Untag")):
                yield pytest.param(service, name, member, id=f"{service}-{name}")


@pytest.mark.parametrize(("service", "name", "member"), list(_cases()))
def test_tags_on_creation_need_their_permission(world: World, service: str, name: str, member: str) -> None:
    loaded = services.load(service)
    assert loaded is not None
    operation = loaded.operations[name]
    shape = build.operation(service, name).input_shape
    assert shape is not None and operation.resource is not None
    request = {each: world.texts.get((service, each), [value])[0] for each, value in build.minimal(shape).items()}

    def asked() -> list[str]:
        assert operation.resource is not None
        needed = operation.resource(world.context(world.owner, operation), request)
        each = [needed] if isinstance(needed, str | Access) else list(needed)
        return [access.action for access in each if isinstance(access, Access)]

    assert not any(action.startswith(_ACTIONS[service]) for action in asked())
    request[member] = {"k": "v"} if shape.members[member].shape.type == "map" else [{"Key": "k", "Value": "v",
                                                                                    "TagKey": "k"}]  # fmt: skip
    assert sum(action.startswith(_ACTIONS[service]) for action in asked()) == 1
