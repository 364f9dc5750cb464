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

from . import ec2_types
from .repeating_apis import APIS, Apis

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
TEMPLATE = json.dumps({"Resources": {"P": {"Type": "AWS::SSM::Parameter"}}})
RUNBOOK = {"schemaVersion": "0.3", "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {}}]}
ZONE = "us-east-1a"
CODE = "def handler(event, context):\n    return event\n"


class World(Apis, ec2_types.Needs):
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

    def _window(self):
        made = self.aws.client("ssm").create_maintenance_window(
            Name="window", Schedule="rate(1 day)", Duration=2, Cutoff=1, AllowUnassociatedTargets=True
        )
        return made["WindowId"]

    def _shared_parameter(self):
        self.aws.client("ssm").put_parameter(Name="/shared", Value="v", Type="String", Tier="Advanced")
        return f"arn:aws:ssm:us-east-1:{self.aws.id}:parameter/shared"

    def _zone(self):
        made = self.aws.client("route53").create_hosted_zone(Name="zone.com", CallerReference="zone")
        return made["HostedZone"]["Id"].removeprefix("/hostedzone/")

    def _signed_zone(self):
        self.aws.client("route53").create_key_signing_key(
            HostedZoneId=self.need("zone"), Name="key", Status="ACTIVE", CallerReference="key",
            KeyManagementServiceArn=f"arn:aws:kms:us-east-1:{self.aws.id}:key/{self.need('key')}",
        )  # fmt: skip
        return self.need("zone")

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

    def _role(self):
        iam = self.aws.client("iam")
        role = iam.create_role(RoleName="made", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_role_policy(RoleName="made", PolicyName="p", PolicyDocument=json.dumps(anything))
        return role

    def _trail_bucket(self):
        name = self.need("bucket")
        allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:*",
                 "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.aws.client("s3").put_bucket_policy(Bucket=name, Policy=policy)
        return name

    def _user(self):
        return self.aws.client("iam").create_user(UserName="made")["User"]["UserName"]

    def _group(self):
        return self.aws.client("iam").create_group(GroupName="made")["Group"]["GroupName"]

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
    **ec2_types.LEAST,
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

    "AWS::ElastiCache::CacheCluster": lambda w: {
        "ClusterName": w.made.setdefault("cache", f"c{uuid.uuid4().hex[:12]}"), "Engine": "redis",
        "CacheNodeType": "cache.t3.micro", "NumCacheNodes": 1, "Tags": TAGS},
    "AWS::ElastiCache::ParameterGroup": lambda w: {
        "CacheParameterGroupFamily": "redis7", "Description": "d", "Tags": TAGS},
    "AWS::ElastiCache::ReplicationGroup": lambda w: {
        "ReplicationGroupId": w.made.setdefault("group id", f"r{uuid.uuid4().hex[:12]}"),
        "ReplicationGroupDescription": "d", "CacheNodeType": "cache.t3.micro", "Engine": "valkey",
        "NumCacheClusters": 1, "AutomaticFailoverEnabled": False, "Tags": TAGS},
    "AWS::ElastiCache::ServerlessCache": lambda w: {
        "ServerlessCacheName": w.made.setdefault("less", f"s{uuid.uuid4().hex[:12]}"), "Engine": "valkey",
        "Tags": TAGS},
    "AWS::ElastiCache::SubnetGroup": lambda w: {
        "CacheSubnetGroupName": "nets", "Description": "d", "SubnetIds": ["subnet-1"], "Tags": TAGS},
    "AWS::ElastiCache::User": lambda w: {
        "UserId": "made", "UserName": "made", "Engine": "redis", "NoPasswordRequired": True,
        "AccessString": "on ~* +@all", "Tags": TAGS},
    "AWS::ElastiCache::UserGroup": lambda w: {
        "UserGroupId": "made", "Engine": "redis", "UserIds": ["default"], "Tags": TAGS},
    "AWS::IAM::AccessKey": lambda w: {"UserName": w.need("user"), "Status": "Inactive"},
    "AWS::IAM::Group": lambda w: {"GroupName": "g"},
    "AWS::IAM::GroupPolicy": lambda w: {"GroupName": w.need("group"), "PolicyName": "p", "PolicyDocument": POLICY},
    "AWS::IAM::InstanceProfile": lambda w: {"InstanceProfileName": "i", "Roles": [w.need("role")["RoleName"]]},
    "AWS::IAM::ManagedPolicy": lambda w: {"ManagedPolicyName": "m", "PolicyDocument": POLICY,
                                          "Users": [w.need("user")]},
    "AWS::IAM::Policy": lambda w: {"PolicyName": "p", "PolicyDocument": POLICY, "Users": [w.need("user")]},
    "AWS::IAM::Role": lambda w: {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Tags": TAGS},
    "AWS::IAM::RolePolicy": lambda w: {
        "RoleName": w.need("role")["RoleName"], "PolicyName": "p", "PolicyDocument": POLICY},
    "AWS::IAM::ServiceLinkedRole": lambda w: {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "x"},
    "AWS::IAM::User": lambda w: {"UserName": "u", "Groups": [w.need("group")], "Tags": TAGS},
    "AWS::IAM::UserPolicy": lambda w: {"UserName": w.need("user"), "PolicyName": "p", "PolicyDocument": POLICY},
    "AWS::IAM::UserToGroupAddition": lambda w: {"GroupName": w.need("group"), "Users": [w.need("user")]},
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
    "AWS::Route53::CidrCollection": lambda w: {
        "Name": "c", "Locations": [{"LocationName": "l", "CidrList": ["10.0.0.0/24"]}]},
    "AWS::Route53::DNSSEC": lambda w: {"HostedZoneId": w.need("signed_zone")},
    "AWS::Route53::HealthCheck": lambda w: {
        "HealthCheckConfig": {"Type": "TCP", "IPAddress": "10.0.0.1", "Port": 80}, "HealthCheckTags": TAGS},
    "AWS::Route53::HostedZone": lambda w: {"Name": "made.com", "HostedZoneTags": TAGS},
    "AWS::Route53::KeySigningKey": lambda w: {
        "HostedZoneId": w.need("zone"), "Name": "key", "Status": "ACTIVE",
        "KeyManagementServiceArn": f"arn:aws:kms:us-east-1:{w.aws.id}:key/{w.need('key')}"},
    "AWS::Route53::RecordSet": lambda w: {
        "HostedZoneId": w.need("zone"), "Name": "a.zone.com", "Type": "A", "TTL": "60",
        "ResourceRecords": ["10.0.0.1"]},
    "AWS::Route53::RecordSetGroup": lambda w: {
        "HostedZoneName": w.need("zone") and "zone.com.", "RecordSets": [
            {"Name": "a.zone.com", "Type": "A", "TTL": "60", "ResourceRecords": ["10.0.0.1"]}]},
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
    "AWS::SSM::Association": lambda w: {
        "Name": "AWS-RunShellScript", "Targets": [{"Key": "tag:a", "Values": ["b"]}], "Tags": TAGS},
    "AWS::SSM::Document": lambda w: {"Content": RUNBOOK, "DocumentType": "Automation", "Tags": TAGS},
    "AWS::SSM::MaintenanceWindow": lambda w: {
        "Name": "window", "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": True,
        "Tags": TAGS},
    "AWS::SSM::MaintenanceWindowTarget": lambda w: {
        "WindowId": w.need("window"), "ResourceType": "INSTANCE", "Targets": [{"Key": "tag:a", "Values": ["b"]}]},
    "AWS::SSM::MaintenanceWindowTask": lambda w: {
        "WindowId": w.need("window"), "TaskType": "RUN_COMMAND", "TaskArn": "AWS-RunShellScript", "Priority": 1,
        "Targets": [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]},
    "AWS::SSM::PatchBaseline": lambda w: {"Name": "base", "PatchGroups": ["g"], "DefaultBaseline": True, "Tags": TAGS},
    "AWS::SSM::ResourceDataSync": lambda w: {
        "SyncName": "s", "S3Destination": {
            "BucketName": "b", "BucketRegion": "us-east-1", "SyncFormat": "JsonSerDe"}},
    "AWS::SSM::ResourcePolicy": lambda w: {"ResourceArn": w.need("shared_parameter"), "Policy": {
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ssm:GetParameter",
            "Resource": w.need("shared_parameter")}]}},
    "AWS::SSM::Parameter": lambda w: {"Name": "/p", "Type": "String", "Value": "v", "Tags": {"team": "fog"}},
}  # fmt: skip
# these wait for a function's answer, for signals or for a stack: test_restart.py kills them
WAITING = {"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack", "AWS::CloudFormation::WaitCondition"}
WAITING |= {"AWS::SecretsManager::SecretTargetAttachment"}  # needs a database, which no service here makes
# attributes that a resource has only with more than the least properties, or that AWS's reference does not list
NOT_GIVEN = {
    **ec2_types.NOT_GIVEN,
    "AWS::DynamoDB::GlobalTable": {"StreamArn"},
    "AWS::DynamoDB::Table": {"StreamArn"},
    "AWS::ApiGateway::DomainName": {"DistributionDomainName", "DistributionHostedZoneId"},
    # structures, of which the members are given: RedisEndpoint.Address
    "AWS::ElastiCache::CacheCluster": {"ConfigurationEndpoint", "RedisEndpoint"},
    "AWS::ElastiCache::ReplicationGroup": {
        "ConfigurationEndPoint",
        "EffectiveDurability",
        "PrimaryEndPoint",
        "ReadEndPoint",
        "ReaderEndPoint",
    },
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
    left = shown(world)
    again = world.call(kind.handler, "create", world.name(began), given)
    assert again.physical_id == made.physical_id
    assert again.attributes == made.attributes
    assert shown(world) == left, "the second try leaves something"
    schema = resource_schemas.find(type_name)
    wanted = {name for name in schema.read_only if "/" not in name} - NOT_GIVEN.get(type_name, set())
    assert wanted <= set(made.attributes), "what Fn::GetAtt gives"
    updated = world.call(kind.handler, "update", made.physical_id, given, given)
    assert (updated.physical_id, updated.attributes) == (made.physical_id, made.attributes)
    for _ in range(2):
        world.call(kind.handler, "delete", made.physical_id, given)


def shown(world):
    """How many records of this account each table has: what an interrupted creation leaks is one more."""
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
                # a new alarm looks at its metric, and every call is on record
                if not table.name.startswith(("cloudwatch/history", "core/audit"))
            }

    return world.cloud.run(read())
