"""Customer managed policies and their versions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fogbank.auth import managed, records
from fogbank.auth.credentials import unique_id
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import arns, attachable, documents, quotas, shapes, tags
from ..errors import DeleteConflict, EntityAlreadyExists, InvalidInput, LimitExceeded, NoSuchEntity
from ..kinds import KINDS
from ..paging import page

AnyPolicy = records.ManagedPolicy | managed.AwsPolicy


@operation("iam", "CreatePolicy", resource=arns.new_policy)
def create_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a managed policy; its document is version v1 and the default."""
    name, document, now = req["PolicyName"], req["PolicyDocument"], int(ctx.now())
    documents.check(document)
    with ctx.write() as tx:
        quotas.hold(tx, ctx, "PolicySize", documents.size(document))
        if tx.get(records.POLICIES, (ctx.account, name.lower())):
            raise EntityAlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.")
        quotas.hold_one_more(tx, ctx, "PoliciesPerAccount", records.POLICIES)
        policy = records.ManagedPolicy(
            account=ctx.account,
            name=name,
            path=req.get("Path") or "/",
            id=unique_id(ctx.ids, "ANPA"),
            created=now,
            updated=now,
            description=req.get("Description") or "",
            default=1,
            latest=1,
            tags=tags.read(req),
        )
        tx.put(records.POLICIES, policy)
        _put_version(tx, policy, 1, document, now)
        records.changed(tx)
    return {"Policy": shapes.policy(ctx, policy, 0, 0)}


def _put_version(tx: Transaction, policy: records.ManagedPolicy, number: int, document: str, now: int) -> None:
    version = records.PolicyVersion(
        account=policy.account, policy=policy.name.lower(), number=number, document=document, created=now
    )
    tx.put(records.VERSIONS, version)


def _own(tx: Reader, ctx: Context, arn: str) -> records.ManagedPolicy:
    """A policy that may be changed: the account's own."""
    attachable.check_arn(arn)
    found = attachable.customer_policy(tx, ctx, arn)
    if found is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return found


@operation("iam", "GetPolicy", resource=arns.policy)
def get_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A managed policy, AWS's or the account's."""
    arn = req["PolicyArn"]
    with ctx.read() as tx:
        found = attachable.require(tx, ctx, arn)
        return {"Policy": shapes.policy(ctx, found, *attachable.uses(tx, ctx.account, arn))}


@operation("iam", "DeletePolicy", resource=arns.policy)
def delete_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a policy that is attached to nothing and has its default version only."""
    arn = req["PolicyArn"]
    with ctx.write() as tx:
        policy = _own(tx, ctx, arn)
        if any(attachable.uses(tx, ctx.account, arn)):
            raise DeleteConflict("Cannot delete a policy attached to entities.")
        versions = _versions(tx, policy)
        if len(versions) > 1:
            raise DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        for version in versions:
            tx.delete(records.VERSIONS, (ctx.account, version.policy, version.number))
        tx.delete(records.POLICIES, policy.key)
        records.changed(tx)
    return {}


def _versions(tx: Reader, policy: records.ManagedPolicy) -> list[records.PolicyVersion]:
    return list(tx.scan(records.VERSIONS, (policy.account, policy.name.lower())))


@operation("iam", "ListPolicies", resource=arns.policies)
def list_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Managed policies: the account's own, then AWS's (Scope Local, AWS or All)."""
    usage = req.get("PolicyUsageFilter")
    prefix = req.get("PathPrefix") or "/"
    with ctx.read() as tx:
        attached, bounded = _usage(tx, ctx.account)

        def wanted(policy: AnyPolicy) -> bool:
            arn = _arn(ctx, policy)
            uses = attached[arn] if usage != "PermissionsBoundary" else bounded[arn]
            return policy.path.startswith(prefix) and (uses > 0 or not (req.get("OnlyAttached") or usage))

        found = (policy for policy in _all(tx, ctx, req.get("Scope") or "All") if wanted(policy))

        def shape(policy: AnyPolicy) -> dict[str, Any]:
            arn = _arn(ctx, policy)
            return shapes.policy(ctx, policy, attached[arn], bounded[arn], full=False)

        return page(ctx, req, "Policies", found, _order, shape)


def _arn(ctx: Context, policy: AnyPolicy) -> str:
    return policy.arn(ctx.partition) if isinstance(policy, managed.AwsPolicy) else arns.arn_of(ctx, "policy", policy)


def _order(policy: AnyPolicy) -> str:
    """The account's own first, each by name."""
    return ("2" if isinstance(policy, managed.AwsPolicy) else "1") + policy.name.lower()


def _all(tx: Reader, ctx: Context, scope: str) -> Iterator[AnyPolicy]:
    if scope != "AWS":
        yield from tx.scan(records.POLICIES, (ctx.account,))
    if scope != "Local":
        yield from managed.every()


def _usage(tx: Reader, account: str) -> tuple[Counter[str], Counter[str]]:
    """How often each ARN is attached, and how often it is a boundary."""
    attached: Counter[str] = Counter()
    bounded: Counter[str] = Counter()
    for kind in KINDS:
        for holder in tx.scan(kind.table, (account,)):
            attached.update(holder.attached)
            if getattr(holder, "boundary", ""):
                bounded[holder.boundary] += 1
    return attached, bounded


# -- versions ----------------------------------------------------------------------------------------------------------


