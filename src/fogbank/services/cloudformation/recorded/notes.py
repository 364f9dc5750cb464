"""The reasons in the events of resources that are recorded, or that have properties that are."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.cfn import ResourceType

from ..engine.properties import set_paths
from ..records import StackResource
from .handler import Recorded


def of_resource(find: Callable[[str], ResourceType | None], record: StackResource) -> str:
    """The note on a resource; '' where all of it is real."""
    kind = find(record.type)
    if kind is None or isinstance(kind.handler, Recorded):
        return _note(record.type)
    kept = set_paths(record.properties, kind.recorded)
    return _note(f"{', '.join(kept)} of {record.type}") if kept else ""


def _note(what: str) -> str:
    return f"recorded: {what} is kept, nothing else happens"
