"""Permissions, tags and data protection of topics.

https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html
https://docs.aws.amazon.com/sns/latest/api/API_RemovePermission.html
https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html
"""

import json

import pytest
from tests.support import refused


@pytest.fixture
def sns(aws):
    return aws.client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="t")["TopicArn"]


def labels(sns, topic):
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    return [statement.get("Sid") for statement in policy["Statement"]]


def test_a_permission_lets_another_account_publish(cloud, sns, topic):
    other = cloud.account()
    publish = other.client("sns").publish
    assert refused(publish, TopicArn=topic, Message="x").code == "AuthorizationError"
    sns.add_permission(TopicArn=topic, Label="theirs", AWSAccountId=[other.id], ActionName=["Publish"])
    assert publish(TopicArn=topic, Message="x")["MessageId"]
    assert "theirs" in labels(sns, topic)
    assert refused(other.client("sns").get_topic_attributes, TopicArn=topic).code == "AuthorizationError"
    sns.remove_permission(TopicArn=topic, Label="theirs")
    assert "theirs" not in labels(sns, topic)
    assert refused(publish, TopicArn=topic, Message="x").code == "AuthorizationError"


def test_labels_and_actions_of_permissions(sns, topic):
    request = {"TopicArn": topic, "AWSAccountId": ["111122223333"]}
    sns.add_permission(**request, Label="one", ActionName=["Subscribe"])
    assert refused(sns.add_permission, **request, Label="one", ActionName=["Publish"])[::2] == ("InvalidParameter", 400)
    assert refused(sns.add_permission, **request, Label="two", ActionName=["Fly"]).code == "InvalidParameter"
    none = {**request, "TopicArn": topic + "none"}
    assert refused(sns.add_permission, **none, Label="l", ActionName=["Publish"])[::2] == ("NotFound", 404)
    assert refused(sns.remove_permission, TopicArn=topic + "none", Label="one")[::2] == ("NotFound", 404)


def test_tags_are_added_and_removed(sns, topic):
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["a", "none"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": "2"}]
    none = topic + "none"
    assert refused(sns.untag_resource, ResourceArn=none, TagKeys=["a"])[::2] == ("ResourceNotFound", 404)


def test_a_data_protection_policy_is_kept(sns, topic):
    assert sns.get_data_protection_policy(ResourceArn=topic).get("DataProtectionPolicy", "") == ""
    policy = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": []})
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy)
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == policy
    none = topic + "none"
    assert refused(sns.get_data_protection_policy, ResourceArn=none).status == 404
    assert refused(sns.put_data_protection_policy, ResourceArn=none, DataProtectionPolicy=policy).status == 404
