"""Doors that a folder declares: its hosts, its paths, the APIs that it serves, and which of them a request means."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from fogbank import testing
from fogbank.core import services
from fogbank.wire import models

DATABASES = {
    "__init__.py": '"""Three APIs."""',
    "door.toml": 'serves = ["rds", "neptune", "docdb"]\n[[path]]\npath = "/_aws/rds/{name}"\nendpoint = "rds-plane"\n'
    '[[host]]\nlabel = "rds-plane"\nendpoint = "rds-plane"\n',
    "operations.py": """
from fogbank.core.http import Response
from fogbank.core.operation import chooser, endpoint, operation

@chooser
def which(cloud, action, form):
    return form.get("Engine", "rds")

@operation("rds", "DescribeDBClusters", resource="*")
def of_rds(ctx, req):
    return {"Marker": "rds"}

@operation("neptune", "DescribeDBClusters", resource="*")
def of_neptune(ctx, req):
    return {"Marker": "neptune"}

@operation("rds", "CreateDBCluster", resource="*")
def create(ctx, req):
    return {"DBCluster": {"Engine": "rds"}}

@operation("docdb", "CreateDBCluster", resource="*")
def create_docdb(ctx, req):
    return {"DBCluster": {"Engine": "docdb"}}

@endpoint("rds-plane")
async def answer(visit):
    return Response(200, [], f"{visit.request.path} {visit.hop.service}".encode())
""",
}


def client(cloud: Any, name: str) -> Any:
    return cloud.account("111111111111").client(name)


def test_a_folder_serves_several_apis(folder: Any) -> None:
    folder("databases", DATABASES)
    assert {"rds", "neptune", "docdb"} <= set(services.built())
    rds, neptune = services.load("rds"), services.load("neptune")
    assert rds is not None
    assert neptune is not None
    assert (set(rds.operations), set(rds.endpoints)) == ({"DescribeDBClusters", "CreateDBCluster"}, {"rds-plane"})
    assert (set(neptune.operations), set(neptune.endpoints)) == ({"DescribeDBClusters"}, set())


def test_the_folder_says_which_api_a_call_means(folder: Any) -> None:
    """All three sign as rds, and name the same actions of the same version."""
    folder("databases", DATABASES)
    with testing.cloud() as cloud:
        made = client(cloud, "docdb").create_db_cluster(DBClusterIdentifier="c", Engine="docdb")
        assert made["DBCluster"]["Engine"] == "docdb"
        assert client(cloud, "rds").describe_db_clusters()["Marker"] == "rds"
        with pytest.raises(ClientError, match="has not built neptune:CreateDBCluster"):
            client(cloud, "neptune").create_db_cluster(DBClusterIdentifier="c", Engine="neptune")


def test_a_path_that_a_folder_declares(folder: Any) -> None:
    folder("databases", DATABASES)
    with testing.cloud() as cloud, urllib.request.urlopen(cloud.endpoint + "/_aws/rds/a/b") as answer:
        assert answer.read() == b"/_aws/rds/a/b rds"
        assert cloud.why(answer.headers["x-amzn-RequestId"])[0]["service"] == "rds"


# -- APIs that are not built ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "call"),
    [("sesv2", "list_email_identities"), ("ses", "list_identities"),
     ("rds", "describe_db_clusters"), ("mailmanager", "list_relays"), ("elbv2", "describe_load_balancers")],
)  # fmt: skip
def test_what_is_not_built_says_so_by_its_own_name(aws: Any, name: str, call: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(aws.client(name), call)()
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert f"has not built {name}:" in error["Message"]


def test_a_path_that_the_model_does_not_know_is_of_the_api_that_is_nearest(aws: Any) -> None:
    """Other versions of an SDK have other paths: the answer is in the protocol of their API all the same."""
    request = AWSRequest("GET", f"{aws.endpoint}/v2/email/identities")
    SigV4Auth(Credentials(aws.id, "test"), "ses", "us-east-1").add_auth(request)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers.items())))
    assert "has not built sesv2:GET /v2/email/identities" in json.loads(caught.value.read())["message"]


# -- models -----------------------------------------------------------------------------------------------------------


def test_a_model_of_our_own_comes_before_botocores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = {
        "metadata": {"apiVersion": "2013-02-18", "endpointPrefix": "opsworks", "protocol": "json", "jsonVersion": "1.1",
                     "serviceId": "OpsWorks", "targetPrefix": "OpsWorks_20130218", "signatureVersion": "v4"},
        "operations": {"DescribeStacks": {"name": "DescribeStacks", "http": {"method": "POST", "requestUri": "/"}}},
        "shapes": {},
    }  # fmt: skip
    for name in ("of-a-test", "swf"):
        (tmp_path / name / "2013-02-18").mkdir(parents=True)
        (tmp_path / name / "2013-02-18" / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setattr(models, "OWN", tmp_path)
    assert list(models.load("of-a-test").operations) == ["DescribeStacks"]
    assert models.model_file("swf") == tmp_path / "swf" / "2013-02-18" / "service-2.json"
    assert "of-a-test" in models.names()
