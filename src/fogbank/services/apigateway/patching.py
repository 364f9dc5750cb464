"""PATCH: lists of add, remove, replace, copy, test and move on the paths each structure allows.

Paths are JSON pointers whose steps may stand for themselves (`/name`) or for any key (`/variables/{name}`); `~1` is a
slash inside a key. What each structure allows:
https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fogbank.apis.errors import BadRequest

Convert = Callable[[str], Any]


class Rule(msgspec.Struct, frozen=True):
    """What one path allows. `ops` as in "add remove replace"; `convert` reads the value; `many`: a list of values.

    With `many`, "/list/value" (or "/list" with the value beside it) adds and removes members of a list.
    """

    ops: str = "replace"
    convert: Convert = str
    many: bool = False


def flag(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(value)
    return value.lower() == "true"


def number(value: str) -> float:
    return float(value)


def optional_number(value: str) -> int | None:
    return int(value) if value else None


REPLACE = Rule()
FLAG = Rule(convert=flag)
COUNT = Rule(convert=int)
RATE = Rule(convert=number)
ENTRY = Rule("add remove replace copy")
FLAG_ENTRY = Rule("add remove replace", flag)
MEMBER = Rule("add remove replace", many=True)
SETTABLE = Rule("add remove replace")

Rules = Mapping[str, Rule]


def steps(path: str) -> list[str]:
    """The keys in a pointer, unescaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def apply(shape: dict[str, Any], operations: Sequence[Mapping[str, Any]] | None, rules: Rules) -> dict[str, Any]:
    """A changed copy of `shape`. Raises BadRequest, and changes nothing, when any operation is not allowed."""
    changed: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(shape))
    for operation in operations or ():
        _apply(changed, operation, rules)
    return changed


def setting(req: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The operations of a request that give /name, or something in it, a value."""
    operations = req.get("patchOperations") or ()
    return [o for o in operations if steps(o.get("path") or "")[0] == name and o.get("op") not in ("remove", "test")]


def _apply(shape: dict[str, Any], operation: Mapping[str, Any], rules: Rules) -> None:
    op, path = operation.get("op") or "", operation.get("path") or ""
    if not path.startswith("/"):
        raise refusal(path, op, rules)
    keys = steps(path)
    found = _match(keys, rules)
    if found is None or op not in (*found[1].ops.split(), "test"):
        raise refusal(path, op, rules)
    pattern, rule = found
    keys = _joined(keys, pattern)
    if op == "copy":
        value: Any = _lookup(shape, steps(operation.get("from") or ""))
        _set(shape, keys, value)
    elif rule.many:
        _list(shape, keys, pattern, op, operation.get("value"), rule)
    elif op == "remove":
        _remove(shape, keys)
    elif op == "test":
        if str(_lookup(shape, keys)) != operation.get("value"):
            raise BadRequest(f"Test operation failed for path '{path}'")
    else:
        _set(shape, keys, _value(operation, rule))


def refusal(path: str, op: str, rules: Rules) -> BadRequest:
    allowed = sorted(name for name, rule in rules.items() if op in rule.ops.split())
    return BadRequest(f"Invalid patch path  '{path}' specified for op '{op}'. Must be one of: [{', '.join(allowed)}]")


def _match(keys: list[str], rules: Rules) -> tuple[list[str], Rule] | None:
    for name, rule in rules.items():
        pattern = name[1:].split("/")
        same_length = len(pattern) == len(keys) or (rule.many and len(keys) == len(pattern) - 1)
        rest = pattern[-1] == "{rest}" and len(keys) >= len(pattern)
        if (same_length or rest) and all(p == k or p.startswith("{") for p, k in zip(pattern, keys, strict=False)):
            return pattern, rule
    return None


def _joined(keys: list[str], pattern: list[str]) -> list[str]:
    """Keys beyond the pattern belong to its last step (a media type whose slash was not escaped)."""
    n = len(pattern)
    return [*keys[: n - 1], "/".join(keys[n - 1 :])] if len(keys) > n else keys


def _value(operation: Mapping[str, Any], rule: Rule) -> Any:
    value = operation.get("value")
    if value is None and rule.convert is str:
        return None
    try:
        return rule.convert(value or "")
    except ValueError:
        raise BadRequest(
            f"Invalid patch value '{value}' specified for op '{operation['op']}' and path '{operation['path']}'"
        ) from None


def _lookup(shape: Any, keys: list[str]) -> Any:
    for key in keys:
        if not isinstance(shape, dict) or key not in shape:
            raise BadRequest(f"Invalid patch path '/{'/'.join(keys)}'")
        shape = shape[key]
    return shape


def _set(shape: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        held = shape.get(key)
        if not isinstance(held, dict):
            held = shape[key] = {}
        shape = held
    if value is None:
        shape.pop(keys[-1], None)
    else:
        shape[keys[-1]] = value


def _remove(shape: dict[str, Any], keys: list[str]) -> None:
    for key in keys[:-1]:
        held = shape.get(key)
        if not isinstance(held, dict):
            return
        shape = held
    shape.pop(keys[-1], None)


def _list(shape: dict[str, Any], keys: list[str], pattern: list[str], op: str, value: Any, rule: Rule) -> None:
    """Members of a list: by value in the path or beside it, or by position."""
    last = keys[-1] if len(keys) == len(pattern) else None
    base = keys[: len(pattern) - 1]
    held = shape
    for key in base[:-1]:
        held = held.setdefault(key, {})
    members: list[Any] = list(held.get(base[-1]) or [])
    position = int(last) if last is not None and last.isdecimal() and value is not None else None
    if op == "replace" and last is not None and value is not None:
        wanted = rule.convert(value)
        if position is not None and position < len(members):
            members[position] = wanted
        elif last in members:
            members[members.index(last)] = wanted
        elif wanted not in members:
            members.append(wanted)
    elif op == "replace" and last is None:
        members = [rule.convert(v) for v in (value or "").split(",") if v]
    elif op == "remove":
        gone = value if last is None or position is not None else last
        members = [m for i, m in enumerate(members) if m != gone and str(i) != (last if value is None else None)]
    else:
        wanted = rule.convert(value if value and (last is None or position is not None) else last or "")
        if wanted not in members:
            members.append(wanted)
    if members:
        held[base[-1]] = members
    else:
        held.pop(base[-1], None)
