"""What users store or compute is no page of the cloud: it has its own host, or no origin at all."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from botocore.auth import S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth


def test_a_buckets_host_is_s3s_alone(cloud, doors, raw):
    """Its pages could otherwise call every service in their own origin. On AWS, too, it is S3 that answers there."""
    host = f"{doors.bucket}.s3.localhost:{cloud.app.port}"
    create = f"http://{host}/?Action=CreateUser&Version=2010-05-08&UserName=made-on-a-bucket"
    status, _, text = raw.send(cloud, raw.signed(SigV4QueryAuth, doors.key, "iam", "GET", create))
    assert status in (400, 403)
    assert b"<Error>" in text
    call = raw.signed(
        SigV4Auth, doors.key, "ssm", "POST", f"http://{host}/", b"{}", X_Amz_Target="AmazonSSM.GetParameters"
    )
    assert b"<Error>" in raw.send(cloud, call)[2]
    users = doors.account.client("iam").list_users()["Users"]
    assert "made-on-a-bucket" not in [user["UserName"] for user in users]


def test_no_control_api_on_users_hosts(cloud, doors, raw):
    for host in (
        f"{doors.bucket}.s3.localhost", f"{doors.bucket}.s3-website.us-east-1.localhost",
        "id.lambda-url.us-east-1.localhost", "id.execute-api.us-east-1.localhost",
    ):  # fmt: skip
        status, headers, _ = raw.send(cloud, raw.Ask("GET", host, "/_fogbank/health", {}))
        assert status in (403, 404)
        assert "x-fogbank-version" not in headers


def sandbox_of(answer: tuple[int, Any, bytes]) -> list[str]:
    return [line for line in answer[1].get_all("content-security-policy", []) if line.startswith("sandbox")]


SHOWN = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}


def test_objects_are_sandboxed_where_they_are_not_at_home(cloud, aws, raw):
    s3, bucket = aws.client("s3"), f"pages-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    kinds = {"x.html": "text/html", "x.svg": "image/svg+xml", "x.xml": "application/xml", "x.txt": "text/plain"}
    for key, kind in kinds.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"<x/>", ContentType=kind)
    for key in kinds:
        for host, homely in (
            ("127.0.0.1", False), ("localhost", False), ("s3.localhost", False), ("s3.us-east-1.amazonaws.com", False),
            (f"{bucket}.localhost", False), (f"{bucket}.s3.localhost", True),
            (f"{bucket}.s3.us-east-1.localhost.localstack.cloud", True),
        ):  # fmt: skip
            name = f"{host}:{cloud.app.port}"
            path = key if host.startswith(bucket) else f"{bucket}/{key}"
            ask = raw.signed(S3SigV4QueryAuth, aws.id, "s3", "GET", f"http://{name}/{path}")
            shown = raw.send(cloud, ask, SHOWN)
            assert shown[0] == 200, (host, shown)
            assert len(sandbox_of(shown)) == (0 if homely else 1), (host, key)
            assert "allow-same-origin" not in "".join(sandbox_of(shown))
            assert "content-security-policy" not in raw.send(cloud, ask)[1]  # an SDK gets exactly what AWS says


def test_functions_and_stages_are_sandboxed_where_they_are_not_at_home(cloud, aws, doors, raw):
    """A policy of the function's own stands beside ours: browsers keep to both."""
    mine = type(doors)(cloud, aws)
    client = aws.client("lambda")
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        package.writestr("m.py", (
            "def handler(event, context):\n"
            "    return {'statusCode': 200, 'headers': {'Content-Type': 'text/html',"
            " 'Content-Security-Policy': \"default-src 'self'\"}, 'body': '<p>'}\n"
        ))  # fmt: skip
    client.update_function_code(FunctionName="f", ZipFile=held.getvalue())
    client.update_function_url_config(FunctionName="f", AuthType="NONE")
    client.add_permission(
        FunctionName="f", StatementId="public", Action="lambda:InvokeFunctionUrl", Principal="*",
        FunctionUrlAuthType="NONE",
    )  # fmt: skip
    name = mine.function.removeprefix("http://").split(".")[0]
    by_path = raw.send(cloud, raw.Ask("GET", f"127.0.0.1:{cloud.app.port}", f"/_aws/lambda-url/{name}/", {}), SHOWN)
    assert by_path[0] == 200
    assert len(sandbox_of(by_path)) == 1
    assert by_path[1].get_all("content-security-policy")[0] == "default-src 'self'"
    by_host = raw.send(cloud, raw.Ask("GET", mine.function.split("/")[2], "/", {}), SHOWN)
    assert (by_host[0], sandbox_of(by_host)) == (200, [])
    api = mine.stage.removeprefix("http://").split(".")[0]
    for path in (f"/restapis/{api}/dev/_user_request_/p", f"/_aws/execute-api/{api}/dev/p"):
        assert len(sandbox_of(raw.send(cloud, raw.Ask("GET", "localhost", path, {}), SHOWN))) == 1
    assert sandbox_of(raw.send(cloud, raw.Ask("GET", mine.stage.split("/")[2], "/dev/p", {}), SHOWN)) == []
