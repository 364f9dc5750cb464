"""Query definitions and resource policies through boto3, and both as CloudFormation makes them.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

import json

import pytest
from tests.support import refused

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "route53.amazonaws.com"},
            "Action": "logs:PutLogEvents",
            "Resource": "*",
        }
    ],
}


@pytest.fixture
def logs(aws):
    return aws.client("logs")


def test_a_query_is_saved_replaced_and_removed(logs):
    query = {"name": "slow/calls", "queryString": "fields @message | limit 5", "logGroupNames": ["/app"]}
    ident = logs.put_query_definition(**query)["queryDefinitionId"]
    (kept,) = logs.describe_query_definitions()["queryDefinitions"]
    assert kept.pop("lastModified") > 0
    assert kept == {**query, "queryDefinitionId": ident, "queryLanguage": "CWLI"}
    # "No current values are retained from the current query definition."
    parameters = [{"name": "limit", "defaultValue": "5"}]
    logs.put_query_definition(queryDefinitionId=ident, name="new", queryString="SELECT 1", queryLanguage="SQL",
                              parameters=parameters)  # fmt: skip
    (kept,) = logs.describe_query_definitions(queryDefinitionNamePrefix="ne", queryLanguage="SQL")["queryDefinitions"]
    assert (kept["queryString"], kept["logGroupNames"], kept["parameters"]) == ("SELECT 1", [], parameters)
    assert logs.describe_query_definitions(queryLanguage="PPL")["queryDefinitions"] == []
    assert logs.delete_query_definition(queryDefinitionId=ident)["success"] is True
    assert logs.describe_query_definitions()["queryDefinitions"] == []


def test_a_query_that_is_not_there(logs):
    missing = {"queryDefinitionId": "d9bf8a0c-0000-4000-8000-000000000000"}
    assert refused(logs.delete_query_definition, **missing).code == "ResourceNotFoundException"
    code = refused(logs.put_query_definition, **missing, name="n", queryString="q").code
    assert code == "ResourceNotFoundException"


def test_a_query_sent_twice_is_saved_once(logs, aws):
    query = {"name": "n", "queryString": "q", "clientToken": "t" * 36}
    once, again = (logs.put_query_definition(**query)["queryDefinitionId"] for _ in range(2))
    assert once == again
    elsewhere = aws.client("logs", region_name="eu-west-1")
    assert elsewhere.put_query_definition(**query)["queryDefinitionId"] != once
    assert len(logs.describe_query_definitions()["queryDefinitions"]) == 1


def test_queries_page_by_name(logs):
    for name in ("b", "a", "c", "a"):
        logs.put_query_definition(name=name, queryString="q")
    names, token = [], {}
    while True:
        page = logs.describe_query_definitions(maxResults=3, **token)
        names.append([definition["name"] for definition in page["queryDefinitions"]])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == [["a", "a", "b"], ["c"]]
    assert refused(logs.describe_query_definitions, nextToken="x").code == "InvalidParameterException"


def test_policies_of_the_account(logs):
    """Ten in a region; the text of the limit is one that users have seen."""
    for n in range(10):
        logs.put_resource_policy(policyName=f"p{n}", policyDocument=json.dumps(DOCUMENT))
    denied = refused(logs.put_resource_policy, policyName="p10", policyDocument=json.dumps(DOCUMENT))
    assert (denied.code, denied.message) == ("LimitExceededException", "Resource limit exceeded.")
    logs.put_resource_policy(policyName="p0", policyDocument="{}")
    first = logs.describe_resource_policies(limit=4)
    assert [p["policyName"] for p in first["resourcePolicies"]] == ["p0", "p1", "p2", "p3"]
    assert first["resourcePolicies"][0]["policyDocument"] == "{}"
    rest = logs.describe_resource_policies(nextToken=first["nextToken"])["resourcePolicies"]
    assert len(rest) == 6
    logs.delete_resource_policy(policyName="p0")
    assert refused(logs.delete_resource_policy, policyName="p0").code == "ResourceNotFoundException"
    assert refused(logs.put_resource_policy, policyDocument="{}").code == "InvalidParameterException"
    assert refused(logs.put_resource_policy, policyName="p").code == "InvalidParameterException"


def test_the_policy_of_a_group(logs):
    logs.create_log_group(logGroupName="/app")
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    made = logs.put_resource_policy(resourceArn=arn, policyDocument="{}")
    logs.put_resource_policy(policyName="of-the-account", policyDocument="{}")
    (kept,) = logs.describe_resource_policies(policyScope="RESOURCE", resourceArn=arn)["resourcePolicies"]
    assert (kept["policyScope"], kept["resourceArn"], kept["revisionId"]) == ("RESOURCE", arn, made["revisionId"])
    assert [p["policyName"] for p in logs.describe_resource_policies()["resourcePolicies"]] == ["of-the-account"]
    stale = {"resourceArn": arn, "expectedRevisionId": "0" * 32}
    assert refused(logs.delete_resource_policy, **stale).code == "OperationAbortedException"
    logs.delete_resource_policy(resourceArn=arn, expectedRevisionId=made["revisionId"])
    assert logs.describe_resource_policies(policyScope="RESOURCE", resourceArn=arn)["resourcePolicies"] == []
    assert refused(logs.put_resource_policy, resourceArn=arn[:-1], policyDocument="{}").code == (
        "ResourceNotFoundException"
    )


def test_iam_decides(aws, logs):
    logs.create_log_group(logGroupName="/app")
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    policy = {"Effect": "Allow", "Action": "logs:PutResourcePolicy", "Resource": f"{arn}:*"}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [policy]})).client("logs")
    user.put_resource_policy(resourceArn=arn, policyDocument="{}")
    assert refused(user.put_resource_policy, policyName="p", policyDocument="{}").code == "AccessDeniedException"
    code = refused(user.put_query_definition, name="n", queryString="q").code
    assert code == "AccessDeniedException"


def template(*, query, document):
    return json.dumps({
        "Resources": {
            "Policy": {"Type": "AWS::Logs::ResourcePolicy",
                       "Properties": {"PolicyName": "cfn", "PolicyDocument": document}},
            "Query": {"Type": "AWS::Logs::QueryDefinition", "Properties": {
                "Name": "cfn", "QueryString": query, "LogGroupNames": ["/app"], "QueryLanguage": "CWLI",
                "Parameters": [{"Name": "n", "DefaultValue": "1", "Description": "d"}]}},
        },
        "Outputs": {"Policy": {"Value": {"Ref": "Policy"}}, "Query": {"Value": {"Ref": "Query"}},
                    "QueryId": {"Value": {"Fn::GetAtt": ["Query", "QueryDefinitionId"]}}},
    })  # fmt: skip


def test_cloudformation_makes_both(aws, logs):
    """PolicyDocument is JSON in a string; newer editions of the reference have JSON itself."""
    cfn = aws.client("cloudformation")
    cfn.create_stack(StackName="s", TemplateBody=template(query="fields @message", document=json.dumps(DOCUMENT)))
    cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    (stack,) = cfn.describe_stacks(StackName="s")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    (query,) = logs.describe_query_definitions()["queryDefinitions"]
    assert (query["queryString"], query["logGroupNames"]) == ("fields @message", ["/app"])
    assert query["parameters"] == [{"name": "n", "defaultValue": "1", "description": "d"}]
    assert outputs == {"Policy": "cfn", "Query": query["queryDefinitionId"], "QueryId": query["queryDefinitionId"]}
    (policy,) = logs.describe_resource_policies()["resourcePolicies"]
    assert json.loads(policy["policyDocument"]) == DOCUMENT

    changed = {**DOCUMENT, "Statement": [{**DOCUMENT["Statement"][0], "Sid": "Changed"}]}
    cfn.update_stack(StackName="s", TemplateBody=template(query="fields @timestamp", document=changed))
    cfn.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    (again,) = logs.describe_query_definitions()["queryDefinitions"]
    assert (again["queryDefinitionId"], again["queryString"]) == (query["queryDefinitionId"], "fields @timestamp")
    (policy,) = logs.describe_resource_policies()["resourcePolicies"]
    assert json.loads(policy["policyDocument"]) == changed

    logs.delete_query_definition(queryDefinitionId=query["queryDefinitionId"])  # what is gone is gone
    cfn.delete_stack(StackName="s")
    cfn.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"], WaiterConfig={"Delay": 0.05})
    assert logs.describe_resource_policies()["resourcePolicies"] == []
