"""Volumes.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
"""

from __future__ import annotations

import pytest
from tests.support import refused

ZONE = "us-east-1a"


@pytest.fixture
def aws(own_cloud):
    return own_cloud.account()


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


def only(ec2, id):
    (found,) = ec2.describe_volumes(VolumeIds=[id])["Volumes"]
    return found


def test_create_describe_and_delete(own_cloud, ec2):
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "data"}]}]
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=10, VolumeType="gp3", TagSpecifications=tags)
    id = made["VolumeId"]
    assert (made["State"], made["Iops"], made["Throughput"]) == ("creating", 3000, 125)
    own_cloud.advance(2)
    found = only(ec2, id)
    assert (found["State"], found["Size"], found["Encrypted"], found["SnapshotId"]) == ("available", 10, False, "")
    assert found["Tags"] == [{"Key": "Name", "Value": "data"}]
    assert found["AvailabilityZoneId"] == "use1-az1"
    by_tag = ec2.describe_volumes(
        Filters=[{"Name": "tag:Name", "Values": ["d*"]}, {"Name": "status", "Values": ["available"]}]
    )
    assert [each["VolumeId"] for each in by_tag["Volumes"]] == [id]
    ec2.delete_volume(VolumeId=id)
    assert refused(ec2.describe_volumes, VolumeIds=[id])[:2] == (
        "InvalidVolume.NotFound", f"The volume '{id}' does not exist.",
    )  # fmt: skip
    assert refused(ec2.delete_volume, VolumeId=id)[0] == "InvalidVolume.NotFound"
    assert refused(ec2.create_volume, Size=1)[0] == "MissingParameter"
    assert refused(ec2.create_volume, Size=1, AvailabilityZone="us-east-1z")[0] == "InvalidZone.NotFound"


@pytest.mark.parametrize(("request_", "code", "text"), [
    ({"Size": 16385, "VolumeType": "gp2"}, "InvalidParameterValue", "large for volume type gp2; maximum is 16384GiB"),
    ({"Size": 100, "VolumeType": "st1"}, "InvalidParameterValue", "too small for volume type st1; minimum is 125GiB"),
    ({"Size": 10, "VolumeType": "io1"}, "MissingParameter", "The parameter iops must be specified for io1 volumes."),
    ({"Size": 10, "VolumeType": "io1", "Iops": 600}, "InvalidParameterValue", "ratio of 60.000000 is too high"),
    ({"Size": 10, "VolumeType": "gp2", "Iops": 600}, "InvalidParameterCombination", "iops is not supported for gp2"),
    ({"Size": 10, "VolumeType": "gp3", "Iops": 2000}, "InvalidParameterValue", "Volume iops of 2000 is too low"),
    ({"Size": 10, "VolumeType": "gp3", "Throughput": 1000}, "InvalidParameterValue", "maximum is 0.250000 MiBps"),
    ({"Size": 10, "VolumeType": "gp2", "Throughput": 125}, "InvalidParameterCombination", "is not supported for gp2"),
    ({"VolumeType": "gp2"}, "MissingParameter", "size or snapshotId"),
    ({"Size": 10, "MultiAttachEnabled": True}, "InvalidParameterCombination", "Multi-Attach"),
])  # fmt: skip
def test_limits(ec2, request_, code, text):
    found = refused(ec2.create_volume, AvailabilityZone=ZONE, **request_)
    assert found[0] == code
    assert text in found[1]


def test_performance_by_type(ec2):
    def iops(**request):
        return ec2.create_volume(AvailabilityZone=ZONE, **request).get("Iops")

    assert iops(Size=10) == 100
    assert iops(Size=1000) == 3000
    assert iops(Size=16000) == 16000
    assert iops(Size=100, VolumeType="io2", Iops=5000) == 5000
    assert iops(Size=500, VolumeType="st1") is None


def test_client_tokens(ec2):
    request = {"AvailabilityZone": ZONE, "Size": 1, "ClientToken": "once"}
    assert ec2.create_volume(**request)["VolumeId"] == ec2.create_volume(**request)["VolumeId"]
    assert len(ec2.describe_volumes()["Volumes"]) == 1
    assert refused(ec2.create_volume, **{**request, "Size": 2})[0] == "IdempotentParameterMismatch"


