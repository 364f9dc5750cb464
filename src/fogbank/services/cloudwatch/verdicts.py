"""Decides an alarm's state from its recent data. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

EXTRA = 2  # periods to read beyond EvaluationPeriods (AWS does not say how many; its tables show two)
WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching", "ignore": "Ignore", "missing": "Missing"}


class Verdict(NamedTuple):
    state: str  # OK, ALARM or INSUFFICIENT_DATA; "" to keep the current state
    reason: str


def breaches(comparison: str, value: float, threshold: float) -> bool:
    match comparison:
        case "GreaterThanOrEqualToThreshold":
            return value >= threshold
        case "GreaterThanThreshold":
            return value > threshold
        case "LessThanThreshold":
            return value < threshold
        case _:
            return value <= threshold


def evaluate(settings: dict[str, Any], values: Sequence[float | None], starts: Sequence[int]) -> Verdict:
    """Decide the state of an alarm with these settings.

    `values`: one per period of the evaluation range, the newest last, None for missing data. `starts`: the beginnings
    of those periods, in epoch seconds. The newest EvaluationPeriods real points count; TreatMissingData only matters
    when there are fewer.
    """
    wanted: int = settings["EvaluationPeriods"]
    needed: int = settings.get("DatapointsToAlarm") or wanted
    treat = settings.get("TreatMissingData", "missing")
    comparison, threshold = settings["ComparisonOperator"], settings["Threshold"]
    real = [(age, value, starts[-1 - age]) for age, value in enumerate(reversed(values)) if value is not None]
    real = real[:wanted]
    bad = [item for item in real if breaches(comparison, item[1], threshold)]
    missing = wanted - len(real)
    words = Reason(comparison, threshold, real, bad, missing, treat)
    if len(bad) >= needed:
        return Verdict("ALARM", words.crossed(wanted, needed))
    if treat == "breaching":
        alarm = len(bad) + missing >= needed
        return Verdict("ALARM", words.treated()) if alarm else Verdict("OK", words.fine(wanted, needed))
    if treat == "notBreaching":
        return Verdict("OK", words.treated() if len(bad) == len(real) else words.fine(wanted, needed))
    if not real:
        return Verdict("" if treat == "ignore" else "INSUFFICIENT_DATA", words.unknown(wanted))
    if len(bad) < len(real) or not missing:
        return Verdict("OK", words.fine(wanted, needed))
    # every real point is breaching, and there are not enough of them
    if treat == "missing" and real[-1][0] >= needed - 1:
        return Verdict("ALARM", words.crossed(wanted, needed))
    return Verdict("", "")


class Reason(NamedTuple):
    """Builds StateReason, worded as in AWS's notifications."""

    comparison: str
    threshold: float
    real: list[tuple[int, float, int]]
    bad: list[tuple[int, float, int]]
    missing: int
    treat: str

    def crossed(self, wanted: int, needed: int) -> str:
        change = f"(minimum {_count(needed)} for OK -> ALARM transition)"
        return self._crossing(self.bad, wanted, WORDS[self.comparison], change)

    def fine(self, wanted: int, needed: int) -> str:
        good = [item for item in self.real if item not in self.bad] or self.real
        change = f"(minimum {_count(wanted - needed + 1)} for ALARM -> OK transition)"
        return self._crossing(good, wanted, f"not {WORDS[self.comparison]}", change)

    def _crossing(self, points: list[tuple[int, float, int]], wanted: int, relation: str, change: str) -> str:
        out_of = f"{len(points)} out of the last {_count(wanted, plural=True)} {self._points(points)}"
        return f"Threshold Crossed: {out_of} {_was(len(points))} {relation} the threshold ({self.threshold}) {change}."

    def treated(self) -> str:
        """The reason when too few points exist: says what the missing points were treated as."""
        periods = f"{self.missing} period{'' if self.missing == 1 else 's'}"
        points = f"{self.missing} missing datapoint{'' if self.missing == 1 else 's'}"
        was = "was" if self.missing == 1 else "were"
        return f"Threshold Crossed: no datapoints were received for {periods} and {points} {was} treated as " \
               f"[{_TREATED[self.treat]}]."  # fmt: skip

    def unknown(self, wanted: int) -> str:
        return f"Insufficient Data: {_count(wanted)} {'was' if wanted == 1 else 'were'} unknown."

    @staticmethod
    def _points(items: list[tuple[int, float, int]]) -> str:
        shown = [f"{value} ({datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S})" for _, value, at in items]
        return f"[{', '.join(shown)}]"


def _count(number: int, *, plural: bool = False) -> str:
    return f"{number} datapoint{'s' if plural or number != 1 else ''}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def settled(settings: dict[str, Any], values: Sequence[float | None], state: str) -> bool:
    """Whether the state cannot change before another point arrives, because the evaluation range has no data."""
    return all(value is None for value in values) and evaluate(settings, values, [0] * len(values)).state in ("", state)
