"""The text of a denial, in AWS's words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
Services differ in how they write the action and the resource. This follows what public error reports show.
"""

from __future__ import annotations

from .model import AccessRequest, Decision

_IAM_KINDS = {"user", "role", "group", "policy", "instance-profile", "mfa", "server-certificate"}
_BY_ARN = {
    "CreateGroup",
    "CreateInstanceProfile",
    "CreatePolicy",
    "CreateRole",
    "CreateServiceLinkedRole",
    "CreateUser",
    "PassRole",
}
_STAR_IS_SHOWN = {"lambda", "kms", "states"}  # "on resource: *"; other services leave the resource out


def denial_message(decision: Decision, request: AccessRequest) -> str:
    """`User: arn:… is not authorized to perform: … on resource: … because no identity-based policy allows the …`."""
    caller = request.principal
    service = request.action.partition(":")[0].lower()
    if caller.kind == "anonymous" and service == "s3":
        return "Access Denied"
    if service == "s3" and decision.cross_account:
        return "Access Denied"  # S3 gives a reason within one account (or organisation) only
    action = _action(request.action, service)
    who = caller.arn or "anonymous"
    text = f"User: {who} is not authorized to perform: {action}{_resource(request, service)}{_why(decision, action)}"
    if service == "ec2":
        return f"You are not authorized to perform this operation. {text}"
    return text


def _action(action: str, service: str) -> str:
    if service == "sqs":
        return action.lower()
    return f"SNS:{action.partition(':')[2]}" if service == "sns" else action


def _resource(request: AccessRequest, service: str) -> str:
    resource = request.resource
    if resource == "*" and service not in _STAR_IS_SHOWN:
        return ""
    if service == "s3":
        resource = f'"{resource}"'
    elif service == "iam":
        resource = _iam_resource(request.action, resource)
    return f" on resource: {resource}"


def _iam_resource(action: str, resource: str) -> str:
    """IAM names existing resources by kind and name (`role deploy`), and resources to be created or passed by ARN."""
    verb = action.partition(":")[2]
    if verb in _BY_ARN or verb.startswith("List"):
        return resource
    kind, _, name = resource.rpartition(":")[2].partition("/")
    if kind == "policy":
        return f"policy {resource}"
    return f"{kind.replace('-', ' ')} {name.rpartition('/')[2]}" if kind in _IAM_KINDS and name else resource


def _why(decision: Decision, action: str) -> str:
    kind = decision.policy_type
    if decision.explicit:
        article = "the" if kind == "role trust policy" else "an" if kind.startswith("identity") else "a"
        return f" with an explicit deny in {article} {kind}"
    if action == "sts:AssumeRole":
        return ""  # STS does not say which of the two policies lacks the permission
    return f" because no {kind} allows the {action} action"
