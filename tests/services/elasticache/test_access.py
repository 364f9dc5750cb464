"""Who may come in: TLS, AUTH tokens, users and their access strings.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
"""

from __future__ import annotations

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError

from .conftest import answers, at, cluster, group, until

redis = pytest.importorskip("redis", reason="pip install redis")
pytestmark = pytest.mark.usefixtures("valkey")
FIRST, SECOND = "first-token-of-16", "second-token-of-16"


def create(client, id, **more):
    client.create_replication_group(
        ReplicationGroupId=id, ReplicationGroupDescription="d", Engine="redis", CacheNodeType="cache.t3.micro",
        TransitEncryptionEnabled=True, **more,
    )  # fmt: skip
    return group(client, id)["NodeGroups"][0]["PrimaryEndpoint"]


def secure(endpoint, **options):
    return at(endpoint, ssl=True, ssl_cert_reqs="none", **options)


def refused(look):
    def tried():
        try:
            look()
        except redis.AuthenticationError:
            return True
        return False

    return until(tried)


def test_tls_is_signed_by_the_clouds_authority(cloud, client, tmp_path):
    endpoint = create(client, "sealed")
    request = urllib.request.Request(f"{cloud.endpoint}/_fogbank/ca.pem")
    request.add_header("X-Fogbank-Control", cloud.token)
    (tmp_path / "ca.pem").write_bytes(urllib.request.urlopen(request).read())
    trusted = at(endpoint, ssl=True, ssl_cert_reqs="required", ssl_ca_certs=str(tmp_path / "ca.pem"))
    assert trusted.set("a", "x" * 3_000_000)
    assert len(trusted.get("a")) == 3_000_000
    with pytest.raises(redis.ConnectionError):
        at(endpoint).ping()


def test_tokens_are_rotated_set_and_deleted(client):
    endpoint = create(client, "tokens", AuthToken=FIRST)
    assert secure(endpoint, password=FIRST).ping()
    with pytest.raises(redis.AuthenticationError):
        secure(endpoint, password=SECOND).ping()
    with pytest.raises(redis.AuthenticationError):
        secure(endpoint).ping()

    def change(**how):
        client.modify_replication_group(ReplicationGroupId="tokens", ApplyImmediately=True, **how)
        return group(client, "tokens")

    assert change(AuthToken=SECOND, AuthTokenUpdateStrategy="ROTATE")["AuthTokenEnabled"]
    answers(secure(endpoint, password=SECOND).ping, redis.AuthenticationError)
    assert secure(endpoint, password=FIRST).ping()  # both are good
    change(AuthToken=SECOND, AuthTokenUpdateStrategy="SET")
    assert refused(lambda: secure(endpoint, password=FIRST).ping())
    assert secure(endpoint, password=SECOND).ping()
    assert not change(AuthTokenUpdateStrategy="DELETE")["AuthTokenEnabled"]
    answers(secure(endpoint).ping, redis.AuthenticationError)


def test_users_may_what_their_access_strings_say(client):
    client.create_user(
        UserId="off", UserName="default", Engine="redis", AccessString="off -@all", NoPasswordRequired=True
    )
    client.create_user(
        UserId="reader",
        UserName="app",
        Engine="redis",
        AccessString="on ~app:* -@all +@read +@connection",
        Passwords=["p" * 16],
    )
    client.create_user_group(UserGroupId="team", Engine="redis", UserIds=["off", "reader"])
    endpoint = create(client, "ruled", UserGroupIds=["team"])
    app = secure(endpoint, username="app", password="p" * 16)
    assert app.get("app:1") is None
    with pytest.raises(redis.exceptions.NoPermissionError):
        app.set("app:1", "x")
    with pytest.raises(redis.exceptions.NoPermissionError):
        app.get("other")
    with pytest.raises(redis.AuthenticationError):
        secure(endpoint).ping()
    client.modify_user(UserId="reader", AppendAccessString="+@write")
    assert answers(lambda: app.set("app:1", "x"), redis.exceptions.NoPermissionError)
    client.modify_user_group(UserGroupId="team", UserIdsToRemove=["reader"])
    assert refused(lambda: secure(endpoint, username="app", password="p" * 16).ping())
    shown = client.describe_user_groups(UserGroupId="team")["UserGroups"][0]
    assert shown["UserIds"] == ["off"]
    assert shown["ReplicationGroups"] == ["ruled"]


