"""Parameter policies: Expiration, ExpirationNotification and NoChangeNotification.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html

Expiration is real: the parameter is deleted at that time. The notifications are events for EventBridge.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fogbank.core import documents
from fogbank.core.errors import ValidationError

from .errors import (
    IncompatiblePolicyException,
    InvalidPolicyAttributeException,
    InvalidPolicyTypeException,
    PoliciesLimitExceededException,
)

MOST = 10
_ATTRIBUTES = {
    "Expiration": ("Timestamp",),
    "ExpirationNotification": ("Before", "Unit"),
    "NoChangeNotification": ("After", "Unit"),
}


def read(text: str) -> list[dict[str, Any]]:
    """The policies of a parameter. `[{}]` takes them all away, and is none.

    Raises AWS's errors, with the texts of the API reference.
    """
    try:
        found = documents.read(text)
    except documents.BadDocument:
        raise ValidationError("The policies are not valid JSON.") from None  # not confirmed
    if not isinstance(found, list) or not all(isinstance(policy, dict) for policy in found):
        raise ValidationError("The policies are not a list of policies.")  # not confirmed
    policies = [policy for policy in found if policy]
    if len(policies) > MOST:
        raise PoliciesLimitExceededException
    for policy in policies:
        _check(policy)
    kinds = [policy["Type"] for policy in policies]
    if kinds.count("Expiration") > 1 or ("ExpirationNotification" in kinds and "Expiration" not in kinds):
        raise IncompatiblePolicyException
    return policies


def _check(policy: dict[str, Any]) -> None:
    kind, attributes = policy.get("Type"), policy.get("Attributes")
    if kind not in _ATTRIBUTES:
        raise InvalidPolicyTypeException
    if not isinstance(attributes, dict) or set(attributes) != set(_ATTRIBUTES[kind]):
        raise InvalidPolicyAttributeException
    if kind == "Expiration":
        _moment(attributes["Timestamp"])
        return
    amount = attributes.get("Before", attributes.get("After"))
    if attributes["Unit"] not in ("Days", "Hours") or not str(amount).isdecimal() or int(str(amount)) < 1:
        raise InvalidPolicyAttributeException


def _moment(text: Any) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidPolicyAttributeException from None
    if moment.tzinfo is None:
        raise InvalidPolicyAttributeException
    return moment.timestamp()


def expires(policies: list[dict[str, Any]]) -> float | None:
    """When the parameter is to be deleted, in epoch seconds."""
    return next((_moment(p["Attributes"]["Timestamp"]) for p in policies if p["Type"] == "Expiration"), None)
