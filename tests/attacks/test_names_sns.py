"""SNS: topics are named by their ARN, exactly; subscriptions by theirs, and they belong to who subscribed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

import contextlib
import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from tests.support import refused

from .spellings import spellings, turn

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TAGS = [{"Key": "k", "Value": "v"}]
FEEDBACK = "SQSSuccessFeedbackRoleArn"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(*resources, action="sns:*"):
    return {"Effect": "Deny", "Action": action, "Resource": list(resources)}


# operation, the member that names the topic, its other members
TOPIC_OPERATIONS = [
    ("add_permission", "TopicArn", {"Label": "l", "AWSAccountId": ["999999999999"], "ActionName": ["Publish"]}),
    ("confirm_subscription", "TopicArn", {"Token": "t"}),
    ("delete_topic", "TopicArn", {}),
    ("get_data_protection_policy", "ResourceArn", {}),
    ("get_topic_attributes", "TopicArn", {}),
    ("list_subscriptions_by_topic", "TopicArn", {}),
    ("list_tags_for_resource", "ResourceArn", {}),
    ("publish", "TopicArn", {"Message": "m"}),
    ("publish", "TargetArn", {"Message": "m"}),
    ("publish_batch", "TopicArn", {"PublishBatchRequestEntries": [{"Id": "1", "Message": "m"}]}),
    ("put_data_protection_policy", "ResourceArn", {"DataProtectionPolicy": "{}"}),
    ("remove_permission", "TopicArn", {"Label": "__default_statement_ID"}),
    ("set_topic_attributes", "TopicArn", {"AttributeName": "DisplayName", "AttributeValue": "changed"}),
    ("subscribe", "TopicArn", {"Protocol": "email", "Endpoint": "a@example.com"}),
    ("tag_resource", "ResourceArn", {"Tags": TAGS}),
    ("untag_resource", "ResourceArn", {"TagKeys": ["kept"]}),
]
SUBSCRIPTION_OPERATIONS = [
    ("get_subscription_attributes", {}),
    ("set_subscription_attributes", {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}),
    ("unsubscribe", {}),
]


def attempt(caller, operation, request):
    """Refused, or done to nothing: what is not there is deleted and unsubscribed without an error."""
    if operation not in ("delete_topic", "unsubscribe"):
        with pytest.raises(ClientError):
            getattr(caller, operation)(**request)
        return
    with contextlib.suppress(ClientError):
        getattr(caller, operation)(**request)


def subscribe(sns, topic, account, name="q"):
    queue = f"arn:aws:sqs:us-east-1:{account}:{name}"
    return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]


@pytest.fixture(scope="module")
def here(cloud):
    """A subscribed topic, a user of its account who may do everything to others, and another account's root."""
    owner = cloud.account()
    sns = owner.client("sns")
    topic = sns.create_topic(Name="topic", Tags=[{"Key": "kept", "Value": "v"}])["TopicArn"]
    subscription = subscribe(sns, topic, owner.id)
    user = owner.user(policy(ALLOW, deny(topic))).client("sns")
    return SimpleNamespace(owner=owner, sns=sns, topic=topic, subscription=subscription, user=user,
                           stranger=cloud.account().client("sns"))  # fmt: skip


def state(here):
    shown = [
        here.sns.get_topic_attributes(TopicArn=here.topic)["Attributes"],
        here.sns.list_tags_for_resource(ResourceArn=here.topic)["Tags"],
        here.sns.list_topics()["Topics"],
        here.sns.list_subscriptions()["Subscriptions"],
        here.sns.get_subscription_attributes(SubscriptionArn=here.subscription)["Attributes"],
    ]
    return json.dumps(shown)


@pytest.mark.parametrize("number", range(len(TOPIC_OPERATIONS)), ids=lambda n: "-".join(TOPIC_OPERATIONS[n][:2]))
def test_no_other_spelling_of_a_topic_passes_a_deny_or_an_account(here, number):
    operation, member, request = TOPIC_OPERATIONS[number]
    texts = [here.topic, "topic", *turn(spellings(here.topic, "topic"), number)]
    before = state(here)
    for caller in (here.user, here.stranger):
        for text in texts:
            attempt(caller, operation, {**request, member: text})
    for text in texts[1:]:  # to root as well: there is one way to name a topic
        attempt(here.sns, operation, {**request, member: text})
    assert state(here) == before


