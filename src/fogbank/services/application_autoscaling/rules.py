"""How policies compute a capacity. Pure: no clock, no store.

https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from __future__ import annotations

import math
from typing import Any

COOLDOWN = 300.0  # of step scaling, and of target tracking but for those below
NO_COOLDOWN = ("dynamodb", "lambda", "comprehend", "cassandra", "kafka", "neptune", "elasticache", "sagemaker")


def step(settings: dict[str, Any], current: int, breach: float) -> int | None:
    """The capacity that a step policy wants when a metric is `breach` above its alarm's threshold (negative: below)."""
    for each in settings.get("StepAdjustments") or ():
        low, high = each.get("MetricIntervalLowerBound"), each.get("MetricIntervalUpperBound")
        if _within(breach, -math.inf if low is None else low, math.inf if high is None else high):
            return _adjusted(settings, current, each["ScalingAdjustment"])
    return None


def _within(breach: float, low: float, high: float) -> bool:
    """Steps above the threshold include their lower bound, and steps below it their upper bound."""
    return low <= breach < high if breach >= 0 else low < breach <= high


def _adjusted(settings: dict[str, Any], current: int, adjustment: int) -> int:
    match settings["AdjustmentType"]:
        case "ExactCapacity":
            return adjustment
        case "ChangeInCapacity":
            return current + adjustment
    change = current * adjustment / 100
    # "rounded": values above 1 down, between 0 and 1 to 1, and the same below 0
    whole = math.floor(change) if change >= 1 else (1 if change > 0 else -1 if -1 < change < 0 else math.ceil(change))
    least = settings.get("MinAdjustmentMagnitude") or 0
    if whole and abs(whole) < least:
        whole = least if whole > 0 else -least
    return current + whole


def tracked(current: int, value: float, target: float) -> int:
    """The capacity with which a metric that is in proportion to it would have its target value."""
    return max(math.ceil(round(current * value / target, 6)), 0)


def default_cooldown(namespace: str) -> float:
    """https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html"""
    return 0.0 if namespace in NO_COOLDOWN else COOLDOWN
