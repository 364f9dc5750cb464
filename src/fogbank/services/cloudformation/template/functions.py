"""Evaluates expressions: every intrinsic function of the User Guide's "Intrinsic function reference".

`evaluate(value, scope)` returns plain data; it removes `AWS::NoValue` from maps and lists. Each function that adds text
to a value (a reference, a joined text, …) first deducts the size from the budget `scope.room`, which limits the output
that a template can produce.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from .errors import TemplateError, template_error
from .scope import UNKNOWN, Room, Scope


class _NoValue:
    """The type of NO_VALUE, the value of `Ref: AWS::NoValue`."""


NO_VALUE: Final = _NoValue()
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_.:]+")

Function = Callable[[Any, Scope], Any]


def evaluate(value: Any, scope: Scope, room: Room | None = None) -> Any:
    """The plain value of an expression, or NO_VALUE. Raises TemplateError.

    `room` is the budget of characters that its functions may produce, MAX_MADE by default.
    """
    try:
        return _evaluate(value, msgspec.structs.replace(scope, room=room or Room()))
    except RecursionError:
        raise template_error("functions are nested too deeply") from None


def _evaluate(value: Any, scope: Scope) -> Any:
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return _ref(argument, scope)
            if name == "Condition" and isinstance(argument, str) and argument in scope.conditions:
                return scope.conditions[argument]
            function = FUNCTIONS.get(name)
            if function is not None:
                return function(argument, scope)
            if name.startswith("Fn::"):
                raise unsupported(name)
        result = {}
        for key, item in value.items():
            done = _evaluate(item, scope)
            if done is not NO_VALUE:
                result[key] = done
        return result
    if isinstance(value, list):
        items = [_evaluate(item, scope) for item in value]
        return [item for item in items if item is not NO_VALUE]
    return value


# the list as AWS words it; the functions of AWS::LanguageExtensions are not in it
_SUPPORTED = (
    "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, "
    "Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, "
    "Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr"
)
EXTENSIONS = frozenset(("Fn::Length", "Fn::ToJsonString"))  # only with the transform AWS::LanguageExtensions


def unsupported(name: str) -> TemplateError:
    return template_error(f"Encountered unsupported function: {name} Supported functions are: [{_SUPPORTED}]")


def text_of(value: Any) -> str:
    """A scalar as CloudFormation converts it to text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# -- references ------------------------------------------------------------------------------------------------------


def _brought(value: Any, scope: Scope) -> Any:
    """Deduct the size of a referenced value from the budget, and return the value."""
    scope.room.take_all(value)
    return value


def _ref(name: Any, scope: Scope) -> Any:
    if not isinstance(name, str):
        raise template_error("Ref must be a string")
    if name == "AWS::NoValue":
        return NO_VALUE
    if name in scope.parameters:
        return _brought(scope.parameters[name], scope)
    if name in scope.pseudo:
        return _brought(scope.pseudo[name], scope)
    try:
        return _brought(scope.ref(name), scope)
    except KeyError:
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
        )


def get_att_parts(argument: Any) -> tuple[str, Any]:
    """The logical id and the attribute of a Fn::GetAtt, written as text or as a list."""
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if (
        not isinstance(argument, list)
        or len(argument) < 2
        or not isinstance(argument[0], str)
        or not all(isinstance(part, str) and part for part in argument[2:])
        or not all(argument[:2])
    ):
        raise template_error(
            "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
        )
    if len(argument) > 2:  # a nested attribute written as a list: [Stack, Outputs, Name]
        return argument[0], ".".join(str(part) for part in argument[1:])
    return argument[0], argument[1]


def _get_att(argument: Any, scope: Scope) -> Any:
    name, attribute = get_att_parts(argument)
    attribute = _evaluate(attribute, scope)
    try:
        return _brought(scope.attribute(name, text_of(attribute)), scope)
    except KeyError:
        if name in scope.resources:
            raise template_error(f"resource {name} does not support attribute type {attribute} in Fn::GetAtt")
        raise template_error(f"instance of Fn::GetAtt references undefined resource {name}")


