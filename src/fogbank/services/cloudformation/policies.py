"""Stack policies: which updates of which resources are allowed. User Guide, "Prevent updates to stack resources"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from fogbank.core.errors import ValidationError


def check(policy: str) -> None:
    """Raise ValidationError for a policy that is no JSON object with statements."""
    try:
        document = msgspec.json.decode(policy)
    except msgspec.DecodeError:
        raise ValidationError("Error validating stack policy: Invalid stack policy")
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list | dict):
        raise ValidationError("Error validating stack policy: Invalid stack policy")
    for statement in _statements(document):
        if statement.get("Effect") not in ("Allow", "Deny") or not ({"Action", "NotAction"} & set(statement)):
            raise ValidationError("Error validating stack policy: Invalid stack policy")


def denied(policy: str, logical_id: str, kind: str, action: str) -> str:
    """Why an update is not allowed, in AWS's words, or ''. With a policy, what it does not allow is denied."""
    if not policy:
        return ""
    allowed = False
    for number, statement in enumerate(_statements(msgspec.json.decode(policy)), 1):
        if not _applies(statement, logical_id, kind, action):
            continue
        if statement["Effect"] == "Deny":
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource "
                f"[LogicalResourceId/{logical_id}]"
            )
        allowed = True
    if allowed:
        return ""
    return f"Action not allowed by stack policy: [{action}] for resource [LogicalResourceId/{logical_id}]"


def _statements(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    found = document["Statement"]
    yield from found if isinstance(found, list) else [found]


def _applies(statement: dict[str, Any], logical_id: str, kind: str, action: str) -> bool:
    if not _either(statement, "Action", action) or not _either(
        statement, "Resource", f"LogicalResourceId/{logical_id}"
    ):
        return False
    for operator, wanted in (statement.get("Condition") or {}).items():
        types = _listed(wanted.get("ResourceType", []))
        if operator == "StringEquals" and kind not in types:
            return False
        if operator == "StringLike" and not any(_like(pattern, kind) for pattern in types):
            return False
    return True


def _either(statement: dict[str, Any], name: str, value: str) -> bool:
    if f"Not{name}" in statement:
        return not any(_like(pattern, value) for pattern in _listed(statement[f"Not{name}"]))
    return any(_like(pattern, value) for pattern in _listed(statement.get(name, "*")))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _like(pattern: str, value: str) -> bool:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, value, re.IGNORECASE) is not None