@pytest.mark.parametrize("number", range(len(SUBSCRIPTION_OPERATIONS)), ids=lambda n: SUBSCRIPTION_OPERATIONS[n][0])
def test_no_other_spelling_of_a_subscription_passes_a_deny_or_an_account(here, number):
    operation, request = SUBSCRIPTION_OPERATIONS[number]
    id_ = here.subscription.rpartition(":")[2]
    others = spellings(here.subscription, id_)
    before = state(here)
    for caller in (here.user, here.stranger):
        for text in [here.subscription, id_, *turn(others, number, 3)]:
            attempt(caller, operation, {**request, "SubscriptionArn": text})
    assert state(here) == before


def test_a_subscription_is_its_subscribers_and_may_be_ended_by_the_topics_owner(cloud):
    """https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html

    That a topic's owner may not look at another account's subscription is what AWS answers:
    https://github.com/ansible-collections/community.aws/pull/1418
    """
    owner, subscriber, third = (cloud.account() for _ in range(3))
    sns, theirs = owner.client("sns"), subscriber.client("sns")
    topic = sns.create_topic(Name="shared")["TopicArn"]
    everybody = {"Effect": "Allow", "Principal": "*", "Action": ["SNS:Subscribe"], "Resource": topic}
    assert refused(theirs.subscribe, TopicArn=topic, Protocol="sqs", Endpoint="x").code == "AuthorizationError"
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(everybody))
    one, two = (subscribe(theirs, topic, subscriber.id, name) for name in ("one", "two"))
    assert theirs.get_subscription_attributes(SubscriptionArn=one)["Attributes"]["Owner"] == subscriber.id
    changes = {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    theirs.set_subscription_attributes(SubscriptionArn=one, **changes)
    for other in (sns, third.client("sns")):
        assert refused(other.get_subscription_attributes, SubscriptionArn=one).code == "AuthorizationError"
        assert refused(other.set_subscription_attributes, SubscriptionArn=one, **changes).code == "AuthorizationError"
    assert refused(third.client("sns").unsubscribe, SubscriptionArn=one).code == "AuthorizationError"
    shut = subscriber.user(policy(ALLOW, deny(topic))).client("sns")
    assert refused(shut.unsubscribe, SubscriptionArn=one).code == "AuthorizationError"
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 2
    theirs.unsubscribe(SubscriptionArn=one)
    sns.unsubscribe(SubscriptionArn=two)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


@pytest.fixture
def role(aws):
    trust = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = aws.client("iam")
    return iam.create_role(RoleName="feedback", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]


def test_roles_are_passed(cloud, aws, role):
    """SNS is given roles by iam:PassRole, to sns.amazonaws.com; a role of another account cannot be passed."""
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscription = subscribe(sns, topic, aws.id)
    stream = f"arn:aws:firehose:us-east-1:{aws.id}:deliverystream/s"

    def givings(arn):
        yield "create_topic", {"Name": "new", "Attributes": {FEEDBACK: arn}}
        yield "set_topic_attributes", {"TopicArn": topic, "AttributeName": FEEDBACK, "AttributeValue": arn}
        yield "subscribe", {"TopicArn": topic, "Protocol": "firehose", "Endpoint": stream,
                            "Attributes": {"SubscriptionRoleArn": arn}}  # fmt: skip
        yield "set_subscription_attributes", {"SubscriptionArn": subscription, "AttributeName": "SubscriptionRoleArn",
                                              "AttributeValue": arn}  # fmt: skip

    user = aws.user(policy(ALLOW, deny(role, action="iam:PassRole"))).client("sns")
    foreign = cloud.account().client("sns")
    others = [text for text in spellings(role, "feedback") if not text.startswith(role.removesuffix("feedback"))]
    for number in range(4):
        for text in [role, *turn(others, number, 4)]:
            operation, request = list(givings(text))[number]
            with pytest.raises(ClientError) as caught:
                getattr(user, operation)(**request)
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
    assert refused(foreign.create_topic, Name="t", Attributes={FEEDBACK: role}).code == "AccessDenied"
    assert [found["TopicArn"] for found in sns.list_topics()["Topics"]] == [topic]
    elsewhere = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    sends = {"Effect": "Allow", "Action": "sns:*", "Resource": "*"}
    passes = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": elsewhere}
    user = aws.user(policy(sends, passes)).client("sns")
    for operation, request in givings(role):
        with pytest.raises(ClientError):
            getattr(user, operation)(**request)
        assert getattr(sns, operation)(**request)


def test_dead_letters_stay_in_the_account_and_region(cloud, aws):
    """https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html"""
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscription = subscribe(sns, topic, aws.id)
    mine = f"arn:aws:sqs:us-east-1:{aws.id}:dead"
    for arn in (
        mine.replace(aws.id, "999999999999"), mine.replace("us-east-1", "eu-west-1"), mine.replace("sqs", "sns"),
        mine.replace("aws:", "aws-cn:"), "dead", 7, None,
    ):  # fmt: skip
        value = json.dumps({"deadLetterTargetArn": arn})
        change = {"SubscriptionArn": subscription, "AttributeName": "RedrivePolicy", "AttributeValue": value}
        assert refused(sns.set_subscription_attributes, **change).code == "InvalidParameter"
    value = json.dumps({"deadLetterTargetArn": mine})
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="RedrivePolicy", AttributeValue=value)


