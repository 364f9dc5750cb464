"""Groups, their queries, and what they contain.

https://docs.aws.amazon.com/ARG/latest/userguide/getting_started-query.html
"""

import json

import pytest
from tests.support import refused

ALL = ["AWS::AllSupported"]


@pytest.fixture
def client(aws):
    return aws.client("resource-groups")


def by_tags(types=ALL, **tags):
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    return {"Type": "TAG_FILTERS_1_0", "Query": json.dumps({"ResourceTypeFilters": types, "TagFilters": filters})}


def arns(answer):
    return [each["ResourceArn"] for each in answer["ResourceIdentifiers"]]


@pytest.fixture
def things(aws):
    aws.client("sqs").create_queue(QueueName="q", tags={"team": "red"})
    topic = aws.client("sns").create_topic(Name="t", Tags=[{"Key": "team", "Value": "red"}])["TopicArn"]
    aws.client("sqs").create_queue(QueueName="other", tags={"team": "blue"})
    return [topic, f"arn:aws:sqs:us-east-1:{aws.id}:q"]


def test_a_group_by_tags(aws, client, things):
    made = client.create_group(Name="red", Description="d", ResourceQuery=by_tags(team="red"), Tags={"a": "b"})
    arn = f"arn:aws:resource-groups:us-east-1:{aws.id}:group/red"
    assert made["Group"] == {"GroupArn": arn, "Name": "red", "Description": "d"}
    assert made["Tags"] == {"a": "b"}
    assert client.get_group(Group=arn)["Group"] == client.get_group(GroupName="red")["Group"] == made["Group"]
    assert client.get_group_query(Group="red")["GroupQuery"]["ResourceQuery"] == by_tags(team="red")
    answer = client.list_group_resources(Group="red")
    assert arns(answer) == things
    assert {each["ResourceType"] for each in answer["ResourceIdentifiers"]} == {"AWS::SNS::Topic", "AWS::SQS::Queue"}
    only = client.list_group_resources(Group="red", Filters=[{"Name": "resource-type", "Values": ["AWS::SNS::Topic"]}])
    assert arns(only) == things[:1]
    page = client.list_group_resources(Group="red", MaxResults=1)
    rest = client.list_group_resources(Group="red", MaxResults=1, NextToken=page["NextToken"])
    assert arns(page) + arns(rest) == things
    client.update_group_query(Group="red", ResourceQuery=by_tags(["AWS::SQS::Queue"], team="blue"))
    assert arns(client.list_group_resources(Group="red")) == [f"arn:aws:sqs:us-east-1:{aws.id}:other"]
    client.update_group(Group="red", Description="e", Owner="me")
    assert client.list_groups()["GroupIdentifiers"] == [
        {"GroupName": "red", "GroupArn": arn, "Description": "e", "Owner": "me"}
    ]
    assert client.list_groups(Filters=[{"Name": "owner", "Values": ["you"]}])["GroupIdentifiers"] == []
    client.delete_group(Group="red")
    assert refused(client.get_group, Group="red")[::2] == ("NotFoundException", 404)


def test_a_search(client, things):
    assert arns(client.search_resources(ResourceQuery=by_tags(team="red"))) == things
    queues = client.search_resources(ResourceQuery=by_tags(["AWS::SQS::Queue"], team="red"))
    assert arns(queues) == things[1:]


def test_a_group_by_stack(aws, client):
    cfn = aws.client("cloudformation")
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "T": {"Type": "AWS::SNS::Topic"},
                              "B": {"Type": "AWS::S3::Bucket"}}}  # fmt: skip
    stack = cfn.create_stack(StackName="app", TemplateBody=json.dumps(template))["StackId"]
    cfn.get_waiter("stack_create_complete").wait(StackName="app", WaiterConfig={"Delay": 1})
    aws.client("sqs").create_queue(QueueName="another")
    query = {"Type": "CLOUDFORMATION_STACK_1_0",
             "Query": json.dumps({"ResourceTypeFilters": ALL, "StackIdentifier": stack})}  # fmt: skip
    client.create_group(Name="stack", ResourceQuery=query)
    found = client.list_group_resources(Group="stack")["ResourceIdentifiers"]
    assert {each["ResourceType"] for each in found} == {"AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket"}
    gone = json.loads(query["Query"]) | {"StackIdentifier": stack.replace("app", "none")}
    answer = client.search_resources(ResourceQuery={**query, "Query": json.dumps(gone)})
    assert answer["QueryErrors"][0]["ErrorCode"] == "CLOUDFORMATION_STACK_NOT_EXISTING"


