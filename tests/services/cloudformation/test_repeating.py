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

from .repeating_apis import APIS, Apis

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
TEMPLATE = json.dumps({"Resources": {"P": {"Type": "AWS::SSM::Parameter"}}})
ZONE = "us-east-1a"
CODE = "def handler(event, context):\n    return event\n"


class World(Apis):
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

    # -- EC2 -----------------------------------------------------------------------------------------------------------

    @property
    def ec2(self):
        return self.aws.client("ec2")

    def _vpc(self):
        return self.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]

    def _other_vpc(self):
        return self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    def _ipv6(self):
        (vpc,) = self.ec2.describe_vpcs(VpcIds=[self.need("vpc")])["Vpcs"]
        return vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")

    def _subnet(self):
        made = self.ec2.create_subnet(VpcId=self.need("vpc"), CidrBlock="10.0.1.0/24")
        return made["Subnet"]["SubnetId"]

    def _gateway(self):
        return self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def _attached_gateway(self):
        self.ec2.attach_internet_gateway(InternetGatewayId=self.need("gateway"), VpcId=self.need("vpc"))
        return self.need("gateway")

    def _vpn_gateway(self):
        made = self.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
        self.ec2.attach_vpn_gateway(VpnGatewayId=made, VpcId=self.need("vpc"))
        return made

    def _route_table(self):
        return self.ec2.create_route_table(VpcId=self.need("vpc"))["RouteTable"]["RouteTableId"]

    def _security_group(self):
        return self.ec2.create_security_group(GroupName="g", Description="d", VpcId=self.need("vpc"))["GroupId"]

    def _acl(self):
        return self.ec2.create_network_acl(VpcId=self.need("vpc"))["NetworkAcl"]["NetworkAclId"]

    def _interface(self):
        made = self.ec2.create_network_interface(SubnetId=self.need("subnet"))
        return made["NetworkInterface"]["NetworkInterfaceId"]

    def _address(self):
        return self.ec2.allocate_address()["AllocationId"]

    def _dhcp(self):
        options = [{"Key": "domain-name", "Values": ["example.com"]}]
        return self.ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]

    def _endpoint_service(self):
        arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/n/1"
        made = self.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[arn])
        return made["ServiceConfiguration"]["ServiceId"]

    def _transit(self):
        options = {"DefaultRouteTableAssociation": "disable", "DefaultRouteTablePropagation": "disable"}
        return self.ec2.create_transit_gateway(Options=options)["TransitGateway"]["TransitGatewayId"]

    def _transit_table(self):
        made = self.ec2.create_transit_gateway_route_table(TransitGatewayId=self.need("transit"))
        return made["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]

    def _transit_attachment(self):
        made = self.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=self.need("transit"), VpcId=self.need("vpc"), SubnetIds=[self.need("subnet")]
        )
        return made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]

    def _image(self):
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        return self.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    def _instance(self):
        launch = {"ImageId": self.need("image"), "InstanceType": "t3.nano", "Placement": {"AvailabilityZone": ZONE}}
        id = self.ec2.run_instances(**launch, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig={"Delay": 1})
        return id

    def _volume(self):
        id = self.ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        self.ec2.get_waiter("volume_available").wait(VolumeIds=[id], WaiterConfig={"Delay": 1})
        return id

    def _launch_template(self):
        data = {"ImageId": self.need("image"), "InstanceType": "t3.nano"}
        made = self.ec2.create_launch_template(LaunchTemplateName="made", LaunchTemplateData=data)
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def _fleet_role(self):
        trust = json.dumps(TRUST).replace("lambda", "spotfleet")
        return self.aws.client("iam").create_role(RoleName="fleet", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

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

    "AWS::EC2::CapacityReservation": lambda w: {
        "AvailabilityZone": ZONE, "InstanceType": "t3.nano", "InstancePlatform": "Linux/UNIX", "InstanceCount": 1},
    "AWS::EC2::CustomerGateway": lambda w: {
        "Type": "ipsec.1", "IpAddress": "203.0.113.1", "BgpAsn": 65000, "Tags": TAGS},
    "AWS::EC2::DHCPOptions": lambda w: {"DomainName": "example.com", "NtpServers": ["10.0.0.2"], "Tags": TAGS},
    "AWS::EC2::EIP": lambda w: {"Domain": "vpc", "Tags": TAGS},
    "AWS::EC2::EIPAssociation": lambda w: {
        "AllocationId": w.need("attached_gateway") and w.need("address"), "NetworkInterfaceId": w.need("interface")},
    "AWS::EC2::EgressOnlyInternetGateway": lambda w: {"VpcId": w.need("vpc"), "Tags": TAGS},
    "AWS::EC2::FlowLog": lambda w: {
        "ResourceId": w.need("vpc"), "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3",
        "LogDestination": f"arn:aws:s3:::{w.need('bucket')}", "Tags": TAGS},
    "AWS::EC2::GatewayRouteTableAssociation": lambda w: {
        "GatewayId": w.need("attached_gateway"), "RouteTableId": w.need("route_table")},
    "AWS::EC2::Host": lambda w: {"AvailabilityZone": ZONE, "InstanceType": "m5.large", "Tags": TAGS},
    "AWS::EC2::Instance": lambda w: {
        "ImageId": w.need("image"), "InstanceType": "t3.nano", "SourceDestCheck": False, "Tags": TAGS},
    "AWS::EC2::InstanceConnectEndpoint": lambda w: {"SubnetId": w.need("subnet"), "Tags": TAGS},
    "AWS::EC2::InternetGateway": lambda w: {"Tags": TAGS},
    "AWS::EC2::KeyPair": lambda w: {"KeyName": "made", "KeyType": "ed25519", "Tags": TAGS},
    "AWS::EC2::LaunchTemplate": lambda w: {"LaunchTemplateData": {"ImageId": w.need("image")}},
    "AWS::EC2::NatGateway": lambda w: {
        "SubnetId": w.need("attached_gateway") and w.need("subnet"), "AllocationId": w.need("address"), "Tags": TAGS},
    "AWS::EC2::NetworkAcl": lambda w: {"VpcId": w.need("vpc"), "Tags": TAGS},
    "AWS::EC2::NetworkAclEntry": lambda w: {
        "NetworkAclId": w.need("acl"), "RuleNumber": 10, "Protocol": 6, "RuleAction": "allow",
        "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 80, "To": 80}},
    "AWS::EC2::NetworkInterface": lambda w: {
        "SubnetId": w.need("subnet"), "GroupSet": [w.need("security_group")], "SourceDestCheck": False, "Tags": TAGS},
    "AWS::EC2::PlacementGroup": lambda w: {"Strategy": "spread", "Tags": TAGS},
    "AWS::EC2::PrefixList": lambda w: {
        "PrefixListName": "n", "AddressFamily": "IPv4", "MaxEntries": 2, "Entries": [{"Cidr": "10.0.0.0/8"}],
        "Tags": TAGS},
    "AWS::EC2::Route": lambda w: {
        "RouteTableId": w.need("route_table"), "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": w.need("attached_gateway")},
    "AWS::EC2::RouteTable": lambda w: {"VpcId": w.need("vpc"), "Tags": TAGS},
    "AWS::EC2::SecurityGroup": lambda w: {
        "GroupDescription": "d", "VpcId": w.need("vpc"), "Tags": TAGS,
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}],
        "SecurityGroupEgress": [{"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}]},
    "AWS::EC2::SecurityGroupEgress": lambda w: {
        "GroupId": w.need("security_group"), "IpProtocol": "-1", "CidrIpv6": "::/0"},
    "AWS::EC2::SecurityGroupIngress": lambda w: {
        "GroupId": w.need("security_group"), "IpProtocol": "-1", "SourceSecurityGroupId": w.need("security_group")},
    "AWS::EC2::SpotFleet": lambda w: {"SpotFleetRequestConfigData": {
        "IamFleetRole": w.need("fleet_role"), "TargetCapacity": 1, "LaunchTemplateConfigs": [
            {"LaunchTemplateSpecification": {"LaunchTemplateId": w.need("launch_template"), "Version": "1"}}]}},
    "AWS::EC2::Subnet": lambda w: {
        "VpcId": w.need("vpc"), "CidrBlock": "10.0.1.0/24", "MapPublicIpOnLaunch": True, "Tags": TAGS},
    "AWS::EC2::SubnetCidrBlock": lambda w: {"SubnetId": w.need("subnet"), "Ipv6CidrBlock": w.need("ipv6")},
    "AWS::EC2::SubnetNetworkAclAssociation": lambda w: {
        "SubnetId": w.need("subnet"), "NetworkAclId": w.need("acl")},
    "AWS::EC2::SubnetRouteTableAssociation": lambda w: {
        "SubnetId": w.need("subnet"), "RouteTableId": w.need("route_table")},
    "AWS::EC2::TransitGateway": lambda w: {"Description": "d", "Tags": TAGS},
    "AWS::EC2::TransitGatewayAttachment": lambda w: {
        "TransitGatewayId": w.need("transit"), "VpcId": w.need("vpc"), "SubnetIds": [w.need("subnet")], "Tags": TAGS},
    "AWS::EC2::TransitGatewayRoute": lambda w: {
        "TransitGatewayRouteTableId": w.need("transit_table"), "DestinationCidrBlock": "0.0.0.0/0",
        "TransitGatewayAttachmentId": w.need("transit_attachment")},
    "AWS::EC2::TransitGatewayRouteTable": lambda w: {"TransitGatewayId": w.need("transit"), "Tags": TAGS},
    "AWS::EC2::TransitGatewayRouteTableAssociation": lambda w: {
        "TransitGatewayRouteTableId": w.need("transit_table"),
        "TransitGatewayAttachmentId": w.need("transit_attachment")},
    "AWS::EC2::TransitGatewayRouteTablePropagation": lambda w: {
        "TransitGatewayRouteTableId": w.need("transit_table"),
        "TransitGatewayAttachmentId": w.need("transit_attachment")},
    "AWS::EC2::TransitGatewayVpcAttachment": lambda w: {
        "TransitGatewayId": w.need("transit"), "VpcId": w.need("vpc"), "SubnetIds": [w.need("subnet")], "Tags": TAGS},
    "AWS::EC2::VPC": lambda w: {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True, "Tags": TAGS},
    "AWS::EC2::VPCCidrBlock": lambda w: {"VpcId": w.need("vpc"), "CidrBlock": "10.1.0.0/16"},
    "AWS::EC2::VPCDHCPOptionsAssociation": lambda w: {"VpcId": w.need("vpc"), "DhcpOptionsId": w.need("dhcp")},
    "AWS::EC2::VPCEndpoint": lambda w: {
        "VpcId": w.need("vpc"), "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": [w.need("route_table")],
        "PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]},
        "Tags": TAGS},
    "AWS::EC2::VPCEndpointService": lambda w: {
        "NetworkLoadBalancerArns": ["arn:aws:elasticloadbalancing:us-east-1:0:loadbalancer/net/n/1"], "Tags": TAGS},
    "AWS::EC2::VPCEndpointServicePermissions": lambda w: {
        "ServiceId": w.need("endpoint_service"), "AllowedPrincipals": [f"arn:aws:iam::{w.aws.id}:root"]},
    "AWS::EC2::VPCGatewayAttachment": lambda w: {"VpcId": w.need("vpc"), "InternetGatewayId": w.need("gateway")},
    "AWS::EC2::VPCPeeringConnection": lambda w: {
        "VpcId": w.need("vpc"), "PeerVpcId": w.need("other_vpc"), "Tags": TAGS},
    "AWS::EC2::Volume": lambda w: {"AvailabilityZone": ZONE, "Size": 1, "Tags": TAGS},
    "AWS::EC2::VolumeAttachment": lambda w: {
        "VolumeId": w.need("volume"), "InstanceId": w.need("instance"), "Device": "/dev/sdf"},
    "AWS::EC2::VPNGateway": lambda w: {"Type": "ipsec.1", "Tags": TAGS},
    "AWS::EC2::VPNGatewayRoutePropagation": lambda w: {
        "VpnGatewayId": w.need("vpn_gateway"), "RouteTableIds": [w.need("route_table")]},
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
    "AWS::SSM::Parameter": lambda w: {"Name": "/p", "Type": "String", "Value": "v", "Tags": {"team": "fog"}},
}  # fmt: skip
# these wait for a function's answer, for signals or for a stack: test_restart.py kills them
WAITING = {"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack", "AWS::CloudFormation::WaitCondition"}
WAITING |= {"AWS::SecretsManager::SecretTargetAttachment"}  # needs a database, which no service here makes
# attributes that a resource has only with more than the least properties, or that AWS's reference does not list
NOT_GIVEN = {
    "AWS::DynamoDB::GlobalTable": {"StreamArn"},
    "AWS::DynamoDB::Table": {"StreamArn"},
    "AWS::ApiGateway::DomainName": {"DistributionDomainName", "DistributionHostedZoneId"},
    # of NAT gateways for a whole VPC, of encryption, and of IPv6
    "AWS::EC2::NatGateway": {"AutoProvisionZones", "AutoScalingIps", "RouteTableId"},
    "AWS::EC2::NetworkInterface": {"PublicIpDnsNameOptions"},
    "AWS::EC2::TransitGateway": {"EncryptionSupportState"},
    "AWS::EC2::VPCCidrBlock": {"IpSource", "Ipv6AddressAttribute"},
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
