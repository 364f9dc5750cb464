"""The stored records of stacks, change sets, exports and callbacks.

Each create or update gives the stack a new revision, so a rollback is an update to an earlier revision. Properties are
stored evaluated, but with dynamic references unresolved: no secret of another service is stored here.
"""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Key, Record, Table

from .template.parameters import Value


class Stack(Record):
    """A stack and its status. `operation` is the id of the run in progress, or of the last one."""

    account: str
    region: str
    id: str  # its ARN
    name: str
    status: str
    created: float
    revision: int = 1
    previous: int = 0  # the revision that a failed update rolls back to; 0: there is none
    reason: str = ""
    description: str = ""
    updated: float | None = None
    deleted: float | None = None
    outputs: list[dict[str, str]] = []  # {"key", "value", "description", "export"}
    on_failure: str = "ROLLBACK"  # DO_NOTHING, DELETE
    retain_except_on_create: bool = False
    timeout_minutes: int = 0
    termination_protection: bool = False
    policy: str = ""  # stack policy, JSON
    policy_during: str = ""  # the policy of the update in progress
    parent_id: str = ""
    root_id: str = ""
    change_set_id: str = ""
    operation: str = ""
    drift: str = ""  # DRIFTED or IN_SYNC, as the last detection found
    drift_time: float = 0.0
    asked: str = ""  # the type of the last operation: CREATE_STACK, UPDATE_STACK, DELETE_STACK, …
    role_arn: str = ""
    notification_arns: list[str] = []
    retain: list[str] = []  # DeleteStack's RetainResources
    skip: list[str] = []  # ContinueUpdateRollback's ResourcesToSkip
    cancelled: bool = False  # CancelUpdateStack was called
    forced: bool = False  # DeletionMode FORCE_DELETE_STACK
    token: str = ""  # ClientRequestToken of the operation in progress
    imports: list[dict[str, str]] = []  # resources to import: {"logical_id", "type", "physical_id"}


def _active_name(stack: Stack) -> Key | None:
    return None if stack.status == "DELETE_COMPLETE" else (stack.account, stack.region, stack.name)


def _parent(stack: Stack) -> Key | None:
    return (stack.parent_id,) if stack.parent_id else None


STACKS = Table(
    "cloudformation/stack",
    Stack,
    key=lambda s: (s.account, s.region, s.id),
    indexes={"name": _active_name, "parent": _parent},
)


class Revision(Record):
    """A template with its parameters and options, as one create or update of a stack asked for."""

    account: str
    region: str
    stack_id: str
    number: int
    body: str  # the template as sent
    processed: str  # JSON, after macros
    parameters: dict[str, Value] = {}
    tags: dict[str, str] = {}
    capabilities: list[str] = []
    notification_arns: list[str] = []
    rollback_configuration: dict[str, Any] = {}


REVISIONS = Table("cloudformation/revision", Revision, key=lambda r: (r.account, r.region, r.stack_id, r.number))


class StackResource(Record):
    """One resource of a stack."""

    account: str
    region: str
    stack_id: str
    logical_id: str
    type: str
    status: str
    updated: float
    physical_id: str = ""
    reason: str = ""
    properties: dict[str, Any] = {}
    attempted: dict[str, Any] | None = None  # properties of an update that has begun but not succeeded
    attributes: dict[str, Any] = {}
    needs: list[str] = []
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    metadata: str = ""  # JSON
    token: str = ""  # random part of the physical resource's name; every retry of its creation uses the same one
    next_token: str = ""  # the same for a replacement that has begun
    operation: str = ""  # id of the run that set the status
    born: str = ""  # id of the run that created the physical resource


RESOURCES = Table(
    "cloudformation/resource", StackResource, key=lambda r: (r.account, r.region, r.stack_id, r.logical_id)
)


class Leftover(Record):
    """A physical resource that an update replaced. It is deleted after the update, or restored by a rollback."""

    account: str
    region: str
    stack_id: str
    logical_id: str
    physical_id: str
    resource: StackResource  # the record before the replacement
    operation: str


LEFTOVERS = Table(
    "cloudformation/leftover",
    Leftover,
    key=lambda r: (r.account, r.region, r.stack_id, r.logical_id, r.physical_id),
)


