"""Validates a resource's properties against AWS's schema of its type, and converts values to the schema's types. Pure.

CloudFormation does both before it calls a handler: a template may write numbers and booleans as text, and text as a
number or a boolean. For other mismatches it shows the messages of its JSON Schema validator:

    Properties validation failed for resource Q with message:
    [#: extraneous key [Colour] is not permitted, #/DelaySeconds: expected type: Integer, found: String]

The texts come from stacks that users reported. The list in brackets appears when the whole template is validated before
the stack starts (the event's DetailedStatus is VALIDATION_FAILED). A later check of a single resource has one problem
per line:

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1514

Types without handlers in AWS's registry have the older text "Encountered unsupported property Colour". The called
service checks bounds, patterns and enumerations itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fogbank.core.cfn import ResourceType
from fogbank.wire.resource_schemas import Definition, ResourceSchema, find

from ..template.functions import text_of
from ..template.scope import UNKNOWN

# longer ones are no numbers: no service takes them, and Python refuses to parse thousands of digits
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}(?:\.0{0,30})?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?")
_REFERENCE = "{{resolve:"  # starts a dynamic reference, whose value is not known yet
_WANTED = {"string": "String", "integer": "Integer", "number": "Number", "boolean": "Boolean"}
_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")


def schema_of(type_name: str) -> ResourceSchema | None:
    """The schema to validate a type's properties with; None for custom resources, which take any properties."""
    return None if type_name.startswith(_CUSTOM) else find(type_name)


def refusal(kind: ResourceType, logical_id: str, properties: dict[str, Any], *, early: bool) -> str:
    """The reason to refuse these properties, or ''. `early`: before the run, so some values are not known yet."""
    schema = schema_of(kind.type_name)
    if schema is None:
        return ""
    unbuilt = set_paths(properties, kind.unbuilt)
    found = list(_Check(schema, values=_checks_values(kind)).problems(properties))
    if found and schema.classic:
        return found[0].classic()
    if found:
        lines = [str(problem) for problem in found]
        listed = f"[{', '.join(lines)}]" if early else "\n".join(lines)
        return f"Properties validation failed for resource {logical_id} with message:\n{listed}"
    if unbuilt:
        names = ", ".join(unbuilt)
        what = "property" if len(unbuilt) == 1 else "properties"
        return f"Fogbank has not built the {what} {names} of {kind.type_name}; nothing was made of this resource."
    return ""


def violations(kind: ResourceType, properties: dict[str, Any]) -> list[tuple[str, str]]:
    """The JSON pointers of what violates the schema of a type, each with the reason."""
    schema = schema_of(kind.type_name)
    if schema is None:
        return []
    check = _Check(schema, values=_checks_values(kind))
    return [(problem.place, str(problem)) for problem in check.problems(properties)]


def _checks_values(kind: ResourceType) -> bool:
    """Whether enumerations are checked here: for the types that have no service to do it."""
    return bool(getattr(kind.handler, "checks_values", False))


def problems(type_name: str, properties: dict[str, Any]) -> list[str]:
    """The violations of the schema of a type, in the words of AWS's validator."""
    schema = schema_of(type_name)
    return [] if schema is None else [str(problem) for problem in _Check(schema).problems(properties)]


