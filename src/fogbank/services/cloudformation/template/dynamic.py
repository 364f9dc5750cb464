"""Dynamic references: {{resolve:ssm:NAME:VERSION}}, {{resolve:ssm-secure:…}}, {{resolve:secretsmanager:…}}.

The stack's records keep them as written. They are resolved only for the call that needs them, so no secret is stored.
User Guide, "Get values stored in other services using dynamic references".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from .errors import TemplateError
from .scope import Room

MAX_REFERENCES = 60  # "Considerations when using dynamic references": per template; here per resource
PATTERN = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


class Reference(msgspec.Struct, frozen=True):
    """One reference. ssm uses `name` and `version`; Secrets Manager uses all members, and `name` is the secret."""

    text: str
    service: str
    name: str
    version: str = ""
    json_key: str = ""
    stage: str = ""


def find(value: Any) -> set[Reference]:
    """Every reference in a value."""
    found: set[Reference] = set()
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            if "{{resolve:" in item:
                found |= {_reference(match) for match in PATTERN.finditer(item)}
        elif isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return found


def substitute(value: Any, found: Mapping[str, str], room: Room | None = None) -> Any:
    """The value with each reference replaced by its value (`found`: reference text → value)."""
    room = room or Room()
    if isinstance(value, str):
        return PATTERN.sub(lambda match: _put(found[match.group(0)], room), value) if "{{resolve:" in value else value
    if isinstance(value, dict):
        return {key: substitute(item, found, room) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, found, room) for item in value]
    return value


def _put(text: str, room: Room) -> str:
    room.take(len(text))
    return text


def _reference(match: re.Match[str]) -> Reference:
    text, service, rest = match.group(0), match.group(1), match.group(2).strip()
    if service != "secretsmanager":
        name, _, version = rest.rpartition(":") if re.search(r":[0-9]+$", rest) else (rest, "", "")
        return Reference(text=text, service=service, name=name, version=version)
    parts = rest.split(":")
    count = 7 if parts[0] == "arn" else 1
    secret, extra = ":".join(parts[:count]), parts[count:]
    if len(parts) < count or len(extra) > 4 or (extra and extra[0] not in ("SecretString", "")):
        raise TemplateError(f"Incorrect format is used in the following secretsmanager dynamic reference: [{secret}]")
    extra += [""] * (4 - len(extra))
    return Reference(text=text, service=service, name=secret, json_key=extra[1], stage=extra[2], version=extra[3])
