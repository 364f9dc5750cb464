"""DescribeParameters and its filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import rules
from ..errors import InvalidFilterKey, InvalidFilterOption
from ..records import PARAMETERS, Parameter
from ..shapes import metadata
from ..tokens import page

_OPTIONS = {"Name": {"Equals", "BeginsWith", "Contains"}, "Path": {"OneLevel", "Recursive"}}


@operation("ssm", "DescribeParameters", resource="*")
def describe_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Metadata of the parameters that pass every filter, without values.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
    """
    filters = [_check(item) for item in req.get("ParameterFilters", ())]
    filters += [{"Key": f["Key"], "Option": "Equals", "Values": f["Values"]} for f in req.get("Filters", ())]

    def find(tx: Reader) -> list[Parameter]:
        return [p for p in tx.scan(PARAMETERS, (ctx.account, ctx.region)) if all(_passes(p, f) for f in filters)]

    with ctx.read() as tx:
        found = find(tx)
    shown, token = page(ctx, found, req, 50, lambda p: p.name)
    return {"Parameters": [metadata(ctx, p) for p in shown], **token}


def _check(item: dict[str, Any]) -> dict[str, Any]:
    key = item["Key"]
    if not (key in ("Name", "Path", "Type", "KeyId", "Label", "Tier", "DataType") or key.startswith("tag:")):
        raise InvalidFilterKey("The specified key isn't valid.")
    option = item.get("Option") or ("OneLevel" if key == "Path" else "Equals")
    if option not in _OPTIONS.get(key, {"Equals", "BeginsWith"}):
        raise InvalidFilterOption(f"The following filter option is not valid: {option}. Valid options include: "
                                  f"{sorted(_OPTIONS.get(key, {'Equals', 'BeginsWith'}))}")  # fmt: skip
    return {"Key": key, "Option": option, "Values": item.get("Values", [])}


def _passes(parameter: Parameter, item: dict[str, Any]) -> bool:
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
