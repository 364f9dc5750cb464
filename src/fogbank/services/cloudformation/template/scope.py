"""The scope of a template's expressions: parameters, pseudo parameters, mappings, conditions, resources, exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fogbank.core import arns, regions

from .errors import TemplateError, template_error

MAX_MADE = 4_000_000  # characters that the functions in one value may produce; AWS's own limit is not documented
UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"  # DescribeChangeSet shows this for a value that does not exist yet
PSEUDO = (
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
)


def default_zones(region: str) -> list[str]:
    """The availability zones of a region in a new account."""
    return [zone.name for zone in regions.zones(region)]


def _no_resource(name: str, *_: str) -> Any:
    raise KeyError(name)


def _unknown_output(key: tuple[str, str, str, str]) -> Any:
    return UNKNOWN


def _no_export(name: str) -> str | None:
    return None


class Room:
    """The budget of an evaluation: the characters that it may still produce. A list or map item counts as one."""

    __slots__ = ("_left", "_refusal")

    def __init__(self, size: int = MAX_MADE, refusal: str = "") -> None:
        self._left = size
        self._refusal = refusal or f"Template error: the value would have more than {size} characters"

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise TemplateError(self._refusal)

    def take_all(self, value: Any) -> None:
        """Deduct all texts and items of a plain value. Raises TemplateError when the budget is used up."""
        todo = [value]
        while todo:
            item = todo.pop()
            if isinstance(item, str):
                self.take(len(item))
            elif isinstance(item, dict | list):
                self.take(len(item))
                todo.extend(item.values() if isinstance(item, dict) else item)


class Scope(msgspec.Struct, kw_only=True):
    """The environment of an evaluation.

    `ref(logical_id)` returns a resource's physical id and `attribute(logical_id, name)` an attribute; both raise
    KeyError if there is none. `export(name)` returns an exported value or None. `output(key)` returns an output of
    another stack; the key has its stack, name, region and role.
    """

    parameters: Mapping[str, Any] = {}  # text, or a list of texts for the list types
    pseudo: Mapping[str, Any] = {}
    mappings: Mapping[str, Any] = {}
    conditions: Mapping[str, bool] = {}
    resources: frozenset[str] = frozenset()  # the logical ids that will exist
    ref: Callable[[str], Any] = _no_resource
    attribute: Callable[[str, str], Any] = _no_resource
    export: Callable[[str], str | None] = _no_export
    output: Callable[[tuple[str, str, str, str]], Any] = _unknown_output
    zones: Callable[[str], list[str]] = default_zones
    room: Room = msgspec.field(default_factory=Room)  # the budget of the current evaluation

    def condition(self, name: Any) -> bool:
        """The value of a named condition."""
        if not isinstance(name, str):
            raise template_error("Fn::If requires a list argument with the first element being a condition")
        try:
            return self.conditions[name]
        except KeyError:
            raise template_error(f"Unresolved condition dependency {name} in the template")


def pseudo_parameters(
    account: str, region: str, stack_name: str, stack_id: str, notification_arns: list[str] | None = None
) -> dict[str, Any]:
    """The values of the pseudo parameters, except AWS::NoValue."""
    partition = arns.partition_of(region)
    return {
        "AWS::AccountId": account,
        "AWS::NotificationARNs": list(notification_arns or ()),
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
    }
