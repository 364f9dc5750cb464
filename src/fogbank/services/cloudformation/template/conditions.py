"""Evaluates the Conditions section, and checks the assertions of the Rules section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from .errors import TemplateError, format_error
from .functions import evaluate
from .scope import Scope


class _Lazy(Mapping[str, bool]):
    """Conditions that are evaluated on access, so their order in the template does not matter.

    The conditions that one refers to are evaluated before it, in a loop: a long chain causes no deep recursion.
    """

    def __init__(self, declared: Mapping[str, Any], scope: Scope) -> None:
        self._declared = declared
        self._scope = msgspec.structs.replace(scope, conditions=self)
        self._known: dict[str, bool] = {}

    def __getitem__(self, name: str) -> bool:
        if name not in self._known:
            self._work_out_from(name)
        return self._known[name]

    def _work_out_from(self, name: str) -> None:
        """Evaluate a condition after those that it refers to. Raises KeyError for one that is not declared."""
        waiting = {name: iter(_references(self._declared[name]))}
        while waiting:
            current = next(reversed(waiting))
            missing = next((each for each in waiting[current] if self._is_missing(each)), None)
            if missing is None:
                self._known[current] = self._work_out(self._declared[current])
                del waiting[current]
            elif missing in waiting:
                names = list(waiting)
                circle = ", ".join(names[names.index(missing) :])
                raise format_error(f"Circular dependency between conditions: [{circle}]")
            else:
                waiting[missing] = iter(_references(self._declared[missing]))

    def _is_missing(self, name: Any) -> bool:
        return isinstance(name, str) and name in self._declared and name not in self._known

    def _work_out(self, expression: Any) -> bool:
        if not isinstance(expression, dict):
            raise format_error("Every Conditions member must be an object.")
        value = evaluate(expression, self._scope)
        if value in ("true", "false"):
            value = value == "true"
        if not isinstance(value, bool):
            raise format_error("Conditions can only be boolean operations on parameters and other conditions")
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)


def _references(expression: Any) -> list[Any]:
    """The names of conditions that an expression refers to (and possibly values that are no names)."""
    found: list[Any] = []
    todo = [expression]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            branches = item.get("Fn::If")
            found += branches[:1] if isinstance(branches, list) else []
            found.append(item.get("Condition"))
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return found


def evaluate_conditions(declared: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    """Evaluate all conditions."""
    return dict(_Lazy(declared, scope))


def check_rules(rules: Mapping[str, Any], scope: Scope) -> None:
    """Raise TemplateError for the first assertion of the Rules section that is not true.

    Fn::RefAll, Fn::ValueOf and Fn::ValueOfAll, which read the account's own resources, are refused as unsupported.
    AWS shows the description of a failed assertion; the rest of its text could not be confirmed.
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