def sub_parts(argument: Any) -> tuple[str, dict[str, Any]]:
    """The text and the variables of a Fn::Sub."""
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) in (1, 2)
        and isinstance(argument[0], str)
        and (len(argument) == 1 or isinstance(argument[1], dict))
    ):
        return argument[0], argument[1] if len(argument) == 2 else {}
    raise template_error(
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, "
        "and an optional second argument to specify a mapping of values to replace in the string"
    )


def _closed(text: str) -> int:
    """The end of the last possible variable of a text. Bounds the search, or each later `${` would scan to the end."""
    return text.rfind("}") + 1


def sub_names(text: str) -> list[str]:
    """The names of the variables in a Fn::Sub text; `${!Literal}` is not a variable."""
    names = []
    for match in _VARIABLE.finditer(text, 0, _closed(text)):
        name = match.group(1)
        if name.startswith("!"):
            continue
        name = name.strip()
        if not _VARIABLE_NAME.fullmatch(name):
            raise template_error(
                "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, "
                "and colons"
            )
        names.append(name)
    return names


def _sub(argument: Any, scope: Scope) -> Any:
    text, variables = sub_parts(argument)
    sub_names(text)
    given: dict[str, Any] = {}  # the variables of the Fn::Sub itself, each evaluated once

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        name = name.strip()
        if name in variables:
            if name not in given:
                given[name] = _evaluate(variables[name], scope)
            value = given[name]
        elif "." in name and name not in scope.parameters:
            value = _get_att(name, scope)
        else:
            value = _ref(name, scope)
        if value is NO_VALUE:
            return ""
        if isinstance(value, dict | list):
            if isinstance(value, list) and all(not isinstance(v, dict | list) for v in value):
                return _joined(",", value, scope)
            raise template_error(f"Fn::Sub variable {name} must be a string")
        return str(_brought(text_of(value), scope))

    end = _closed(text)
    return _VARIABLE.sub(replace, text[:end]) + text[end:]


def _import_value(argument: Any, scope: Scope) -> Any:
    name = _evaluate(argument, scope)
    if not isinstance(name, str | int):
        raise template_error("the attribute in Fn::ImportValue must be a string or a function that returns a string")
    if UNKNOWN in text_of(name):
        return UNKNOWN
    value = scope.export(text_of(name))
    if value is None:
        raise TemplateError(f"No export named {name} found.")
    return _brought(value, scope)


def _get_stack_output(argument: Any, scope: Scope) -> Any:
    """An output of another stack, https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html"""
    members = ("StackName", "OutputName", "Region", "RoleArn")
    if not isinstance(argument, dict) or not set(members[:2]) <= set(argument) <= set(members):
        raise template_error("every Fn::GetStackOutput object requires StackName and OutputName")
    values = [_evaluate(argument.get(name, ""), scope) for name in members]
    if any(value is NO_VALUE or isinstance(value, dict | list) for value in values):
        raise template_error("the members of Fn::GetStackOutput must be strings")
    stack, output, region, role = (text_of(value) for value in values)
    if any(UNKNOWN in text for text in (stack, output, region, role)):
        return UNKNOWN
    return _brought(scope.output((stack, output, region, role)), scope)


# -- text and lists --------------------------------------------------------------------------------------------------


def _join(argument: Any, scope: Scope) -> Any:
    usage = (
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined "
        "or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
    )
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise template_error(usage)
    items = _evaluate(argument[1], scope)
    if items == UNKNOWN:
        return UNKNOWN
    if not isinstance(items, list) or any(isinstance(item, dict | list) for item in items):
        raise template_error(usage)
    return _joined(argument[0], items, scope)


def _joined(delimiter: str, items: list[Any], scope: Scope) -> str:
    texts = [text_of(item) for item in items]
    scope.room.take(sum(map(len, texts)) + len(delimiter) * len(texts))
    return delimiter.join(texts)


