"""Security groups and their rules, in both forms.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

import json

import pytest
from tests.support import refused


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def group(ec2, vpc):
    return ec2.create_security_group(GroupName="web", Description="of the web", VpcId=vpc)["GroupId"]


SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "in"}]}


def shown(ec2, group):
    return ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]


def test_a_new_group_lets_everything_out(aws, ec2, vpc, group):
    found = shown(ec2, group)
    assert (found["GroupName"], found["Description"], found["VpcId"]) == ("web", "of the web", vpc)
    assert found["OwnerId"] == aws.id
    assert found["SecurityGroupArn"] == f"arn:aws:ec2:us-east-1:{aws.id}:security-group/{group}"
    assert found["IpPermissions"] == []
    assert found["IpPermissionsEgress"] == [
        {
            "IpProtocol": "-1",
            "UserIdGroupPairs": [],
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
        }
    ]


def test_the_default_group(aws, ec2, vpc):
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (found,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert found["IpPermissions"][0]["UserIdGroupPairs"] == [{"UserId": aws.id, "GroupId": found["GroupId"]}]
    code, text, _ = refused(ec2.delete_security_group, GroupId=found["GroupId"])
    assert (code, text) == (
        "CannotDelete",
        f'the specified group: "{found["GroupId"]}" name: "default" cannot be deleted by a user',
    )


def test_names(ec2, vpc, group):
    def code(name):
        return refused(ec2.create_security_group, GroupName=name, Description="d", VpcId=vpc)[:2]

    assert code("web") == ("InvalidGroup.Duplicate", f"The security group 'web' already exists for VPC '{vpc}'")
    assert code("default") == ("InvalidParameterValue", "Cannot use reserved security group name: default")
    assert code("sg-mine")[0] == code("x" * 256)[0] == "InvalidParameterValue"
    text = "Value (é) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported."
    assert refused(ec2.create_security_group, GroupName="x", Description="é", VpcId=vpc)[:2] == (
        "InvalidParameterValue",
        text,
    )


def test_rules_come_and_go(ec2, group):
    (rule,) = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[SSH])["SecurityGroupRules"]
    assert (rule["CidrIpv4"], rule["FromPort"], rule["IsEgress"]) == ("10.0.0.0/8", 22, False)
    more = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[more])
    (permission,) = shown(ec2, group)["IpPermissions"]
    assert permission["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "in"}]
    assert permission["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]
    code, text, _ = refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[SSH])
    assert (code, text) == (
        "InvalidPermission.Duplicate",
        'the specified rule "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW" already exists',
    )
    answer = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[SSH])
    assert [gone["SecurityGroupRuleId"] for gone in answer["RevokedSecurityGroupRules"]] == [
        rule["SecurityGroupRuleId"]
    ]
    assert refused(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[SSH])[0] == (
        "InvalidPermission.NotFound"
    )
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=everything)


def test_in_the_default_vpc_unknown_rules_are_told_and_not_refused(ec2):
    ec2.create_security_group(GroupName="by-name", Description="d")
    ec2.authorize_security_group_ingress(
        GroupName="by-name", IpProtocol="6", FromPort=80, ToPort=80, CidrIp="1.2.3.4/24"
    )
    answer = ec2.revoke_security_group_ingress(GroupName="by-name", IpPermissions=[SSH])
    assert answer["UnknownIpPermissions"][0]["IpRanges"][0]["CidrIp"] == "10.0.0.0/8"
    (found,) = ec2.describe_security_groups(GroupNames=["by-name"])["SecurityGroups"]
    (permission,) = found["IpPermissions"]
    assert (permission["IpProtocol"], permission["IpRanges"]) == ("tcp", [{"CidrIp": "1.2.3.0/24"}])
    ec2.delete_security_group(GroupName="by-name")
    assert refused(ec2.delete_security_group, GroupName="by-name")[0] == "InvalidGroup.NotFound"


@pytest.mark.parametrize(
    ("permission", "text"),
    [
        ({"IpProtocol": "tcp"}, "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."),
        ({"IpProtocol": "tcp", "FromPort": 9, "ToPort": 8}, "Invalid TCP/UDP port range (9:8)"),
        ({"IpProtocol": "nothing"}, "Invalid value 'nothing' for IP protocol. Unknown protocol."),
    ],
)
def test_what_is_no_rule(ec2, group, permission, text):
    given = [{**permission, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    assert refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=given)[:2] == (
        "InvalidParameterValue",
        text,
    )
    given = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0"}]}]
    assert refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=given)[1] == (
        "CIDR block 10.0.0.0 is malformed"
    )


def test_groups_that_name_each_other(aws, ec2, vpc, group):
    other = ec2.create_security_group(GroupName="db", Description="d", VpcId=vpc)["GroupId"]
    pair = [{"IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupId": group}]}]
    (rule,) = ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=pair)["SecurityGroupRules"]
    assert rule["ReferencedGroupInfo"] == {"GroupId": group, "UserId": aws.id}
    code, text, _ = refused(ec2.delete_security_group, GroupId=group)
    assert (code, text) == ("DependencyViolation", f"resource {group} has a dependent object")
    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=group)
    assert refused(ec2.describe_security_groups, GroupIds=[group])[:2] == (
        "InvalidGroup.NotFound",
        f"The security group '{group}' does not exist",
    )


def test_rules_with_ids(aws, ec2, group):
    spec = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "k", "Value": "v"}]}]
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[SSH], TagSpecifications=spec)
    id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    (found,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    assert found["SecurityGroupRuleArn"] == f"arn:aws:ec2:us-east-1:{aws.id}:security-group-rule/{id}"
    new = {"IpProtocol": "-1", "CidrIpv4": "10.1.0.0/16", "Description": "new"}
    ec2.modify_security_group_rules(
        GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": new}]
    )
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert len(rules) == 2
    (found,) = [rule for rule in rules if rule["SecurityGroupRuleId"] == id]
    assert (found["CidrIpv4"], found["FromPort"], found["Description"]) == ("10.1.0.0/16", -1, "new")
    text = [{"SecurityGroupRuleId": id, "Description": "newer"}]
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group, SecurityGroupRuleDescriptions=text)
    (egress,) = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"]]
    ec2.update_security_group_rule_descriptions_egress(
        GroupId=group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": egress, "Description": "out"}]
    )
    rules = ec2.describe_security_group_rules(SecurityGroupRuleIds=[id, egress])["SecurityGroupRules"]
    assert {rule["Description"] for rule in rules} == {"newer", "out"}
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[id])
    assert refused(ec2.revoke_security_group_ingress, GroupId=group, SecurityGroupRuleIds=[id])[0] == (
        "InvalidSecurityGroupRuleId.NotFound"
    )


def test_sixty_rules_each_way(ec2, group):
    ranges = [{"CidrIp": f"10.0.{at}.0/24"} for at in range(60)]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": ranges}])
    more = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.9.0.0/24"}]}]
    code, text, _ = refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=more)
    assert (code, text) == (
        "RulesPerSecurityGroupLimitExceeded",
        "The maximum number of rules per security group has been reached.",
    )
    six = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=six)


def test_lists(ec2, vpc, group):
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[SSH])
    filters = [{"Name": "ip-permission.from-port", "Values": ["22"]}, {"Name": "vpc-id", "Values": [vpc]}]
    (found,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert found["GroupId"] == group
    inside = ec2.get_security_groups_for_vpc(VpcId=vpc)["SecurityGroupForVpcs"]
    assert {each["GroupName"] for each in inside} == {"default", "web"}
    assert ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"] == []


def test_policies_decide_on_the_group(aws, ec2, vpc, group):
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:security-group/{group}"
    statement = {"Effect": "Allow", "Action": "ec2:AuthorizeSecurityGroupIngress", "Resource": arn}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("ec2")
    user.authorize_security_group_ingress(GroupId=group, IpPermissions=[SSH])
    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=vpc)["GroupId"]
    assert refused(user.authorize_security_group_ingress, GroupId=other, IpPermissions=[SSH])[0] == (
        "UnauthorizedOperation"
    )