def test_what_is_subscribed_is_a_condition(aws):
    """https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html#sns-policy-keys"""
    topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
    held = {"StringEquals": {"sns:Protocol": "email"}, "StringLike": {"sns:Endpoint": "*@x.com"}}
    statement = {"Effect": "Allow", "Action": "sns:Subscribe", "Resource": topic, "Condition": held}
    user = aws.user(policy(statement)).client("sns")
    assert user.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@x.com")["SubscriptionArn"]
    assert refused(user.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@y.com").code == "AuthorizationError"
    assert refused(user.subscribe, TopicArn=topic, Protocol="sms", Endpoint="+15550100").code == "AuthorizationError"


def test_endpoints_are_of_this_partition(aws):
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    for protocol, endpoint in (("sqs", "arn:aws-cn:sqs:us-east-1:{}:q"), ("sqs", "arn:aws:sqs:us-east-1:1:q"),
                               ("lambda", "arn:aws-x:lambda:us-east-1:{}:function:f"),
                               ("lambda", "arn:aws:lambda:us-east-1::function:f")):  # fmt: skip
        request = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint.format(aws.id)}
        assert refused(sns.subscribe, **request).code == "InvalidParameter"


def test_a_permission_names_accounts_and_actions_of_topics(aws):
    """The text for actions is AWS's: https://github.com/aws/aws-cli/issues/3143"""
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    for account in ("*", "12345678901", "\uff11" * 12, f"{aws.id}:user/x"):
        request = {"TopicArn": topic, "Label": "l", "AWSAccountId": [account], "ActionName": ["Publish"]}
        assert refused(sns.add_permission, **request).code == "InvalidParameter"
    for action in ("*", "Unsubscribe", "SetSubscriptionAttributes", "sqs:SendMessage"):
        request = {"TopicArn": topic, "Label": "l", "AWSAccountId": [aws.id], "ActionName": [action]}
        assert refused(sns.add_permission, **request).code == "InvalidParameter"


def test_tags_on_creation_need_their_permission(aws):
    user = aws.user(policy({**ALLOW, "Action": "sns:CreateTopic"})).client("sns")
    assert refused(user.create_topic, Name="t", Tags=TAGS).code == "AuthorizationError"
    assert user.create_topic(Name="t")["TopicArn"]


def test_a_phone_number_is_the_resource_of_its_message(aws):
    """AWS: "is not authorized to perform: SNS:Publish on resource: +919…"."""
    topics = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:*:*:*"}
    assert refused(aws.user(policy(topics)).client("sns").publish, PhoneNumber="+15550100", Message="m").code == (
        "AuthorizationError"
    )
    assert aws.user(policy(ALLOW)).client("sns").publish(PhoneNumber="+15550100", Message="m")["MessageId"]
