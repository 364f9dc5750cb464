"""The evaluator's table: one line per rule, each with the AWS page that says so.

EV  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
XA  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
PB  https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
PR  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
KMS https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.auth.policy import AccessRequest, Decision, Policy, PolicySet, compile, denial_message, evaluate
from fogbank.core.principal import Principal, anonymous, root, service

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = Principal(
    kind="user",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    identity_arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    user_id="AIDAANNANNANNANNANNAN",
)
SESSION = Principal(
    kind="role",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one",
    identity_arn=f"arn:aws:iam::{ACCOUNT}:role/app",
    user_id="AROAAPPAPPAPPAPPAPPAP:one",
)
FEDERATED = Principal(
    kind="federated",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
    identity_arn=USER.identity_arn,
    user_id=f"{ACCOUNT}:bob",
)
STRANGER = Principal(
    kind="user",
    account=OTHER,
    arn=f"arn:aws:iam::{OTHER}:user/eve",
    identity_arn=f"arn:aws:iam::{OTHER}:user/eve",
    user_id="AIDAEVEEVEEVEEVEEVEEV",
)
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicit", "implicit"


def say(
    effect: str, action: Any = "sqs:SendMessage", resource: Any = "*", principal: Any = None, **more: Any
) -> Policy:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    if principal is not None:
        statement["Principal"] = principal
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return compile(text, name="p", purpose="identity" if principal is None else "resource")


def outcome(decision: Decision) -> tuple[str, str]:
    word = ALLOWED if decision.allowed else EXPLICIT if decision.explicit else IMPLICIT
    return word, decision.policy_type


ALLOW, DENY = say("Allow"), say("Deny")
NOTHING = say("Allow", "s3:GetObject")
ID, RES, BOUND, SESS, SCP = (
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
    "service control policy",
)


def for_(principal: Any, effect: str = "Allow") -> Policy:
    return say(effect, principal=principal)


TABLE: list[tuple[str, Principal, dict[str, Any], str, str]] = [
    # -- identity policies alone
    ("nothing is an implicit deny (EV)", USER, {}, IMPLICIT, ID),
    ("an Allow allows (EV)", USER, {"identity": (NOTHING, ALLOW)}, ALLOWED, ID),
    ("a Deny wins over an Allow (EV)", USER, {"identity": (ALLOW, DENY)}, EXPLICIT, ID),
    ("root needs no policy (EV)", root(ACCOUNT), {}, ALLOWED, ID),
    # -- boundaries, sessions, organisations narrow
    ("a boundary must allow too (PB)", USER, {"identity": (ALLOW,), "boundary": NOTHING}, IMPLICIT, BOUND),
    ("a boundary grants nothing (PB)", USER, {"boundary": ALLOW}, IMPLICIT, ID),
    ("a boundary's Deny (PB)", USER, {"identity": (ALLOW,), "boundary": DENY}, EXPLICIT, BOUND),
    ("a session policy must allow too (EV)", SESSION, {"identity": (ALLOW,), "session": (NOTHING,)}, IMPLICIT, SESS),
    (
        "one of the session's policies is enough",
        SESSION,
        {"identity": (ALLOW,), "session": (NOTHING, ALLOW)},
        ALLOWED,
        ID,
    ),
    ("a session of no allowance at all", SESSION, {"identity": (ALLOW,), "session": ()}, IMPLICIT, SESS),
    (
        "every SCP level must allow (EV)",
        USER,
        {"identity": (ALLOW,), "controls": ((ALLOW,), (NOTHING,))},
        IMPLICIT,
        SCP,
    ),
    ("an SCP binds root (EV)", root(ACCOUNT), {"controls": ((ALLOW,), (ALLOW, DENY))}, EXPLICIT, SCP),
    # -- resource policies in one account
    ("naming the user is enough (EV)", USER, {"resource": for_({"AWS": USER.arn})}, ALLOWED, RES),
    (
        "naming the user passes boundary and session (EV)",
        USER,
        {"resource": for_({"AWS": USER.arn}), "boundary": NOTHING, "session": (NOTHING,)},
        ALLOWED,
        RES,
    ),
    ("naming the role is enough (EV)", SESSION, {"resource": for_({"AWS": SESSION.identity_arn})}, ALLOWED, RES),
    (
        "naming the role stays within its boundary (PB)",
        SESSION,
        {"resource": for_({"AWS": SESSION.identity_arn}), "boundary": NOTHING},
        IMPLICIT,
        BOUND,
    ),
    (
        "naming the role stays within the session policy (EV)",
        SESSION,
        {"resource": for_({"AWS": SESSION.identity_arn}), "session": (NOTHING,)},
        IMPLICIT,
        SESS,
    ),
    (
        "naming the session passes both (EV)",
        SESSION,
        {"resource": for_({"AWS": SESSION.arn}), "boundary": NOTHING, "session": (NOTHING,)},
        ALLOWED,
        RES,
    ),
    (
        "a federated session stays within its policy when its user is named (EV)",
        FEDERATED,
        {"resource": for_({"AWS": USER.arn}), "session": (NOTHING,)},
        IMPLICIT,
        SESS,
    ),
    (
        "naming the federated session itself (EV)",
        FEDERATED,
        {"resource": for_({"AWS": FEDERATED.arn}), "session": (NOTHING,)},
        ALLOWED,
        RES,
    ),
    ("naming the account delegates only (PR)", USER, {"resource": for_({"AWS": ACCOUNT})}, IMPLICIT, ID),
    (
        "the account by its root ARN (PR)",
        USER,
        {"resource": for_({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "identity": (ALLOW,)},
        ALLOWED,
        ID,
    ),
    ("everybody is named by * (PR)", USER, {"resource": for_("*")}, ALLOWED, RES),
    ("everybody is named by AWS: * (PR)", anonymous(), {"resource": for_({"AWS": "*"})}, ALLOWED, RES),
    ("anonymous is nobody else", anonymous(), {"resource": for_({"AWS": ACCOUNT})}, IMPLICIT, RES),
    ("by unique id (PR)", USER, {"resource": for_({"AWS": USER.user_id})}, ALLOWED, RES),
    (
        "an explicit deny by the resource (EV)",
        USER,
        {"identity": (ALLOW,), "resource": for_({"AWS": ACCOUNT}, "Deny")},
        EXPLICIT,
        RES,
    ),
    ("root can be denied by the resource (EV)", root(ACCOUNT), {"resource": for_("*", "Deny")}, EXPLICIT, RES),
    (
        "a Deny for somebody else",
        USER,
        {"identity": (ALLOW,), "resource": for_({"AWS": STRANGER.arn}, "Deny")},
        ALLOWED,
        ID,
    ),
    # -- across accounts
    ("both sides must allow: no identity (XA)", STRANGER, {"resource": for_({"AWS": STRANGER.arn})}, IMPLICIT, ID),
    ("both sides must allow: no resource (XA)", STRANGER, {"identity": (ALLOW,)}, IMPLICIT, RES),
    (
        "both allow, by user (XA)",
        STRANGER,
        {"identity": (ALLOW,), "resource": for_({"AWS": STRANGER.arn})},
        ALLOWED,
        ID,
    ),
    ("both allow, by account (XA)", STRANGER, {"identity": (ALLOW,), "resource": for_({"AWS": OTHER})}, ALLOWED, ID),
    (
        "the other account's boundary still binds (XA)",
        STRANGER,
        {"identity": (ALLOW,), "boundary": NOTHING, "resource": for_("*")},
        IMPLICIT,
        BOUND,
    ),
    ("the other account's root (XA)", root(OTHER), {"resource": for_({"AWS": OTHER})}, ALLOWED, ID),
    ("the other account's root, not invited (XA)", root(OTHER), {}, IMPLICIT, RES),
    # -- services
    (
        "a service principal (PR)",
        service("sns.amazonaws.com", ACCOUNT),
        {"resource": for_({"Service": "sns.amazonaws.com"})},
        ALLOWED,
        RES,
    ),
    (
        "another service",
        service("sns.amazonaws.com", ACCOUNT),
        {"resource": for_({"Service": "s3.amazonaws.com"})},
        IMPLICIT,
        RES,
    ),
    (
        "a service is not the account",
        service("sns.amazonaws.com", ACCOUNT),
        {"resource": for_({"AWS": ACCOUNT})},
        IMPLICIT,
        RES,
    ),
    # -- resources that decide alone
    ("a key policy must open the door (KMS)", USER, {"identity": (ALLOW,), "resource_decides": True}, IMPLICIT, RES),
    ("even for root (KMS)", root(ACCOUNT), {"resource_decides": True}, IMPLICIT, RES),
    (
        "a key policy naming the account delegates (KMS)",
        USER,
        {"identity": (ALLOW,), "resource": for_({"AWS": ACCOUNT}), "resource_decides": True},
        ALLOWED,
        ID,
    ),
    (
        "delegation without an identity policy (KMS)",
        USER,
        {"resource": for_({"AWS": ACCOUNT}), "resource_decides": True},
        IMPLICIT,
        ID,
    ),
    (
        "a key policy naming the user (KMS)",
        USER,
        {"resource": for_({"AWS": USER.arn}), "resource_decides": True},
        ALLOWED,
        RES,
    ),
    (
        "a key policy naming the account, for root (KMS)",
        root(ACCOUNT),
        {"resource": for_({"AWS": ACCOUNT}), "resource_decides": True},
        ALLOWED,
        RES,
    ),
    (
        "a key policy across accounts needs both (KMS)",
        STRANGER,
        {"resource": for_({"AWS": STRANGER.arn}), "resource_decides": True},
        IMPLICIT,
        ID,
    ),
]


@pytest.mark.parametrize(("rule", "caller", "given", "word", "policy_type"), TABLE, ids=[row[0] for row in TABLE])
def test_rule(rule: str, caller: Principal, given: dict[str, Any], word: str, policy_type: str) -> None:
    decision = evaluate(AccessRequest(caller, "sqs:SendMessage", QUEUE), PolicySet(resource_account=ACCOUNT, **given))
    assert outcome(decision) == (word, policy_type)


def test_not_principal_spares_the_listed_and_denies_whoever_has_a_boundary() -> None:
    text = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": [USER.arn, ACCOUNT]}, "Action": "*", "Resource": "*"},
    }
    policy = compile(json.dumps(text), purpose="resource")
    ask = AccessRequest(USER, "sqs:SendMessage", QUEUE)
    open_ = PolicySet(identity=(ALLOW,), resource=policy, resource_account=ACCOUNT)
    assert evaluate(ask, open_).allowed
    assert evaluate(AccessRequest(STRANGER, "sqs:SendMessage", QUEUE), open_).explicit
    # PB: "will always deny any IAM principal that has a permissions boundary policy attached"
    bounded = PolicySet(identity=(ALLOW,), resource=policy, boundary=ALLOW, resource_account=ACCOUNT)
    assert evaluate(ask, bounded).explicit


def test_the_decision_names_its_statement() -> None:
    text = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Open", "Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Sid": "Shut", "Effect": "Deny", "Action": "sqs:Send*", "Resource": QUEUE},
        ],
    }
    policy = compile(json.dumps(text), name="arn:aws:iam::aws:policy/X")
    decision = evaluate(AccessRequest(USER, "SQS:sendmessage", QUEUE), PolicySet(identity=(policy,)))
    assert (decision.policy, decision.sid, decision.statement) == ("arn:aws:iam::aws:policy/X", "Shut", 1)


def test_a_decision_says_whether_it_may_be_cached() -> None:
    conditional = say("Allow", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})
    variable = say("Allow", resource="arn:aws:sqs:*:*:${aws:username}")
    ask = AccessRequest(USER, "sqs:SendMessage", QUEUE, {"aws:RequestedRegion": "us-east-1"})
    assert not evaluate(ask, PolicySet(identity=(ALLOW,))).conditional
    assert evaluate(ask, PolicySet(identity=(conditional,))).conditional
    decision = evaluate(ask, PolicySet(identity=(variable,)))
    assert decision.conditional and decision.missing_keys == ("aws:username",)
    other = AccessRequest(USER, "sqs:ReceiveMessage", QUEUE)
    assert not evaluate(other, PolicySet(identity=(conditional,))).conditional


def deny(caller: Principal, action: str, resource: str, /, **given: Any) -> str:
    request = AccessRequest(caller, action, resource)
    decision = evaluate(request, PolicySet(**given))
    assert not decision.allowed
    return denial_message(decision, request)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html, and error reports of users
MESSAGES = [
    (
        ("s3:GetObject", "arn:aws:s3:::b/k", {}),
        f'User: {USER.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" because no '
        "identity-based policy allows the s3:GetObject action",
    ),
    (
        ("s3:GetObject", "arn:aws:s3:::b/k", {"resource": say("Deny", "s3:*", principal="*")}),
        f'User: {USER.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" with an explicit '
        "deny in a resource-based policy",
    ),
    (
        ("sqs:SendMessage", QUEUE, {"identity": (ALLOW, DENY)}),
        f"User: {USER.arn} is not authorized to perform: sqs:sendmessage on resource: {QUEUE} with an explicit deny in "
        "an identity-based policy",
    ),
    (
        ("sqs:SendMessage", QUEUE, {"identity": (ALLOW,), "boundary": NOTHING}),
        f"User: {USER.arn} is not authorized to perform: sqs:sendmessage on resource: {QUEUE} because no permissions "
        "boundary allows the sqs:sendmessage action",
    ),
    (
        ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/deploy", {}),
        f"User: {USER.arn} is not authorized to perform: iam:GetRole on resource: role deploy because no "
        "identity-based policy allows the iam:GetRole action",
    ),
    (
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/deploy", {}),
        f"User: {USER.arn} is not authorized to perform: iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/deploy "
        "because no identity-based policy allows the iam:PassRole action",
    ),
    (
        ("cloudwatch:PutMetricData", "*", {}),
        f"User: {USER.arn} is not authorized to perform: cloudwatch:PutMetricData because no identity-based policy "
        "allows the cloudwatch:PutMetricData action",
    ),
    (
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/app", {}),
        f"User: {USER.arn} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{ACCOUNT}:role/app",
    ),
]


@pytest.mark.parametrize(("ask", "text"), MESSAGES, ids=[row[0][0] for row in MESSAGES])
def test_denials_are_worded_as_aws_words_them(ask: tuple[str, str, dict[str, Any]], text: str) -> None:
    action, resource, given = ask
    assert deny(USER, action, resource, **given) == text


def test_s3_explains_nothing_to_strangers() -> None:
    assert deny(STRANGER, "s3:GetObject", "arn:aws:s3:::b/k", resource_account=ACCOUNT) == "Access Denied"
    assert deny(anonymous(), "s3:GetObject", "arn:aws:s3:::b/k", resource_account=ACCOUNT) == "Access Denied"
