"""Every resource type, made twice as after a crash, updated with itself, deleted twice.

The engine tells a handler that an earlier try of a creation was cut short (`Name.began`). Wherever it was cut, the
second try ends with the same one thing: nothing is left over, nothing fails.
"""

from __future__ import annotations

import io
import json
import sys
import uuid
import zipfile

import pytest

from fogbank.core import services
from fogbank.core.cfn import Name
from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.services.cloudformation.engine import registry
from fogbank.services.cloudformation.engine.properties import refusal, typed
from fogbank.store.api import Table
from fogbank.wire import resource_schemas

from . import cache_types, ec2_types, iam_types, systems_types
from .repeating_apis import APIS, Apis

TEMPLATE = json.dumps({"Resources": {"P": {"Type": "AWS::SSM::Parameter"}}})
ZONE = "us-east-1a"
CODE = "def handler(event, context):\n    return event\n"


class World(Apis, ec2_types.Needs, iam_types.Needs, systems_types.Needs):
    """An account with whatever a resource needs, made when it is asked for."""

    def __init__(self, cloud, aws):
        self.cloud = cloud
        self.aws = aws
        self.made = {}
        self.ctx = Context(
            app=cloud.app,
            account=aws.id,
            region="us-east-1",
            principal=root(aws.id),
            request_id="r",
            endpoint=cloud.endpoint,
        )

    def name(self, began=0.0):
        token = self.made.setdefault("token", uuid.uuid4().hex[:12].upper())
        return Name("Stack", f"arn:aws:cloudformation:us-east-1:{self.aws.id}:stack/S/1", "Thing", token, began)

    def call(self, handler, method, *args):
        return self.cloud.run(getattr(handler, method)(self.ctx, *args))

    def need(self, what):
        if what not in self.made:
            self.made[what] = getattr(self, f"_{what}")()
        return self.made[what]

    def _bucket(self):
        name = f"b{uuid.uuid4().hex}"
        self.aws.client("s3").create_bucket(Bucket=name)
        return name

    def _layer(self):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("python/x.py", "x = 1")
        self.aws.client("s3").put_object(Bucket=self.need("bucket"), Key="layer.zip", Body=data.getvalue())
        return {"S3Bucket": self.need("bucket"), "S3Key": "layer.zip"}

    def _layer_version(self):
        made = self.aws.client("lambda").publish_layer_version(LayerName="l", Content=self.need("layer"))
        return made["LayerVersionArn"]

    def _trail_bucket(self):
        name = self.need("bucket")
        allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:*",
                 "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.aws.client("s3").put_bucket_policy(Bucket=name, Policy=policy)
        return name

    def _queue(self):
        sqs = self.aws.client("sqs")
        url = sqs.create_queue(QueueName="made")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return {"url": url, "arn": arn}

    def _topic(self):
        return self.aws.client("sns").create_topic(Name="made")["TopicArn"]

    def _key(self):
        return self.aws.client("kms").create_key()["KeyMetadata"]["KeyId"]

    def _log_group(self):
        self.aws.client("logs").create_log_group(logGroupName="made")
        return "made"

    def _function(self):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("index.py", CODE)
        client = self.aws.client("lambda")
        request = {"Runtime": "python3.12", "Handler": "index.handler", "Code": {"ZipFile": data.getvalue()}}
        made = client.create_function(FunctionName="made", Role=self.need("role")["Arn"], **request)
        client.get_waiter("function_active_v2").wait(FunctionName="made")
        return made["FunctionArn"]

    def _version(self):
        self.need("function")
        return self.aws.client("lambda").publish_version(FunctionName="made")["Version"]

    def _table(self):
        self.aws.client("dynamodb").create_table(
            TableName="held", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 2})  # fmt: skip
        return "held"

    def _scalable(self):
        parts = (f"table/{self.need('table')}", "dynamodb:table:WriteCapacityUnits", "dynamodb")
        names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
        self.aws.client("application-autoscaling").register_scalable_target(
            **dict(zip(names, parts, strict=True)), MinCapacity=1, MaxCapacity=5
        )
        return "|".join(parts)

    def _secret(self):
        return self.aws.client("secretsmanager").create_secret(Name="held", SecretString="{}")["ARN"]

    def _rotator(self):
        self.aws.client("lambda").add_permission(
            FunctionName=self.need("function"), StatementId="rotator", Action="lambda:InvokeFunction",
            Principal="secretsmanager.amazonaws.com",
        )  # fmt: skip
        return self.need("function")

    def _api(self):
        gateway = self.aws.client("apigateway")
        api = gateway.create_rest_api(name="made")["id"]
        top = gateway.get_resources(restApiId=api)["items"][0]["id"]
        request = {"restApiId": api, "resourceId": top, "httpMethod": "GET"}
        gateway.put_method(**request, authorizationType="NONE")
        gateway.put_integration(**request, type="MOCK")
        return {"id": api, "root": top}

    def _deployment(self):
        return self.aws.client("apigateway").create_deployment(restApiId=self.need("api")["id"])["id"]

    def _stage(self):
        request = {"restApiId": self.need("api")["id"], "deploymentId": self.need("deployment")}
        return self.aws.client("apigateway").create_stage(**request, stageName="made")["stageName"]

    def _plan(self):
        return self.aws.client("apigateway").create_usage_plan(name="made")["id"]

    def _api_key(self):
        return self.aws.client("apigateway").create_api_key(name="made")["id"]

    def _domain(self):
        name = f"d{uuid.uuid4().hex[:8]}.example.com"
        self.aws.client("apigateway").create_domain_name(domainName=name, regionalCertificateArn=CERTIFICATE)
        return name


CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/6a7b0f3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b"
TABLE = {
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
TAGS = [{"Key": "team", "Value": "fog"}]
# the least, or nearly, that a resource of each type says: a function of the World
LEAST = {
    **cache_types.LEAST,
    **ec2_types.LEAST,
    **iam_types.LEAST,
    **systems_types.LEAST,
    "AWS::ApiGateway::Account": lambda w: {},
    **APIS,
    "AWS::ApiGateway::ApiKey": lambda w: {"Tags": TAGS},
    "AWS::ApiGateway::Authorizer": lambda w: {
        "RestApiId": w.need("api")["id"], "Name": "a", "Type": "TOKEN",
        "IdentitySource": "method.request.header.Auth",
        "AuthorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
                         f"{w.need('function')}/invocations"},
    "AWS::ApiGateway::BasePathMapping": lambda w: {"DomainName": w.need("domain"), "RestApiId": w.need("api")["id"]},
    "AWS::ApiGateway::Deployment": lambda w: {"RestApiId": w.need("api")["id"]},
    "AWS::ApiGateway::DomainName": lambda w: {
        "DomainName": w.made.setdefault("host", f"h{uuid.uuid4().hex[:8]}.example.com"),
        "RegionalCertificateArn": CERTIFICATE, "EndpointConfiguration": {"Types": ["REGIONAL"]}, "Tags": TAGS},
    "AWS::ApiGateway::GatewayResponse": lambda w: {"RestApiId": w.need("api")["id"], "ResponseType": "ACCESS_DENIED"},
    "AWS::ApiGateway::Method": lambda w: {
        "RestApiId": w.need("api")["id"], "ResourceId": w.need("api")["root"], "HttpMethod": "POST",
        "AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}},
    "AWS::ApiGateway::Model": lambda w: {"RestApiId": w.need("api")["id"], "Name": "M", "Schema": {"type": "object"}},
    "AWS::ApiGateway::RequestValidator": lambda w: {"RestApiId": w.need("api")["id"], "Name": "v"},
    "AWS::ApiGateway::Resource": lambda w: {
        "RestApiId": w.need("api")["id"], "ParentId": w.need("api")["root"], "PathPart": "pets"},
    "AWS::ApiGateway::RestApi": lambda w: {"Name": "api", "Tags": TAGS},
    "AWS::ApiGateway::Stage": lambda w: {
        "RestApiId": w.need("api")["id"], "DeploymentId": w.need("deployment"), "StageName": "s", "Tags": TAGS},
    "AWS::ApiGateway::UsagePlan": lambda w: {
        "UsagePlanName": "p", "Tags": TAGS, "ApiStages": [{"ApiId": w.need("api")["id"], "Stage": w.need("stage")}]},
    "AWS::ApiGateway::UsagePlanKey": lambda w: {
        "KeyId": w.need("api_key"), "KeyType": "API_KEY", "UsagePlanId": w.need("plan")},
    "AWS::ApiGateway::VpcLink": lambda w: {
        "Name": "l", "TargetArns": [f"arn:aws:elasticloadbalancing:us-east-1:{w.aws.id}:loadbalancer/net/n/1"],
        "Tags": TAGS},
    "AWS::ApplicationAutoScaling::ScalableTarget": lambda w: {
        "ServiceNamespace": "dynamodb", "ResourceId": f"table/{w.need('table')}", "MinCapacity": 1, "MaxCapacity": 5,
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits", "Tags": TAGS},
    "AWS::ApplicationAutoScaling::ScalingPolicy": lambda w: {
        "PolicyName": "p", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": w.need("scalable"),
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70, "PredefinedMetricSpecification": {
            "PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}}},
    "AWS::CertificateManager::Certificate": lambda w: {
        "DomainName": "a.example.com", "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1", "Tags": TAGS},
    "AWS::CDK::Metadata": lambda w: {"Analytics": "v2:deflate64:x"},
    "AWS::CloudFormation::Macro": lambda w: {"Name": "M", "FunctionName": "f"},
    "AWS::CloudFormation::StackSet": lambda w: {"StackSetName": "S", "PermissionModel": "SELF_MANAGED",
                                                "TemplateBody": TEMPLATE},
    "AWS::CloudFormation::WaitConditionHandle": lambda w: {},
    "AWS::CloudTrail::EventDataStore": lambda w: {
        "Name": "lake", "TerminationProtectionEnabled": False, "Tags": TAGS},
    "AWS::CloudTrail::Trail": lambda w: {
        "TrailName": "trail", "S3BucketName": w.need("trail_bucket"), "IsLogging": True, "Tags": TAGS},
    "AWS::CloudWatch::Alarm": lambda w: {
        "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "Tags": TAGS},
    "AWS::CloudWatch::CompositeAlarm": lambda w: {"AlarmRule": "TRUE", "Tags": TAGS},
    "AWS::CloudWatch::Dashboard": lambda w: {"DashboardBody": '{"widgets": []}', "Tags": TAGS},
    "AWS::DynamoDB::GlobalTable": lambda w: {**TABLE, "Replicas": [{"Region": "us-east-1"}]},
    "AWS::DynamoDB::Table": lambda w: {**TABLE, "TableName": "tab", "Tags": TAGS},
    "AWS::ECR::PublicRepository": lambda w: {
        "RepositoryName": "made", "RepositoryCatalogData": {"AboutText": "a"}, "Tags": TAGS},
    "AWS::ECR::PullThroughCacheRule": lambda w: {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"},
    "AWS::ECR::PullTimeUpdateExclusion": lambda w: {"PrincipalArn": w.need("role")["Arn"]},
    "AWS::ECR::RegistryPolicy": lambda w: {"PolicyText": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": w.aws.id},
                                                "Action": "ecr:ReplicateImage", "Resource": "*"}]}},
    "AWS::ECR::RegistryScanningConfiguration": lambda w: {
        "ScanType": "BASIC", "Rules": [{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": [
            {"Filter": "*", "FilterType": "WILDCARD"}]}]},
    "AWS::ECR::ReplicationConfiguration": lambda w: {"ReplicationConfiguration": {
        "Rules": [{"Destinations": [{"Region": "eu-west-1", "RegistryId": w.aws.id}]}]}},
    "AWS::ECR::Repository": lambda w: {"RepositoryName": "made", "EmptyOnDelete": True, "Tags": TAGS},
    "AWS::ECR::RepositoryCreationTemplate": lambda w: {"Prefix": "made", "AppliedFor": ["REPLICATION"]},
    "AWS::ECR::SigningConfiguration": lambda w: {"Rules": [
        {"SigningProfileArn": f"arn:aws:signer:us-east-1:{w.aws.id}:/signing-profiles/made"}]},

    "AWS::KMS::Alias": lambda w: {"AliasName": "alias/a", "TargetKeyId": w.need("key")},
    "AWS::KMS::Key": lambda w: {"Description": "d", "EnableKeyRotation": True, "Tags": TAGS},
    "AWS::Lambda::Alias": lambda w: {
        "FunctionName": w.need("function"), "FunctionVersion": w.need("version"), "Name": "live"},
    "AWS::Lambda::EventInvokeConfig": lambda w: {
        "FunctionName": w.need("function") and "made", "Qualifier": "$LATEST", "MaximumRetryAttempts": 1},
    "AWS::Lambda::EventSourceMapping": lambda w: {
        "FunctionName": w.need("function"), "EventSourceArn": w.need("queue")["arn"], "Enabled": False, "Tags": TAGS},
    "AWS::Lambda::Function": lambda w: {
        "FunctionName": "f", "Runtime": "python3.12", "Handler": "index.handler", "Role": w.need("role")["Arn"],
        "Code": {"ZipFile": CODE}, "Tags": TAGS},
    "AWS::Lambda::LayerVersion": lambda w: {"LayerName": "l", "Content": w.need("layer")},
    "AWS::Lambda::LayerVersionPermission": lambda w: {
        "LayerVersionArn": w.need("layer_version"), "Action": "lambda:GetLayerVersion", "Principal": "*"},
    "AWS::Lambda::Permission": lambda w: {
        "FunctionName": w.need("function"), "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
    "AWS::Lambda::Url": lambda w: {"TargetFunctionArn": w.need("function"), "AuthType": "NONE"},
    "AWS::Lambda::Version": lambda w: {"FunctionName": w.need("function"), "Description": "first"},
    "AWS::Logs::LogGroup": lambda w: {"LogGroupName": "g", "RetentionInDays": 7, "Tags": TAGS},
    "AWS::Logs::LogStream": lambda w: {"LogGroupName": w.need("log_group"), "LogStreamName": "s"},
    "AWS::Logs::MetricFilter": lambda w: {
        "LogGroupName": w.need("log_group"), "FilterPattern": "x",
        "MetricTransformations": [{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}]},
    "AWS::Logs::QueryDefinition": lambda w: {"Name": "q", "QueryString": "fields @message"},
    "AWS::Logs::ResourcePolicy": lambda w: {"PolicyName": "p", "PolicyDocument": json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
                                                 "Action": "logs:PutLogEvents", "Resource": "*"}]})},
    "AWS::Logs::SubscriptionFilter": lambda w: {
        "LogGroupName": w.need("log_group"), "FilterPattern": "x", "DestinationArn": w.need("function")},
    "AWS::S3::Bucket": lambda w: {"BucketName": w.made.setdefault("name", f"c{uuid.uuid4().hex}"), "Tags": TAGS},
    "AWS::S3::BucketPolicy": lambda w: {"Bucket": w.need("bucket"), "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
                                                "Resource": f"arn:aws:s3:::{w.need('bucket')}"}]}},
    "AWS::ResourceGroups::Group": lambda w: {
        "Name": "made", "Tags": TAGS,
        "ResourceQuery": {"Type": "TAG_FILTERS_1_0", "Query": {"TagFilters": [{"Key": "team", "Values": ["fog"]}]}}},
    "AWS::SecretsManager::ResourcePolicy": lambda w: {"SecretId": w.need("secret"), "ResourcePolicy": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
                                                "Action": "secretsmanager:DeleteSecret", "Resource": "*"}]}},
    "AWS::SecretsManager::RotationSchedule": lambda w: {
        "SecretId": w.need("secret"), "RotationLambdaARN": w.need("rotator"), "RotateImmediatelyOnUpdate": False,
        "RotationRules": {"ScheduleExpression": "rate(10 days)"}},
    "AWS::SecretsManager::Secret": lambda w: {
        "Name": "made", "GenerateSecretString": {"PasswordLength": 20}, "Tags": TAGS},
    "AWS::SNS::Subscription": lambda w: {
        "TopicArn": w.need("topic"), "Protocol": "sqs", "Endpoint": w.need("queue")["arn"]},
    "AWS::SNS::Topic": lambda w: {
        "TopicName": "t", "Tags": TAGS, "Subscription": [{"Protocol": "sqs", "Endpoint": w.need("queue")["arn"]}]},
    "AWS::SNS::TopicPolicy": lambda w: {"Topics": [w.need("topic")], "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish",
                                                "Resource": w.need("topic")}]}},
    "AWS::SQS::Queue": lambda w: {"QueueName": "q", "Tags": TAGS},
    "AWS::SQS::QueuePolicy": lambda w: {"Queues": [w.need("queue")["url"]], "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
                                                "Resource": w.need("queue")["arn"]}]}},
}  # fmt: skip
# these wait for a function's answer, for signals or for a stack: test_restart.py kills them
WAITING = {"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack", "AWS::CloudFormation::WaitCondition"}
WAITING |= {"AWS::SecretsManager::SecretTargetAttachment"}  # needs a database, which no service here makes
# attributes that a resource has only with more than the least properties, or that AWS's reference does not list
NOT_GIVEN = {
    **cache_types.NOT_GIVEN,
    **ec2_types.NOT_GIVEN,
    "AWS::DynamoDB::GlobalTable": {"StreamArn"},
    "AWS::DynamoDB::Table": {"StreamArn"},
    "AWS::ApiGateway::DomainName": {"DistributionDomainName", "DistributionHostedZoneId"},
}
TYPES = sorted(
    kind.type_name
    for name in services.built()
    for kind in services.load(name).resource_types.values()  # type: ignore[union-attr]
)


