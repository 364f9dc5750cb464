"""Query plans: the part of a Query's expressions that does not depend on their values, cached by their texts.

    plan = planned(req)                 # None: a plan does not cover this request, or the request has an error
    values = plan.admit(req)            # checks, for every request, what depends on the values

Only requests without errors outside their values get a plan. So `expressions.binding` alone reports such errors, in
AWS's order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from fogbank.core.errors import ValidationError

from ..expressions import compiled, keys
from ..expressions.binding import admit_values, check_names, check_value_names
from ..expressions.compiled import KEPT, Condition, Names, Projection, demand
from ..expressions.keys import KeyConditions
from ..values import Value

# a request with other parameters (the legacy ones) gets no plan
PLAIN = frozenset(
    (
        "TableName",
        "IndexName",
        "Select",
        "Limit",
        "ConsistentRead",
        "ScanIndexForward",
        "ExclusiveStartKey",
        "ReturnConsumedCapacity",
        "ProjectionExpression",
        "FilterExpression",
        "KeyConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
    )
)


class Plan(NamedTuple):
    """The checked expressions of a Query, and its key conditions as (attribute, operator, ":values")."""

    key: Condition
    reduced: tuple[tuple[str, str, tuple[str, ...]], ...]
    filter: Condition | None
    projection: Projection | None

    def admit(self, req: dict[str, Any]) -> dict[str, Value]:
        """Returns the request's values.

        Raises ValidationError for invalid values, and for values of types that an operator rejects.
        """
        given: dict[str, Value] = req["ExpressionAttributeValues"]
        admit_values(given)
        demand(self.key, given)
        if self.filter is not None:
            demand(self.filter, given)
        return given

    def conditions(self, given: dict[str, Value]) -> KeyConditions:
        return {attribute: (operator, [given[ref] for ref in refs]) for attribute, operator, refs in self.reduced}


def planned(req: dict[str, Any]) -> Plan | None:
    """Returns the plan of a Query; None when there is none."""
    text, given = req.get("KeyConditionExpression"), req.get("ExpressionAttributeValues")
    if text is None or not given or not req.keys() <= PLAIN:
        return None
    names = req.get("ExpressionAttributeNames")
    if names is not None and sum(map(len, names.values())) > compiled.MAX_KEPT_NAMES:
        return None
    return _plan(
        text,
        req.get("FilterExpression"),
        req.get("ProjectionExpression"),
        None if names is None else tuple(names.items()),
        tuple(given),
    )


@lru_cache(KEPT)
def _plan(
    text: str, filter_text: str | None, projection_text: str | None, names: Names | None, given: tuple[str, ...]
) -> Plan | None:
    known = names or ()
    try:
        if names is not None:
            check_names(dict(names))
        check_value_names(given)
        key = compiled.condition(keys.KIND, text, known)
        reduced = keys.reduced(text, known)
        test = None if filter_text is None else compiled.condition("FilterExpression", filter_text, known)
        projection = None if projection_text is None else compiled.projection(projection_text, known)
    except ValidationError:
        return None
    checked = [found for found in (key, test, projection) if found is not None]
    aliases = frozenset[str]().union(*(found.aliases for found in checked))
    refs = key.refs | test.refs if test is not None else key.refs
    if refs != frozenset(given) or aliases != {name for name, _ in known}:
        return None
    return Plan(key, reduced, test, projection)
