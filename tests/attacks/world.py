"""A cloud with something of every kind in a victim's account, and those who may not touch it.

It is an App that was never started: requests go through authorization and the operation as they do in the pipeline, and
nothing happens by itself.
"""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from typing import Any
from urllib.parse import quote

from fogbank.app import App
from fogbank.core import services
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Names
from fogbank.core.operation import Operation
from fogbank.core.principal import Principal, root
from fogbank.core.settings import Settings

from . import caches, holdings, images, instances

VICTIM, STRANGER, REGION = "111122223333", "444455556666", "us-east-1"
SECRET = "kept-for-the-owner"  # in whatever the victim's things tell of themselves
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "def handler(event, context): return 1\n")
    return packed.getvalue()


def trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


class World:
    """`settings` of a folder: what is kept there can be opened again."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.runner = asyncio.Runner()
        self.settings = settings or Settings(ephemeral=True, port=0)
        self.open()
        self.owner = root(VICTIM)
        self.stranger = root(STRANGER)
        self.arns: list[str] = []  # of the victim's things
        self.texts: dict[tuple[str, str], list[str]] = {}  # (service, member): what names a victim's thing there
        self.make()
        self.denied = self._denied()
        self.nobody = self._user("nobody")  # of the victim's account, without policies
        self.began = {} if settings else self.rows()

    def open(self) -> None:
        self.app = App(self.settings)
        self.app.store.subscribe(self.app._heard)

    def reopen(self) -> None:
        """As a restart does it."""
        self.app.blobs.close()
        self.app.store.close()
        self.open()

    # -- calls -------------------------------------------------------------------------------------------------------

    def context(self, who: Principal, operation: Operation, request: dict[str, Any] | None = None) -> Context:
        return Context(
            app=self.app, account=who.account, region=REGION, principal=who, request_id=self.app.ids.uuid(),
            service=operation.service, operation=operation.name, names=Names(not operation.is_async, request or {}),
        )  # fmt: skip

    def call(self, who: Principal, service: str, name: str, /, **request: Any) -> dict[str, Any]:
        """As the pipeline does: authorise, then run. Raises ServiceError."""
        loaded = services.load(service)
        assert loaded is not None
        operation = loaded.operations[name]
        ctx = self.context(who, operation, request)

        async def run() -> dict[str, Any]:
            self.app.authorizer.authorize(ctx, operation, request)
            result = operation.call(ctx, request)
            if asyncio.iscoroutine(result):
                assert ctx.names is not None
                ctx.names.fresh = False
                result = await asyncio.wait_for(result, 10)
            return dict(result or {})

        return self.runner.run(run())

    def own(self, service: str, name: str, /, **request: Any) -> dict[str, Any]:
        return self.call(self.owner, service, name, **request)

    def rows(self) -> dict[bytes, bytes]:
        """All that is stored."""
        store: Any = self.app.store
        return dict(store._rows)

    def restore(self) -> None:
        """As it was in the beginning: one operation's damage is not another's."""
        store: Any = self.app.store
        store._rows.clear()
        store._rows.update(self.began)
        for topic in ("reset", "identity"):
            self.app.signals.fire(topic)

    def close(self) -> None:
        self.app.blobs.close()
        self.app.store.close()
        self.runner.close()

    def _user(self, name: str, *statements: dict[str, Any]) -> Principal:
        self.own("iam", "CreateUser", UserName=name)
        for n, statement in enumerate(statements):
            document = json.dumps({"Version": "2012-10-17", "Statement": statement})
            made = self.own("iam", "CreatePolicy", PolicyName=f"{name}-{n}", PolicyDocument=document)
            self.own("iam", "AttachUserPolicy", UserName=name, PolicyArn=made["Policy"]["Arn"])
        key = self.own("iam", "CreateAccessKey", UserName=name)["AccessKey"]["AccessKeyId"]
        found = self.app.authenticator.credential(key)
        assert found is not None
        return found.principal

    def _denied(self) -> Principal:
        """A user who may do anything, but nothing with the victim's things."""
        arns = list(dict.fromkeys(self.arns))
        denies = [
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": [each for arn in some for each in (arn, f"{arn}/*", f"{arn}:*")],
            }
            for some in (arns[at : at + 15] for at in range(0, len(arns), 15))
        ]
        return self._user("denied", ALL, *denies)

    def without(self, action: str) -> Principal:
        """A user who may do anything but one action."""
        name = "no-" + action.replace(":", "-")
        try:
            return self._user(name, ALL, {"Effect": "Deny", "Action": action, "Resource": "*"})
        except ServiceError:
            raise AssertionError(f"{name} is there already") from None

    # -- the victim's things -----------------------------------------------------------------------------------------

    def thing(self, service: str, arn: str, **members: str) -> None:
        """A victim's thing, and what names it in which members of the service's requests."""
        self.arns.append(arn)
        for member, text in members.items():
            for each in dict.fromkeys((text, arn)):
                self.texts.setdefault((service, member), []).append(each)

    def make(self) -> None:
        for each in (
            self._iam,
            self._sqs,
            self._sns,
            self._s3,
            self._dynamodb,
            self._kms,
            self._ssm,
            self._ssm_documents,
            self._logs,
            self._cloudwatch,
            self._lambda,
            self._apigateway,
            self._apigatewayv2,
            self._cloudformation,
            self._cloudtrail,
            self._ec2,
            self._route53,
            self._s3control,
        ):
            each()
        caches.make(self, VICTIM, REGION, SECRET)
        images.make(self, VICTIM, REGION, SECRET)
        holdings.make(self, SECRET)

    def _iam(self) -> None:
        own = self.own
        role = own("iam", "CreateRole", RoleName="Keeper", Path="/deep/", Description=SECRET,
                   AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))["Role"]  # fmt: skip
        self.role = role["Arn"]
        everything = json.dumps({"Version": "2012-10-17", "Statement": ALL})
        policy = own("iam", "CreatePolicy", PolicyName="Power", Path="/deep/", Description=SECRET,
                     PolicyDocument=everything)["Policy"]  # fmt: skip
        user = own("iam", "CreateUser", UserName="Boss", Path="/deep/", Tags=[{"Key": "k", "Value": SECRET}])["User"]
        group = own("iam", "CreateGroup", GroupName="Chiefs", Path="/deep/")["Group"]
        profile = own("iam", "CreateInstanceProfile", InstanceProfileName="Host", Path="/deep/",
                      Tags=[{"Key": "k", "Value": SECRET}])["InstanceProfile"]  # fmt: skip
        self.thing("iam", role["Arn"], RoleName="Keeper", PolicySourceArn=role["Arn"])
        self.thing("iam", policy["Arn"], PolicyArn=policy["Arn"], PermissionsBoundary=policy["Arn"])
        self.thing("iam", user["Arn"], UserName="Boss", PolicySourceArn=user["Arn"])
        self.thing("iam", group["Arn"], GroupName="Chiefs")
        self.thing("iam", profile["Arn"], InstanceProfileName="Host")
        self.thing("sts", role["Arn"], RoleArn=role["Arn"])

    def _sqs(self) -> None:
        url = self.own("sqs", "CreateQueue", QueueName="Jobs", tags={"k": SECRET})["QueueUrl"]
        self.own("sqs", "SendMessage", QueueUrl=url, MessageBody=SECRET)
        arn = f"arn:aws:sqs:{REGION}:{VICTIM}:Jobs"
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        self.own("sqs", "CreateQueue", QueueName="Source", Attributes={"RedrivePolicy": policy})
        self.thing("sqs", arn, QueueUrl=url, SourceArn=arn, DestinationArn=arn, QueueName="Jobs")
        self.thing("sqs", f"arn:aws:sqs:{REGION}:{VICTIM}:Source", QueueUrl=url.replace("Jobs", "Source"))
        self.texts["sqs", "QueueUrl"] += [f"{VICTIM}/Jobs", f"http://sqs.eu-west-1.amazonaws.com/{VICTIM}/Jobs"]

    def _sns(self) -> None:
        arn = self.own("sns", "CreateTopic", Name="News", Attributes={"DisplayName": SECRET})["TopicArn"]
        sub = self.own("sns", "Subscribe", TopicArn=arn, Protocol="sqs", ReturnSubscriptionArn=True,
                       Endpoint=f"arn:aws:sqs:{REGION}:{VICTIM}:Jobs")["SubscriptionArn"]  # fmt: skip
        self.thing("sns", arn, TopicArn=arn, TargetArn=arn, ResourceArn=arn, Name="News")
        self.texts["sns", "SubscriptionArn"] = [sub]

    def _s3(self) -> None:
        arn = "arn:aws:s3:::victims"
        self.own("s3", "CreateBucket", Bucket="victims")
        self.own("s3", "PutObject", Bucket="victims", Key="dir/Key", Body=SECRET.encode())
        self.thing("s3", arn, Bucket="victims", CopySource="victims/dir/Key")
        self.texts["s3", "Key"] = ["dir/Key"]

    def _dynamodb(self) -> None:
        self.own("dynamodb", "CreateTable", TableName="Items", BillingMode="PAY_PER_REQUEST",
                 AttributeDefinitions=[{"AttributeName": "x", "AttributeType": "S"}],
                 KeySchema=[{"AttributeName": "x", "KeyType": "HASH"}],
                 Tags=[{"Key": "k", "Value": SECRET}])  # fmt: skip
        self.own("dynamodb", "PutItem", TableName="Items", Item={"x": {"S": "x"}, "v": {"S": SECRET}})
        arn = f"arn:aws:dynamodb:{REGION}:{VICTIM}:table/Items"
        self.thing("dynamodb", arn, TableName="Items", ResourceArn=arn)

    def _kms(self) -> None:
        key = self.own("kms", "CreateKey", Description=SECRET)["KeyMetadata"]
        self.own("kms", "CreateAlias", AliasName="alias/Mine", TargetKeyId=key["KeyId"])
        self.ciphertext = self.own("kms", "Encrypt", KeyId=key["KeyId"], Plaintext=SECRET.encode())["CiphertextBlob"]
        self.thing("kms", key["Arn"], KeyId=key["KeyId"], TargetKeyId=key["KeyId"], DestinationKeyId=key["KeyId"])
        alias = f"arn:aws:kms:{REGION}:{VICTIM}:alias/Mine"
        self.thing("kms", alias, KeyId="alias/Mine", AliasName="alias/Mine")

    def _ssm(self) -> None:
        self.own("ssm", "PutParameter", Name="/deep/Word", Value=SECRET, Type="String")
        arn = f"arn:aws:ssm:{REGION}:{VICTIM}:parameter/deep/Word"
        self.thing("ssm", arn, Name="/deep/Word", Names="/deep/Word", ResourceId="/deep/Word", ResourceArn=arn)
        self.texts["ssm", "Name"] += ["/deep/Word:1", "deep/Word"]
        self.texts["ssm", "Names"] += ["/deep/Word:1", "deep/Word"]

    def _ssm_documents(self) -> None:
        steps = [{"name": "x", "action": "aws:runShellScript", "inputs": {"runCommand": [SECRET]}}]
        content = json.dumps({"schemaVersion": "2.2", "description": SECRET, "mainSteps": steps})
        self.own("ssm", "CreateDocument", Name="Runs", Content=content, DocumentType="Command")
        self.thing("ssm", f"arn:aws:ssm:{REGION}:{VICTIM}:document/Runs", Name="Runs", DocumentName="Runs")
        window = self.own("ssm", "CreateMaintenanceWindow", Name="window", Schedule="rate(1 day)", Duration=2, Cutoff=1,
                          AllowUnassociatedTargets=True, Description=SECRET)["WindowId"]  # fmt: skip
        self.thing("ssm", f"arn:aws:ssm:{REGION}:{VICTIM}:maintenancewindow/{window}", WindowId=window)
        made = self.own("ssm", "CreateAssociation", Name="Runs", AssociationName=SECRET,
                        Targets=[{"Key": "tag:a", "Values": ["b"]}])["AssociationDescription"]  # fmt: skip
        id = made["AssociationId"]
        self.thing("ssm", f"arn:aws:ssm:{REGION}:{VICTIM}:association/{id}", AssociationId=id)
        base = self.own("ssm", "CreatePatchBaseline", Name="base", Description=SECRET)["BaselineId"]
        self.thing("ssm", f"arn:aws:ssm:{REGION}:{VICTIM}:patchbaseline/{base}", BaselineId=base)
        item = self.own("ssm", "CreateOpsItem", Title=SECRET, Source="s", Description="d")["OpsItemId"]
        self.thing("ssm", f"arn:aws:ssm:{REGION}:{VICTIM}:opsitem/{item}", OpsItemId=item)

    def _logs(self) -> None:
        self.own("logs", "CreateLogGroup", logGroupName="/deep/Log", tags={"k": SECRET})
        self.own("logs", "CreateLogStream", logGroupName="/deep/Log", logStreamName="x")
        self.own("logs", "PutLogEvents", logGroupName="/deep/Log", logStreamName="x",
                 logEvents=[{"timestamp": int(self.app.clock.now() * 1000), "message": SECRET}])  # fmt: skip
        arn = f"arn:aws:logs:{REGION}:{VICTIM}:log-group:/deep/Log"
        names = dict.fromkeys(("logGroupName", "logGroupIdentifier", "resourceArn"), "/deep/Log")
        self.thing("logs", arn, **names, logGroupNames="/deep/Log", logGroupIdentifiers="/deep/Log")
        self.texts["logs", "resourceArn"] += [f"{arn}:*"]

    def _cloudwatch(self) -> None:
        self.own("cloudwatch", "PutMetricAlarm", AlarmName="Alarm", AlarmDescription=SECRET, Namespace="N",
                 MetricName="M", Period=60, Statistic="Sum", EvaluationPeriods=1, Threshold=1.0,
                 ComparisonOperator="GreaterThanThreshold")  # fmt: skip
        body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": SECRET}}]})
        self.own("cloudwatch", "PutDashboard", DashboardName="Board", DashboardBody=body)
        arn = f"arn:aws:cloudwatch:{REGION}:{VICTIM}:alarm:Alarm"
        self.thing("cloudwatch", arn, AlarmName="Alarm", AlarmNames="Alarm", ResourceARN=arn)
        board = f"arn:aws:cloudwatch::{VICTIM}:dashboard/Board"
        self.thing("cloudwatch", board, DashboardName="Board", DashboardNames="Board")

    def _lambda(self) -> None:
        made = self.own("lambda", "CreateFunction", FunctionName="Work", Runtime="python3.12", Handler="a.handler",
                        Role=self.role, Code={"ZipFile": _package()}, Description=SECRET,
                        Tags={"k": SECRET})  # fmt: skip
        layer = self.own("lambda", "PublishLayerVersion", LayerName="Layer", Description=SECRET,
                         Content={"ZipFile": _package()})  # fmt: skip
        arn = made["FunctionArn"]
        self.texts["logs", "destinationArn"] = [arn]
        self.thing("lambda", arn, FunctionName="Work", Resource=arn)
        self.texts["lambda", "FunctionName"] += [f"{VICTIM}:function:Work", f"{REGION}:{VICTIM}:function:Work"]
        self.texts["lambda", "FunctionName"] += [f"{VICTIM}:Work", f"{arn}:$LATEST", "Work:$LATEST"]
        self.thing("lambda", layer["LayerArn"], LayerName="Layer", Arn=layer["LayerVersionArn"])

    def _apigateway(self) -> None:
        api = self.own("apigateway", "CreateRestApi", name="api", description=SECRET)["id"]
        arn = f"arn:aws:apigateway:{REGION}::/restapis/{api}"
        self.thing("apigateway", arn, restApiId=api, resourceArn=arn)
        self.arns.append(f"arn:aws:apigateway:{REGION}::/tags/{quote(arn, safe='')}")  # what tagging it is asked on

    def _apigatewayv2(self) -> None:
        own = self.own
        api = own("apigatewayv2", "CreateApi", Name="web", ProtocolType="HTTP", Description=SECRET)["ApiId"]
        arn = f"arn:aws:apigateway:{REGION}::/apis/{api}"
        integration = own("apigatewayv2", "CreateIntegration", ApiId=api, IntegrationType="HTTP_PROXY",
                          IntegrationUri=f"https://{SECRET}.example.com", IntegrationMethod="GET",
                          PayloadFormatVersion="1.0")["IntegrationId"]  # fmt: skip
        route = own("apigatewayv2", "CreateRoute", ApiId=api, RouteKey=f"GET /{SECRET}")["RouteId"]
        own("apigatewayv2", "CreateStage", ApiId=api, StageName="dev", AutoDeploy=True, Description=SECRET)
        deployment = own("apigatewayv2", "CreateDeployment", ApiId=api, Description=SECRET)["DeploymentId"]
        authorizer = own(
            "apigatewayv2", "CreateAuthorizer", ApiId=api, Name=SECRET, AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": "https://example.com", "Audience": ["a"]},
        )["AuthorizerId"]  # fmt: skip
        link = own("apigatewayv2", "CreateVpcLink", Name=SECRET, SubnetIds=["subnet-1"])["VpcLinkId"]
        own("apigatewayv2", "CreateDomainName", DomainName="web.example.com",
            DomainNameConfigurations=[{"CertificateArn": SECRET}])  # fmt: skip
        mapping = own("apigatewayv2", "CreateApiMapping", DomainName="web.example.com", ApiId=api, Stage="dev",
                      ApiMappingKey=SECRET)["ApiMappingId"]  # fmt: skip
        self.thing("apigatewayv2", arn, ApiId=api, ResourceArn=arn)
        self.arns.append(f"arn:aws:apigateway:{REGION}::/tags/{quote(arn, safe='')}")
        for member, path, id in (
            ("IntegrationId", "integrations", integration), ("RouteId", "routes", route),
            ("StageName", "stages", "dev"), ("DeploymentId", "deployments", deployment),
            ("AuthorizerId", "authorizers", authorizer),
        ):  # fmt: skip
            self.thing("apigatewayv2", f"{arn}/{path}/{id}", **{member: id})
        self.thing("apigatewayv2", f"arn:aws:apigateway:{REGION}::/vpclinks/{link}", VpcLinkId=link)
        domain = f"arn:aws:apigateway:{REGION}::/domainnames/web.example.com"
        self.thing("apigatewayv2", domain, DomainName="web.example.com")
        self.thing("apigatewayv2", f"{domain}/apimappings/{mapping}", ApiMappingId=mapping)

    def _cloudformation(self) -> None:
        body = json.dumps({"Description": SECRET, "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
        stack = self.own("cloudformation", "CreateStack", StackName="Stack", TemplateBody=body)["StackId"]
        change = self.own("cloudformation", "CreateChangeSet", StackName="Second", ChangeSetName="Change",
                          ChangeSetType="CREATE", TemplateBody=body)  # fmt: skip
        self.thing("cloudformation", stack, StackName="Stack")
        self.thing("cloudformation", change["StackId"], StackName="Second", ChangeSetName=change["Id"])
        made = self.own("cloudformation", "CreateStackSet", StackSetName="Set", TemplateBody=body, Description=SECRET)
        arn = f"arn:aws:cloudformation:{REGION}:{VICTIM}:stackset/{made['StackSetId']}"
        self.thing("cloudformation", arn, StackSetName="Set")

    def _s3control(self) -> None:
        mine = {"AccountId": VICTIM}
        point = self.own("s3control", "CreateAccessPoint", **mine, Name="point", Bucket="victims")["AccessPointArn"]
        self.thing("s3control", point, Name="point", ResourceArn=point)
        self.thing("s3control", "arn:aws:s3:::victims", ResourceArn="arn:aws:s3:::victims")
        lens = {"Id": "lens", "AccountLevel": {"BucketLevel": {}}, "IsEnabled": True}
        self.own("s3control", "PutStorageLensConfiguration", **mine, ConfigId="lens", StorageLensConfiguration=lens,
                 Tags=[{"Key": "k", "Value": SECRET}])  # fmt: skip
        self.thing("s3control", f"arn:aws:s3:{REGION}:{VICTIM}:storage-lens/lens", ConfigId="lens")
        grants = self.own("s3control", "CreateAccessGrantsInstance", **mine)["AccessGrantsInstanceArn"]
        self.thing("s3control", grants, ResourceArn=grants)
        self.texts["s3control", "AccountId"] = [VICTIM]

    def _route53(self) -> None:
        made = self.own("route53", "CreateHostedZone", Name="victim.com", CallerReference="r",
                        HostedZoneConfig={"Comment": SECRET})  # fmt: skip
        id = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
        self.thing("route53", f"arn:aws:route53:::hostedzone/{id}", HostedZoneId=id, Id=id, ResourceId=id,
                   ResourceIds=id)  # fmt: skip
        self.texts["route53", "HostedZoneId"].append(f"/hostedzone/{id}")
        config = {"Type": "HTTP", "FullyQualifiedDomainName": SECRET}
        check = self.own("route53", "CreateHealthCheck", CallerReference="r", HealthCheckConfig=config)["HealthCheck"]
        self.thing("route53", f"arn:aws:route53:::healthcheck/{check['Id']}", HealthCheckId=check["Id"])
        made = self.own("route53", "CreateCidrCollection", Name="c", CallerReference="r")["Collection"]
        self.thing("route53", made["Arn"], CollectionId=made["Id"])

    def _cloudtrail(self) -> None:
        allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:*",
                 "Resource": ["arn:aws:s3:::trails", "arn:aws:s3:::trails/*"]}  # fmt: skip
        self.own("s3", "CreateBucket", Bucket="trails")
        self.own("s3", "PutBucketPolicy", Bucket="trails",
                 Policy=json.dumps({"Version": "2012-10-17", "Statement": allow}))  # fmt: skip
        tags = [{"Key": "k", "Value": SECRET}]
        trail = self.own("cloudtrail", "CreateTrail", Name="Trail", S3BucketName="trails", TagsList=tags,
                         S3KeyPrefix=SECRET)["TrailARN"]  # fmt: skip
        self.own("cloudtrail", "StartLogging", Name="Trail")
        store = self.own("cloudtrail", "CreateEventDataStore", Name=SECRET, TagsList=tags,
                         TerminationProtectionEnabled=False)["EventDataStoreArn"]  # fmt: skip
        self.thing("cloudtrail", trail, Name="Trail", TrailName="Trail", ResourceId=trail, ResourceIdList=trail)
        self.thing("cloudtrail", store, EventDataStore=store.rpartition("/")[2], ResourceId=store)

    def _ec2(self) -> None:
        """Descriptions are authorised on everything, so what they tell is no secret."""

        def own(name: str, /, **request: Any) -> dict[str, Any]:
            return self.own("ec2", name, **request)

        made = own("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        vpc = made["VpcId"]
        subnet = own("CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = own("CreateSecurityGroup", VpcId=vpc, GroupName="Group", Description=SECRET)["GroupId"]
        gateway = own("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
        own("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
        table = own("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
        interface = own("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        address = own("AllocateAddress")
        nat = own("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        prefixes = own("CreateManagedPrefixList", PrefixListName="n", MaxEntries=1, AddressFamily="IPv4",
                       Entries=[{"Cidr": "10.0.0.0/8", "Description": SECRET}])["PrefixList"]  # fmt: skip
        for word, member, id in (
            ("vpc", "VpcId", vpc), ("subnet", "SubnetId", subnet), ("security-group", "GroupId", group),
            ("internet-gateway", "InternetGatewayId", gateway), ("route-table", "RouteTableId", table),
            ("network-interface", "NetworkInterfaceId", interface), ("natgateway", "NatGatewayId", nat),
            ("elastic-ip", "AllocationId", address["AllocationId"]),
            ("prefix-list", "PrefixListId", prefixes["PrefixListId"]), *self._links(vpc, subnet),
        ):  # fmt: skip
            self.thing("ec2", f"arn:aws:ec2:{REGION}:{VICTIM}:{word}/{id}", **{member: id, "Resources": id})
        self.texts["ec2", "PublicIp"] = [address["PublicIp"]]
        blocks = (*made["CidrBlockAssociationSet"], *made["Ipv6CidrBlockAssociationSet"])
        associated = own("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)["AssociationId"]
        self.texts["ec2", "AssociationId"] = [*(block["AssociationId"] for block in blocks), associated]
        for several, one in (
            ("Groups", "GroupId"), ("SecurityGroupIds", "GroupId"), ("SubnetIds", "SubnetId"),
            ("RouteTableIds", "RouteTableId"), ("AllocationIds", "AllocationId"), ("GatewayId", "VpnGatewayId"),
            ("VpcEndpointIds", "VpcEndpointId"), ("FlowLogIds", "FlowLogId"), ("ServiceIds", "ServiceId"),
            ("PeerVpcId", "VpcId"), ("ResourceIds", "VpcId"),
        ):  # fmt: skip
            self.texts["ec2", several] = self.texts["ec2", one]
        instances.make(self, REGION, VICTIM, SECRET)

    def _links(self, vpc: str, subnet: str) -> list[tuple[str, str, str]]:
        """What links the VPC with others: resource types, members and ids."""

        def own(name: str, /, **request: Any) -> Any:
            (answer,) = (each for each in self.own("ec2", name, **request).values() if isinstance(each, dict | list))
            return answer

        egress = own("CreateEgressOnlyInternetGateway", VpcId=vpc)["EgressOnlyInternetGatewayId"]
        vpn = own("CreateVpnGateway", Type="ipsec.1")["VpnGatewayId"]
        customer = own("CreateCustomerGateway", Type="ipsec.1", IpAddress="203.0.113.9")["CustomerGatewayId"]
        acl = self.own("ec2", "CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
        dhcp = own("CreateDhcpOptions", DhcpConfigurations=[{"Key": "domain-name", "Values": [SECRET]}])
        endpoint = own("CreateVpcEndpoint", VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpointId"]
        service = own("CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=["arn:x"])["ServiceId"]
        other = own("CreateVpc", CidrBlock="10.5.0.0/16")["VpcId"]
        peering = own("CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=other)["VpcPeeringConnectionId"]
        kept = own("CreateSubnetCidrReservation", SubnetId=subnet, Cidr="10.0.0.0/28", ReservationType="explicit")
        transit = own("CreateTransitGateway")
        attachment = own("CreateTransitGatewayVpcAttachment", TransitGatewayId=transit["TransitGatewayId"], VpcId=vpc,
                         SubnetIds=[subnet])["TransitGatewayAttachmentId"]  # fmt: skip
        self.own("ec2", "CreateFlowLogs", ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL",
                 LogGroupName="x", DeliverLogsPermissionArn=self.role)  # fmt: skip
        log = own("DescribeFlowLogs")[0]["FlowLogId"]
        self.arns.append(f"arn:aws:ec2:{REGION}:{VICTIM}:vpc/{other}")
        return [
            ("egress-only-internet-gateway", "EgressOnlyInternetGatewayId", egress),
            ("vpn-gateway", "VpnGatewayId", vpn),
            ("customer-gateway", "CustomerGatewayId", customer),
            ("network-acl", "NetworkAclId", acl),
            ("dhcp-options", "DhcpOptionsId", dhcp["DhcpOptionsId"]),
            ("vpc-endpoint", "VpcEndpointId", endpoint),
            ("vpc-endpoint-service", "ServiceId", service),
            ("vpc-peering-connection", "VpcPeeringConnectionId", peering),
            ("subnet-cidr-reservation", "SubnetCidrReservationId", kept["SubnetCidrReservationId"]),
            ("transit-gateway", "TransitGatewayId", transit["TransitGatewayId"]),
            ("transit-gateway-attachment", "TransitGatewayAttachmentId", attachment),
            ("transit-gateway-route-table", "TransitGatewayRouteTableId",
             transit["Options"]["AssociationDefaultRouteTableId"]),
            ("vpc-flow-log", "FlowLogId", log),
        ]  # fmt: skip
