"""S3 Control through boto3.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html

boto3 puts the account before the endpoint's host. Such a name of an address does not resolve, so these clients ask the
endpoint itself, which knows S3 Control by its paths and the header with the account.
"""

import json
import re
import uuid

import pytest
import urllib3
from tests.support import refused

FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip


def get(url, **headers):
    return urllib3.request("GET", url, headers=headers)


def control_of(account):
    client = account.client("s3control")

    def plain(request, **_):
        request.url = re.sub(r"://[0-9]{12}\.", "://", request.url)

    client.meta.events.register("before-sign.s3-control", plain)
    return client


@pytest.fixture
def control(aws):
    return control_of(aws)


@pytest.fixture
def bucket(aws):
    name = f"b{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def public(bucket):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_account_blocks_public_access_in_all_its_buckets(aws, cloud, control, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    mine = {"AccountId": aws.id}
    none = refused(control.get_public_access_block, **mine)
    assert (none.code, none.status) == ("NoSuchPublicAccessBlockConfiguration", 404)
    s3 = aws.client("s3")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket))
    s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    url = f"{cloud.endpoint}/{bucket}/k"
    assert get(url).status == 200
    control.put_public_access_block(**mine, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert get(url).status == 403
    found = control.get_public_access_block(**mine)["PublicAccessBlockConfiguration"]
    assert found == {**dict.fromkeys(FLAGS, False), "RestrictPublicBuckets": True}
    assert s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket))
    control.put_public_access_block(**mine, PublicAccessBlockConfiguration=dict.fromkeys(FLAGS, True))
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket)).code == "AccessDenied"
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    assert refused(s3.put_object, Bucket=bucket, Key="a", ACL="public-read").code == "AccessDenied"
    new = f"n{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=new)
    s3.delete_public_access_block(Bucket=new)
    assert refused(s3.put_bucket_policy, Bucket=new, Policy=public(new)).code == "AccessDenied"
    control.delete_public_access_block(**mine)
    s3.put_bucket_policy(Bucket=new, Policy=public(new))
    assert get(url).status == 200


def test_tags_of_a_bucket_by_its_arn(aws, control, bucket):
    """As Terraform's provider asks for them, from its version 6 on."""
    where = {"AccountId": aws.id, "ResourceArn": f"arn:aws:s3:::{bucket}"}
    assert control.list_tags_for_resource(**where)["Tags"] == []
    control.tag_resource(**where, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    assert aws.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
    ]
    control.untag_resource(**where, TagKeys=["a"])
    assert control.list_tags_for_resource(**where)["Tags"] == [{"Key": "b", "Value": "2"}]
    control.untag_resource(**where, TagKeys=["b"])
    assert refused(aws.client("s3").get_bucket_tagging, Bucket=bucket).code == "NoSuchTagSet"
    missing = {**where, "ResourceArn": "arn:aws:s3:::no-such-bucket-here"}
    assert refused(control.list_tags_for_resource, **missing).code == "NoSuchBucket"


def test_the_account_must_be_the_callers(aws, cloud, control, bucket):
    other = control_of(cloud.account())
    assert refused(other.get_public_access_block, AccountId=aws.id).code == "AccessDenied"
    arn = f"arn:aws:s3:::{bucket}"
    assert refused(other.list_tags_for_resource, AccountId=aws.id, ResourceArn=arn).code == "AccessDenied"
    allowed = {"Effect": "Allow", "Action": "s3:GetAccountPublicAccessBlock", "Resource": "*"}
    user = control_of(aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})))
    assert refused(user.get_public_access_block, AccountId=aws.id).code == "NoSuchPublicAccessBlockConfiguration"
    assert refused(user.delete_public_access_block, AccountId=aws.id).code == "AccessDenied"


