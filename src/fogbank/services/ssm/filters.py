"""Parameter filters of DescribeParameters and GetParametersByPath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import rules
from .errors import InvalidFilterKey, InvalidFilterOption
from .records import Parameter

_OPTIONS = {"Name": {"Equals", "BeginsWith", "Contains"}, "Path": {"OneLevel", "Recursive"}}


def check(item: dict[str, Any]) -> dict[str, Any]:
    key = item["Key"]
    if not (key in ("Name", "Path", "Type", "KeyId", "Label", "Tier", "DataType") or key.startswith("tag:")):
        raise InvalidFilterKey("The specified key isn't valid.")
    option = item.get("Option") or ("OneLevel" if key == "Path" else "Equals")
    if option not in _OPTIONS.get(key, {"Equals", "BeginsWith"}):
        raise InvalidFilterOption(f"The following filter option is not valid: {option}. Valid options include: "
                                  f"{sorted(_OPTIONS.get(key, {'Equals', 'BeginsWith'}))}")  # fmt: skip
    return {"Key": key, "Option": option, "Values": item.get("Values", [])}


def passes(parameter: Parameter, item: dict[str, Any]) -> bool:
    key, option, values = item["Key"], item["Option"], item["Values"]
    if key == "Path":
        return any(rules.under(path, parameter.name, option == "Recursive") for path in values)
    if key.startswith("tag:"):
        return key[4:] in parameter.tags and (not values or parameter.tags[key[4:]] in values)
    have = {
        "Name": [parameter.name, parameter.name.removeprefix("/")],
        "Type": [parameter.type],
        "KeyId": [parameter.key_id],
        "Label": parameter.labels,
        "Tier": [parameter.tier],
        "DataType": [parameter.data_type],
    }[key]
    tests: dict[str, Callable[[str, str], bool]] = {
        "Equals": lambda mine, value: mine == value,
        "BeginsWith": lambda mine, value: mine.startswith(value),
        "Contains": lambda mine, value: value in mine,
    }
    return any(tests[option](mine, value) for mine in have for value in values)
