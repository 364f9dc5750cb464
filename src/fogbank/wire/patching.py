"""Corrects service models. patches/<service>.json holds an RFC 6902 JSON patch and the service's `Manner`.

    {"manner": {"validation_code": "InvalidParameterException"},
     "patch": [{"op": "add", "path": "/shapes/QueueDoesNotExist/error", "value": {…}}]}

Mistakes in models are corrected here, never in code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec


class Manner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a service differs from others on the wire. The defaults are right for most services."""

    validation_code: str = ""  # the error code for requests that violate the model; empty: the protocol family's
    validation: Literal["full", "required", "none"] = "full"  # which constraints of the model are checked
    echo_values: bool = True  # "Value 'x' at 'y' failed…" or "Value at 'y' failed…"
    null_rule: bool = False  # "Member must not be null" ends the list of an element's constraints
    dialect: Literal["coral", "dynamodb"] = "coral"  # the wording of SerializationException
    error_namespace: str = ""  # the part before the # in __type, for the service's own errors
    common_namespace: str = ""  # the same for errors that all services share
    validation_namespace: str = ""  # the same for ValidationException
    crc32: bool = False  # x-amz-crc32 on every answer
    missing_parameter: str = ""  # the text (with {name}) of MissingParameter, for services that use that code


class Step(msgspec.Struct, frozen=True):
    op: Literal["add", "replace", "remove"]
    path: str
    value: Any = None


class Patch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    manner: Manner = Manner()
    patch: list[Step] = []
    source: list[str] = []  # the sources of these facts


def read(service: str) -> Patch:
    """Read the patch file of a service. Returns an empty patch if there is none."""
    path = Path(__file__).parent / "patches" / f"{service}.json"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Patch()
    return msgspec.json.decode(data, type=Patch)


def apply(sections: dict[str, dict[str, msgspec.Raw]], steps: list[Step]) -> None:
    """Apply a patch to `{"metadata": …, "operations": …, "shapes": …}`, whose entries are undecoded JSON.

    Only the entries that a step changes are decoded. Raises KeyError if a step's path does not exist (the patch is out
    of date).
    """
    open_entries: dict[tuple[str, str], Any] = {}
    for step in steps:
        section, entry, *rest = [part.replace("~1", "/").replace("~0", "~") for part in step.path.split("/")[1:]]
        key = (section, entry)
        if not rest:
            open_entries.pop(key, None)
            if step.op == "remove":
                del sections[section][entry]
            else:
                sections[section][entry] = msgspec.Raw(msgspec.json.encode(step.value))
            continue
        if key not in open_entries:
            open_entries[key] = msgspec.json.decode(sections[section][entry])
        _apply_one(open_entries[key], rest, step)
    for (section, entry), value in open_entries.items():
        sections[section][entry] = msgspec.Raw(msgspec.json.encode(value))


def _apply_one(target: Any, parts: list[str], step: Step) -> None:
    for part in parts[:-1]:
        target = target[int(part)] if isinstance(target, list) else target[part]
    last = parts[-1]
    if isinstance(target, list):
        if step.op == "add":
            target.insert(len(target) if last == "-" else int(last), step.value)
        elif step.op == "replace":
            target[int(last)] = step.value
        else:
            del target[int(last)]
    elif step.op == "remove":
        del target[last]
    elif step.op == "replace" and last not in target:
        raise KeyError(step.path)
    else:
        target[last] = step.value
