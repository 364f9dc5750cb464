"""Looks up what a request names. Raises AWS's errors for what does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fogbank.core.context import Context
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .arns import Target, arn_of, function_arn, number_of
from .errors import InvalidParameterValue, PreconditionFailed, ResourceConflict, ResourceNotFound
from .records import ALIASES, FUNCTIONS, VERSIONS, Alias, Function, Version

T = TypeVar("T")
MARKER = "Marker"


def not_found(ctx: Context, which: Target) -> ResourceNotFound:
    return ResourceNotFound(f"Function not found: {arn_of(ctx, which)}")


def function(tx: Reader, ctx: Context, which: Target) -> Function:
    found = tx.get(FUNCTIONS, which.key)
    if found is None:
        raise not_found(ctx, which)
    return found


def latest(tx: Reader, ctx: Context, which: Target) -> Version:
    found = tx.get(VERSIONS, (*which.key, 0))
    if found is None:
        raise not_found(ctx, which)
    return found


def version(tx: Reader, ctx: Context, which: Target, *, chance: float | None = None) -> Version:
    """Returns the version to which a qualifier resolves.

    With `chance` (0 ≤ x < 1), draws among the weights of an alias.
    """
    number = number_of(which.qualifier)
    if number is None:
        alias = tx.get(ALIASES, (*which.key, which.qualifier))
        if alias is None:
            raise not_found(ctx, which)
        number = number_of(_draw(alias, chance))
    found = tx.get(VERSIONS, (*which.key, number or 0))
    if found is None:
        raise not_found(ctx, which)
    return found


def _draw(alias: Alias, chance: float | None) -> str:
    if chance is not None:
        for other, weight in sorted(alias.weights.items()):
            if chance < weight:
                return other
            chance -= weight
    return alias.version


def exists(tx: Reader, ctx: Context, which: Target) -> None:
    """Raises ResourceNotFound unless the qualifier (or, without one, the function) exists."""
    if which.qualifier:
        version(tx, ctx, which)
    else:
        function(tx, ctx, which)


def check_revision(have: str, asked: str | None) -> None:
    if asked and asked != have:
        raise PreconditionFailed


def check_settled(ctx: Context, current: Version) -> None:
    """Raises ResourceConflict while an earlier change is in progress."""
    if current.state == "Pending":
        raise ResourceConflict(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        )
    if current.updating:
        arn = function_arn(ctx, current.account, current.name)
        raise ResourceConflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {arn}"
        )


def published(tx: Reader, which: Target) -> list[Version]:
    """Returns $LATEST and the published versions, in order."""
    return list(tx.scan(VERSIONS, which.key))


def page(
    ctx: Context, items: list[T], req: dict[str, Any], key: Callable[[T], Any], most: int = 50
) -> tuple[list[T], dict[str, str]]:
    """Returns the next MaxItems items (in key order) after the request's Marker, and NextMarker when more follow."""
    scope = f"{ctx.account}/{ctx.region}/lambda/{ctx.operation}"
    pages = Pages(ctx, lambda: InvalidParameterValue("Invalid pagination token"), scope, member="NextMarker")
    return pages.by_key(items, req.get(MARKER), min(req.get("MaxItems") or most, most), key)
