"""Hosted zones through boto3.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
"""

import json
import uuid

import pytest
from tests.support import refused


@pytest.fixture
def dns(aws):
    return aws.client("route53")


def make(dns, name, **more):
    return dns.create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex, **more)["HostedZone"]["Id"]


def test_a_zone_has_name_servers_and_their_records(dns):
    made = dns.create_hosted_zone(Name="Example.com", CallerReference="one", HostedZoneConfig={"Comment": "mine"})
    zone = made["HostedZone"]
    assert (zone["Name"], zone["ResourceRecordSetCount"]) == ("example.com.", 2)
    assert zone["Config"] == {"Comment": "mine", "PrivateZone": False}
    assert zone["Id"].startswith("/hostedzone/Z")
    assert made["Location"] == f"https://route53.amazonaws.com/2013-04-01{zone['Id']}"
    assert made["ChangeInfo"]["Status"] == "PENDING"
    servers = made["DelegationSet"]["NameServers"]
    assert len(servers) == 4
    found = dns.get_hosted_zone(Id=zone["Id"])
    assert found["HostedZone"] == zone
    assert found["DelegationSet"]["NameServers"] == servers
    records = dns.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert [(each["Name"], each["Type"], each["TTL"]) for each in records] == [
        ("example.com.", "NS", 172800),
        ("example.com.", "SOA", 900),
    ]
    assert [each["Value"] for each in records[0]["ResourceRecords"]] == [f"{server}." for server in servers]
    assert dns.get_change(Id=made["ChangeInfo"]["Id"])["ChangeInfo"]["Status"] == "INSYNC"


def test_a_reference_is_used_once(dns):
    dns.create_hosted_zone(Name="a.com", CallerReference="r")
    again = refused(dns.create_hosted_zone, Name="a.com", CallerReference="r")
    assert (again.code, again.status) == ("HostedZoneAlreadyExists", 409)
    assert refused(dns.create_hosted_zone, Name="a..com", CallerReference="s").code == "InvalidDomainName"
    assert refused(dns.get_change, Id="C1").code == "NoSuchChange"


def test_a_zone_of_another_account_does_not_exist(cloud, dns):
    id = make(dns, "mine.com")
    other = refused(cloud.account().client("route53").get_hosted_zone, Id=id)
    assert (other.code, other.status) == ("NoSuchHostedZone", 404)
    assert other.message == f"No hosted zone found with ID: {id.removeprefix('/hostedzone/')}"


def test_zones_are_listed_by_id_and_by_name(dns):
    ids = sorted(make(dns, name) for name in ("b.com", "a.org", "a.com", "www.a.com"))
    pages = list(dns.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 3}))
    assert [zone["Id"] for page in pages for zone in page["HostedZones"]] == ids
    assert [len(page["HostedZones"]) for page in pages] == [3, 1]
    found = dns.list_hosted_zones_by_name()
    assert [zone["Name"] for zone in found["HostedZones"]] == ["a.com.", "www.a.com.", "b.com.", "a.org."]
    part = dns.list_hosted_zones_by_name(DNSName="b.com", MaxItems="1")
    assert [zone["Name"] for zone in part["HostedZones"]] == ["b.com."]
    assert (part["DNSName"], part["NextDNSName"], part["IsTruncated"]) == ("b.com", "a.org.", True)
    assert dns.get_hosted_zone_count()["HostedZoneCount"] == 4


