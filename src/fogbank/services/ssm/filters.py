"""Parameter filters of DescribeParameters and GetParametersByPath.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html

The texts are those that users of AWS have recorded (moto's tests, which hold against AWS).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fogbank.core.errors import ValidationError

from . import rules
from .errors import InvalidFilterKey, InvalidFilterOption, InvalidFilterValue
from .records import Parameter

Filter = dict[str, Any]
DESCRIBED = ("Path", "Name", "Type", "KeyId", "Tier", "DataType")
BY_PATH = ("Type", "KeyId", "Label")
_TYPES = ("String", "StringList", "SecureString")
_TIERS = ("Standard", "Advanced", "Intelligent-Tiering")


def read(given: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[Filter]:
    """Check the filters of a request; `keys` are those that the operation takes. Fills in the option."""
    found = [_check(item, keys) for item in given]
    names = [item["Key"] for item in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidFilterKey(
            f"The following filter is duplicated in the request: {twice}. A request can contain only one occurrence of "
            "a specific filter."
        )
    return found


def _check(item: dict[str, Any], keys: Sequence[str]) -> Filter:
    key, values = item["Key"], item.get("Values") or []
    tag = key.startswith("tag:") and keys is DESCRIBED
    if not tag and key not in keys:
        shown = [name for name in keys if name not in ("DataType", "Label")]
        raise InvalidFilterKey(
            f"The following filter key is not valid: {key}. Valid filter keys include: [{', '.join(shown)}]."
        )
    if not tag and not values:
        raise InvalidFilterValue(f"The following filter values are missing : null for filter key {key}.")
    if key == "Path":
        return _path(item, values)
    allowed = {"Type": _TYPES, "Tier": _TIERS}.get(key)
    wrong = next((value for value in values if allowed and value not in allowed), None)
    if allowed and wrong is not None:
        raise InvalidFilterOption(
            f"The following filter value is not valid: {wrong}. Valid values include: [{', '.join(allowed)}]."
        )
    option = item.get("Option") or "Equals"
    options = ("BeginsWith", "Contains", "Equals") if key == "Name" else ("BeginsWith", "Equals")
    if option not in options:
        raise InvalidFilterOption(
            f"The following filter option is not valid: {option}. Valid options include: [BeginsWith, Equals]."
        )
    return {"Key": key, "Option": option, "Values": values}


def _path(item: dict[str, Any], values: list[str]) -> Filter:
    option = item.get("Option") or "OneLevel"
    if option not in ("OneLevel", "Recursive"):
        raise InvalidFilterOption(
            f"The following filter option is not valid: {option}. Valid options include: [Recursive, OneLevel]."
        )
    for path in values:
        if path.lower().startswith(("/aws", "/ssm", "aws", "ssm")):
            raise ValidationError('Filters for common parameters can\'t be prefixed with "aws" or "ssm" '
                                  "(case-insensitive).")  # fmt: skip
        rules.check_path(path)
    return {"Key": "Path", "Option": option, "Values": values}


def old(given: Sequence[dict[str, Any]]) -> list[Filter]:
    """The older member Filters of DescribeParameters. Name means the beginning of it."""
    return [
        {"Key": item["Key"], "Option": "BeginsWith" if item["Key"] == "Name" else "Equals", "Values": item["Values"]}
        for item in given
    ]


def passes(parameter: Parameter, item: Filter) -> bool:
    key, option, values = item["Key"], item["Option"], item["Values"]
    if key == "Path":
        return any(rules.under(path, parameter.name, option == "Recursive") for path in values)
    if key.startswith("tag:"):
        held = parameter.tags.get(key[4:])
        return held is not None and (not values or any(_TESTS[option](held, value) for value in values))
    have = {
        "Name": [parameter.name, parameter.name.removeprefix("/")],
        "Type": [parameter.type],
        "KeyId": [parameter.key_id],
        "Label": parameter.labels,
        "Tier": [parameter.tier],
        "DataType": [parameter.data_type],
    }[key]
    return any(_TESTS[option](mine, value) for mine in have for value in values)


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda mine, value: mine == value,
    "BeginsWith": lambda mine, value: mine.startswith(value),
    "Contains": lambda mine, value: value in mine,
}
