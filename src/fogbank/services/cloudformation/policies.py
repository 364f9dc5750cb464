"""Stack policies allow or deny updates of single resources. User Guide, "Prevent updates to stack resources"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fogbank.core import documents, wildcards
from fogbank.core.errors import ValidationError


def check(policy: str) -> None:
    """Raise ValidationError unless the policy is a JSON object with valid statements."""
    try:
        document = documents.read(policy)
    except documents.BadDocument:
        raise ValidationError("Error validating stack policy: Invalid stack policy")
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list | dict):
        raise ValidationError("Error validating stack policy: Invalid stack policy")
    if not all(_is_statement(statement) for statement in _statements(document)):
        raise ValidationError("Error validating stack policy: Invalid stack policy")


def _is_statement(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    if not {"Action", "NotAction"} & set(statement):
        return False
    conditions = statement.get("Condition") or {}
    if not isinstance(conditions, dict) or not all(isinstance(wanted, dict) for wanted in conditions.values()):
        return False
    named = [statement.get(name, "*") for name in ("Action", "NotAction", "Resource", "NotResource")]
    named += [wanted.get("ResourceType", []) for wanted in conditions.values()]
    return all(isinstance(text, str) for value in named for text in _listed(value))


def denied(policy: str, logical_id: str, kind: str, action: str) -> str:
    """AWS's text for a denied update, or '' when it is allowed. A policy denies whatever it does not allow."""
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
    return bool(wildcards.compile(pattern.lower())(value.lower()))
