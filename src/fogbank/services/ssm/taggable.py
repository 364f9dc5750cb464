"""The resources that the operations on tags name, by type and id.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named

from .arns import NAMED
from .errors import InvalidResourceId, InvalidResourceType

_KINDS: dict[str, Kind[Any]] = {"Parameter": NAMED}


def kind_of(word: str) -> Kind[Any]:
    """The kind of a ResourceType. There are no managed nodes and no automations, so none of them has tags."""
    if word in ("ManagedInstance", "Automation"):
        raise InvalidResourceId
    if word not in _KINDS:
        raise InvalidResourceType
    return _KINDS[word]


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    return kind_of(req["ResourceType"]).name(ctx, req["ResourceId"])
