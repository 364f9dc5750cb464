"""Becoming a role as a service: `ctx.assume`. Who may is the role's trust policy's to say, as on AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from fogbank.auth import records
from fogbank.core.cache import Cache
from fogbank.core.clock import Clock
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied
from fogbank.core.principal import service
from fogbank.core.signals import Signals

LAMBDA = "lambda.amazonaws.com"


def trust(condition: dict[str, Any] | None = None, *actions: str) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": LAMBDA},
        "Action": ["sts:AssumeRole", *actions],
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role_of(aws: Any, policy: str, **more: Any) -> str:
    arn: str = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=policy, **more)["Role"]["Arn"]
    return arn


def here(cloud: Any, account: str) -> Context:
    app = cloud.app
    return Context(app=app, account=account, region="us-east-1", principal=service("test.amazonaws.com", account),
                   request_id=app.ids.uuid())  # fmt: skip


def become(cloud: Any, aws: Any, role: str, **how: Any) -> Any:
    """The principal of a session."""

    async def go() -> Any:
        ctx = here(cloud, aws.id)
        return (await ctx.assume(role, **{"by": LAMBDA, "session": "by-test", **how})).principal

    return cloud.run(go())


def test_the_session_is_whom_its_keys_would_make(cloud: Any, aws: Any) -> None:
    role = role_of(aws, trust(None, "sts:TagSession"), Tags=[{"Key": "team", "Value": "red"}])
    who = become(cloud, aws, role, tags={"job": "poll"})
    assert (who.kind, who.arn, who.identity_arn) == ("role", f"arn:aws:sts::{aws.id}:assumed-role/r/by-test", role)
    assert who.tags == {"team": "red", "job": "poll"}  # the role's, and the session's
    assert who == cloud.app.authenticator.credential(who.access_key).principal


@pytest.mark.parametrize(
    ("condition", "right"),
    [
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:lambda:us-east-1:1:function:f"}},
         {"source_arn": "arn:aws:lambda:us-east-1:1:function:f"}),
        ({"StringEquals": {"sts:ExternalId": "agreed"}}, {"external_id": "agreed"}),
        ({"StringEquals": {"aws:RequestTag/job": "poll"}}, {"tags": {"job": "poll"}}),
    ],
)  # fmt: skip
def test_the_trust_policy_sees_what_is_given(
    cloud: Any, aws: Any, condition: dict[str, Any], right: dict[str, Any]
) -> None:
    role = role_of(aws, trust(condition, "sts:TagSession"))
    assert become(cloud, aws, role, **right).identity_arn == role
    with pytest.raises(AccessDenied):  # a session for one thing is not given to another
        become(cloud, aws, role)


def test_the_trust_policy_sees_the_source_account(cloud: Any, aws: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""
    role = role_of(aws, trust({"StringEquals": {"aws:SourceAccount": aws.id}}))
    assert become(cloud, aws, role).identity_arn == role


def test_another_service_and_another_account_are_refused(cloud: Any, aws: Any) -> None:
    role = role_of(aws, trust())
    assert become(cloud, aws, role)
    with pytest.raises(AccessDenied):
        become(cloud, aws, role, by="ec2.amazonaws.com")
    with pytest.raises(AccessDenied, match="Cross-account pass role"):
        become(cloud, cloud.account(), role)
    with pytest.raises(AccessDenied):
        become(cloud, aws, role.replace("role/r", "role/gone"))


def test_a_session_is_shared_until_an_identity_changes(cloud: Any, aws: Any) -> None:
    role = role_of(aws, trust())
    iam = aws.client("iam")
    first = become(cloud, aws, role)
    assert become(cloud, aws, role) is first
    assert become(cloud, aws, role, session="other").access_key != first.access_key
    iam.tag_role(RoleName="r", Tags=[{"Key": "team", "Value": "blue"}])
    assert become(cloud, aws, role).tags == {"team": "blue"}
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust({"Bool": {"aws:SecureTransport": "maybe"}}))
    with pytest.raises(AccessDenied):
        become(cloud, aws, role)


def test_a_session_is_renewed_five_minutes_before_it_ends(own_cloud: Any) -> None:
    aws = own_cloud.account()
    role = role_of(aws, trust())
    first = become(own_cloud, aws, role)
    own_cloud.advance(3600 - 330)
    assert become(own_cloud, aws, role) is first
    own_cloud.advance(60)
    second = become(own_cloud, aws, role)
    assert second.access_key != first.access_key
    assert second.issued_at > first.issued_at


def test_a_reset_ends_sessions(own_cloud: Any) -> None:
    aws = own_cloud.account()
    role = role_of(aws, trust())
    assert become(own_cloud, aws, role)
    own_cloud.reset()
    with pytest.raises(AccessDenied):
        become(own_cloud, aws, role)


class _Cloud:
    def __init__(self) -> None:
        self.signals = Signals(Clock())


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    """A read and the signal of a change may cross on a store that other nodes write too."""

    async def go() -> None:
        cloud = _Cloud()
        cache: Cache[str, str] = Cache(cloud, records.CHANGED)  # type: ignore[arg-type]
        read = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(cache.fill("k", read))
        await asyncio.sleep(0)
        cloud.signals.fire(records.CHANGED)
        read.set_result("old")
        assert await waiting == "old"
        assert "k" not in cache
        again = asyncio.get_running_loop().create_future()
        again.set_result("new")
        assert await cache.fill("k", again) == "new"
        assert cache["k"] == "new"

    asyncio.run(go())


# -- who becomes a role ----------------------------------------------------------------------------------------------


TAGGED = {"StringEquals": {"aws:PrincipalTag/team": "red"}}


def tagged_role(aws: Any, by: str, *actions: str) -> str:
    """A role whose rights hang on its own tag."""
    iam = aws.client("iam")
    document = trust().replace(LAMBDA, by)
    tags = [{"Key": "team", "Value": "red"}]
    role: str = iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=document, Tags=tags)["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", "Condition": TAGGED}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="tagged", PolicyName="p", PolicyDocument=policy)
    return role


def test_a_stack_s_role_has_its_tags(aws: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principaltag"""
    role = tagged_role(aws, "cloudformation.amazonaws.com", "ssm:*")
    template = {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}}}
    cfn = aws.client("cloudformation")
    cfn.create_stack(StackName="s", TemplateBody=json.dumps(template), RoleARN=role)
    for _ in range(500):
        stack = cfn.describe_stacks(StackName="s")["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.02)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
