"""The Conditions section and the Rules section: which conditions hold, and whether the parameters may be combined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from .errors import TemplateError, format_error
from .functions import evaluate
from .scope import Scope


class _Lazy(Mapping[str, bool]):
    """Conditions that are worked out when somebody asks, so that their order in the template does not matter."""

    def __init__(self, declared: Mapping[str, Any], scope: Scope) -> None:
        self._declared = declared
        self._scope = msgspec.structs.replace(scope, conditions=self)
        self._known: dict[str, bool] = {}
        self._asking: list[str] = []

    def __getitem__(self, name: str) -> bool:
        if name in self._known:
            return self._known[name]
        if name in self._asking:
            circle = ", ".join(self._asking[self._asking.index(name) :])
            raise format_error(f"Circular dependency between conditions: [{circle}]")
        expression = self._declared[name]
        if not isinstance(expression, dict):
            raise format_error("Every Conditions member must be an object.")
        self._asking.append(name)
        try:
            value = evaluate(expression, self._scope)
        finally:
            self._asking.pop()
        if value in ("true", "false"):
            value = value == "true"
        if not isinstance(value, bool):
            raise format_error("Conditions can only be boolean operations on parameters and other conditions")
        self._known[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)


def evaluate_conditions(declared: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    """Every condition's value."""
    return dict(_Lazy(declared, scope))


def check_rules(rules: Mapping[str, Any], scope: Scope) -> None:
    """Raise TemplateError for the first assertion of the Rules section that does not hold.

    Fn::RefAll, Fn::ValueOf and Fn::ValueOfAll, which look at the account's own resources, are refused as unsupported.
    AWS's text for a failed assertion could not be confirmed beyond its description being shown.
    """
    for name, rule in rules.items():
        if not isinstance(rule, dict) or not isinstance(rule.get("Assertions"), list):
            raise format_error(f"Rule {name} must have Assertions")
        if "RuleCondition" in rule and evaluate(rule["RuleCondition"], scope) is not True:
            continue
        for assertion in rule["Assertions"]:
            if evaluate(assertion.get("Assert"), scope) is not True:
                reason = assertion.get("AssertDescription") or f"Rule {name} failed"
                raise TemplateError(f"Template constraint violation: {reason}")
