"""Look-up of stacks, and the status changes that all parts of the service share."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Named, named, remember, resolved
from fogbank.store.api import Reader, Transaction

from . import events
from .errors import no_stack, of_nothing
from .records import RESOURCES, REVISIONS, STACKS, Revision, Stack, StackResource
from .template.structure import Template, sections

STACK_COUNT = "L-0485CB21"  # the quota: stacks per account and region
GRACE = 2.0  # seconds: see `grace`
WAIT = "AWS::CloudFormation::WaitCondition"
KEPT_SECONDS = 90 * 86400  # a deleted stack can be described by its id for 90 days


NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_PLACE = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*/[-a-zA-Z0-9]+")  # NAME/ID
STACK = "stack"
OWNER = "stack by a physical id"


def check_name(text: str) -> None:
    """AWS's rule for new stack names."""
    if not NAME.fullmatch(text):
        raise _unfit(text, "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
    if len(text) > 128:
        raise _unfit(text, "have length less than or equal to 128")


def _unfit(text: str, rule: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{text}' at 'stackName' failed to satisfy constraint: Member must {rule}"
    )


# -- by a name or id from a request ----------------------------------------------------------------------------------


def name(ctx: Context, text: str) -> Named:
    """Resolve a stack's name or id for authorization. A name that no stack has becomes the ARN `stack/NAME/*`."""
    with ctx.read() as tx:
        stack = _look(tx, ctx, text)
    if stack is not None:
        found = named(stack.id, stack.account, key=STACKS.key(stack), record=stack)
    elif NAME.fullmatch(text):
        found = named(ctx.arn("cloudformation", f"stack/{text}/*"), ctx.account)
    else:
        account = account_in(ctx, text, "stack")
        if not account:
            raise _refused(text)
        found = named(text, account)
    return remember(ctx, STACK, text, found)


def _refused(text: str) -> ValidationError:
    if text.startswith("arn:"):
        return no_stack(text)
    return _unfit(text, "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*")


def account_in(ctx: Context, text: str, word: str) -> str:
    """The account in a stack's (or change set's) ARN of this region and partition; '' for any other text."""
    head, _, rest = text.partition(f":{word}/")
    account = head.rpartition(":")[2]
    fits = arns.ACCOUNT.fullmatch(account) and _PLACE.fullmatch(rest)
    return account if fits and text == ctx.arn("cloudformation", f"{word}/{rest}", account=account) else ""


def _look(tx: Reader, ctx: Context, text: str) -> Stack | None:
    """Look up a stack by name (not deleted) or by id (deleted ones too)."""
    if text.startswith("arn:"):
        return tx.get(STACKS, (ctx.account, ctx.region, text))
    return tx.first(STACKS, "name", (ctx.account, ctx.region, text))


def find(tx: Reader, ctx: Context, text: str) -> Stack | None:
    """The stack that a request names. The call must have been authorised for it."""
    return _look(tx, ctx, text) if ctx.names is None else _again(tx, ctx, STACK, text)


def _again(tx: Reader, ctx: Context, word: str, text: str) -> Stack | None:
    """The stack that authorization resolved. One that was created since under the same name is not returned."""
    known = resolved(ctx, word, text)
    if ctx.names is not None and ctx.names.fresh:
        return known.record  # type: ignore[no-any-return]
    return tx.get(STACKS, known.key) if known.key is not None else None


def require(tx: Reader, ctx: Context, name: str) -> Stack:
    """As `find`, but raises ValidationError "Stack with id NAME does not exist" when there is none."""
    stack = find(tx, ctx, name)
    if stack is None:
        raise no_stack(name)
    return stack


def taken(tx: Reader, ctx: Context, name: str) -> bool:
    """Whether a stack with this name exists now."""
    return _look(tx, ctx, name) is not None


def name_owner(ctx: Context, physical_id: str) -> Named:
    """Resolve the stack that a physical resource belongs to, for authorization."""
    with ctx.read() as tx:
        stack = _owner(tx, ctx, physical_id)
    return remember(ctx, OWNER, physical_id, named(stack.id, stack.account, key=STACKS.key(stack), record=stack))


def require_owner(tx: Reader, ctx: Context, physical_id: str) -> Stack:
    """As `find`, by the physical id of a resource."""
    stack = _owner(tx, ctx, physical_id) if ctx.names is None else _again(tx, ctx, OWNER, physical_id)
    if stack is None:
        raise of_nothing(physical_id)
    return stack


def _owner(tx: Reader, ctx: Context, physical_id: str) -> Stack:
    for stack in tx.scan(STACKS, (ctx.account, ctx.region)):
        if stack.status != "DELETE_COMPLETE" and any(r.physical_id == physical_id for r in present(tx, stack)):
            return stack
    raise of_nothing(physical_id)


# -- by id -----------------------------------------------------------------------------------------------------------


def get(tx: Reader, ctx: Context, stack_id: str) -> Stack:
    """Look up a stack by the id in one of our records."""
    stack = tx.get(STACKS, (ctx.account, ctx.region, stack_id))
    if stack is None:
        raise no_stack(stack_id)
    return stack


def revision(tx: Reader, stack: Stack, number: int = 0) -> Revision:
    """A revision of a stack, the current one by default."""
    found = tx.get(REVISIONS, (stack.account, stack.region, stack.id, number or stack.revision))
    if found is None:
        raise no_stack(stack.name)
    return found


def template_of(revision: Revision) -> Template:
    """The processed template of a revision; a template without resources if the revision has none."""
    document = msgspec.json.decode(revision.processed) if revision.processed else {}
    if not document.get("Resources"):
        return Template(document=document)
    return sections(document)


def resources(tx: Reader, stack: Stack) -> list[StackResource]:
    """The resources of a stack, deleted ones included, by logical id."""
    return list(tx.scan(RESOURCES, (stack.account, stack.region, stack.id)))


def present(tx: Reader, stack: Stack) -> list[StackResource]:
    """The resources that belong to a stack. A deleted (or rolled back) stack still shows those that it had."""
    gone = stack.status.startswith(("DELETE", "ROLLBACK"))
    return [r for r in resources(tx, stack) if gone or r.status != "DELETE_COMPLETE"]


def topic(stack_id: str) -> str:
    """The topic that is signalled when a stack's status changes or its run is asked to stop."""
    return f"cloudformation/{stack_id}"


def new_id(ctx: Context, name: str) -> str:
    return ctx.arn("cloudformation", f"stack/{name}/{ctx.ids.uuid()}")


def set_status(tx: Transaction, ctx: Context, stack: Stack, status: str, reason: str = "") -> None:
    """Set a stack's status, append the event, and wake everyone who watches the stack."""
    stack.status = status
    stack.reason = reason
    tx.put(STACKS, stack)
    events.add(tx, ctx, stack, stack.name, stack.id, "AWS::CloudFormation::Stack", status, reason)
    tx.signal(topic(stack.id))


def in_progress(status: str) -> bool:
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


_ASKED = {
    "CREATE": "CREATE_STACK",
    "DELETE": "DELETE_STACK",
    "IMPORT": "UPDATE_STACK",
    "ROLLBACK": "ROLLBACK",
    "UPDATE": "UPDATE_STACK",
}


def begin(
    tx: Transaction, ctx: Context, stack: Stack, status: str, reason: str, token: str = "", *, asked: str = ""
) -> None:
    """Start a run: a new operation id, the status with its event, and the job.

    `asked` is the type of the operation in LastOperations where the status does not tell it.
    """
    stack.operation = ctx.ids.uuid()
    stack.asked = asked or _ASKED[status.partition("_")[0]]
    stack.cancelled = False
    stack.token = token
    set_status(tx, ctx, stack, status, reason)
    ctx.later(tx, "cloudformation.run", {"stack": stack.id}, name=stack.id)


async def grace(ctx: Context, stack_id: str) -> None:
    """Wait until the stack is no longer in progress or only waits for a signal, at most GRACE seconds.

    AWS takes about as long to answer, so clients notice no difference. But a small stack is then complete at the
    client's first poll, which matters because the AWS CLI polls only every 30 seconds.
    """
    if ctx.clock.frozen:
        return
    end = ctx.now() + GRACE
    with ctx.watch(topic(stack_id)) as watch:
        while (left := end - ctx.now()) > 0 and await ctx.fetch(_moves, ctx, stack_id):
            await watch.wait(left)


def _moves(tx: Reader, ctx: Context, stack_id: str) -> bool:
    """Whether a stack is in progress and not merely waiting for the signals of a wait condition."""
    stack = get(tx, ctx, stack_id)
    if not in_progress(stack.status):
        return False
    return not any(r.type == WAIT and r.status.endswith("_IN_PROGRESS") for r in resources(tx, stack))


def merge(target: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """`target` with the values of `extra` that are not empty."""
    return {**target, **{key: value for key, value in extra.items() if value not in (None, "", [], {})}}
