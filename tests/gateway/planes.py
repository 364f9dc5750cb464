"""One account with something behind every data plane, each let in by a policy that asks for an encrypted request."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SECURE = {"Bool": {"aws:SecureTransport": "true"}}
FUNCTION = "def handler(event, context):\n    return {'statusCode': 200, 'body': context.aws_request_id}\n"
FORM = (
    '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n'
    '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n'
)

# plane → its service, and the header that AWS sends the request id in
PLANES = {
    "execute-api": ("apigateway", "x-amzn-requestid"),
    "http-api": ("apigatewayv2", "apigw-requestid"),
    "lambda-url": ("lambda", "x-amzn-requestid"),
    "s3-website": ("s3", "x-amz-request-id"),
    "s3-browser": ("s3", "x-amz-request-id"),
    "sns-certificate": ("sns", "x-amzn-requestid"),
    "cloudformation-callback": ("cloudformation", "x-amz-request-id"),
    "ecr-registry": ("ecr", "x-amzn-requestid"),
    "ecr-layer": ("ecr", "x-amzn-requestid"),
}
LET_IN = {"execute-api": 200, "http-api": 200, "lambda-url": 200, "s3-website": 200, "s3-browser": 204,
          "sns-certificate": 200, "cloudformation-callback": 403, "ecr-registry": 200, "ecr-layer": 403}  # fmt: skip


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Planes:
    """`ask(plane)` sends a request that is let in (a callback's and a layer's name nothing: they are refused)."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.account = cloud.account()
        self.port = urlsplit(cloud.endpoint).port
        self.bucket = f"planes-{self.account.id}"
        self._bucket()
        self.key, self.url = self._function()
        self.api = self._stage()
        self.token = self._repository()
        target = f"arn:aws:lambda:us-east-1:{self.account.id}:function:f"
        web = self.account.client("apigatewayv2")
        self.web: str = web.create_api(Name="web", ProtocolType="HTTP", Target=target)["ApiId"]

    def ask(self, plane: str) -> Answer:
        match plane:
            case "execute-api":
                return self.send("GET", f"/_aws/execute-api/{self.api}/dev/p")
            case "http-api":
                return self.send("GET", f"/_aws/execute-api/{self.web}/p")
            case "lambda-url":
                request = AWSRequest("GET", self.url)
                SigV4Auth(self.key, "lambda", "us-east-1").add_auth(request)
                return self.send("GET", "/", {"Host": urlsplit(self.url).netloc, **dict(request.headers.items())})
            case "s3-website":
                return self.send("GET", "/", {"Host": f"{self.bucket}.s3-website-us-east-1.localhost:{self.port}"})
            case "s3-browser":
                kind = {"Content-Type": "multipart/form-data; boundary=b"}
                return self.send("POST", f"/{self.bucket}", kind, FORM.encode())
            case "sns-certificate":
                return self.send("GET", "/_aws/sns/SimpleNotificationService.pem")
            case "cloudformation-callback":
                return self.send("PUT", "/_aws/cloudformation/nothing", {}, b"{}")
            case "ecr-registry":
                return self.send("GET", "/v2/app/tags/list", {"Authorization": self.token})
            case "ecr-layer":
                return self.send("GET", "/_aws/ecr/layer/nothing")
        raise ValueError(plane)

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, found, response.read())
        connection.close()
        return answer

    def _repository(self) -> str:
        """A repository, and the Authorization header of somebody who may list its tags."""
        self.account.client("ecr").create_repository(repositoryName="app")
        rights = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*", "Condition": SECURE}
        user = self.account.user(json.dumps({"Version": "2012-10-17", "Statement": rights}))
        (data,) = user.client("ecr").get_authorization_token()["authorizationData"]
        return f"Basic {data['authorizationToken']}"

    def _bucket(self) -> None:
        s3 = self.account.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_bucket_website(Bucket=self.bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
        s3.put_object(Bucket=self.bucket, Key="index.html", Body=b"<p>", ContentType="text/html")
        s3.delete_public_access_block(Bucket=self.bucket)
        statement = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"],
                     "Resource": f"arn:aws:s3:::{self.bucket}/*", "Condition": SECURE}  # fmt: skip
        s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))

    def _function(self) -> tuple[Credentials, str]:
        iam, client = self.account.client("iam"), self.account.client("lambda")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        role = iam.create_role(RoleName="planes", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("m.py", FUNCTION)
        client.create_function(
            FunctionName="f", Runtime="python3.12", Handler="m.handler", Role=role, Code={"ZipFile": package.getvalue()}
        )
        url: str = client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
        iam.create_user(UserName="caller")
        allow = {"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": "*", "Condition": SECURE}
        iam.put_user_policy(UserName="caller", PolicyName="p",
                            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}))  # fmt: skip
        key = iam.create_access_key(UserName="caller")["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"]), url

    def _stage(self) -> str:
        client, account = self.account.client("apigateway"), self.account.id
        uri = f"arn:aws:lambda:us-east-1:{account}:function:f"
        integration = {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{uri}/invocations",
        }
        allow = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*",
                 "Condition": SECURE}  # fmt: skip
        document = {
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "1"},
            "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": allow},
            "paths": {"/p": {"get": {"x-amazon-apigateway-integration": integration}}},
        }
        api: str = client.import_rest_api(body=json.dumps(document))["id"]
        self.account.client("lambda").add_permission(
            FunctionName="f", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
        client.create_deployment(restApiId=api, stageName="dev")
        return api
