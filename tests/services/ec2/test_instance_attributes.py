"""Attributes, options and the status of instances, and their instance profiles.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
"""

from __future__ import annotations

import base64
import json

import pytest
from tests.support import refused

TRUST = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}  # fmt: skip


@pytest.fixture
def aws(own_cloud):
    return own_cloud.account()


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


@pytest.fixture
def launch(own_cloud, ec2):
    (found,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-kernel-6.1-x86_64"]}])[
        "Images"
    ]

    def run(**more):
        request = {"ImageId": found["ImageId"], "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, **more}
        id = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
        own_cloud.advance(2)
        return id

    return run


@pytest.fixture
def instance(launch):
    return launch()


def only(ec2, id):
    (reservation,) = ec2.describe_instances(InstanceIds=[id])["Reservations"]
    return reservation["Instances"][0]


def attribute(ec2, id, name):
    answer = ec2.describe_instance_attribute(InstanceId=id, Attribute=name)
    (member,) = set(answer) - {"InstanceId", "ResponseMetadata"}
    return answer[member]


@pytest.mark.parametrize(("name", "member", "value"), [
    ("disableApiTermination", "DisableApiTermination", True),
    ("disableApiStop", "DisableApiStop", True),
    ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior", "terminate"),
    ("sourceDestCheck", "SourceDestCheck", False),
])  # fmt: skip
def test_attributes_of_a_running_instance(ec2, instance, name, member, value):
    ec2.modify_instance_attribute(InstanceId=instance, **{member: {"Value": value}})
    assert attribute(ec2, instance, name) == {"Value": value}


def test_attributes_of_a_stopped_instance(own_cloud, ec2, instance):
    assert refused(ec2.modify_instance_attribute, InstanceId=instance, InstanceType={"Value": "t3.micro"})[0] == (
        "IncorrectInstanceState"
    )
    ec2.stop_instances(InstanceIds=[instance])
    own_cloud.advance(2)
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "m5.large"})
    ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"hello"})
    ec2.modify_instance_attribute(InstanceId=instance, Attribute="ebsOptimized", Value="true")
    found = only(ec2, instance)
    assert (found["InstanceType"], found["EbsOptimized"]) == ("m5.large", True)
    assert base64.b64decode(attribute(ec2, instance, "userData")["Value"]) == b"hello"
    assert refused(ec2.modify_instance_attribute, InstanceId=instance, InstanceType={"Value": "m6g.large"})[0] == (
        "InvalidParameterValue"
    )
    ec2.modify_instance_cpu_options(InstanceId=instance, CoreCount=1, ThreadsPerCore=1)
    assert only(ec2, instance)["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 1}
    ec2.create_placement_group(GroupName="pg")
    ec2.modify_instance_placement(InstanceId=instance, GroupName="pg")
    assert only(ec2, instance)["Placement"]["GroupName"] == "pg"
    ec2.modify_private_dns_name_options(
        InstanceId=instance, PrivateDnsHostnameType="resource-name", EnableResourceNameDnsARecord=True
    )
    assert only(ec2, instance)["PrivateDnsName"] == f"{instance}.ec2.internal"


def test_groups_and_other_attributes(ec2, instance):
    group = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[group])
    assert attribute(ec2, instance, "groupSet") == [{"GroupId": group, "GroupName": "web"}]
    assert attribute(ec2, instance, "rootDeviceName") == {"Value": "/dev/xvda"}
    assert attribute(ec2, instance, "instanceType") == {"Value": "t3.nano"}
    (device,) = attribute(ec2, instance, "blockDeviceMapping")
    assert (device["DeviceName"], device["Ebs"]["DeleteOnTermination"]) == ("/dev/xvda", True)
    ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})
    ec2.reset_instance_attribute(InstanceId=instance, Attribute="sourceDestCheck")
    assert attribute(ec2, instance, "sourceDestCheck") == {"Value": True}
    assert (
        refused(ec2.describe_instance_attribute, InstanceId=instance, Attribute="colour")[0] == "InvalidParameterValue"
    )
    assert refused(ec2.modify_instance_attribute, InstanceId=instance)[0] == "MissingParameter"
    both = {"DisableApiStop": {"Value": True}, "DisableApiTermination": {"Value": True}}
    assert refused(ec2.modify_instance_attribute, InstanceId=instance, **both)[0] == "InvalidParameterCombination"


def test_metadata_options(ec2, launch):
    ec2.modify_instance_metadata_defaults(HttpTokens="optional", HttpPutResponseHopLimit=5)
    level = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (level["HttpTokens"], level["HttpPutResponseHopLimit"]) == ("optional", 5)
    id = launch(MetadataOptions={"InstanceMetadataTags": "enabled"})
    options = only(ec2, id)["MetadataOptions"]
    assert options == {
        "State": "applied", "HttpTokens": "optional", "HttpPutResponseHopLimit": 5, "HttpEndpoint": "enabled",
        "HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "enabled",
    }  # fmt: skip
    ec2.modify_instance_metadata_options(InstanceId=id, HttpTokens="required")
    assert only(ec2, id)["MetadataOptions"]["HttpTokens"] == "required"
    assert refused(ec2.modify_instance_metadata_options, InstanceId=id, HttpPutResponseHopLimit=65)[0] == (
        "InvalidParameterValue"
    )
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert ec2.get_instance_metadata_defaults().get("AccountLevel", {}) == {}
    ec2.modify_instance_maintenance_options(InstanceId=id, AutoRecovery="disabled")
    assert only(ec2, id)["MaintenanceOptions"]["AutoRecovery"] == "disabled"


