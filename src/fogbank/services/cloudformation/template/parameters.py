"""Parameters: their types, the checks of their values, and the values that Ref returns.

User Guide, "Parameters syntax". A value whose type is AWS::SSM::Parameter::Value<…> is the name of a Systems Manager
parameter; the caller looks up that parameter's value between `choose` and `finish`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogbank.core import regexes

from .errors import TemplateError

_PLAIN = frozenset(("String", "Number", "CommaDelimitedList", "List<Number>", "List<String>"))
_AWS = (
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::Volume::Id",
    "AWS::EC2::VPC::Id",
    "AWS::Route53::HostedZone::Id",
)
_SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")


class Value(msgspec.Struct, omit_defaults=True):
    """A parameter of a stack: the given value, and for the SSM types the value that it resolved to at the time."""

    value: str
    resolved: str | None = None
    no_echo: bool = False


class Given(msgspec.Struct):
    """A parameter of a request."""

    key: str
    value: str | None = None
    use_previous: bool = False


def is_type(name: Any) -> bool:
    """Whether this is a valid parameter type."""
    if not isinstance(name, str):
        return False
    match = _SSM_VALUE.fullmatch(name)
    if match:
        inner = match.group(1)
        return inner in _PLAIN or _aws_type(inner)
    return name in _PLAIN or _aws_type(name) or name == "AWS::SSM::Parameter::Name"


def _aws_type(name: str) -> bool:
    inner = name[5:-1] if name.startswith("List<") and name.endswith(">") else name
    return inner in _AWS


def ssm_type(declared: Mapping[str, Any]) -> str | None:
    """The inner type of AWS::SSM::Parameter::Value<…>, or None."""
    match = _SSM_VALUE.fullmatch(str(declared.get("Type", "")))
    return match.group(1) if match else None


def is_list(type_name: str) -> bool:
    match = _SSM_VALUE.fullmatch(type_name)
    name = match.group(1) if match else type_name
    return name == "CommaDelimitedList" or name.startswith("List<")


def is_no_echo(declared: Mapping[str, Any]) -> bool:
    return str(declared.get("NoEcho", "false")).lower() == "true"


def text(value: Any) -> str:
    """A scalar from a parameter's declaration (a default, an allowed value, …) as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def choose(
    declared: Mapping[str, dict[str, Any]], given: Iterable[Given], previous: Mapping[str, Value]
) -> dict[str, Value]:
    """The value of every declared parameter, checked against its constraints. Does not resolve SSM names.

    `previous` has the current values of the stack, for parameters with UsePreviousValue. Raises TemplateError.
    """
    chosen: dict[str, Value] = {}
    wanted = {}
    for parameter in given:
        if parameter.value is not None and parameter.use_previous:
            raise TemplateError(
                f"Invalid input for parameter key {parameter.key}. Cannot specify usePreviousValue as true and "
                "non empty value for a parameter"
            )
        wanted[parameter.key] = parameter
    unknown = [key for key in wanted if key not in declared]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = []
    for name, declaration in declared.items():
        request = wanted.get(name)
        if request is not None and request.use_previous:
            if name not in previous:
                raise TemplateError(f"Invalid template parameter: {name} has no previous value")
            value = previous[name].value
        elif request is not None and request.value is not None:
            value = request.value
        elif "Default" in declaration:
            value = text(declaration["Default"])
        else:
            missing.append(name)
            continue
        check_value(name, declaration, value)
        chosen[name] = Value(value=value, no_echo=is_no_echo(declaration))
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return chosen


def ssm_names(declared: Mapping[str, dict[str, Any]], chosen: Mapping[str, Value]) -> dict[str, str]:
    """The Systems Manager parameters to look up: parameter key → SSM name."""
    return {name: chosen[name].value for name, d in declared.items() if name in chosen and ssm_type(d) is not None}