def typed(type_name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties as handlers get them: every value converted to the schema's type."""
    schema = schema_of(type_name)
    return properties if schema is None else _Typing(schema).members(schema, properties)


def set_paths(properties: dict[str, Any], paths: Iterable[str]) -> list[str]:
    """Those of the paths that are set, written with dots as in the template reference: `Rules.Id`."""
    return [path.replace("/*", "").replace("/", ".") for path in paths if _present(properties, path.split("/"))]


def without(value: Any, paths: Iterable[str]) -> Any:
    """The properties without what is set at the paths."""
    for path in paths:
        if _present(value, path.split("/")):
            value = _without(value, path.split("/"))
    return value


def _without(value: Any, path: list[str]) -> Any:
    if path[0] == "*" and isinstance(value, list):
        return [_without(item, path[1:]) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    rest = {key: item for key, item in value.items() if key != path[0]}
    return rest if len(path) == 1 else {**rest, path[0]: _without(value[path[0]], path[1:])}


def _present(value: Any, path: list[str]) -> bool:
    """Whether a value is set at a path; `*` in the path means any item of a list."""
    if not path:
        return value is not None
    if path[0] == "*":
        return isinstance(value, list) and any(_present(item, path[1:]) for item in value)
    return isinstance(value, dict) and _present(value.get(path[0]), path[1:])


class _Problem:
    """One violation of the schema. `place` is the JSON pointer of the value or its structure, without the #."""

    def __init__(self, place: str, text: str, classic: str) -> None:
        self.place = place
        self._text = text
        self._classic = classic

    def __str__(self) -> str:
        return f"#{self.place}: {self._text}"

    def classic(self) -> str:
        return self._classic


class _Check:
    def __init__(self, schema: ResourceSchema, *, values: bool = False) -> None:
        self._schema = schema
        self._values = values
        self._given = {name for name in schema.read_only if "/" not in name}  # set by AWS: a template may not

    def problems(self, properties: dict[str, Any]) -> Iterator[_Problem]:
        schema = self._schema
        writable = {name: kind for name, kind in schema.properties.items() if name not in self._given}
        required = tuple(name for name in schema.required if name not in self._given)
        yield from self._structure(Definition(writable, required, enums=schema.enums), properties, "")

    def _structure(self, wanted: Definition, value: dict[str, Any], place: str) -> Iterator[_Problem]:
        for name in wanted.required:
            if value.get(name) is None:
                yield _Problem(place, f"required key [{name}] not found", f"Property {name} cannot be empty.")
        for name in value:
            if name not in wanted.properties and not wanted.open:
                old = f"Encountered unsupported property {name}"
                yield _Problem(place, f"extraneous key [{name}] is not permitted", old)
        for name, item in value.items():
            if name in wanted.properties and item is not None:
                yield from self._value(wanted.properties[name], item, f"{place}/{name}")
                if self._values and name in wanted.enums and not _is_one_of(item, wanted.enums[name]):
                    text = f"{text_of(item)} is not a valid enum value"
                    yield _Problem(f"{place}/{name}", text, f"Value of property {name} is not valid: {text_of(item)}")

    def _value(self, kind: Any, value: Any, place: str) -> Iterator[_Problem]:
        if kind == "json" or _unknown(value):
            return
        if isinstance(kind, list):
            if not isinstance(value, list):
                yield _mismatch(place, "JSONArray", value)
                return
            for index, item in enumerate(value):
                yield from self._value(kind[0], item, f"{place}/{index}")
        elif isinstance(kind, dict) or kind.startswith("#"):
            if not isinstance(value, dict):
                yield _mismatch(place, "JSONObject", value)
            elif isinstance(kind, dict):
                for key, item in value.items():
                    yield from self._value(kind["*"], item, f"{place}/{key}")
            else:
                yield from self._structure(self._schema.definitions[kind[1:]], value, place)
        elif not _FITS[kind](value):
            yield _mismatch(place, _WANTED[kind], value)


def _is_one_of(value: Any, allowed: list[Any]) -> bool:
    if isinstance(value, dict | list) or _unknown(value):
        return True
    return text_of(value) in [text_of(each) for each in allowed]


def _mismatch(place: str, wanted: str, value: Any) -> _Problem:
    name = place.rsplit("/", 1)[1]
    old = {"JSONArray": "List", "JSONObject": "Map"}.get(wanted, wanted)
    return _Problem(
        place, f"expected type: {wanted}, found: {_found(value)}", f"Value of property {name} must be of type {old}"
    )


def _found(value: Any) -> str:
    """The name of a value's type in AWS's validator, which is written in Java."""
    match value:
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "BigDecimal"
        case str():
            return "String"
        case dict():
            return "JSONObject"
        case list():
            return "JSONArray"
    return "Null"


def _unknown(value: Any) -> bool:
    return isinstance(value, str) and (UNKNOWN in value or _REFERENCE in value)


def _is_integer(value: Any) -> bool:
    if isinstance(value, str):
        return _INTEGER.fullmatch(value) is not None
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return not isinstance(value, bool) and isinstance(value, int | float)


_FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: not isinstance(value, dict | list),
    "boolean": lambda value: isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false")),
    "integer": _is_integer,
    "number": _is_number,
}
_AS: dict[str, Callable[[Any], Any]] = {
    "string": text_of,
    "boolean": lambda value: value if isinstance(value, bool) else value.lower() == "true",
    "integer": lambda value: int(value.partition(".")[0]) if isinstance(value, str) else int(value),
    "number": lambda value: value if not isinstance(value, str) else _number(value),
}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)


class _Typing:
    def __init__(self, schema: ResourceSchema) -> None:
        self._schema = schema

    def members(self, wanted: ResourceSchema | Definition, value: dict[str, Any]) -> dict[str, Any]:
        return {
            name: self._value(wanted.properties.get(name, "json"), item)
            for name, item in value.items()
            if item is not None
        }

    def _value(self, kind: Any, value: Any) -> Any:
        if kind == "json" or value is None:
            return value
        if isinstance(kind, list):
            return [self._value(kind[0], item) for item in value] if isinstance(value, list) else value
        if isinstance(kind, dict):
            if not isinstance(value, dict):
                return value
            return {key: self._value(kind["*"], item) for key, item in value.items()}
        if kind.startswith("#"):
            definition = self._schema.definitions[kind[1:]]
            return self.members(definition, value) if isinstance(value, dict) else value
        return _AS[kind](value) if _FITS[kind](value) else value