def test_access_points(aws, control, bucket):
    mine = {"AccountId": aws.id, "Name": "point"}
    made = control.create_access_point(**mine, Bucket=bucket)
    assert made["AccessPointArn"] == f"arn:aws:s3:us-east-1:{aws.id}:accesspoint/point"
    assert made["Alias"].endswith("-s3alias")
    assert refused(control.create_access_point, **mine, Bucket=bucket).code == "AccessPointAlreadyOwnedByYou"
    found = control.get_access_point(**mine)
    assert (found["Bucket"], found["NetworkOrigin"], found["Alias"]) == (bucket, "Internet", made["Alias"])
    assert found["PublicAccessBlockConfiguration"] == dict.fromkeys(FLAGS, True)
    (listed,) = control.list_access_points(AccountId=aws.id, Bucket=bucket)["AccessPointList"]
    assert listed["AccessPointArn"] == made["AccessPointArn"]
    assert refused(control.get_access_point_policy, **mine).code == "NoSuchAccessPointPolicy"
    control.put_access_point_policy(**mine, Policy=public(bucket))
    assert control.get_access_point_policy(**mine)["Policy"] == public(bucket)
    assert control.get_access_point_policy_status(**mine)["PolicyStatus"]["IsPublic"] is True
    control.delete_access_point_policy(**mine)
    control.tag_resource(AccountId=aws.id, ResourceArn=made["AccessPointArn"], Tags=[{"Key": "k", "Value": "v"}])
    tags = control.list_tags_for_resource(AccountId=aws.id, ResourceArn=made["AccessPointArn"])["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]
    control.delete_access_point(**mine)
    gone = refused(control.get_access_point, **mine)
    assert (gone.code, gone.status) == ("NoSuchAccessPoint", 404)


@pytest.fixture
def role(aws):
    made = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    return made["Role"]["Arn"]


def test_jobs(aws, control, bucket, role):
    request = {
        "AccountId": aws.id, "Operation": {"S3DeleteObjectTagging": {}}, "Report": {"Enabled": False},
        "ClientRequestToken": "t", "Priority": 10, "RoleArn": role, "ConfirmationRequired": True,
        "Manifest": {"Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
                     "Location": {"ObjectArn": f"arn:aws:s3:::{bucket}/m.csv", "ETag": "e"}},
        "Tags": [{"Key": "a", "Value": "b"}],
    }  # fmt: skip
    id = control.create_job(**request)["JobId"]
    assert control.create_job(**request)["JobId"] == id
    mine = {"AccountId": aws.id, "JobId": id}
    job = control.describe_job(**mine)["Job"]
    assert (job["Status"], job["Priority"], job["RoleArn"]) == ("Suspended", 10, role)
    assert [each["JobId"] for each in control.list_jobs(AccountId=aws.id)["Jobs"]] == [id]
    assert control.update_job_priority(**mine, Priority=5)["Priority"] == 5
    assert control.update_job_status(**mine, RequestedJobStatus="Cancelled")["Status"] == "Cancelled"
    assert refused(control.update_job_status, **mine, RequestedJobStatus="Ready").code == "JobStatusException"
    assert control.get_job_tagging(**mine)["Tags"] == request["Tags"]
    control.put_job_tagging(**mine, Tags=[{"Key": "c", "Value": "d"}])
    control.delete_job_tagging(**mine)
    assert control.get_job_tagging(**mine).get("Tags", []) == []
    missing = refused(control.describe_job, AccountId=aws.id, JobId=str(uuid.uuid4()))
    assert missing.code == "NotFoundException"


def test_storage_lens(aws, control):
    mine = {"AccountId": aws.id, "ConfigId": "lens"}
    lens = {"Id": "lens", "AccountLevel": {"BucketLevel": {}}, "IsEnabled": True}
    missing = refused(control.get_storage_lens_configuration, **mine)
    assert (missing.code, missing.status) == ("NoSuchConfiguration", 404)
    control.put_storage_lens_configuration(**mine, StorageLensConfiguration=lens, Tags=[{"Key": "a", "Value": "b"}])
    found = control.get_storage_lens_configuration(**mine)["StorageLensConfiguration"]
    assert found["StorageLensArn"] == f"arn:aws:s3:us-east-1:{aws.id}:storage-lens/lens"
    (listed,) = control.list_storage_lens_configurations(AccountId=aws.id)["StorageLensConfigurationList"]
    assert (listed["Id"], listed["IsEnabled"]) == ("lens", True)
    assert control.get_storage_lens_configuration_tagging(**mine)["Tags"] == [{"Key": "a", "Value": "b"}]
    control.put_storage_lens_configuration_tagging(**mine, Tags=[{"Key": "c", "Value": "d"}])
    control.delete_storage_lens_configuration_tagging(**mine)
    assert control.get_storage_lens_configuration_tagging(**mine).get("Tags", []) == []
    control.delete_storage_lens_configuration(**mine)
    group = {"Name": "group", "Filter": {"MatchAnyPrefix": ["p"]}}
    control.create_storage_lens_group(AccountId=aws.id, StorageLensGroup=group)
    name = {"AccountId": aws.id, "Name": "group"}
    assert control.get_storage_lens_group(**name)["StorageLensGroup"]["Filter"] == group["Filter"]
    control.update_storage_lens_group(**name, StorageLensGroup={**group, "Filter": {"MatchAnyPrefix": ["q"]}})
    (listed,) = control.list_storage_lens_groups(AccountId=aws.id)["StorageLensGroupList"]
    assert listed["Name"] == "group"
    control.delete_storage_lens_group(**name)
    assert refused(control.get_storage_lens_group, **name).code == "NoSuchConfiguration"


def test_access_grants(aws, control, role):
    mine = {"AccountId": aws.id}
    assert refused(control.get_access_grants_instance, **mine).code == "AccessGrantsInstanceNotExistsError"
    made = control.create_access_grants_instance(**mine)
    assert made["AccessGrantsInstanceArn"] == f"arn:aws:s3:us-east-1:{aws.id}:access-grants/default"
    assert control.get_access_grants_instance(**mine)["AccessGrantsInstanceId"] == "default"
    assert len(control.list_access_grants_instances(**mine)["AccessGrantsInstancesList"]) == 1
    control.put_access_grants_instance_resource_policy(**mine, Policy=public("b"))
    assert control.get_access_grants_instance_resource_policy(**mine)["Policy"] == public("b")
    control.delete_access_grants_instance_resource_policy(**mine)
    place = control.create_access_grants_location(**mine, LocationScope="s3://", IAMRoleArn=role)
    where = {**mine, "AccessGrantsLocationId": place["AccessGrantsLocationId"]}
    assert place["AccessGrantsLocationId"] == "default"
    assert control.get_access_grants_location(**where)["LocationScope"] == "s3://"
    assert control.update_access_grants_location(**where, IAMRoleArn=role)["IAMRoleArn"] == role
    assert len(control.list_access_grants_locations(**mine)["AccessGrantsLocationsList"]) == 1
    grant = control.create_access_grant(
        **where, Permission="READ", Grantee={"GranteeType": "IAM", "GranteeIdentifier": role},
        AccessGrantsLocationConfiguration={"S3SubPrefix": "b/*"},
    )  # fmt: skip
    assert grant["GrantScope"] == "s3://b/*"
    named = {**mine, "AccessGrantId": grant["AccessGrantId"]}
    assert control.get_access_grant(**named)["Permission"] == "READ"
    assert len(control.list_access_grants(**mine)["AccessGrantsList"]) == 1
    assert refused(control.delete_access_grants_location, **where).code == "AccessGrantsLocationNotEmptyError"
    control.delete_access_grant(**named)
    assert refused(control.get_access_grant, **named).code == "NoSuchAccessGrantError"
    assert refused(control.delete_access_grants_instance, **mine).code == "AccessGrantsInstanceNotEmptyError"
    control.delete_access_grants_location(**where)
    control.delete_access_grants_instance(**mine)


@pytest.mark.parametrize("host", ["{id}.s3-control.us-east-1.amazonaws.com", "{id}.localhost"])
def test_the_hosts_that_sdks_make_up(aws, cloud, host):
    """The name is in the Host header alone: what resolves it is the client's matter."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest

    name = host.format(id=aws.id)
    request = AWSRequest("GET", f"http://{name}/v20180820/configuration/publicAccessBlock",
                         headers={"x-amz-account-id": aws.id, "host": name})  # fmt: skip
    S3SigV4Auth(aws.session().get_credentials(), "s3", "us-east-1").add_auth(request)
    found = get(f"{cloud.endpoint}/v20180820/configuration/publicAccessBlock", **dict(request.headers))
    assert found.status == 404, found.data
    assert b"NoSuchPublicAccessBlockConfiguration" in found.data
