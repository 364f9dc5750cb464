"""Health checks, and what is only kept: logging, DNSSEC, traffic policies, CIDR collections."""

import json
import uuid

import pytest
from tests.support import refused


@pytest.fixture
def dns(aws):
    return aws.client("route53")


@pytest.fixture
def zone(dns):
    made = dns.create_hosted_zone(Name="example.com", CallerReference=uuid.uuid4().hex)
    return made["HostedZone"]["Id"].removeprefix("/hostedzone/")


def test_health_checks(dns):
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHealthCheck.html"""
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "example.com", "ResourcePath": "/"}
    made = dns.create_health_check(CallerReference="h", HealthCheckConfig=config)["HealthCheck"]
    assert made["HealthCheckVersion"] == 1
    assert made["HealthCheckConfig"] == {**config, "Port": 443, "RequestInterval": 30, "FailureThreshold": 3,
                                         "MeasureLatency": False, "Inverted": False, "Disabled": False,
                                         "EnableSNI": True}  # fmt: skip
    again = dns.create_health_check(CallerReference="h", HealthCheckConfig=config)["HealthCheck"]
    assert again["Id"] == made["Id"]
    other = {**config, "ResourcePath": "/other"}
    assert (
        refused(dns.create_health_check, CallerReference="h", HealthCheckConfig=other).code
        == "HealthCheckAlreadyExists"
    )
    bad = refused(dns.create_health_check, CallerReference="i", HealthCheckConfig={"Type": "HTTP"})
    assert bad.code == "InvalidInput"
    id = made["Id"]
    changed = dns.update_health_check(HealthCheckId=id, HealthCheckVersion=1, FailureThreshold=5)["HealthCheck"]
    assert (changed["HealthCheckVersion"], changed["HealthCheckConfig"]["FailureThreshold"]) == (2, 5)
    stale = refused(dns.update_health_check, HealthCheckId=id, HealthCheckVersion=1)
    assert (stale.code, stale.status) == ("HealthCheckVersionMismatch", 409)
    assert dns.get_health_check(HealthCheckId=id)["HealthCheck"] == changed
    assert [each["Id"] for each in dns.list_health_checks()["HealthChecks"]] == [id]
    assert dns.get_health_check_count()["HealthCheckCount"] == 1
    assert dns.get_health_check_status(HealthCheckId=id)["HealthCheckObservations"]
    assert dns.get_health_check_last_failure_reason(HealthCheckId=id)["HealthCheckObservations"] == []
    assert dns.get_checker_ip_ranges()["CheckerIpRanges"]
    where = {"ResourceType": "healthcheck", "ResourceId": id}
    dns.change_tags_for_resource(**where, AddTags=[{"Key": "Name", "Value": "n"}])
    assert dns.list_tags_for_resource(**where)["ResourceTagSet"]["Tags"] == [{"Key": "Name", "Value": "n"}]
    dns.delete_health_check(HealthCheckId=id)
    assert refused(dns.get_health_check, HealthCheckId=id).code == "NoSuchHealthCheck"


def test_query_logging(dns, aws, zone):
    group = f"arn:aws:logs:us-east-1:{aws.id}:log-group:/dns"
    made = dns.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn=group)["QueryLoggingConfig"]
    assert made["HostedZoneId"] == zone
    again = refused(dns.create_query_logging_config, HostedZoneId=zone, CloudWatchLogsLogGroupArn=group)
    assert again.code == "QueryLoggingConfigAlreadyExists"
    assert dns.get_query_logging_config(Id=made["Id"])["QueryLoggingConfig"] == made
    assert dns.list_query_logging_configs(HostedZoneId=zone)["QueryLoggingConfigs"] == [made]
    dns.delete_query_logging_config(Id=made["Id"])
    assert refused(dns.get_query_logging_config, Id=made["Id"]).code == "NoSuchQueryLoggingConfig"


def test_dnssec(dns, aws, zone):
    where = {"HostedZoneId": zone}
    unsigned = refused(dns.enable_hosted_zone_dnssec, **where)
    assert unsigned.code == "KeySigningKeyWithActiveStatusNotFound"
    key = f"arn:aws:kms:us-east-1:{aws.id}:key/{uuid.uuid4()}"
    made = dns.create_key_signing_key(
        **where, Name="key_1", CallerReference="k", KeyManagementServiceArn=key, Status="INACTIVE"
    )["KeySigningKey"]
    assert (made["KmsArn"], made["Status"], made["Flag"]) == (key, "INACTIVE", 257)
    dns.activate_key_signing_key(**where, Name="key_1")
    dns.enable_hosted_zone_dnssec(**where)
    found = dns.get_dnssec(**where)
    assert found["Status"]["ServeSignature"] == "SIGNING"
    assert [each["Status"] for each in found["KeySigningKeys"]] == ["ACTIVE"]
    assert refused(dns.deactivate_key_signing_key, **where, Name="key_1").code == "KeySigningKeyInUse"
    assert refused(dns.delete_key_signing_key, **where, Name="key_1").code == "InvalidKeySigningKeyStatus"
    dns.disable_hosted_zone_dnssec(**where)
    dns.deactivate_key_signing_key(**where, Name="key_1")
    dns.delete_key_signing_key(**where, Name="key_1")
    assert refused(dns.activate_key_signing_key, **where, Name="key_1").code == "NoSuchKeySigningKey"


def test_traffic_policies(dns, zone):
    document = json.dumps({"AWSPolicyFormatVersion": "2015-10-01", "RecordType": "A", "Endpoints": {}, "Rules": {}})
    policy = dns.create_traffic_policy(Name="p", Document=document)["TrafficPolicy"]
    assert (policy["Version"], policy["Type"]) == (1, "A")
    assert refused(dns.create_traffic_policy, Name="p", Document=document).code == "TrafficPolicyAlreadyExists"
    assert refused(dns.create_traffic_policy, Name="q", Document="{}").code == "InvalidTrafficPolicyDocument"
    id = policy["Id"]
    assert dns.create_traffic_policy_version(Id=id, Document=document)["TrafficPolicy"]["Version"] == 2
    assert dns.update_traffic_policy_comment(Id=id, Version=2, Comment="c")["TrafficPolicy"]["Comment"] == "c"
    assert dns.get_traffic_policy(Id=id, Version=2)["TrafficPolicy"]["Comment"] == "c"
    (listed,) = dns.list_traffic_policies()["TrafficPolicySummaries"]
    assert (listed["LatestVersion"], listed["TrafficPolicyCount"]) == (2, 2)
    assert [each["Version"] for each in dns.list_traffic_policy_versions(Id=id)["TrafficPolicies"]] == [1, 2]
    made = dns.create_traffic_policy_instance(
        HostedZoneId=zone, Name="www.example.com", TTL=60, TrafficPolicyId=id, TrafficPolicyVersion=1
    )["TrafficPolicyInstance"]
    assert (made["Name"], made["State"]) == ("www.example.com.", "Applied")
    assert refused(dns.delete_traffic_policy, Id=id, Version=1).code == "TrafficPolicyInUse"
    moved = {"Id": made["Id"], "TTL": 30, "TrafficPolicyId": id, "TrafficPolicyVersion": 2}
    dns.update_traffic_policy_instance(**moved)
    shown = dns.get_traffic_policy_instance(Id=made["Id"])["TrafficPolicyInstance"]
    assert (shown["TTL"], shown["TrafficPolicyVersion"]) == (30, 2)
    for listed in (
        dns.list_traffic_policy_instances(),
        dns.list_traffic_policy_instances_by_hosted_zone(HostedZoneId=zone),
        dns.list_traffic_policy_instances_by_policy(TrafficPolicyId=id, TrafficPolicyVersion=2),
    ):
        assert listed["TrafficPolicyInstances"] == [shown]
    assert dns.get_traffic_policy_instance_count()["TrafficPolicyInstanceCount"] == 1
    dns.delete_traffic_policy_instance(Id=made["Id"])
    assert refused(dns.get_traffic_policy_instance, Id=made["Id"]).code == "NoSuchTrafficPolicyInstance"
    for version in (1, 2):
        dns.delete_traffic_policy(Id=id, Version=version)
    assert refused(dns.get_traffic_policy, Id=id, Version=1).code == "NoSuchTrafficPolicy"


def test_cidr_collections(dns):
    made = dns.create_cidr_collection(Name="c", CallerReference="r")["Collection"]
    assert made["Arn"] == f"arn:aws:route53:::cidrcollection/{made['Id']}"
    other = refused(dns.create_cidr_collection, Name="c", CallerReference="s")
    assert other.code == "CidrCollectionAlreadyExistsException"
    put = {"LocationName": "l", "Action": "PUT", "CidrList": ["10.0.0.0/24", "10.0.1.0/24"]}
    dns.change_cidr_collection(Id=made["Id"], CollectionVersion=1, Changes=[put])
    stale = refused(dns.change_cidr_collection, Id=made["Id"], CollectionVersion=1, Changes=[put])
    assert stale.code == "CidrCollectionVersionMismatchException"
    assert dns.list_cidr_locations(CollectionId=made["Id"])["CidrLocations"] == [{"LocationName": "l"}]
    blocks = dns.list_cidr_blocks(CollectionId=made["Id"], LocationName="l")["CidrBlocks"]
    assert [each["CidrBlock"] for each in blocks] == put["CidrList"]
    assert refused(dns.delete_cidr_collection, Id=made["Id"]).code == "CidrCollectionInUseException"
    gone = {**put, "Action": "DELETE_IF_EXISTS"}
    dns.change_cidr_collection(Id=made["Id"], Changes=[gone])
    dns.delete_cidr_collection(Id=made["Id"])
    assert dns.list_cidr_collections()["CidrCollections"] == []


def test_a_stack_of_records(aws, dns):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-route53-recordset.html"""
    template = {
        "Resources": {
            "Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "stack.com"}},
            "Record": {"Type": "AWS::Route53::RecordSet", "Properties": {
                "HostedZoneId": {"Ref": "Zone"}, "Name": "www.stack.com", "Type": "A", "TTL": "60",
                "ResourceRecords": ["10.0.0.1"]}},
            "Group": {"Type": "AWS::Route53::RecordSetGroup", "DependsOn": "Record", "Properties": {
                "HostedZoneName": "stack.com.", "RecordSets": [
                    {"Name": "a.stack.com", "Type": "A", "AliasTarget": {
                        "DNSName": "www.stack.com", "HostedZoneId": {"Ref": "Zone"}}}]}},
        },
        "Outputs": {"Servers": {"Value": {"Fn::Join": [",", {"Fn::GetAtt": ["Zone", "NameServers"]}]}}},
    }  # fmt: skip
    cfn = aws.client("cloudformation")
    cfn.create_stack(StackName="s", TemplateBody=json.dumps(template))
    cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    id = dns.list_hosted_zones()["HostedZones"][0]["Id"]
    (output,) = cfn.describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    assert output["OutputValue"].split(",") == dns.get_hosted_zone(Id=id)["DelegationSet"]["NameServers"]
    template["Resources"]["Record"]["Properties"]["Name"] = "web.stack.com"
    template["Resources"]["Group"]["Properties"]["RecordSets"][0]["AliasTarget"]["DNSName"] = "web.stack.com"
    cfn.update_stack(StackName="s", TemplateBody=json.dumps(template))
    cfn.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    names = [each["Name"] for each in dns.list_resource_record_sets(HostedZoneId=id)["ResourceRecordSets"]]
    assert names[2:] == ["a.stack.com.", "web.stack.com."]
    cfn.delete_stack(StackName="s")
    cfn.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    assert dns.list_hosted_zones()["HostedZones"] == []