def test_modify(own_cloud, ec2):
    id = ec2.create_volume(AvailabilityZone=ZONE, Size=10)["VolumeId"]
    own_cloud.advance(2)
    change = ec2.modify_volume(VolumeId=id, Size=20, VolumeType="gp3", Iops=4000)["VolumeModification"]
    assert (change["ModificationState"], change["OriginalVolumeType"], change["TargetIops"]) == (
        "modifying",
        "gp2",
        4000,
    )
    found = only(ec2, id)
    assert (found["Size"], found["VolumeType"], found["Iops"], found["Throughput"]) == (20, "gp3", 4000, 125)
    assert refused(ec2.modify_volume, VolumeId=id, Size=30)[0] == "IncorrectModificationState"
    own_cloud.advance(60)
    (change,) = ec2.describe_volumes_modifications(VolumeIds=[id])["VolumesModifications"]
    assert (change["ModificationState"], change["Progress"]) == ("completed", 100)
    done = [{"Name": "modification-state", "Values": ["completed"]}]
    assert len(ec2.describe_volumes_modifications(Filters=done)["VolumesModifications"]) == 1
    assert refused(ec2.modify_volume, VolumeId=id, Size=30)[0] == "VolumeModificationRateExceeded"
    own_cloud.advance(6 * 3600)
    assert refused(ec2.modify_volume, VolumeId=id, Size=15)[:2] == (
        "InvalidParameterValue", "New size cannot be smaller than existing size",
    )  # fmt: skip
    ec2.modify_volume(VolumeId=id, Size=30)
    other = ec2.create_volume(AvailabilityZone=ZONE, Size=10)["VolumeId"]
    assert refused(ec2.describe_volumes_modifications, VolumeIds=[other])[0] == "InvalidVolumeModification.NotFound"


def test_status_and_attributes(ec2):
    id = ec2.create_volume(AvailabilityZone=ZONE, Size=10)["VolumeId"]
    (status,) = ec2.describe_volume_status(VolumeIds=[id])["VolumeStatuses"]
    assert status["VolumeStatus"]["Status"] == "ok"
    ec2.modify_volume_attribute(VolumeId=id, AutoEnableIO={"Value": True})
    assert ec2.describe_volume_attribute(VolumeId=id, Attribute="autoEnableIO")["AutoEnableIO"] == {"Value": True}
    ec2.enable_volume_io(VolumeId=id)


def test_encryption(aws, ec2):
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)
    assert (made["Encrypted"], made["KmsKeyId"]) == (True, key)
    managed = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)["KmsKeyId"]
    assert managed != key
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert ec2.create_volume(AvailabilityZone=ZONE, Size=1)["KmsKeyId"] == managed
    assert ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)["KmsKeyId"] == key
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key
    assert ec2.create_volume(AvailabilityZone=ZONE, Size=1)["KmsKeyId"] == key
    assert ec2.reset_ebs_default_kms_key_id()["KmsKeyId"] == managed
    assert ec2.disable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.create_volume(AvailabilityZone=ZONE, Size=1)["Encrypted"] is False
    wrong = {"AvailabilityZone": ZONE, "Size": 1, "KmsKeyId": key}
    assert refused(ec2.create_volume, **wrong)[0] == "InvalidParameterCombination"
    gone = key[:-12] + "0" * 12
    assert refused(ec2.create_volume, **{**wrong, "KmsKeyId": gone, "Encrypted": True})[0] == "InvalidKmsKeyId.NotFound"


def test_copies(own_cloud, ec2):
    source = ec2.create_volume(AvailabilityZone=ZONE, Size=4, Encrypted=True)["VolumeId"]
    (copied,) = ec2.copy_volumes(SourceVolumeId=source, Size=8)["Volumes"]
    assert (copied["Size"], copied["SourceVolumeId"], copied["AvailabilityZone"]) == (8, source, ZONE)
    plain = ec2.create_volume(AvailabilityZone=ZONE, Size=4)["VolumeId"]
    assert refused(ec2.copy_volumes, SourceVolumeId=plain)[0] == "InvalidParameterValue"
