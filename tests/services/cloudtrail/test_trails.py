"""Trails: names, destinations, limits, tags, selectors.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
"""

from __future__ import annotations

import json

import pytest
from tests.support import refused

from .conftest import bucket_policy, make_bucket, make_trail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "Trail name cannot be blank!"),
        ("ab", "Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters."),
        ("a" * 129, "Trail name too long. Maximum allowed length: 128 characters. Specified name length: "
         "129 characters."),
        ("trail 1", "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
                    "hyphens (-), and underscores (_)."),
        ("-trail", "Trail name must starts with a letter or number."),
        ("trail-", "Trail name must ends with a letter or number."),
        ("my-_trail", "Trail name or ARN cannot have adjacent periods (.), hyphens (-), or underscores (_)"),
        ("192.168.5.4", "Trail name cannot be in IP address format."),
    ],
)  # fmt: skip
def test_names(own, name, text):
    trails = own.client("cloudtrail")
    code, message = refused(trails.create_trail, Name=name, S3BucketName="b")[:2]
    assert (code, message) == ("InvalidTrailNameException", text)


def test_a_trail_is_made_shown_changed_and_deleted(own):
    trails, bucket = own.client("cloudtrail"), make_bucket(own)
    arn = f"arn:aws:cloudtrail:us-east-1:{own.id}:trail/one"
    made = trails.create_trail(Name="one", S3BucketName=bucket, TagsList=[{"Key": "k", "Value": "v"}])
    assert made["TrailARN"] == arn
    assert made["IncludeGlobalServiceEvents"] is True
    assert made["IsMultiRegionTrail"] is False
    assert made["LogFileValidationEnabled"] is False
    for name in ("one", arn):
        trail = trails.get_trail(Name=name)["Trail"]
        assert (trail["Name"], trail["HomeRegion"], trail["HasCustomEventSelectors"]) == ("one", "us-east-1", False)
    assert trails.describe_trails()["trailList"] == [trail]
    assert trails.describe_trails(trailNameList=["one"])["trailList"] == [trail]
    assert trails.describe_trails(trailNameList=["other"])["trailList"] == []
    assert trails.list_trails()["Trails"] == [{"TrailARN": arn, "Name": "one", "HomeRegion": "us-east-1"}]
    status = trails.get_trail_status(Name="one")
    assert status["IsLogging"] is False
    assert "LatestDeliveryTime" not in status

    changed = trails.update_trail(Name="one", S3KeyPrefix="p", EnableLogFileValidation=True)
    assert (changed["S3KeyPrefix"], changed["LogFileValidationEnabled"]) == ("p", True)
    code, message = refused(trails.create_trail, Name="one", S3BucketName=bucket)[:2]
    assert (code, message) == ("TrailAlreadyExistsException", f"Trail one already exists for customer: {own.id}")
    trails.delete_trail(Name=arn)
    for call in (trails.get_trail, trails.delete_trail, trails.start_logging, trails.stop_logging,
                 trails.get_trail_status, trails.update_trail):  # fmt: skip
        assert refused(call, Name="one")[:2] == ("TrailNotFoundException", f"Unknown trail: one for the user: {own.id}")
    for text in ("arn:aws:cloudtrail:us-east-1:trail/x", f"arn:aws:sqs:us-east-1:{own.id}:trail/one"):
        assert refused(trails.get_trail, Name=text).code == "CloudTrailARNInvalidException"


def test_five_trails_are_the_most(own):
    trails, bucket = own.client("cloudtrail"), make_bucket(own)
    for n in range(5):
        trails.create_trail(Name=f"trail-{n}", S3BucketName=bucket)
    code, message = refused(trails.create_trail, Name="trail-5", S3BucketName=bucket)[:2]
    assert code == "MaximumNumberOfTrailsExceededException"
    assert message == f"User: {own.id} already has 5 trails in us-east-1."


def test_a_trail_is_changed_at_home_and_seen_elsewhere_as_a_shadow(own):
    bucket = make_trail(own, "far", IsMultiRegionTrail=True)
    arn = f"arn:aws:cloudtrail:us-east-1:{own.id}:trail/far"
    other = own.client("cloudtrail", "eu-west-1")
    assert [trail["TrailARN"] for trail in other.describe_trails()["trailList"]] == [arn]
    assert other.describe_trails(includeShadowTrails=False)["trailList"] == []
    assert other.get_trail(Name=arn)["Trail"]["S3BucketName"] == bucket
    assert refused(other.get_trail, Name="far").code == "TrailNotFoundException"
    for call in (other.delete_trail, other.stop_logging, other.start_logging, other.update_trail):
        assert refused(call, Name=arn).code == "InvalidHomeRegionException"
    code, _ = refused(own.client("cloudtrail").create_trail, Name="odd", S3BucketName=bucket,
                       IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False)[:2]  # fmt: skip
    assert code == "InvalidParameterCombinationException"


