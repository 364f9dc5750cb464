"""Regular expressions in templates, paths, models, authorizers and integration responses, within a budget.

AWS runs them with Java's java.util.regex.
"""

from __future__ import annotations

from fogbank.core import regexes
from fogbank.core.clock import Clock
from fogbank.core.regexes import BadPattern, Pattern, TooCostly

from .budget import PER_STEP, Budget, OverBudget

__all__ = ["BadPattern", "Matching", "found", "whole"]
QUICK_PATTERN = 200  # characters of a pattern that is compiled on the event loop
QUICK_WORK = 1_000_000  # instructions that matching on the event loop may take at worst: some 10 ms
MATCH = 10  # steps that each match takes which is replaced or split at
WORK_PER_STEP = 200  # instructions of RE2 that count as one step


def whole(text: str, value: str, budget: Budget, *, dot_all: bool = False) -> bool:
    """Whether all of the value matches (Java's matches). Raises BadPattern, OverBudget."""
    with Matching(text, value, budget, dot_all=dot_all) as pattern:
        return pattern.fullmatch(value)


def found(text: str, value: str, budget: Budget) -> bool:
    """Whether a part of the value matches (Java's find). Raises BadPattern, OverBudget."""
    with Matching(text, value, budget) as pattern:
        return pattern.search(value)


class Matching:
    """`with Matching(text, value, budget) as pattern`: one use of a pattern on a value, charged to the budget.

    RE2's work is bounded by the sizes of pattern and text. The backtracking engine's is not, so its time is taken.
    """

    def __init__(self, text: str, value: str, budget: Budget, *, dot_all: bool = False) -> None:
        if budget.quick and len(text) > QUICK_PATTERN:
            raise OverBudget("the pattern is for a worker")
        try:
            self._pattern = regexes.compile(text, dot_all=dot_all)
        except TooCostly as error:
            raise OverBudget(str(error)) from None
        self._budget = budget
        self._started = 0.0
        work = self._pattern.size * len(value)
        if budget.quick and (not self._pattern.size or work > QUICK_WORK):
            raise OverBudget("the match is for a worker")
        budget.step(1 + work // WORK_PER_STEP + len(value) // PER_STEP)

    def __enter__(self) -> Pattern:
        self._started = 0.0 if self._pattern.size else Clock.monotonic()
        return self._pattern

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, TooCostly):
            raise OverBudget(str(error)) from None
        if kind is None and self._started:
            self._budget.step(int((Clock.monotonic() - self._started) * 1_000_000))