@operation("iam", "CreatePolicyVersion", resource=arns.policy)
def create_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Another version of the document; five are kept, and making room is the caller's work."""
    document, now = req["PolicyDocument"], int(ctx.now())
    with ctx.write() as tx:
        policy = _own(tx, ctx, req["PolicyArn"])
        documents.check(document)
        quotas.hold(tx, ctx, "PolicySize", documents.size(document))
        versions = ctx.quota("iam", quotas.CODES["VersionsPerPolicy"], tx)
        if len(_versions(tx, policy)) >= versions:
            raise LimitExceeded(
                f"A managed policy can have up to {versions} versions. Before you create a new version, you must "
                "delete an existing version."
            )
        policy.latest += 1
        policy.updated = now
        if req.get("SetAsDefault"):
            policy.default = policy.latest
        _put_version(tx, policy, policy.latest, document, now)
        tx.put(records.POLICIES, policy)
        records.changed(tx)
    return {"PolicyVersion": shapes.version(policy.latest, policy.default == policy.latest, now)}


@operation("iam", "GetPolicyVersion", resource=arns.policy)
def get_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One version with its document, percent-encoded."""
    arn, wanted = req["PolicyArn"], req["VersionId"]
    with ctx.read() as tx:
        found = attachable.require(tx, ctx, arn)
        if isinstance(found, managed.AwsPolicy):
            if _number(wanted) != found.version:
                raise _no_version(arn, wanted)
            return {"PolicyVersion": shapes.version(found.version, True, found.created, found.document)}
        version = _version(tx, found, arn, wanted)
    shape = shapes.version(version.number, version.number == found.default, version.created, version.document)
    return {"PolicyVersion": shape}


def _number(version_id: str) -> int:
    digits = version_id.removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0


def _no_version(arn: str, version_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"Policy {arn} version {version_id} does not exist or is not attachable.")


def _version(tx: Reader, policy: records.ManagedPolicy, arn: str, version_id: str) -> records.PolicyVersion:
    found = tx.get(records.VERSIONS, (policy.account, policy.name.lower(), _number(version_id)))
    if found is None:
        raise _no_version(arn, version_id)
    return found


@operation("iam", "ListPolicyVersions", resource=arns.policy)
def list_policy_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The versions of a policy, newest first."""
    with ctx.read() as tx:
        found = attachable.require(tx, ctx, req["PolicyArn"])
        if isinstance(found, managed.AwsPolicy):
            shape = shapes.version(found.version, True, found.created)
            return {"Versions": [shape], "IsTruncated": False}
        versions, default = _versions(tx, found)[::-1], found.default
    return page(
        ctx,
        req,
        "Versions",
        versions,
        lambda version: f"{10**9 - version.number:010d}",
        lambda version: shapes.version(version.number, version.number == default, version.created),
    )


@operation("iam", "SetDefaultPolicyVersion", resource=arns.policy)
def set_default_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Which version counts."""
    with ctx.write() as tx:
        policy = _own(tx, ctx, req["PolicyArn"])
        policy.default = _version(tx, policy, req["PolicyArn"], req["VersionId"]).number
        policy.updated = int(ctx.now())
        tx.put(records.POLICIES, policy)
        records.changed(tx)
    return {}


@operation("iam", "DeletePolicyVersion", resource=arns.policy)
def delete_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a version that is not the default."""
    with ctx.write() as tx:
        policy = _own(tx, ctx, req["PolicyArn"])
        version = _version(tx, policy, req["PolicyArn"], req["VersionId"])
        if version.number == policy.default:
            raise DeleteConflict("Cannot delete the default version of a policy.")
        tx.delete(records.VERSIONS, (ctx.account, version.policy, version.number))
    return {}


# -- who has it --------------------------------------------------------------------------------------------------------


@operation("iam", "ListEntitiesForPolicy", resource=arns.policy)
def list_entities_for_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The users, groups and roles that a policy is attached to or bounds."""
    arn = req["PolicyArn"]
    wanted = req.get("EntityFilter")
    if wanted not in {None, "User", "Group", "Role"}:
        if wanted in {"LocalManagedPolicy", "AWSManagedPolicy"}:
            return {"PolicyUsers": [], "PolicyGroups": [], "PolicyRoles": [], "IsTruncated": False}
        raise InvalidInput(f"Invalid entity filter: {wanted}")
    index = "boundary" if req.get("PolicyUsageFilter") == "PermissionsBoundary" else "policy"
    prefix = req.get("PathPrefix") or "/"
    found: list[tuple[str, records.PolicyHolder]] = []
    with ctx.read() as tx:
        attachable.require(tx, ctx, arn)
        for kind in KINDS:
            if wanted in {None, kind.title} and index in kind.table.indexes:
                holders = tx.scan_index(kind.table, index, (ctx.account, arn))
                found += [(kind.title, holder) for holder in holders if holder.path.startswith(prefix)]
    found.sort(key=_title_and_name)
    shown = page(ctx, req, "items", found, _title_and_name, lambda each: each)
    answer: dict[str, Any] = {f"Policy{kind.title}s": [] for kind in KINDS}
    for title, holder in shown.pop("items"):
        answer[f"Policy{title}s"].append({f"{title}Name": holder.name, f"{title}Id": holder.id})
    return answer | shown


def _title_and_name(each: tuple[str, records.PolicyHolder]) -> tuple[str, str]:
    return each[0], each[1].name.lower()