@pytest.fixture
def world(cloud, aws):
    return World(cloud, aws)


def test_no_type_is_left_out():
    assert set(TYPES) - WAITING == set(LEAST)


@pytest.mark.parametrize("type_name", [name for name in TYPES if name not in WAITING])
def test_made_twice_updated_with_itself_deleted_twice(world, type_name):
    kind = registry.find(type_name)
    given = LEAST[type_name](world)
    assert refusal(kind, "Thing", given, early=True) == ""
    given = typed(type_name, given)
    began = world.ctx.now()
    made = world.call(kind.handler, "create", world.name(), given)
    left = shown(world, type_name)
    again = world.call(kind.handler, "create", world.name(began), given)
    assert again.physical_id == made.physical_id
    assert again.attributes == made.attributes
    assert shown(world, type_name) == left, "the second try leaves something"
    schema = resource_schemas.find(type_name)
    wanted = {name for name in schema.read_only if "/" not in name} - NOT_GIVEN.get(type_name, set())
    assert wanted <= set(made.attributes), "what Fn::GetAtt gives"
    updated = world.call(kind.handler, "update", made.physical_id, given, given)
    assert (updated.physical_id, updated.attributes) == (made.physical_id, made.attributes)
    for _ in range(2):
        world.call(kind.handler, "delete", made.physical_id, given)


def shown(world, type_name):
    """How many records of this account each table has: what an interrupted creation leaks is one more."""
    late = ("cloudwatch/history", "core/audit")  # a new alarm looks at its metric, and every call is on record
    if type_name == "AWS::SecretsManager::RotationSchedule":  # the function that it calls writes a log
        late += ("logs/",)
    modules = [
        module
        for name, module in sys.modules.items()
        if name.startswith(("fogbank.services.", "fogbank.auth.", "fogbank.network."))
    ]
    tables = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, Table)}

    async def read():
        with world.cloud.app.store.read() as tx:
            return {
                table.name: sum(1 for record in tx.scan(table) if world.aws.id in repr(table.key(record)))
                for table in tables.values()
                if not table.name.startswith(late)
            }

    return world.cloud.run(read())