def test_commands_that_are_aws_own_are_refused(client):
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SupportedCommands.html: "Restricted commands" """
    client.create_cache_cluster(CacheClusterId="held", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1)
    cache = at(cluster(client, "held")["CacheNodes"][0]["Endpoint"])
    for command in (["CONFIG", "GET", "*"], ["SAVE"], ["SHUTDOWN"], ["REPLICAOF", "NO", "ONE"], ["ACL", "SETUSER", "x"],
                    ["DEBUG", "SLEEP", "0"], ["BGREWRITEAOF"], ["MIGRATE", "h", "1", "k", "0", "1"]):  # fmt: skip
        with pytest.raises(redis.ResponseError):
            cache.execute_command(*command)
    assert cache.acl_whoami() == "default"


def test_selectors_allow_no_command_that_is_aws_own(client):
    """https://valkey.io/topics/acl/#selectors: what one allows is allowed, whatever the other rules deny."""
    client.create_user(
        UserId="default-off", UserName="default", Engine="redis", AccessString="off", NoPasswordRequired=True
    )
    client.create_user(
        UserId="selected", UserName="app", Engine="redis", AccessString="on (~c:* +SET) (+@all ~* &*) +get ~a)b",
        NoPasswordRequired=True,
    )  # fmt: skip
    client.create_user_group(UserGroupId="selectors", Engine="redis", UserIds=["default-off", "selected"])
    app = secure(create(client, "selectors", UserGroupIds=["selectors"]), username="app", password="-")
    assert app.set("any", "1")
    for command in (["CONFIG", "GET", "dir"], ["REPLICAOF", "127.0.0.1", "9"], ["ACL", "SETUSER", "x"], ["SHUTDOWN"]):
        with pytest.raises(redis.exceptions.NoPermissionError):
            app.execute_command(*command)
    assert app.get("any") == "1"
    client.modify_user(UserId="selected", AppendAccessString="clearselectors")
    assert until(lambda: no_permission(lambda: app.get("any")))


def no_permission(look):
    try:
        look()
    except redis.exceptions.NoPermissionError:
        return True
    return False


@pytest.mark.parametrize(
    "access",
    [
        ">secret on", "reset", "+nonsense|x|y", "on ~* +@none", "on +config", "on +shutdown",
        # with these a server would not start
        "on (~* +get", "on (on +get)", "on (+config)", 'on (~" +get)', "on ((+get))", "on ~* ~a:*", "on &* &a",
        "on allkeys %R~a",
    ],
)  # fmt: skip
def test_access_strings_that_are_none(client, access):
    with pytest.raises(ClientError) as caught:
        client.create_user(UserId="u", UserName="u", Engine="redis", AccessString=access, NoPasswordRequired=True)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_errors_of_users(client):
    made = {"UserName": "u", "Engine": "redis", "AccessString": "on ~* +@all", "NoPasswordRequired": True}
    client.create_user(UserId="u", **made)
    client.create_user(UserId="v", **made)
    client.create_user(UserId="again", **{**made, "AccessString": "on ~* resetkeys ~a:* ~b &* resetchannels &c +get"})

    def code(call, **request):
        with pytest.raises(ClientError) as caught:
            call(**request)
        return caught.value.response["Error"]["Code"]

    assert code(client.create_user, UserId="u", **made) == "UserAlreadyExists"
    assert code(client.create_user, UserId="w", **{**made, "UserName": "fogbank"}) == "InvalidParameterValue"  # is ours
    assert code(client.modify_user, UserId="none", AccessString="on") == "UserNotFound"
    group = {"UserGroupId": "g", "Engine": "redis"}
    assert code(client.create_user_group, **group, UserIds=["u"]) == "DefaultUserRequired"
    assert code(client.create_user_group, **group, UserIds=["default", "u", "v"]) == "DuplicateUserName"
    assert code(client.create_user_group, **group, UserIds=["none"]) == "UserNotFound"
    assert code(client.delete_user_group, UserGroupId="g") == "UserGroupNotFound"
    client.create_user_group(**group, UserIds=["default", "u"])
    assert code(client.create_user_group, **group, UserIds=["default"]) == "UserGroupAlreadyExists"
    client.delete_user(UserId="u")
    assert client.describe_user_groups(UserGroupId="g")["UserGroups"][0]["UserIds"] == ["default"]


def test_a_user_is_denied_by_tags(aws, client):
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Tagging-Resources.html"""
    client.create_cache_parameter_group(
        CacheParameterGroupName="pg", CacheParameterGroupFamily="redis7", Description="d",
        Tags=[{"Key": "team", "Value": "red"}],
    )  # fmt: skip
    arn = f"arn:aws:elasticache:us-east-1:{aws.id}:parametergroup:pg"
    assert client.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "team", "Value": "red"}]

    def user(team):
        statement = {"Effect": "Allow", "Action": "elasticache:*", "Resource": "*",
                     "Condition": {"StringEquals": {"aws:ResourceTag/team": team}}}  # fmt: skip
        return aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("elasticache")

    assert user("red").describe_cache_parameters(CacheParameterGroupName="pg")["Parameters"]
    with pytest.raises(ClientError) as denied:
        user("blue").describe_cache_parameters(CacheParameterGroupName="PG")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    client.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "team", "Value": "blue"}])
    assert user("blue").describe_cache_parameters(CacheParameterGroupName="pg")["Parameters"]
    client.remove_tags_from_resource(ResourceName=arn, TagKeys=["team"])
    with pytest.raises(ClientError) as caught:
        client.remove_tags_from_resource(ResourceName=arn, TagKeys=["team"])
    assert caught.value.response["Error"]["Code"] == "TagNotFound"