def finish(
    declared: Mapping[str, dict[str, Any]], chosen: Mapping[str, Value], found: Mapping[str, str]
) -> dict[str, Value]:
    """Add the values from Systems Manager (`found`: SSM name → value). Raises TemplateError if one is missing."""
    names = ssm_names(declared, chosen)
    missing = sorted({name for name in names.values() if name not in found})
    if missing:
        raise TemplateError(f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account.")
    return {
        key: Value(value=v.value, resolved=found[names[key]], no_echo=v.no_echo) if key in names else v
        for key, v in chosen.items()
    }


def references(declared: Mapping[str, dict[str, Any]], chosen: Mapping[str, Value]) -> dict[str, Any]:
    """The values that Ref returns for parameters: text, or a list of texts for the list types."""
    result: dict[str, Any] = {}
    for name, value in chosen.items():
        plain = value.value if value.resolved is None else value.resolved
        result[name] = split_list(plain) if is_list(str(declared[name]["Type"])) else plain
    return result


def split_list(value: str) -> list[str]:
    """The members of a comma-delimited list, without the spaces around them."""
    return [item.strip() for item in value.split(",")] if value else []


# -- constraints -----------------------------------------------------------------------------------------------------


def check_value(name: str, declared: Mapping[str, Any], value: str) -> None:
    """Raise TemplateError when a value violates a constraint of its declaration."""
    problem = _problem(name, declared, value)
    if problem is None:
        return
    constraint = declared.get("ConstraintDescription")
    if constraint and not problem.startswith("Parameter value"):
        raise TemplateError(f"Parameter {name} failed to satisfy constraint: {constraint}")
    raise TemplateError(problem)


def _problem(name: str, declared: Mapping[str, Any], value: str) -> str | None:
    kind = str(declared["Type"])
    if kind.startswith("AWS::SSM::"):
        kind = "String"
    if len(value.encode()) > 4096:
        return f"Parameter value for parameter name {name} has length greater than 4096"
    members = split_list(value) if is_list(kind) else [value]
    if kind in ("Number", "List<Number>"):
        for member in members:
            if _number(member) is None:
                return f"Parameter value {value} for parameter name {name} is not a number"
    allowed = declared.get("AllowedValues")
    if allowed is not None:
        permitted = {text(item) for item in allowed}
        if not set(members) <= permitted and value not in permitted:
            return f"Parameter '{name}' must be one of AllowedValues"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not _match(name, text(pattern), members or [""]):
        return f"Parameter '{name}' must match pattern {pattern}"
    return _lengths(name, declared, kind, value) or _bounds(name, declared, kind, members)


def _lengths(name: str, declared: Mapping[str, Any], kind: str, value: str) -> str | None:
    if kind != "String":
        return None
    least, most = _number(declared.get("MinLength")), _number(declared.get("MaxLength"))
    if least is not None and len(value) < least:
        return f"Parameter '{name}' must contain at least {_plain(least)} characters"
    if most is not None and len(value) > most:
        return f"Parameter '{name}' must contain at most {_plain(most)} characters"
    return None


def _bounds(name: str, declared: Mapping[str, Any], kind: str, members: list[str]) -> str | None:
    if kind not in ("Number", "List<Number>"):
        return None
    least, most = _number(declared.get("MinValue")), _number(declared.get("MaxValue"))
    for member in members:
        number = _number(member)
        assert number is not None
        if least is not None and number < least:
            return f"Parameter '{name}' must be a number not less than {_plain(least)}"
        if most is not None and number > most:
            return f"Parameter '{name}' must be a number not greater than {_plain(most)}"
    return None


def _match(name: str, pattern: str, values: list[str]) -> bool:
    """Whether each whole value matches a Java pattern. AWS's text for an invalid one could not be confirmed."""
    try:
        return regexes.compile(pattern).match_all(values)
    except regexes.BadPattern:
        raise TemplateError(f"Parameter '{name}' has an invalid AllowedPattern: {pattern}")
    except regexes.TooCostly:
        raise TemplateError(f"Parameter '{name}' has an AllowedPattern that takes too long: {pattern}")


def _number(value: Any) -> float | None:
    try:
        number = float(str(value)) if value is not None and "_" not in str(value) else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
