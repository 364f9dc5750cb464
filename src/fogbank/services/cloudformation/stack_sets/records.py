"""The stored records of stack sets, their instances and operations."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class StackSet(Record):
    account: str
    region: str
    name: str
    id: str  # NAME:UUID
    body: str
    created: float
    description: str = ""
    parameters: list[dict[str, Any]] = []
    capabilities: list[str] = []
    tags: dict[str, str] = {}
    administration_role: str = ""  # as given; the default has the name that AWS's guide gives it
    execution_role: str = "AWSCloudFormationStackSetExecutionRole"
    managed_execution: bool = False
    drift: dict[str, Any] = {}  # StackSetDriftDetectionDetails of the last detection


SETS = Table("cloudformation/stackset", StackSet, key=lambda s: (s.account, s.region, s.name))


class Instance(Record):
    """A stack of a set. `stack_id` is empty until the stack was created."""

    account: str
    region: str
    set_name: str
    target: str  # the account and region of the stack
    target_region: str
    status: str = "OUTDATED"  # CURRENT, INOPERABLE
    detailed: str = "PENDING"
    reason: str = ""
    stack_id: str = ""
    overrides: list[dict[str, Any]] = []
    operation: str = ""
    drift: str = "NOT_CHECKED"
    drift_time: float = 0.0


INSTANCES = Table(
    "cloudformation/stackinstance",
    Instance,
    key=lambda i: (i.account, i.region, i.set_name, i.target, i.target_region),
)


class Result(Record):
    """What an operation did in one account and region."""

    target: str
    region: str
    status: str = "PENDING"
    reason: str = ""


class SetOperation(Record):
    """An operation on a stack set. `retain`: a deletion leaves the stacks as they are."""

    account: str
    region: str
    set_name: str
    id: str
    action: str  # CREATE, UPDATE, DELETE, DETECT_DRIFT
    created: float
    status: str = "RUNNING"
    ended: float = 0.0
    reason: str = ""
    preferences: dict[str, Any] = {}
    retain: bool = False
    results: list[Result] = []


OPERATIONS = Table(
    "cloudformation/stacksetoperation",
    SetOperation,
    key=lambda o: (o.account, o.region, o.set_name, o.id),
)