def _split(argument: Any, scope: Scope) -> Any:
    usage = (
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a "
        "function that returns a string to be split."
    )
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:
        raise template_error(usage)
    text = _evaluate(argument[1], scope)
    if text is NO_VALUE or isinstance(text, dict | list):
        raise template_error(usage)
    text = text_of(text)
    scope.room.take(len(text) + text.count(argument[0]))
    return text.split(argument[0])


def _select(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 2:
        raise template_error("Fn::Select requires a list argument with two elements: an integer index and a list")
    index, items = _evaluate(argument[0], scope), argument[1]
    try:
        position = int(index)
    except (TypeError, ValueError, OverflowError):
        raise template_error("Fn::Select requires a list argument with a valid index")
    items = _evaluate(items, scope)
    if items == UNKNOWN or (isinstance(items, list) and items and all(item == UNKNOWN for item in items)):
        return UNKNOWN
    if not isinstance(items, list):
        raise template_error("Fn::Select requires a list argument with two elements: an integer index and a list")
    if not 0 <= position < len(items):
        if any(isinstance(item, str) and UNKNOWN in item for item in items):
            return UNKNOWN
        raise template_error(f"Fn::Select  cannot select nonexistent value at index {position}")
    return items[position]


def _base64(argument: Any, scope: Scope) -> Any:
    text = _evaluate(argument, scope)
    if text is NO_VALUE or isinstance(text, dict | list):
        raise template_error("every Fn::Base64 object must have a String-typed value.")
    return _brought(base64.b64encode(text_of(text).encode()).decode(), scope)


def _cidr(argument: Any, scope: Scope) -> Any:
    usage = "every Fn::Cidr object requires parameters (1) ipBlock, (2) count and optionally (3) cidrBits"
    argument = _evaluate(argument, scope)
    if not isinstance(argument, list) or len(argument) not in (2, 3):
        raise template_error(usage)
    if UNKNOWN in argument:
        return UNKNOWN
    try:
        network = ipaddress.ip_network(str(argument[0]), strict=False)
        count = int(argument[1])
        bits = int(argument[2]) if len(argument) == 3 else (8 if network.version == 4 else 64)
    except (TypeError, ValueError):
        raise template_error(f"Fn::Cidr: invalid argument {argument}")
    prefix = network.max_prefixlen - bits
    if not 1 <= count <= 256 or not network.prefixlen <= prefix <= network.max_prefixlen:
        raise template_error(f"Fn::Cidr: cannot make {count} blocks of {bits} host bits in {network}")
    if count > 1 << (prefix - network.prefixlen):
        raise template_error(f"Fn::Cidr: not enough room for {count} blocks of {bits} host bits in {network}")
    first, step = int(network.network_address), 1 << bits
    address = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return [f"{address(first + n * step)}/{prefix}" for n in range(count)]


def _get_azs(argument: Any, scope: Scope) -> Any:
    region = _evaluate(argument, scope)
    if region is NO_VALUE or isinstance(region, dict | list):
        raise template_error("every Fn::GetAZs object must have a String-typed value.")
    return scope.zones(text_of(region) or str(scope.pseudo.get("AWS::Region", "")))


def _length(argument: Any, scope: Scope) -> Any:
    items = _evaluate(argument, scope)
    if not isinstance(items, list):
        raise template_error("Fn::Length expects a list as its argument")
    return len(items)


def _to_json_string(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, dict | list):
        raise template_error("Fn::ToJsonString expects an object or an array as its argument")
    return _brought(json.dumps(_evaluate(argument, scope), separators=(",", ":"), ensure_ascii=False), scope)


# -- choices ---------------------------------------------------------------------------------------------------------


def _if(argument: Any, scope: Scope) -> Any:
    return _evaluate(if_branch(argument, scope), scope)


def if_branch(argument: Any, scope: Scope) -> Any:
    """The branch that a Fn::If selects, unevaluated."""
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        raise template_error("Fn::If requires a list argument with the first element being a condition")
    return argument[1] if scope.condition(argument[0]) else argument[2]


USAGE_OF_MAP = (
    "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    usage = USAGE_OF_MAP
    if not isinstance(argument, list) or len(argument) not in (3, 4):
        raise template_error(usage)
    default: Any = NO_VALUE
    if len(argument) == 4:
        if not isinstance(argument[3], dict) or set(argument[3]) != {"DefaultValue"}:
            raise template_error(usage)
        default = argument[3]["DefaultValue"]
    path = [_evaluate(part, scope) for part in argument[:3]]
    if any(part is NO_VALUE or isinstance(part, dict | list) for part in path):
        raise template_error(usage)
    keys = [text_of(part) for part in path]
    if UNKNOWN in keys:
        return UNKNOWN
    found: Any = scope.mappings
    for position, key in enumerate(keys):
        if not isinstance(found, dict) or key not in found:
            if len(argument) == 4:
                return _evaluate(default, scope)
            if position == 0:
                raise template_error(f"Mapping named '{key}' is not present in the 'Mappings' section of template.")
            raise template_error(f"Unable to get mapping for {'::'.join(keys)}")
        found = found[key]
    return _brought(found, scope)


def _operands(name: str, argument: Any, least: int, most: int) -> list[Any]:
    if not isinstance(argument, list) or not least <= len(argument) <= most:
        if least == most:
            number = {1: "one", 2: "two"}[least]
            raise template_error(f"every {name} object requires a list of {number} {_plural(least)}.")
        raise template_error(f"every {name} object requires a list of at least {least} and at most {most} parameters.")
    return argument


def _plural(count: int) -> str:
    return "parameter" if count == 1 else "parameters"


def _boolean(value: Any, scope: Scope) -> bool:
    if isinstance(value, dict) and set(value) == {"Condition"}:
        return scope.condition(value["Condition"])
    result = _evaluate(value, scope)
    if isinstance(result, bool):
        return result
    if result in ("true", "false"):
        return bool(result == "true")
    raise template_error("Conditions can only be boolean operations on parameters and other conditions")


def _equals(argument: Any, scope: Scope) -> Any:
    left, right = (_evaluate(side, scope) for side in _operands("Fn::Equals", argument, 2, 2))
    if not isinstance(left, dict | list | _NoValue) and not isinstance(right, dict | list | _NoValue):
        return text_of(left) == text_of(right)
    return left == right


def _and(argument: Any, scope: Scope) -> Any:
    return all(_boolean(item, scope) for item in _operands("Fn::And", argument, 2, 10))


def _or(argument: Any, scope: Scope) -> Any:
    return any(_boolean(item, scope) for item in _operands("Fn::Or", argument, 2, 10))


def _not(argument: Any, scope: Scope) -> Any:
    return not _boolean(_operands("Fn::Not", argument, 1, 1)[0], scope)


# -- rules only ------------------------------------------------------------------------------------------------------


def _contains(argument: Any, scope: Scope) -> Any:
    items, wanted = (_evaluate(side, scope) for side in _operands("Fn::Contains", argument, 2, 2))
    return isinstance(items, list) and text_of(wanted) in [text_of(item) for item in items]


def _each_member_equals(argument: Any, scope: Scope) -> Any:
    items, wanted = (_evaluate(side, scope) for side in _operands("Fn::EachMemberEquals", argument, 2, 2))
    return isinstance(items, list) and all(text_of(item) == text_of(wanted) for item in items)


def _each_member_in(argument: Any, scope: Scope) -> Any:
    items, allowed = (_evaluate(side, scope) for side in _operands("Fn::EachMemberIn", argument, 2, 2))
    if not isinstance(items, list) or not isinstance(allowed, list):
        return False
    return {text_of(item) for item in items} <= {text_of(item) for item in allowed}


FUNCTIONS: Final[dict[str, Function]] = {
    "Fn::And": _and,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_member_equals,
    "Fn::EachMemberIn": _each_member_in,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::GetAtt": _get_att,
    "Fn::GetStackOutput": _get_stack_output,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Not": _not,
    "Fn::Or": _or,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json_string,
}
