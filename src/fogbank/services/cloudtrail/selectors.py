"""Decides which events a trail wants: event selectors and advanced event selectors.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
The texts of InvalidEventSelectorsException are not confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from fogbank.audit.records import Entry

from .errors import InvalidEventSelectorsException
from .records import Trail

DEFAULT: dict[str, Any] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
# the resource type that selects data events -> the service (botocore's name) of their calls
TYPES = {
    "AWS::S3::Object": "s3",
    "AWS::Lambda::Function": "lambda",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::DynamoDB::Stream": "dynamodbstreams",
    "AWS::SQS::Queue": "sqs",
    "AWS::SNS::Topic": "sns",
    "AWS::CloudWatch::Metric": "cloudwatch",
    "AWS::Logs::LogGroup": "logs",
}
BASIC = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
_TYPE_OF = {
    "s3.amazonaws.com": "AWS::S3::Object",
    "monitoring.amazonaws.com": "AWS::CloudWatch::Metric",
    "logs.amazonaws.com": "AWS::Logs::LogGroup",
}
_EXCLUDED = {"kms.amazonaws.com", "rdsdata.amazonaws.com"}
FIELDS = {
    "readOnly", "eventSource", "eventName", "eventCategory", "resources.type", "resources.ARN", "eventType",
    "userIdentity.arn", "sessionCredentialFromConsole", "errorCode", "vpcEndpointId",
}  # fmt: skip
_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}
MOST_VALUES = 500  # of all conditions of all advanced selectors of a trail
MOST_RESOURCES = 250
MOST_SELECTORS = 5


def wants(trail: Trail, entry: Entry) -> bool:
    """Whether a trail records an event."""
    if trail.advanced:
        return any(_advanced(selector, entry) for selector in trail.advanced)
    return any(_basic(selector, entry) for selector in trail.selectors or [DEFAULT])


def services(trail: Trail) -> list[str]:
    """The services whose data events a trail may want."""
    found = {resource["Type"] for selector in trail.selectors for resource in selector.get("DataResources") or ()}
    for selector in trail.advanced:
        for field in selector["FieldSelectors"]:
            if field["Field"] == "resources.type":
                found.update(field.get("Equals") or ())
    return sorted({TYPES[kind] for kind in found if kind in TYPES})


# -- event selectors -------------------------------------------------------------------------------------------------


def _basic(selector: dict[str, Any], entry: Entry) -> bool:
    reads = selector.get("ReadWriteType", "All")
    if reads != "All" and (reads == "ReadOnly") != entry.read_only:
        return False
    if entry.data:
        return any(_resource(resource, entry) for resource in selector.get("DataResources") or ())
    excluded = selector.get("ExcludeManagementEventSources") or ()
    return bool(selector.get("IncludeManagementEvents", True)) and entry.source not in excluded


def _resource(resource: dict[str, Any], entry: Entry) -> bool:
    """Whether a data event touches a selected resource.

    An S3 value is a prefix of object ARNs; other values are whole ARNs. A service alone matches everything.
    """
    for kind, arn in _data_resources(entry):
        if kind != resource["Type"]:
            continue
        for value in resource.get("Values") or ():
            everything = len(value.split(":")) == 3 and arn.startswith(f"{value}:")
            if everything or (arn.startswith(value) if kind == "AWS::S3::Object" else _same(arn, value)):
                return True
    return False


def _same(arn: str, value: str) -> bool:
    """Whether an ARN matches a value. A function includes its versions, a table its indexes."""
    return arn == value or arn.startswith((f"{value}:", f"{value}/"))


def _data_resources(entry: Entry) -> list[tuple[str, str]]:
    """The selecting type and ARN of each resource of a data event. Listing a bucket counts as access to its objects."""
    of = _TYPE_OF.get(entry.source)
    if of == "AWS::S3::Object":
        return [(of, arn if "/" in arn else f"{arn}/") for _, arn in entry.resources]
    return [(of or kind, arn) for kind, arn in entry.resources] or [(of or "", "")]


def check_basic(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Validate event selectors, and return them as stored."""
    if len(given) > MOST_SELECTORS:
        raise InvalidEventSelectorsException(f"You cannot specify more than {MOST_SELECTORS} event selectors.")
    values = 0
    kept = []
    for selector in given:
        for resource in selector.get("DataResources") or ():
            if resource.get("Type") not in BASIC:
                raise InvalidEventSelectorsException(f"Type {resource.get('Type')} in DataResources is not valid.")
            values += len(resource.get("Values") or ())
            for value in resource.get("Values") or ():
                if not value.startswith("arn:"):
                    raise InvalidEventSelectorsException(
                        f"Value {value} for DataResources.Values is invalid. It must be a valid ARN."
                    )
        for source in selector.get("ExcludeManagementEventSources") or ():
            if source not in _EXCLUDED:
                raise InvalidEventSelectorsException(f"ExcludeManagementEventSources cannot have {source}.")
        if not selector.get("IncludeManagementEvents", True) and not selector.get("DataResources"):
            raise InvalidEventSelectorsException("An event selector must include management events or data resources.")
        kept.append(DEFAULT | selector)
    if values > MOST_RESOURCES:
        raise InvalidEventSelectorsException(f"You cannot specify more than {MOST_RESOURCES} data resources.")
    return kept