def test_resources_are_grouped_by_hand(aws, client, things):
    client.create_group(Name="hand", Configuration=[{"Type": "AWS::ResourceGroups::Generic"}])
    done = client.group_resources(Group="hand", ResourceArns=[*things, f"arn:aws:sqs:us-east-1:{aws.id}:none"])
    assert done["Succeeded"] == things
    assert len(done["Failed"]) == 1
    assert arns(client.list_group_resources(Group="hand")) == things
    statuses = client.list_grouping_statuses(Group="hand")["GroupingStatuses"]
    assert {each["Status"] for each in statuses} == {"SUCCESS"}
    client.ungroup_resources(Group="hand", ResourceArns=things[:1])
    assert arns(client.list_group_resources(Group="hand")) == things[1:]
    configuration = client.get_group_configuration(Group="hand")["GroupConfiguration"]
    assert configuration["Configuration"] == [{"Type": "AWS::ResourceGroups::Generic"}]
    client.put_group_configuration(Group="hand", Configuration=[{"Type": "AWS::EC2::CapacityReservationPool"}])
    assert refused(client.get_group_query, Group="hand").code == "BadRequestException"


def test_tags_and_settings(aws, client):
    arn = client.create_group(Name="g", ResourceQuery=by_tags(a="b"))["Group"]["GroupArn"]
    assert client.tag(Arn=arn, Tags={"x": "1", "y": "2"})["Tags"] == {"x": "1", "y": "2"}
    assert client.untag(Arn=arn, Keys=["x"])["Keys"] == ["x"]
    assert client.get_tags(Arn=arn)["Tags"] == {"y": "2"}
    client.update_account_settings(GroupLifecycleEventsDesiredStatus="ACTIVE")
    assert client.get_account_settings()["AccountSettings"]["GroupLifecycleEventsStatus"] == "ACTIVE"


def test_pages(aws, client):
    for n in range(30):
        client.create_group(Name=f"g{n:02d}", ResourceQuery=by_tags(a="b"))
    seen, token = [], {}
    while True:
        page = client.list_groups(MaxResults=1, **token)
        seen += [each["GroupName"] for each in page["GroupIdentifiers"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [f"g{n:02d}" for n in range(30)]
    assert refused(client.list_groups, NextToken="x").code == "BadRequestException"


def test_what_is_refused(aws, client):
    make = client.create_group
    client.create_group(Name="g", ResourceQuery=by_tags(a="b"))
    assert refused(make, Name="g", ResourceQuery=by_tags(a="b")).code == "BadRequestException"
    assert refused(make, Name="AWSgroup", ResourceQuery=by_tags(a="b")).code == "BadRequestException"
    for query in ("{", "[]", '{"TagFilters": []}', '{"ResourceTypeFilters": ["AWS::AllSupported"], "Else": 1}'):
        said = refused(make, Name="h", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": query})
        assert said.code == "BadRequestException"
    only = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "resource-groups:*", "Resource": "*"}]}  # fmt: skip
    user = aws.user(json.dumps(only)).client("resource-groups")
    said = refused(user.search_resources, ResourceQuery=by_tags(a="b"))
    assert "tag:GetResources" in said.message


def test_a_group_of_a_template(aws, client, things):
    cfn = aws.client("cloudformation")
    query = {"Type": "TAG_FILTERS_1_0", "Query": {"TagFilters": [{"Key": "team", "Values": ["red"]}]}}
    group = {"Type": "AWS::ResourceGroups::Group",
             "Properties": {"Name": "made", "ResourceQuery": query, "Tags": [{"Key": "a", "Value": "b"}]}}  # fmt: skip
    body = {"Resources": {"G": group}, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["G", "Arn"]}}}}
    cfn.create_stack(StackName="app", TemplateBody=json.dumps(body))
    cfn.get_waiter("stack_create_complete").wait(StackName="app", WaiterConfig={"Delay": 1})
    assert arns(client.list_group_resources(Group="made")) == things
    query["Query"]["TagFilters"][0]["Values"] = ["blue"]
    cfn.update_stack(StackName="app", TemplateBody=json.dumps(body))
    cfn.get_waiter("stack_update_complete").wait(StackName="app", WaiterConfig={"Delay": 1})
    assert arns(client.list_group_resources(Group="made")) == [f"arn:aws:sqs:us-east-1:{aws.id}:other"]
