"""A lowered quota is met in each service, with the error that AWS has for it.

One cloud with a file of --limits: small values for everybody, AWS's for one account.
"""

from __future__ import annotations

import io
import json
import math
import zipfile

import pytest
from botocore.exceptions import ClientError

from fogbank import testing

FREE = "999988887777"
LIMITS = f"""
[iam]
L-F55AF5E4 = 2  # users
L-FE177D64 = 2  # roles
L-F4A5425F = 1  # groups
L-6E65F664 = 1  # instance profiles
L-E95E4862 = 2  # policies
L-4019AD8B = 1  # policies of a user
L-7A1621EC = 0  # groups of a user
L-8758042E = 1  # access keys of a user
L-8E23FFD8 = 2  # versions of a policy
L-ED111B8C = 200  # characters of a policy
L-C07B4B0D = 200  # and of a trust policy

[lambda]
L-B99A9384 = 150  # concurrent executions
L-2ACBD22F = 0.000001  # gigabytes: some 1,000 bytes

[s3]
L-DC2B2D3D = 2

[sns]
L-61103206 = 1
L-B96EDA7D = 1

[dynamodb]
L-F98FE922 = 1
L-F7858A77 = 1

[kms]
L-C2F1777E = 1
L-340F62FB = 1

[logs]
L-C7B9AAAB = 1
L-3D5753EA = 1

[ssm]
L-C3B871CB = 1
L-527D1CD8 = 1

[cloudformation]
L-0485CB21 = 1

[apigateway]
L-AA0FF27B = 1
L-B97207D0 = 1
L-01C8A9E0 = 2
L-379E48B0 = 1
L-1D180A63 = 1
L-E8693075 = 1
L-A93447B8 = 0
L-A4C7274F = 0

[{FREE}.iam]
L-FE177D64 = 3
"""
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
LONG = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:" + "a" * 200, "Resource": "*"}]}
)


@pytest.fixture(scope="module")
def lowered(tmp_path_factory, fogbank_options):
    path = tmp_path_factory.mktemp("limits") / "limits.toml"
    path.write_text(LIMITS)
    with testing.cloud(limits=str(path), **fogbank_options) as running:
        yield running


@pytest.fixture
def account(lowered):
    return lowered.account()


def fails(code, call, **request):
    with pytest.raises(ClientError) as failed:
        call(**request)
    assert failed.value.response["Error"]["Code"] == code
    return failed.value.response["Error"]["Message"]


def test_service_quotas_shows_what_the_file_says(account, lowered):
    client = account.client("service-quotas")
    assert client.get_service_quota(ServiceCode="iam", QuotaCode="L-FE177D64")["Quota"]["Value"] == 2.0
    assert client.get_aws_default_service_quota(ServiceCode="iam", QuotaCode="L-FE177D64")["Quota"]["Value"] == 1000.0
    free = lowered.account(FREE).client("service-quotas")
    assert free.get_service_quota(ServiceCode="iam", QuotaCode="L-FE177D64")["Quota"]["Value"] == 3.0


