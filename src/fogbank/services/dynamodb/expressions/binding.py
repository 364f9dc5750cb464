"""A request's expressions together with its names and values: the interface that operations use.

    bound = Binding(req, expressions=("UpdateExpression", "ConditionExpression"), legacy=("AttributeUpdates", …))
    condition = bound.condition("ConditionExpression")
    bound.finish()          # raises unless every given name and value is used

The checks and error texts follow AWS as far as its answers are known: from the records of dynalite and of the public
DynamoDB conformance suite.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fogbank.core.errors import ValidationError

from ..values import Item, Value, admit
from . import compiled, keys, updates
from .compiled import Condition, Names, Projection

_NAME = re.compile(r"#[0-9a-zA-Z_]+\Z", re.ASCII)
_VALUE = re.compile(r":[0-9a-zA-Z_]+\Z", re.ASCII)
Test = Callable[[Item], bool]


class Binding:
    """The expressions of one request (or of one item of a transaction)."""

    __slots__ = ("_aliases", "_kept", "_refs", "_req", "names", "values")

    def __init__(self, req: Mapping[str, Any], *, expressions: Sequence[str], legacy: Sequence[str] = ()) -> None:
        self._req = req
        self._aliases: set[str] = set()
        self._refs: set[str] = set()
        names, given = req.get("ExpressionAttributeNames"), req.get("ExpressionAttributeValues")
        if names is not None or given is not None or any(name in req for name in legacy):
            self._check_mixture(expressions, legacy)
        self.names: Names = tuple(names.items()) if names is not None else ()
        self.values: dict[str, Value] = given or {}
        self._kept = True  # whether to cache the parsed expressions: not those with megabytes of names
        if names is not None:
            check_names(names)
            self._kept = sum(map(len, names.values())) <= compiled.MAX_KEPT_NAMES
        if given is not None:
            check_value_names(given)
            admit_values(given)

    def _check_mixture(self, expressions: Sequence[str], legacy: Sequence[str]) -> None:
        req = self._req
        used = [name for name in expressions if req.get(name) is not None]
        old = [name for name in legacy if req.get(name) is not None]
        if used and old:
            raise ValidationError(
                "Can not use both expression and non-expression parameters in the same request: "
                f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(used)}}}"
            )
        if req.get("ExpressionAttributeNames") is not None and not used:
            raise ValidationError("ExpressionAttributeNames can only be specified when using expressions")
        valued = [name for name in expressions if name != "ProjectionExpression"]
        if req.get("ExpressionAttributeValues") is not None and not any(req.get(name) is not None for name in valued):
            verb = "are" if len(valued) > 1 else "is"
            tail = f": {' and '.join(valued)} {verb} null" if valued else ""
            raise ValidationError(f"ExpressionAttributeValues can only be specified when using expressions{tail}")

    def condition(self, kind: str) -> Condition | None:
        """Returns the checked condition of parameter `kind`, or None when the request lacks it."""
        text = self._req.get(kind)
        if text is None:
            return None
        find = compiled.condition if self._kept else compiled.condition.__wrapped__
        found = find(kind, text, self.names)
        compiled.demand(found, self.values)
        self._aliases |= found.aliases
        self._refs |= found.refs
        return found

    def test(self, condition: Condition) -> Test:
        """Returns a checked condition as a function of the item."""
        root, given = condition.root, self.values
        return lambda item: bool(root.test(item, given))

    def projection(self) -> Projection | None:
        text = self._req.get("ProjectionExpression")
        if text is None:
            return None
        find = compiled.projection if self._kept else compiled.projection.__wrapped__
        found = find(text, self.names)
        self._aliases |= found.aliases
        return found

    def update(self) -> updates.Update | None:
        text = self._req.get("UpdateExpression")
        if text is None:
            return None
        find = updates.update if self._kept else updates.update.__wrapped__
        found = find(text, self.names)
        updates.demand(found, self.values)
        self._aliases |= found.aliases
        self._refs |= found.refs
        return found

    def key_condition(self) -> keys.KeyConditions | None:
        text = self._req.get(keys.KIND)
        if text is None:
            return None
        found, checked = keys.key_condition(text, self.names, self.values, kept=self._kept)
        self._aliases |= checked.aliases
        self._refs |= checked.refs
        return found

    def finish(self) -> None:
        """Raises ValidationError unless the expressions use every given name and value."""
        if len(self.names) > len(self._aliases):
            unused = ", ".join(name for name, _ in self.names if name not in self._aliases)
            raise ValidationError(
                f"Value provided in ExpressionAttributeNames unused in expressions: keys: {{{unused}}}"
            )
        if len(self.values) > len(self._refs):
            unused = ", ".join(name for name in self.values if name not in self._refs)
            raise ValidationError(
                f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{unused}}}"
            )


def check_names(names: Mapping[str, str]) -> None:
    """Raises ValidationError for an empty mapping, and for names not of the form "#n"."""
    if not names:
        raise ValidationError("ExpressionAttributeNames must not be empty")
    for name in names:
        if not _NAME.match(name):
            raise ValidationError(f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{name}"')


def check_value_names(given: Iterable[str]) -> None:
    """Raises ValidationError for an empty mapping, and for names not of the form ":v"."""
    if not given:
        raise ValidationError("ExpressionAttributeValues must not be empty")
    for name in given:
        if not _VALUE.match(name):
            raise ValidationError(f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{name}"')


def admit_values(given: Mapping[str, Value]) -> None:
    """Validates each value, and converts its numbers to canonical form in place."""
    for name, value in given.items():
        try:
            admit(value)
        except ValidationError as problem:
            raise ValidationError(
                f"ExpressionAttributeValues contains invalid value: {problem.message} for key {name}"
            ) from None
