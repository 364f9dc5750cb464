"""Topic policies, as the evaluator asks for them."""

from __future__ import annotations

import json

from fogbank.core import arns
from fogbank.core.operation import ResourcePolicy, resource_policy
from fogbank.store.api import Reader

from .records import TOPICS, Topic
from .topics import topic_arn

_OWNER_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


def default_policy(topic: Topic) -> str:
    """The policy a topic has when none is set: its owner's account.

    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNER_ACTIONS],
        "Resource": topic_arn(topic),
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


@resource_policy("sns")
def topic_policy(tx: Reader, arn: str) -> ResourcePolicy | None:
    """The Policy attribute of the topic an ARN names."""
    parsed = arns.parse(arn)
    topic = tx.get(TOPICS, (parsed.account, parsed.region, parsed.resource))
    return ResourcePolicy(topic.account, topic.attributes.get("Policy") or default_policy(topic)) if topic else None