def test_iam_entities(account, lowered):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    iam = account.client("iam")
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["UsersQuota"], summary["RolesQuota"], summary["VersionsPerPolicyQuota"]) == (2, 2, 2)
    for number in range(2):
        iam.create_user(UserName=f"user{number}")
        iam.create_role(RoleName=f"role{number}", AssumeRolePolicyDocument=TRUST)
    text = fails("LimitExceeded", iam.create_user, UserName="more")
    assert text == "Cannot exceed quota for UsersPerAccount: 2"
    text = fails("LimitExceeded", iam.create_role, RoleName="more", AssumeRolePolicyDocument=TRUST)
    assert text == "Cannot exceed quota for RolesPerAccount: 2"
    fails("LimitExceeded", iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com")
    iam.create_group(GroupName="group")
    assert fails("LimitExceeded", iam.create_group, GroupName="more").endswith("GroupsPerAccount: 1")
    iam.create_instance_profile(InstanceProfileName="profile")
    text = fails("LimitExceeded", iam.create_instance_profile, InstanceProfileName="more")
    assert text.endswith("InstanceProfilesPerAccount: 1")
    free = lowered.account(FREE).client("iam")
    for number in range(3):
        free.create_role(RoleName=f"role{number}", AssumeRolePolicyDocument=TRUST)
    text = fails("LimitExceeded", free.create_role, RoleName="more", AssumeRolePolicyDocument=TRUST)
    assert text == "Cannot exceed quota for RolesPerAccount: 3"


def test_iam_users_and_policies(account):
    iam = account.client("iam")
    iam.create_user(UserName="user")
    iam.create_access_key(UserName="user")
    assert fails("LimitExceeded", iam.create_access_key, UserName="user").endswith("AccessKeysPerUser: 1")
    iam.create_group(GroupName="group")
    text = fails("LimitExceeded", iam.add_user_to_group, UserName="user", GroupName="group")
    assert text == "Cannot exceed quota for GroupsPerUser: 0"
    arns = [iam.create_policy(PolicyName=f"p{n}", PolicyDocument=POLICY)["Policy"]["Arn"] for n in range(2)]
    assert fails("LimitExceeded", iam.create_policy, PolicyName="more", PolicyDocument=POLICY).endswith(
        "PoliciesPerAccount: 2"
    )
    iam.attach_user_policy(UserName="user", PolicyArn=arns[0])
    text = fails("LimitExceeded", iam.attach_user_policy, UserName="user", PolicyArn=arns[1])
    assert text == "Cannot exceed quota for PoliciesPerUser: 1"
    iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=POLICY)
    text = fails("LimitExceeded", iam.create_policy_version, PolicyArn=arns[0], PolicyDocument=POLICY)
    assert text.startswith("A managed policy can have up to 2 versions.")
    text = fails("LimitExceeded", iam.create_policy_version, PolicyArn=arns[1], PolicyDocument=LONG)
    assert text == "Cannot exceed quota for PolicySize: 200"
    wide = json.loads(TRUST)
    wide["Statement"] *= 3
    text = fails("LimitExceeded", iam.create_role, RoleName="role", AssumeRolePolicyDocument=json.dumps(wide))
    assert text == "Cannot exceed quota for ACLSizePerRole: 200"


def test_lambda_concurrency_and_storage(account):
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    client = account.client("lambda")
    limits = client.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["TotalCodeSize"]) == (150, math.floor(0.000001 * 1024**3))
    role = account.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "#" * 300 + "\ndef handler(event, context):\n    return event\n")
    made = {"Runtime": "python3.12", "Handler": "a.handler", "Role": role, "Code": {"ZipFile": packed.getvalue()}}
    client.create_function(FunctionName="f", **made)
    text = fails("InvalidParameterValueException", client.put_function_concurrency,
                 FunctionName="f", ReservedConcurrentExecutions=51)  # fmt: skip
    assert "below its minimum value of [100]" in text
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=50)
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w") as archive:
        archive.writestr("a.py", "#" * 2000)
    big_code = {"ZipFile": big.getvalue()}
    text = fails(
        "CodeStorageExceededException", client.create_function, FunctionName="g", **(made | {"Code": big_code})
    )
    assert text == "Code storage limit exceeded."
    fails("CodeStorageExceededException", client.publish_layer_version, LayerName="l", Content=big_code)


def test_s3_buckets(account):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html"""
    s3 = account.client("s3")
    for number in range(2):
        s3.create_bucket(Bucket=f"b{number}-{account.id}")
    text = fails("TooManyBuckets", s3.create_bucket, Bucket=f"more-{account.id}")
    assert text == "You have attempted to create more buckets than allowed"
    s3.create_bucket(Bucket=f"b0-{account.id}")  # its own, again


def test_sns_topics_and_filter_policies(account):
    """https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html and API_Subscribe.html"""
    sns = account.client("sns")
    topic = sns.create_topic(Name="one")["TopicArn"]
    fails("TopicLimitExceeded", sns.create_topic, Name="two")
    queue = f"arn:aws:sqs:us-east-1:{account.id}:q"
    filtered = {"TopicArn": topic, "Protocol": "sqs", "Attributes": {"FilterPolicy": '{"a": ["b"]}'}}
    sns.subscribe(**filtered, Endpoint=queue + "1")
    fails("FilterPolicyLimitExceeded", sns.subscribe, **filtered, Endpoint=queue + "2")
    plain = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue + "3")["SubscriptionArn"]
    fails("FilterPolicyLimitExceeded", sns.set_subscription_attributes, SubscriptionArn=plain,
          AttributeName="FilterPolicy", AttributeValue='{"a": ["b"]}')  # fmt: skip


def test_dynamodb_tables_and_indexes(account):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""
    dynamodb = account.client("dynamodb")
    table = {
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    index = {"KeySchema": table["KeySchema"], "Projection": {"ProjectionType": "ALL"}}
    indexes = [{"IndexName": f"index{number}", **index} for number in range(2)]
    text = fails("ValidationException", dynamodb.create_table, TableName="one", GlobalSecondaryIndexes=indexes, **table)
    assert text.endswith("GlobalSecondaryIndex count exceeds the per-table limit of 1")
    dynamodb.create_table(TableName="one", **table)
    text = fails("LimitExceededException", dynamodb.create_table, TableName="two", **table)
    assert text == "Subscriber limit exceeded: There is a limit of 1 tables per subscriber"


def test_kms_keys_and_aliases(account):
    """https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    fails("LimitExceededException", kms.create_key)
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    fails("LimitExceededException", kms.create_alias, AliasName="alias/two", TargetKeyId=key)


