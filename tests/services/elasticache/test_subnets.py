"""Subnet groups, security groups, users and service updates: what needs no engine.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheSubnetGroup.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_AuthorizeCacheSecurityGroupIngress.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeUsers.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_BatchApplyUpdateAction.html
"""

from tests.support import refused


def test_a_subnet_group_is_changed_and_deleted(aws, client):
    name = {"CacheSubnetGroupName": "Nets"}
    made = client.create_cache_subnet_group(**name, CacheSubnetGroupDescription="d", SubnetIds=["subnet-1"])
    assert made["CacheSubnetGroup"]["ARN"] == f"arn:aws:elasticache:us-east-1:{aws.id}:subnetgroup:nets"
    client.modify_cache_subnet_group(**name, SubnetIds=["subnet-1", "subnet-2"])
    (shown,) = client.describe_cache_subnet_groups(**name)["CacheSubnetGroups"]
    assert shown["CacheSubnetGroupDescription"] == "d"
    assert [subnet["SubnetIdentifier"] for subnet in shown["Subnets"]] == ["subnet-1", "subnet-2"]
    client.modify_cache_subnet_group(**name, CacheSubnetGroupDescription="new")
    (shown,) = client.describe_cache_subnet_groups(**name)["CacheSubnetGroups"]
    assert (shown["CacheSubnetGroupDescription"], len(shown["Subnets"])) == ("new", 2)
    client.delete_cache_subnet_group(**name)
    for call, more in (
        (client.delete_cache_subnet_group, {}),
        (client.modify_cache_subnet_group, {"SubnetIds": ["s"]}),
    ):
        assert refused(call, **name, **more)[::2] == ("CacheSubnetGroupNotFoundFault", 400)


def test_a_security_group_lets_in_and_shuts_out(aws, client):
    name = {"CacheSecurityGroupName": "Guard"}
    client.create_cache_security_group(**name, Description="d")
    assert refused(client.create_cache_security_group, **name, Description="d")[::2] == (
        "CacheSecurityGroupAlreadyExists", 400,
    )  # fmt: skip
    entry = {**name, "EC2SecurityGroupName": "web", "EC2SecurityGroupOwnerId": aws.id}
    client.authorize_cache_security_group_ingress(**entry)
    assert refused(client.authorize_cache_security_group_ingress, **entry).code == "AuthorizationAlreadyExists"
    (shown,) = client.describe_cache_security_groups(**name)["CacheSecurityGroups"]
    assert (shown["Description"], shown["OwnerId"]) == ("d", aws.id)
    assert [group["EC2SecurityGroupName"] for group in shown["EC2SecurityGroups"]] == ["web"]
    client.revoke_cache_security_group_ingress(**entry)
    assert refused(client.revoke_cache_security_group_ingress, **entry)[::2] == ("AuthorizationNotFound", 404)
    client.delete_cache_security_group(**name)
    assert client.describe_cache_security_groups()["CacheSecurityGroups"] == []
    for call, request in (
        (client.describe_cache_security_groups, name),
        (client.delete_cache_security_group, name),
        (client.authorize_cache_security_group_ingress, entry),
        (client.revoke_cache_security_group_ingress, entry),
    ):
        assert refused(call, **request)[::2] == ("CacheSecurityGroupNotFound", 404)


def test_users_are_described_and_filtered(aws, client):
    made = {"Engine": "redis", "AccessString": "on ~app:* +@read", "NoPasswordRequired": True}
    client.create_user(UserId="reader", UserName="r", **made)
    ids = {user["UserId"] for user in client.describe_users()["Users"]}
    assert ids == {"default", "reader"}
    (reader,) = client.describe_users(UserId="Reader")["Users"]
    assert (reader["UserName"], reader["AccessString"]) == ("r", "on ~app:* +@read")
    assert reader["ARN"] == f"arn:aws:elasticache:us-east-1:{aws.id}:user:reader"
    assert reader["Authentication"]["Type"] == "no-password"
    client.create_user_group(UserGroupId="g", Engine="redis", UserIds=["default", "reader"])
    assert client.describe_users(UserId="reader")["Users"][0]["UserGroupIds"] == ["g"]
    by_group = client.describe_users(Filters=[{"Name": "user-group-id", "Values": ["g"]}])["Users"]
    assert {user["UserId"] for user in by_group} == {"default", "reader"}
    assert refused(client.describe_users, UserId="none")[::2] == ("UserNotFound", 404)


def test_there_are_no_service_updates(client):
    assert client.describe_service_updates()["ServiceUpdates"] == []
    assert client.describe_update_actions()["UpdateActions"] == []
    none = ("ServiceUpdateNotFoundFault", 404)
    assert refused(client.describe_service_updates, ServiceUpdateName="none")[::2] == none
    for call in (client.batch_apply_update_action, client.batch_stop_update_action):
        answer = call(ServiceUpdateName="none", CacheClusterIds=["c"])
        assert answer["ProcessedUpdateActions"] == []
        (left,) = answer["UnprocessedUpdateActions"]
        assert (left["CacheClusterId"], left["ErrorType"]) == ("c", "ServiceUpdateNotFoundFault")
