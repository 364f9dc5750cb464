"""The embedded metric format (EMF): extracts the metrics in log events. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

The text of an event decides whether it is EMF, not a header of the request. Lambda's runtimes may write a time and a
request id before the document; earlier editions of that page say that the document is valid after such a prefix.

Where the page is silent, this follows the documentation of Amazon's own writer of the format
(https://docs.rs/metrique-writer-format-emf): metrics and dimensions whose members are missing are skipped,
`{"Values": […], "Counts": […]}` is also a metric, and a directive without dimension sets publishes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from fogbank.core import documents

MARK = '"_aws"'  # every document contains it, so an event without it need not be parsed
MAX_METRICS = 100  # per directive
MAX_VALUES = 100  # per metric
MAX_DIMENSIONS = 30  # per dimension set
# limits of MetricDatum and Dimension
MAX_NAME = 255
MAX_DIMENSION_VALUE = 1024
HUGE = 2.0**360
PAST_MS = 14 * 86_400_000
FUTURE_MS = 2 * 3_600_000

_SIZES = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Bytes", "Kilobytes", "Megabytes", "Gigabytes",
          "Terabytes", "Count")  # fmt: skip
UNITS = frozenset(
    ("Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_SIZES, *(f"{size}/Second" for size in _SIZES))
)
# optional [LEVEL], a time, a request id, a level: fields that end in tabs
_LAMBDA_PREFIX = re.compile(r"(?:[^\t{]*\t){2,3}")
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Namespace
_NAMESPACE = re.compile(r"(?!AWS/|:| *$)[\w.\-/#: ]+", re.ASCII)
_TEXT = re.compile(r"[\x20-\x7e]+")  # dimensions must be printable ASCII

Values = dict[float, float]  # value → how often it was seen


class Identity(NamedTuple):
    """Identifies a point of a metric: values with the same identity are combined."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    resolution: int
    at_ms: int


class Errors(msgspec.Struct):
    """Counts malformed documents (`parsing`) and invalid metric definitions (`validation`)."""

    parsing: int = 0
    validation: int = 0


class Malformed(Exception):
    """Raised for a malformed document."""


class Invalid(Exception):
    """Raised for an invalid metric, or a directive whose metrics are all invalid."""


def points(message: str, now_ms: int, errors: Errors) -> Iterator[tuple[Identity, Values]]:
    """Yield the points of one event. Skips what is wrong in it, and counts that in `errors`."""
    if MARK not in message:
        return
    begin = 0 if message.startswith("{") else _behind_prefix(message)
    if begin < 0:
        return
    try:
        root = documents.read_object(message[begin:])
        directives, at_ms = _metadata(root)
    except (documents.BadDocument, Malformed):
        errors.parsing += 1
        return
    for directive in directives:
        try:
            yield from _of_directive(root, directive, at_ms, now_ms, errors)
        except Malformed:
            errors.parsing += 1
        except Invalid:
            errors.validation += 1


def _behind_prefix(message: str) -> int:
    match = _LAMBDA_PREFIX.match(message)
    return match.end() if match and message.startswith("{", match.end()) else -1


def _metadata(root: dict[str, Any]) -> tuple[list[Any], int]:
    """The directives and their time (ms); no directives when the event has no metrics."""
    metadata = root.get("_aws")
    if metadata is None:
        return [], 0  # the mark was inside another member
    if not isinstance(metadata, dict):
        raise Malformed
    directives = metadata.get("CloudWatchMetrics")
    if directives is None:
        return [], 0
    if not isinstance(directives, list) or not _is_number(metadata.get("Timestamp")):
        raise Malformed
    return directives, int(metadata["Timestamp"])


def _of_directive(
    root: dict[str, Any], directive: Any, at_ms: int, now_ms: int, errors: Errors
) -> Iterator[tuple[Identity, Values]]:
    if not isinstance(directive, dict):
        raise Malformed
    namespace, sets, metrics = (directive.get(key) for key in ("Namespace", "Dimensions", "Metrics"))
    if not (isinstance(namespace, str) and isinstance(sets, list) and isinstance(metrics, list)):
        raise Malformed
    if not _NAMESPACE.fullmatch(namespace) or len(namespace) > MAX_NAME or len(metrics) > MAX_METRICS:
        raise Invalid
    if not now_ms - PAST_MS <= at_ms <= now_ms + FUTURE_MS:
        raise Invalid
    dimensions = _dimensions(root, sets, errors)
    for definition in metrics:
        try:
            name, unit, resolution = _definition(definition)
            values = _values(root.get(name))
        except Malformed:
            errors.parsing += 1
        except Invalid:
            errors.validation += 1
        else:
            if values:
                for chosen in dimensions:
                    place = at_ms - at_ms % (resolution * 1000)
                    yield Identity(namespace, name, chosen, unit, resolution, place), values


def _dimensions(root: dict[str, Any], sets: list[Any], errors: Errors) -> list[tuple[tuple[str, str], ...]]:
    """The dimension sets with their values. When none is usable, the metrics are published without dimensions: users
    saw AWS do so for an empty value (https://github.com/aws-powertools/powertools-lambda-python/pull/5542)."""
    found: list[tuple[tuple[str, str], ...]] = []
    for keys in sets:
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise Malformed
        pairs = [(key, root.get(key)) for key in dict.fromkeys(keys)]
        present = [(key, value) for key, value in pairs if value is not None]
        if len(pairs) > MAX_DIMENSIONS or not all(_is_dimension(key, value) for key, value in present):
            errors.validation += 1
            continue
        if len(present) < len(pairs):
            continue
        chosen = tuple(sorted(present))
        if chosen not in found:
            found.append(chosen)
    return found or ([()] if sets else [])


def _is_dimension(key: str, value: Any) -> bool:
    if not isinstance(value, str) or len(key) > MAX_NAME or len(value) > MAX_DIMENSION_VALUE or key.startswith(":"):
        return False
    return bool(_TEXT.fullmatch(key) and _TEXT.fullmatch(value) and value.strip())


def _definition(definition: Any) -> tuple[str, str, int]:
    """(name, unit, resolution) of a metric definition. Raises Malformed, Invalid."""
    if not isinstance(definition, dict) or not isinstance(definition.get("Name"), str):
        raise Malformed
    name, unit, resolution = definition["Name"], definition.get("Unit"), definition.get("StorageResolution")
    unit = "None" if unit is None else unit
    resolution = 60 if resolution is None else resolution
    if not 0 < len(name) <= MAX_NAME or not isinstance(unit, str) or unit not in UNITS or resolution not in (1, 60):
        raise Invalid
    return name, unit, int(resolution)


def _values(target: Any) -> Values:
    """The values of a metric's member: a number, a list of numbers, or lists of values and counts. Raises Invalid."""
    if target is None:
        return {}
    counts: Any = None
    if isinstance(target, dict):
        target, counts = target.get("Values"), target.get("Counts")
    values = target if isinstance(target, list) else [target]
    counts = [1] * len(values) if counts is None else counts
    if not isinstance(counts, list) or len(values) > MAX_VALUES or len(values) != len(counts):
        raise Invalid
    if not all(_is_number(number) and abs(number) <= HUGE for number in (*values, *counts)):
        raise Invalid
    if not all(count > 0 for count in counts):
        raise Invalid
    found: Values = {}
    for value, count in zip(values, counts, strict=True):
        found[float(value)] = found.get(float(value), 0.0) + count
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