class Detection(Record):
    """One detection of drift, of a whole stack."""

    account: str
    region: str
    id: str
    stack_id: str
    time: float
    status: str = "DETECTION_IN_PROGRESS"  # DETECTION_COMPLETE, DETECTION_FAILED
    drift: str = ""  # DRIFTED, IN_SYNC
    reason: str = ""
    drifted: int = 0
    only: list[str] = []  # logical ids; empty: all


DETECTIONS = Table("cloudformation/detection", Detection, key=lambda d: (d.account, d.region, d.id))


class Drift(Record):
    """How a resource differed from its template when that was last detected."""

    account: str
    region: str
    stack_id: str
    logical_id: str
    status: str  # IN_SYNC, MODIFIED, DELETED, UNKNOWN
    time: float
    expected: str = ""  # JSON
    actual: str = ""
    differences: list[dict[str, str]] = []
    reason: str = ""


DRIFTS = Table("cloudformation/drift", Drift, key=lambda d: (d.account, d.region, d.stack_id, d.logical_id))


class Event(Record):
    """A stack event. `number` counts the events of one stack."""

    account: str
    region: str
    stack_id: str
    number: int
    id: str
    stack_name: str
    logical_id: str
    physical_id: str
    type: str
    time: float
    status: str
    reason: str = ""
    properties: str = ""  # JSON
    token: str = ""
    detailed: str = ""  # VALIDATION_FAILED
    operation: str = ""  # the id of the operation, and its type: CREATE_STACK, …
    asked: str = ""


EVENTS = Table("cloudformation/event", Event, key=lambda e: (e.account, e.region, e.stack_id, e.number))


class Export(Record):
    account: str
    region: str
    name: str
    value: str
    stack_id: str


EXPORTS = Table(
    "cloudformation/export",
    Export,
    key=lambda e: (e.account, e.region, e.name),
    indexes={"stack": lambda e: (e.account, e.region, e.stack_id)},
)


class Import(Record):
    """A stack that uses an export."""

    account: str
    region: str
    name: str
    stack_id: str
    stack_name: str


IMPORTS = Table(
    "cloudformation/import",
    Import,
    key=lambda i: (i.account, i.region, i.name, i.stack_id),
    indexes={"stack": lambda i: (i.account, i.region, i.stack_id)},
)


class ChangeSet(Record):
    """A change set; `revision` is what the stack would become."""

    account: str
    region: str
    id: str
    name: str
    stack_id: str
    stack_name: str
    type: str  # CREATE, UPDATE, IMPORT
    status: str
    execution_status: str
    created: float
    body: str
    processed: str
    reason: str = ""
    description: str = ""
    parameters: dict[str, Value] = {}
    tags: dict[str, str] = {}
    capabilities: list[str] = []
    notification_arns: list[str] = []
    rollback_configuration: dict[str, Any] = {}
    role_arn: str = ""
    changes: list[dict[str, Any]] = []  # ResourceChange structures
    on_failure: str = ""
    include_nested: bool = False
    parent: str = ""  # of a nested change set: the ids of its parent and of the outermost one
    root: str = ""
    import_existing: bool = False
    deployment_mode: str = ""  # REVERT_DRIFT
    deployment: dict[str, Any] = {}  # DeploymentConfig
    operation: str = ""  # the id of its creation as an operation
    violations: list[dict[str, str]] = []  # what early validation found: {"name", "type", "check", "path", "reason"}
    imports: list[dict[str, str]] = []
    client_token: str = ""


CHANGE_SETS = Table(
    "cloudformation/changeset",
    ChangeSet,
    key=lambda c: (c.account, c.region, c.id),
    indexes={"stack": lambda c: (c.stack_id, c.name), "root": lambda c: (c.root,) if c.root else None},
)


class Callback(Record):
    """An expected answer from outside: a custom resource's response, or the signals of a wait condition.

    `secret` is the last part of the callback URL.
    """

    account: str
    region: str
    secret: str
    stack_id: str
    logical_id: str
    kind: str  # "custom" or "wait"
    request_id: str = ""
    sent: bool = False
    began: float = 0.0
    answers: list[dict[str, Any]] = []


CALLBACKS = Table(
    "cloudformation/callback",
    Callback,
    key=lambda c: (c.secret,),
    indexes={
        "request": lambda c: (c.stack_id, c.logical_id, c.request_id),
        "stack": lambda c: (c.stack_id, c.kind),
    },
)
