"""All kinds of things that have tags, by the prefix of their ids."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

from fogbank.network import ids

from . import find
from .compute import find as compute_find
from .errors import NetworkError
from .kinds import ById

MODULES: tuple[ModuleType, ...] = (find, compute_find)


@cache
def kinds() -> dict[str, ById[Any]]:
    found = (value for module in MODULES for value in vars(module).values() if isinstance(value, ById))
    return {kind.prefix: kind for kind in found}


def kind_of(id: str) -> ById[Any]:
    """The kind of an id. InvalidID is AWS's error for what is none."""
    prefix = id.rpartition("-")[0]
    kind = kinds().get(prefix)
    if kind is None or not ids.valid(prefix, id):
        raise NetworkError("InvalidID", f"The ID '{id}' is not valid")
    return kind