def test_logs(account):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
    logs = account.client("logs")
    logs.create_log_group(logGroupName="one")
    assert fails("LimitExceededException", logs.create_log_group, logGroupName="two") == "Resource limit exceeded."
    made = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    metric = {"logGroupName": "one", "filterPattern": "", "metricTransformations": [made]}
    logs.put_metric_filter(filterName="one", **metric)
    fails("LimitExceededException", logs.put_metric_filter, filterName="two", **metric)
    logs.put_metric_filter(filterName="one", **metric)


def test_ssm_parameters(account):
    """https://docs.aws.amazon.com/general/latest/gr/ssm.html: each tier has a quota of its own."""
    ssm = account.client("ssm")
    ssm.put_parameter(Name="one", Value="v", Type="String")
    text = fails("ParameterLimitExceeded", ssm.put_parameter, Name="two", Value="v", Type="String")
    assert text.startswith("You have exceeded the number of parameters")
    ssm.put_parameter(Name="one", Value="w", Type="String", Overwrite=True)
    ssm.put_parameter(Name="three", Value="v", Type="String", Tier="Advanced")
    fails("ParameterLimitExceeded", ssm.put_parameter, Name="one", Value="w", Tier="Advanced", Overwrite=True)


def test_cloudformation_stacks(account):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
    client = account.client("cloudformation")
    limits = {limit["Name"]: limit["Value"] for limit in client.describe_account_limits()["AccountLimits"]}
    assert limits["StackLimit"] == 1
    wait = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    template = json.dumps({"Resources": {"A": wait}})
    client.create_stack(StackName="one", TemplateBody=template)
    text = fails("LimitExceededException", client.create_stack, StackName="two", TemplateBody=template)
    assert text == "Limit for stack has been exceeded: 1"


def test_api_gateway(account):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
    client = account.client("apigateway")
    api = client.create_rest_api(name="one", endpointConfiguration={"types": ["REGIONAL"]})
    regional = {"name": "two", "endpointConfiguration": {"types": ["REGIONAL"]}}
    fails("LimitExceededException", client.create_rest_api, **regional)
    client.create_rest_api(name="edge", endpointConfiguration={"types": ["EDGE"]})
    within = {"restApiId": api["id"], "parentId": api["rootResourceId"]}
    client.create_resource(**within, pathPart="a")
    text = fails("LimitExceededException", client.create_resource, **within, pathPart="b")
    assert text.startswith("Maximum number of resources for this API has been reached.")
    document = {"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {f"/{n}": {} for n in range(3)}}
    fails("LimitExceededException", client.put_rest_api, restApiId=api["id"], body=json.dumps(document))
    client.put_method(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET",
                      authorizationType="NONE")  # fmt: skip
    client.put_integration(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", type="MOCK")
    deployment = client.create_deployment(restApiId=api["id"], stageName="one")["id"]
    fails("LimitExceededException", client.create_deployment, restApiId=api["id"], stageName="two")
    fails("LimitExceededException", client.create_stage, restApiId=api["id"], stageName="two", deploymentId=deployment)
    client.create_api_key(name="one")
    fails("LimitExceededException", client.create_api_key, name="two")
    client.create_usage_plan(name="one")
    fails("LimitExceededException", client.create_usage_plan, name="two")
    fails("LimitExceededException", client.create_domain_name, domainName="api.example.com")
    fails("LimitExceededException", client.create_vpc_link, name="one", targetArns=["arn:aws:elb"])


def test_off_lifts_quotas(fogbank_options):
    with testing.cloud(limits="off", **fogbank_options) as running:
        account = running.account()
        iam = account.client("iam")
        iam.create_user(UserName="user")
        for _ in range(3):
            iam.create_access_key(UserName="user")
        client = account.client("service-quotas")
        assert client.get_service_quota(ServiceCode="iam", QuotaCode="L-8758042E")["Quota"]["Value"] == 2.0
        assert iam.get_account_summary()["SummaryMap"]["AccessKeysPerUserQuota"] == 2