def test_credits(ec2, launch):
    id = launch()
    (found,) = ec2.describe_instance_credit_specifications(InstanceIds=[id])["InstanceCreditSpecifications"]
    assert found == {"InstanceId": id, "CpuCredits": "unlimited"}
    answer = ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[{"InstanceId": id, "CpuCredits": "standard"}]
    )
    assert answer["SuccessfulInstanceCreditSpecifications"] == [{"InstanceId": id}]
    (found,) = ec2.describe_instance_credit_specifications(InstanceIds=[id])["InstanceCreditSpecifications"]
    assert found["CpuCredits"] == "standard"


def test_status(own_cloud, ec2, instance):
    (status,) = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
    assert status["InstanceState"] == {"Code": 16, "Name": "running"}
    assert status["InstanceStatus"]["Status"] == "initializing"
    own_cloud.advance(120)
    (status,) = ec2.describe_instance_status()["InstanceStatuses"]
    assert status["SystemStatus"] == {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
    ec2.stop_instances(InstanceIds=[instance])
    own_cloud.advance(2)
    assert ec2.describe_instance_status()["InstanceStatuses"] == []
    (status,) = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert (status["InstanceState"]["Name"], status["InstanceStatus"]["Status"]) == ("stopped", "not-applicable")
    ec2.report_instance_status(Instances=[instance], Status="ok", ReasonCodes=["other"])


def test_what_a_guest_would_tell(ec2, instance):
    assert "Output" not in ec2.get_console_output(InstanceId=instance)
    assert ec2.get_password_data(InstanceId=instance)["PasswordData"] == ""
    assert refused(ec2.get_console_screenshot, InstanceId=instance)[0] == "UnsupportedOperation"


@pytest.fixture
def profile(aws):
    iam = aws.client("iam")

    def make(name):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        made = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        return made["Arn"]

    return make


def test_instance_profiles(ec2, instance, profile):
    one, two = profile("one"), profile("two")
    made = ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile={"Name": "one"})
    id = made["IamInstanceProfileAssociation"]["AssociationId"]
    assert only(ec2, instance)["IamInstanceProfile"]["Arn"] == one
    again = {"InstanceId": instance, "IamInstanceProfile": {"Arn": two}}
    assert refused(ec2.associate_iam_instance_profile, **again)[0] == "IncorrectState"
    replaced = ec2.replace_iam_instance_profile_association(AssociationId=id, IamInstanceProfile={"Arn": two})
    id = replaced["IamInstanceProfileAssociation"]["AssociationId"]
    (found,) = ec2.describe_iam_instance_profile_associations(Filters=[{"Name": "instance-id", "Values": [instance]}])[
        "IamInstanceProfileAssociations"
    ]
    assert (found["AssociationId"], found["IamInstanceProfile"]["Arn"], found["State"]) == (id, two, "associated")
    ec2.disassociate_iam_instance_profile(AssociationId=id)
    assert ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"] == []
    assert refused(ec2.disassociate_iam_instance_profile, AssociationId=id)[0] == "InvalidAssociationID.NotFound"


def test_a_role_must_be_passed(aws, ec2, launch, profile, instance):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
    profile("one")
    allow = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": allow})).client("ec2")
    request = {"InstanceId": instance, "IamInstanceProfile": {"Name": "one"}}
    code, text, _ = refused(user.associate_iam_instance_profile, **request)
    assert code == "UnauthorizedOperation"
    assert "iam:PassRole" in text
    own = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"arn:aws:iam::{aws.id}:role/one",
           "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}  # fmt: skip
    passing = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allow, own]})).client("ec2")
    passing.associate_iam_instance_profile(**request)


def test_settings_of_the_region(ec2, launch):
    assert ec2.get_default_credit_specification(InstanceFamily="t3")["InstanceFamilyCreditSpecification"] == {
        "InstanceFamily": "t3", "CpuCredits": "unlimited",
    }  # fmt: skip
    ec2.modify_default_credit_specification(InstanceFamily="t3", CpuCredits="standard")
    (found,) = ec2.describe_instance_credit_specifications(InstanceIds=[launch()])["InstanceCreditSpecifications"]
    assert found["CpuCredits"] == "standard"
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is False
    assert ec2.enable_serial_console_access()["SerialConsoleAccessEnabled"] is True
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is True
    assert ec2.disable_serial_console_access()["SerialConsoleAccessEnabled"] is False