def test_a_zone_with_records_stays(dns):
    id = make(dns, "full.com")
    record = {"Name": "a.full.com", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    dns.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Changes": [change]})
    kept = refused(dns.delete_hosted_zone, Id=id)
    assert (kept.code, kept.message) == (
        "HostedZoneNotEmpty",
        "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
    )
    change["Action"] = "DELETE"
    dns.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Changes": [change]})
    assert dns.delete_hosted_zone(Id=id)["ChangeInfo"]["Status"] == "PENDING"
    assert refused(dns.get_hosted_zone, Id=id).code == "NoSuchHostedZone"


def test_the_comment_changes(dns):
    id = make(dns, "c.com")
    zone = dns.update_hosted_zone_comment(Id=id, Comment="new")["HostedZone"]
    assert zone["Config"]["Comment"] == "new"
    assert "Comment" not in dns.update_hosted_zone_comment(Id=id)["HostedZone"]["Config"]


def test_private_zones_and_their_vpcs(dns, aws, cloud):
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-associate-vpcs.html"""
    ec2 = aws.client("ec2")
    one, two = (
        {"VPCRegion": "us-east-1", "VPCId": ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"]} for n in (1, 2)
    )
    made = dns.create_hosted_zone(Name="corp", CallerReference="p", VPC=one)
    id = made["HostedZone"]["Id"]
    assert made["VPC"] == one
    assert made["HostedZone"]["Config"]["PrivateZone"] is True
    assert dns.get_hosted_zone(Id=id)["VPCs"] == [one]
    twin = refused(dns.create_hosted_zone, Name="corp", CallerReference="q", VPC=one)
    assert twin.code == "ConflictingDomainExists"
    assert refused(dns.disassociate_vpc_from_hosted_zone, HostedZoneId=id, VPC=one).code == "LastVPCAssociation"
    dns.associate_vpc_with_hosted_zone(HostedZoneId=id, VPC=two)
    assert [zone["Name"] for zone in dns.list_hosted_zones_by_vpc(**two)["HostedZoneSummaries"]] == ["corp."]
    dns.disassociate_vpc_from_hosted_zone(HostedZoneId=id, VPC=one)
    assert refused(dns.disassociate_vpc_from_hosted_zone, HostedZoneId=id, VPC=one).code == "VPCAssociationNotFound"
    ghost = {"VPCRegion": "us-east-1", "VPCId": "vpc-0123456789abcdef0"}
    assert refused(dns.associate_vpc_with_hosted_zone, HostedZoneId=id, VPC=ghost).code == "InvalidVPCId"
    public = make(dns, "public.com")
    assert refused(dns.associate_vpc_with_hosted_zone, HostedZoneId=public, VPC=one).code == "PublicZoneVPCAssociation"
    other = cloud.account()
    theirs = {
        "VPCRegion": "us-east-1",
        "VPCId": other.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"],
    }
    ask = other.client("route53").associate_vpc_with_hosted_zone
    assert refused(ask, HostedZoneId=id, VPC=theirs).code == "NotAuthorizedException"
    dns.create_vpc_association_authorization(HostedZoneId=id, VPC=theirs)
    assert dns.list_vpc_association_authorizations(HostedZoneId=id)["VPCs"] == [theirs]
    ask(HostedZoneId=id, VPC=theirs)
    dns.delete_vpc_association_authorization(HostedZoneId=id, VPC=theirs)
    gone = refused(dns.delete_vpc_association_authorization, HostedZoneId=id, VPC=theirs)
    assert gone.code == "VPCAssociationAuthorizationNotFound"


def test_reusable_delegation_sets(dns):
    made = dns.create_reusable_delegation_set(CallerReference="s")["DelegationSet"]
    again = refused(dns.create_reusable_delegation_set, CallerReference="s")
    assert again.code == "DelegationSetAlreadyCreated"
    zone = make(dns, "d.com", DelegationSetId=made["Id"])
    assert dns.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"] == made["NameServers"]
    assert [z["Id"] for z in dns.list_hosted_zones(DelegationSetId=made["Id"])["HostedZones"]] == [zone]
    assert dns.get_reusable_delegation_set(Id=made["Id"])["DelegationSet"] == made
    assert dns.list_reusable_delegation_sets()["DelegationSets"] == [made]
    limit = dns.get_reusable_delegation_set_limit(
        Type="MAX_ZONES_BY_REUSABLE_DELEGATION_SET", DelegationSetId=made["Id"]
    )
    assert (limit["Limit"]["Value"], limit["Count"]) == (100, 1)
    assert refused(dns.delete_reusable_delegation_set, Id=made["Id"]).code == "DelegationSetInUse"
    dns.delete_hosted_zone(Id=zone)
    dns.delete_reusable_delegation_set(Id=made["Id"])
    assert refused(dns.get_reusable_delegation_set, Id=made["Id"]).code == "NoSuchDelegationSet"


def test_limits(dns):
    zone = make(dns, "l.com")
    limit = dns.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    assert (limit["Limit"], limit["Count"]) == ({"Type": "MAX_HOSTED_ZONES_BY_OWNER", "Value": 500}, 1)
    limit = dns.get_hosted_zone_limit(Type="MAX_RRSETS_BY_ZONE", HostedZoneId=zone)
    assert (limit["Limit"]["Value"], limit["Count"]) == (10000, 2)


def test_tags(dns):
    zone = make(dns, "t.com").removeprefix("/hostedzone/")
    where = {"ResourceType": "hostedzone", "ResourceId": zone}
    dns.change_tags_for_resource(**where, AddTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dns.change_tags_for_resource(**where, RemoveTagKeys=["a"])
    tags = [{"Key": "b", "Value": "2"}]
    assert dns.list_tags_for_resource(**where)["ResourceTagSet"] == {**where, "Tags": tags}
    many = dns.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[zone])
    assert many["ResourceTagSets"] == [{**where, "Tags": tags}]
    missing = refused(dns.list_tags_for_resource, ResourceType="hostedzone", ResourceId="Z1")
    assert missing.code == "NoSuchHostedZone"


def test_iam_decides_by_zone_and_record(dns, aws):
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html"""
    id = make(dns, "iam.com")
    allowed = {
        "Effect": "Allow",
        "Action": "route53:ChangeResourceRecordSets",
        "Resource": f"arn:aws:route53:::{id.strip('/')}",
        "Condition": {
            "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["ok.iam.com"],
                "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
            }
        },
    }
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})).client("route53")

    def put(name, type="TXT", value='"v"'):
        record = {"Name": name, "Type": type, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        return {"HostedZoneId": id, "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}}

    user.change_resource_record_sets(**put("OK.iam.com."))
    assert refused(user.change_resource_record_sets, **put("no.iam.com")).code == "AccessDenied"
    assert refused(user.change_resource_record_sets, **put("ok.iam.com", "A", "10.0.0.1")).code == "AccessDenied"
    assert refused(user.get_hosted_zone, Id=id).code == "AccessDenied"


def test_survives_kill(restarted):
    dns = restarted.account().client("route53")
    id = make(dns, "kept.com")
    restarted.restart()
    assert dns.get_hosted_zone(Id=id)["HostedZone"]["Name"] == "kept.com."
