"""Parses templates into plain data, from JSON or from CloudFormation's dialect of YAML.

The dialect (User Guide, "CloudFormation template format"): YAML 1.1 without aliases, hash merges and the timestamp,
binary, omap, pairs and set types; short tags (`!Ref`) stand for intrinsic functions. One loop over the parser's events
builds the document, so neither nesting nor aliases can exhaust the stack or the memory.

When a key appears twice the last one counts, as users report of AWS (no error; its Designer warned).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from fogbank.core import documents

from .errors import TemplateError, format_error, template_error

MAX_BODY = 51_200  # bytes of TemplateBody
MAX_URL_BODY = 1_000_000  # bytes of a template on S3
MAX_DEPTH = 100  # levels of nesting; AWS's own bound is not documented
TOO_LARGE = f"Template may not exceed {MAX_URL_BODY} bytes in size."

_TRUE = frozenset(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"))
_FALSE = frozenset(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_STANDARD = "tag:yaml.org,2002:"


def parse(text: str) -> dict[str, Any]:
    """Parse a template. Raises TemplateError when it is not well-formed or not a map."""
    document = _parse_json(text) if text.lstrip("\ufeff \t\r\n").startswith("{") else _parse_yaml(text)
    if not isinstance(document, dict):
        raise format_error("unsupported structure.")
    return document


def parse_snippet(text: str) -> Any:
    """Parse any JSON or YAML value, as AWS::Include does."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    return _parse_json(text) if start in ("{", "[") else _parse_yaml(text)


def parse_scalar(text: str) -> Any:
    """Convert a plain scalar by the rules of YAML 1.1.

    Text becomes a number only if the number would be written in the same way: `0755`, `1e3`, `1_000` and account ids
    that start with 0 stay text.
    """
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in _NULL:
        return None
    if _INT.fullmatch(text) and text != "-0":
        return int(text) if len(text) < 19 else text
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if repr(number) == text else text
    return text


def written(document: dict[str, Any], *, expanded: bool) -> str:
    """A processed template as JSON. Raises TemplateError for a document that cannot be serialized.

    `expanded`: macros ran. The size quota also applies to their result ("Fn::ForEach" says so).
    """
    if documents.deeper(document, MAX_DEPTH):
        raise format_error("unsupported structure.")
    try:
        text = msgspec.json.encode(document)
    except (TypeError, ValueError, OverflowError):  # for example a lone surrogate, or an integer of more than 64 bits
        raise format_error("unsupported structure.") from None
    if expanded and len(text) > MAX_URL_BODY:
        raise TemplateError(TOO_LARGE)
    return text.decode()


# -- JSON ----------------------------------------------------------------------------------------------------------


def _parse_json(text: str) -> Any:
    try:
        document = json.loads(text.lstrip("\ufeff"), parse_constant=_no_constant, parse_int=_int, parse_float=_float)
    except json.JSONDecodeError as error:
        raise format_error(f"JSON not well-formed. (line {error.lineno}, column {error.colno})")
    except (RecursionError, ValueError):
        raise format_error("JSON not well-formed.")
    if documents.deeper(document, MAX_DEPTH) or ("\\u" in text and not _is_text(document)):
        raise format_error("JSON not well-formed.")
    return document


def _is_text(document: Any) -> bool:
    """Whether a document can be serialized as UTF-8: a lone surrogate, which an escape can produce, cannot."""
    try:
        msgspec.json.encode(document)
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _int(text: str) -> int | str:
    return int(text) if len(text) < 19 else text  # what may not fit into 64 bits stays text, as in YAML


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


# -- YAML ----------------------------------------------------------------------------------------------------------


class _Open:
    """A mapping or sequence under construction: its value, its tag, and the key that waits for its value."""

    __slots__ = ("key", "tag", "value", "waiting")

    def __init__(self, value: dict[str, Any] | list[Any], tag: str | None) -> None:
        self.value = value
        self.tag = tag
        self.key = ""
        self.waiting = False

    def add(self, item: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(item)
        else:
            self.value[self.key] = item
            self.waiting = False


def _parse_yaml(text: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise format_error(f"YAML not well-formed.{where}")
    except (yaml.YAMLError, RecursionError):
        raise format_error("YAML not well-formed.")


def _build(events: Any) -> Any:
    import yaml

    stack: list[_Open] = []
    result: Any = None
    documents = 0
    for event in events:
        match event:
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise _at(event)
                continue
            case yaml.AliasEvent():
                raise template_error("YAML aliases are not allowed in CloudFormation templates")
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if (stack and isinstance(stack[-1].value, dict) and not stack[-1].waiting) or len(stack) >= MAX_DEPTH:
                    raise _at(event)  # a map or list used as a key, or nested too deeply
                stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.tag))
                continue
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = stack.pop()
                item = _tagged(done.tag, done.value, event)
            case yaml.ScalarEvent():
                top = stack[-1] if stack else None
                if top is not None and isinstance(top.value, dict) and not top.waiting:
                    top.key, top.waiting = event.value, True
                    continue
                item = _scalar(event)
            case _:
                continue
        if stack:
            stack[-1].add(item)
        else:
            result = item
    return result


def _scalar(event: Any) -> Any:
    if event.implicit[0]:  # a plain scalar without a tag
        return parse_scalar(event.value)
    return _tagged(event.tag, event.value, event)


def _tagged(tag: str | None, value: Any, event: Any) -> Any:
    """Turn short tags into functions: `!GetAtt A.B` becomes {"Fn::GetAtt": ["A", "B"]}, and so on."""
    if tag is None or tag == "!":
        return value
    if tag.startswith(_STANDARD):
        return _standard(tag[len(_STANDARD) :], value, event)
    name = tag.removeprefix("!")
    if name in ("Ref", "Condition"):
        return {name: value}
    if name == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {f"Fn::{name.removeprefix('Fn::')}": value}


def _standard(kind: str, value: Any, event: Any) -> Any:
    if kind in ("str", "map", "seq"):
        return value
    if kind in ("int", "float", "bool", "null") and isinstance(value, str):
        return parse_scalar(value)
    raise _at(event)


def _at(event: Any) -> Exception:
    mark = event.start_mark
    return format_error(f"YAML not well-formed. (line {mark.line + 1}, column {mark.column + 1})")