def test_destinations_are_looked_at(moving, own):
    trails, s3, bucket = own.client("cloudtrail"), own.client("s3"), f"closed-{own.id}"

    def made(**settings):
        return refused(trails.create_trail, **{"Name": "one", "S3BucketName": bucket, **settings})[:2]

    assert made() == ("S3BucketDoesNotExistException", f"S3 bucket {bucket} does not exist!")
    s3.create_bucket(Bucket=bucket)
    closed = ("InsufficientS3BucketPolicyException", f"Incorrect S3 bucket policy is detected for bucket: {bucket}")
    assert made() == closed
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, "111111111111"))
    assert made() == closed
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, own.id))
    topic = ("InsufficientSnsTopicPolicyException", "SNS Topic does not exist or the topic policy is incorrect!")
    assert made(SnsTopicName="none") == topic
    shut = own.client("sns").create_topic(Name="shut")["TopicArn"]
    owner = {"Effect": "Allow", "Principal": {"AWS": own.id}, "Action": "SNS:Publish", "Resource": shut}
    document = json.dumps({"Version": "2012-10-17", "Statement": [owner]})
    own.client("sns").set_topic_attributes(TopicArn=shut, AttributeName="Policy", AttributeValue=document)
    assert made(SnsTopicName="shut") == topic
    assert made(SnsTopicName="a b")[0] == "InvalidSnsTopicNameException"
    assert made(S3KeyPrefix="/x")[0] == "InvalidS3PrefixException"
    group = f"arn:aws:logs:us-east-1:{own.id}:log-group:none:*"
    text = "You must specify a role ARN as well as a log group."
    assert made(CloudWatchLogsLogGroupArn=group) == ("InvalidParameterCombinationException", text)
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = own.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    logs = {"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}
    assert made(**logs)[0] == "InvalidCloudWatchLogsLogGroupArnException"
    own.client("logs").create_log_group(logGroupName="none")
    text = "Access denied. Check the trust relationships for your role."
    assert made(**logs) == ("InvalidCloudWatchLogsRoleArnException", text)
    trust["Principal"] = {"Service": "cloudtrail.amazonaws.com"}
    own.client("iam").update_assume_role_policy(
        RoleName="r", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    text = "Access denied. Check the permissions for your role."
    assert made(**logs) == ("InvalidCloudWatchLogsRoleArnException", text)
    assert trails.list_trails()["Trails"] == []


def test_another_accounts_bucket_that_lets_the_trail_in(moving, own):
    other = moving.account()
    bucket = f"central-{other.id}"
    other.client("s3").create_bucket(Bucket=bucket)
    trails = own.client("cloudtrail")
    assert refused(trails.create_trail, Name="one", S3BucketName=bucket).code == "InsufficientS3BucketPolicyException"
    other.client("s3").put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, other.id, own.id))
    assert trails.create_trail(Name="one", S3BucketName=bucket)["S3BucketName"] == bucket


def test_who_may_not_may_not(moving, own):
    bucket = make_trail(own)
    allowed = {"Effect": "Allow", "Action": ["cloudtrail:LookupEvents", "s3:*"], "Resource": "*"}
    user = own.user(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})).client("cloudtrail")
    assert user.lookup_events(MaxResults=1)
    name = {"Name": "audit"}
    for call, request in (
        (user.create_trail, {"Name": "two", "S3BucketName": bucket}), (user.update_trail, name),
        (user.delete_trail, name), (user.get_trail, name), (user.get_trail_status, name), (user.start_logging, name),
        (user.stop_logging, name), (user.list_trails, {}), (user.describe_trails, {}), (user.list_public_keys, {}),
        (user.get_event_selectors, {"TrailName": "audit"}), (user.list_event_data_stores, {}),
    ):  # fmt: skip
        assert refused(call, **request).code == "AccessDeniedException"
    arn = f"arn:aws:cloudtrail:us-east-1:{own.id}:trail/audit"
    assert refused(moving.account().client("cloudtrail").stop_logging, Name=arn).code == "AccessDeniedException"
    assert own.client("cloudtrail").get_trail_status(Name="audit")["IsLogging"]


