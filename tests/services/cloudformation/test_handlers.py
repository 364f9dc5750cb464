"""What changes to resources do: keys that stay, tags that travel, subscriptions that end, creations taken up again."""

from __future__ import annotations

import json

import pytest

from fogbank.services.cloudformation.engine.steps import Steps


def reasons(cfn, name, status):
    return [e["ResourceStatusReason"] for e in cfn.events(name) if e["ResourceStatus"] == status]


@pytest.mark.parametrize(
    "change",
    [{"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, {"MultiRegion": True}, {"Origin": "EXTERNAL"}],
)
@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_a_key_is_not_replaced(cfn, aws, change, policy):
    """The update fails, "regardless of the value of the UpdateReplacePolicy attribute".

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
    """
    key = {"Type": "AWS::KMS::Key", "UpdateReplacePolicy": policy, "Properties": {"Description": "d"}}
    cfn.create("keys", {"Resources": {"K": key}})
    before = cfn.physical("keys")["K"]
    changed = {**key, "Properties": {**key["Properties"], **change}}
    assert cfn.update("keys", {"Resources": {"K": changed}})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (reason,) = reasons(cfn, "keys", "UPDATE_FAILED")
    assert all(name in reason for name in change)
    assert "NotUpdatable" in reason
    assert cfn.physical("keys")["K"] == before
    kms = aws.client("kms")
    assert [kept["KeyId"] for kept in kms.list_keys()["Keys"]] == [before]
    assert kms.describe_key(KeyId=before)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_key_that_names_its_defaults_has_not_changed(cfn):
    key = {"Type": "AWS::KMS::Key", "Properties": {"Description": "d"}}
    cfn.create("same", {"Resources": {"K": key}})
    key["Properties"] |= {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False}
    assert cfn.update("same", {"Resources": {"K": key}})["StackStatus"] == "UPDATE_COMPLETE"


def test_a_topics_tags_and_subscriptions_follow_its_template(cfn, aws):
    def template(*queues, tags):
        listed = [{"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": [name, "Arn"]}} for name in queues]
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": listed, "Tags": tags}}
        both = {name: {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}} for name in ("A", "B")}
        return {"Resources": {"T": topic, **both}}

    cfn.create("topic", template("A", tags=[{"Key": "old", "Value": "1"}]), Tags=[{"Key": "team", "Value": "fog"}])
    arn = cfn.physical("topic")["T"]
    sns = aws.client("sns")
    other = sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)
    changed = template("B", tags=[{"Key": "new", "Value": "2"}])
    cfn.update("topic", changed, Tags=[{"Key": "team", "Value": "mist"}])
    shown = {tag["Key"]: tag["Value"] for tag in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
    assert {key: value for key, value in shown.items() if not key.startswith("aws:")} == {"new": "2", "team": "mist"}
    left = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert sorted(each["Endpoint"].rpartition(":")[2] for each in left) == ["B", "a@example.com"]
    assert other["SubscriptionArn"]  # what somebody else subscribed stays


def test_an_inline_policy_is_renamed_where_it_is(cfn, aws):
    """PolicyName: "Update requires: No interruption".

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html
    """
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}

    def template(name):
        policy = {"PolicyName": name, "PolicyDocument": document, "Users": [{"Ref": "U"}]}
        return {"Resources": {"U": {"Type": "AWS::IAM::User"}, "P": {"Type": "AWS::IAM::Policy", "Properties": policy}}}

    cfn.create("policy", template("one"), Capabilities=["CAPABILITY_IAM"])
    before = cfn.physical("policy")
    cfn.update("policy", template("two"), Capabilities=["CAPABILITY_IAM"])
    assert cfn.physical("policy") == before
    assert aws.client("iam").list_user_policies(UserName=before["U"])["PolicyNames"] == ["two"]


def test_a_creation_that_was_cut_short_finds_what_it_made(cfn, aws, monkeypatch):
    """The process ends between the service's answer and the stack's record of it: the job runs again."""
    done = Steps._created
    cut = set()

    async def once(self, record):
        if record.logical_id not in cut:
            cut.add(record.logical_id)
            raise RuntimeError("cut short")
        return await done(self, record)

    monkeypatch.setattr(Steps, "_created", once)
    user = {"Type": "AWS::IAM::User", "Properties": {"UserName": "ada"}}
    key = {"Type": "AWS::KMS::Key", "Properties": {"Description": "d"}}
    template = {
        "Resources": {
            "User": user,
            "One": key,
            "Two": {**key, "DependsOn": "One"},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/a", "TargetKeyId": {"Ref": "One"}}},
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g"}},
            "Access": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}},
            "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "p", "Type": "String", "Value": "v"}},
        },
        "Outputs": {"Secret": {"Value": {"Fn::GetAtt": ["Access", "SecretAccessKey"]}}},
    }
    aws.client("kms").create_key(Description="d")  # looks the same, and is somebody else's
    stack = cfn.create("cut", template, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.failures("cut")
    assert cut == set(template["Resources"])
    made = cfn.physical("cut")
    keys = {each["KeyId"] for each in aws.client("kms").list_keys()["Keys"]}
    assert len(keys) == 3
    assert {made["One"], made["Two"]} < keys
    listed = aws.client("iam").list_access_keys(UserName="ada")["AccessKeyMetadata"]
    assert [each["AccessKeyId"] for each in listed] == [made["Access"]]
    assert len(cfn.outputs("cut")["Secret"]) == 40
    gone = cfn.delete("cut")
    assert gone["StackStatus"] == "DELETE_COMPLETE", json.dumps(cfn.failures(gone["StackId"]))


def test_what_was_there_before_is_nobodys_creation(own_cloud, cfn_of, monkeypatch):
    """Taken up again, a creation does not adopt a namesake that is older than it."""
    account = own_cloud.account()
    account.client("logs").create_log_group(logGroupName="mine")
    own_cloud.advance(60)
    do = Steps._do_create
    monkeypatch.setattr(Steps, "_do_create", lambda self, h, r, w, token, resuming: do(self, h, r, w, token, True))
    cfn = cfn_of(account)
    template = {"Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "mine"}}}}
    assert cfn.create("adopts", template)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert [group["logGroupName"] for group in account.client("logs").describe_log_groups()["logGroups"]] == ["mine"]