# -- advanced event selectors ----------------------------------------------------------------------------------------


def _advanced(selector: dict[str, Any], entry: Entry) -> bool:
    return all(_holds(field, _values(field["Field"], entry)) for field in selector["FieldSelectors"])


def _holds(field: dict[str, Any], values: list[str]) -> bool:
    """Whether all operators of a field hold. A positive one must hold for some value, a negated one for every value."""
    for name, test in _POSITIVE.items():
        if field.get(name) and not _any(test, values, field[name]):
            return False
        if field.get(f"Not{name}") and _any(test, values, field[f"Not{name}"]):
            return False
    return True


def _any(test: Callable[[str, str], bool], values: Iterable[str], wanted: list[str]) -> bool:
    return any(test(value, each) for value in values for each in wanted)


def _values(field: str, entry: Entry) -> list[str]:
    match field:
        case "eventCategory":
            return ["Data" if entry.data else "Management"]
        case "eventName":
            return [entry.name]
        case "eventSource":
            return [entry.source]
        case "readOnly":
            return [str(entry.read_only).lower()]
        case "resources.type":
            return [kind for kind, _ in _data_resources(entry)]
        case "resources.ARN":
            return [arn for _, arn in entry.resources]
    event = msgspec.json.decode(entry.event)
    for part in field.split("."):
        event = event.get(part) if isinstance(event, dict) else None
    return [event] if isinstance(event, str) else []


def check_advanced(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Validate advanced event selectors, and return them as stored."""
    total = 0
    for selector in given:
        seen: dict[str, dict[str, Any]] = {}
        for field in selector["FieldSelectors"]:
            name = field["Field"]
            operators = [key for key in field if key != "Field" and field[key]]
            if name not in FIELDS:
                raise InvalidEventSelectorsException(f"The field {name} is not valid.")
            if name in seen:
                raise InvalidEventSelectorsException(f"The field {name} is specified more than once.")
            if not operators:
                raise InvalidEventSelectorsException(f"The field {name} must have at least one operator.")
            if name in ("eventCategory", "resources.type", "readOnly") and operators != ["Equals"]:
                raise InvalidEventSelectorsException(f"The field {name} can only use the Equals operator.")
            total += sum(len(field[key]) for key in operators)
            seen[name] = field
        _check_category(seen)
    if total > MOST_VALUES:
        raise InvalidEventSelectorsException(f"You cannot specify more than {MOST_VALUES} values.")
    return given


def _check_category(seen: dict[str, dict[str, Any]]) -> None:
    category = seen.get("eventCategory", {}).get("Equals")
    if category not in (["Management"], ["Data"], ["NetworkActivity"]):
        raise InvalidEventSelectorsException("The field eventCategory must be Management, Data or NetworkActivity.")
    if category == ["Data"] and "resources.type" not in seen:
        raise InvalidEventSelectorsException("The field resources.type is required for data events.")
    if category == ["Management"] and ("resources.type" in seen or "resources.ARN" in seen):
        raise InvalidEventSelectorsException("Management events cannot be selected by resources.")