def test_selectors(own):
    trails = own.client("cloudtrail")
    make_trail(own)
    default = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [],
               "ExcludeManagementEventSources": []}  # fmt: skip
    assert trails.get_event_selectors(TrailName="audit")["EventSelectors"] == [default]
    resource = {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}
    put = trails.put_event_selectors(TrailName="audit", EventSelectors=[{"DataResources": [resource]}])
    assert put["EventSelectors"] == [default | {"DataResources": [resource]}]
    assert trails.get_trail(Name="audit")["Trail"]["HasCustomEventSelectors"]
    advanced = [{"Name": "a", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    put = trails.put_event_selectors(TrailName="audit", AdvancedEventSelectors=advanced)
    assert "EventSelectors" not in put
    assert trails.get_event_selectors(TrailName="audit")["AdvancedEventSelectors"] == advanced
    for bad in (
        {},
        {"EventSelectors": [{}] * 6},
        {"EventSelectors": [{"DataResources": [{"Type": "AWS::SQS::Queue", "Values": ["arn:aws:sqs"]}]}]},
        {"EventSelectors": [{}], "AdvancedEventSelectors": advanced},
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventName", "Equals": ["x"]}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "StartsWith": ["Data"]}]}]},
    ):
        assert refused(trails.put_event_selectors, TrailName="audit", **bad).code == "InvalidEventSelectorsException"


def test_insight_selectors_are_kept(own):
    trails = own.client("cloudtrail")
    make_trail(own)
    assert refused(trails.get_insight_selectors, TrailName="audit").code == "InsightNotEnabledException"
    chosen = [{"InsightType": "ApiCallRateInsight"}]
    put = trails.put_insight_selectors(TrailName="audit", InsightSelectors=chosen)
    assert put["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-fidelity"] == "recorded"
    assert trails.get_insight_selectors(TrailName="audit")["InsightSelectors"] == chosen
    assert trails.get_trail(Name="audit")["Trail"]["HasInsightSelectors"]


def test_tags(own):
    trails, bucket = own.client("cloudtrail"), make_bucket(own)
    arn = trails.create_trail(Name="one", S3BucketName=bucket, TagsList=[{"Key": "a", "Value": "1"}])["TrailARN"]
    trails.add_tags(ResourceId=arn, TagsList=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    trails.remove_tags(ResourceId=arn, TagsList=[{"Key": "b"}, {"Key": "none"}])
    [found] = trails.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    assert found == {"ResourceId": arn, "TagsList": [{"Key": "a", "Value": "2"}]}
    many = [{"Key": f"k{n}", "Value": "v"} for n in range(50)]
    assert refused(trails.add_tags, ResourceId=arn, TagsList=many).code == "TagsLimitExceededException"
    assert refused(trails.add_tags, ResourceId="one", TagsList=many).code == "CloudTrailARNInvalidException"


def test_event_data_stores_are_recorded(own):
    trails = own.client("cloudtrail")
    made = trails.create_event_data_store(Name="lake", TerminationProtectionEnabled=False)
    arn = made["EventDataStoreArn"]
    assert (made["Status"], made["RetentionPeriod"]) == ("ENABLED", 366)
    assert refused(trails.create_event_data_store, Name="lake").code == "EventDataStoreAlreadyExistsException"
    trails.update_event_data_store(EventDataStore=arn, RetentionPeriod=90)
    assert trails.get_event_data_store(EventDataStore=arn)["RetentionPeriod"] == 90
    trails.stop_event_data_store_ingestion(EventDataStore=arn)
    assert trails.list_event_data_stores()["EventDataStores"][0]["Status"] == "STOPPED_INGESTION"
    trails.start_event_data_store_ingestion(EventDataStore=arn)
    assert trails.get_event_data_store(EventDataStore=arn)["Status"] == "ENABLED"
    for wrong, code in (
        (arn, "InvalidEventDataStoreStatusException"),
        (f"{arn[:-1]}x", "EventDataStoreNotFoundException"),
    ):
        assert refused(trails.start_event_data_store_ingestion, EventDataStore=wrong).code == code
    trails.delete_event_data_store(EventDataStore=arn)
    assert refused(trails.delete_event_data_store, EventDataStore=arn).code == "InvalidEventDataStoreStatusException"
    assert trails.restore_event_data_store(EventDataStore=arn)["Status"] == "ENABLED"
    assert refused(trails.start_query, QueryStatement="SELECT 1").code == "NotImplemented"


def test_stacks_have_trails(moving, own):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html"""
    bucket, stacks, trails = make_bucket(own), own.client("cloudformation"), own.client("cloudtrail")

    def template(**properties):
        trail = {
            "Type": "AWS::CloudTrail::Trail",
            "Properties": {"S3BucketName": bucket, "IsLogging": True, **properties},
        }
        outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Trail", "Arn"]}}, "Name": {"Value": {"Ref": "Trail"}}}
        return json.dumps({"Resources": {"Trail": trail}, "Outputs": outputs})

    tags = [{"Key": "team", "Value": "one"}]
    stacks.create_stack(StackName="s", TemplateBody=template(EnableLogFileValidation="true", Tags=tags))
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    [stack] = stacks.describe_stacks(StackName="s")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    trail = trails.get_trail(Name=outputs["Name"])["Trail"]
    assert trail["TrailARN"] == outputs["Arn"]
    assert trail["LogFileValidationEnabled"]
    assert trails.get_trail_status(Name=outputs["Name"])["IsLogging"]
    [found] = trails.list_tags(ResourceIdList=[outputs["Arn"]])["ResourceTagList"]
    assert {"Key": "team", "Value": "one"} in found["TagsList"]
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": "true"}
    stacks.update_stack(StackName="s", TemplateBody=template(IsLogging=False, EventSelectors=[selector]))
    stacks.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert not trails.get_trail_status(Name=outputs["Name"])["IsLogging"]
    assert trails.get_event_selectors(TrailName=outputs["Name"])["EventSelectors"][0]["ReadWriteType"] == "WriteOnly"
    stacks.delete_stack(StackName="s")
    stacks.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert trails.list_trails()["Trails"] == []
