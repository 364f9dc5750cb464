"""The resources that the operations on tags name, by type and id.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named

from . import kinds
from .arns import NAMED
from .documents import DOCUMENT, Document
from .errors import InvalidResourceId, InvalidResourceType
from .records import Parameter
from .things import Thing

Taggable = Parameter | Document | Thing
_KINDS: dict[str, Kind[Any]] = {
    "Parameter": NAMED,
    "Document": DOCUMENT,
    "Association": kinds.ASSOCIATION,
    "MaintenanceWindow": kinds.WINDOW,
    "PatchBaseline": kinds.BASELINE,
    "OpsItem": kinds.OPS_ITEM,
    "OpsMetadata": kinds.OPS_METADATA,
}


def kind_of(word: str) -> Kind[Any]:
    """The kind of a ResourceType. There are no managed nodes and no automations, so none of them has tags."""
    if word in ("ManagedInstance", "Automation"):
        raise InvalidResourceId
    if word not in _KINDS:
        raise InvalidResourceType
    return _KINDS[word]


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    return kind_of(req["ResourceType"]).name(ctx, req["ResourceId"])
