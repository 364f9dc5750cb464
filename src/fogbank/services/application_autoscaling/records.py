"""Scalable targets, their policies and scheduled actions, and what was done."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Target(Record):
    """A scalable target. Times are in epoch seconds."""

    account: str
    region: str
    namespace: str
    resource: str
    dimension: str
    id: str
    created: float
    least: int
    most: int
    role: str
    suspended: dict[str, bool] = {}
    tags: dict[str, str] = {}


class Policy(Record):
    """A scaling policy. `before` is the capacity at the start of the last activity, which cooldowns compare with."""

    account: str
    region: str
    namespace: str
    resource: str
    dimension: str
    name: str
    id: str
    created: float
    type: str
    settings: dict[str, Any]
    alarms: list[str] = []  # names of its CloudWatch alarms
    scaled_out: float = 0.0
    scaled_in: float = 0.0
    before: int = 0
    alarm: str = ""  # the alarm that is in ALARM and acts on


class Action(Record):
    """A scheduled action. `due` is when it runs next, 0 when it does not."""

    account: str
    region: str
    namespace: str
    resource: str
    dimension: str
    name: str
    id: str
    created: float
    schedule: str
    timezone: str = ""
    begins: float = 0.0
    ends: float = 0.0
    least: int | None = None
    most: int | None = None
    due: float = 0.0


class Activity(Record):
    """One change of a capacity, or the attempt. `at` is in milliseconds."""

    account: str
    region: str
    namespace: str
    at: int
    id: str
    resource: str
    dimension: str
    description: str
    cause: str
    status: str
    message: str
    ended: float


def place(of: Target | Policy | Action) -> tuple[str, ...]:
    """The key of a target, which those of its policies and actions begin with."""
    return of.account, of.region, of.namespace, of.resource, of.dimension


TARGETS = Table("application-autoscaling/target", Target, key=place)
POLICIES = Table(
    "application-autoscaling/policy",
    Policy,
    key=lambda p: (*place(p), p.name),
    indexes={"id": lambda p: (p.account, p.region, p.id)},
)
ACTIONS = Table(
    "application-autoscaling/action",
    Action,
    key=lambda a: (*place(a), a.name),
    indexes={"id": lambda a: (a.account, a.region, a.id)},
)
ACTIVITIES = Table(
    "application-autoscaling/activity", Activity, key=lambda a: (a.account, a.region, a.namespace, a.at, a.id)
)
