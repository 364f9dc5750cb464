"""The rules of Parameter Store: tiers, policies, labels, filters, names, references and sharing."""

import json
from datetime import UTC, datetime

import pytest
from tests.support import refused

from fogbank.services.ssm import policies
from fogbank.services.ssm.errors import IncompatiblePolicyException, InvalidPolicyTypeException


@pytest.fixture
def ssm(aws):
    return aws.client("ssm")


def expiration(moment):
    stamp = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return json.dumps([{"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": stamp}}])


def test_labels_follow_the_rules(ssm):
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html"""
    for value in ("1", "2"):
        ssm.put_parameter(Name="/l/p", Value=value, Type="String", Overwrite=True)
    answer = ssm.label_parameter_version(
        Name="/l/p", ParameterVersion=1, Labels=["1st", "aws-x", "SSMy", "has space", "ok"]
    )
    assert answer["InvalidLabels"] == ["1st", "aws-x", "SSMy", "has space"]
    ssm.label_parameter_version(Name="/l/p", ParameterVersion=1, Labels=[f"l{n}" for n in range(9)])
    full = refused(ssm.label_parameter_version, Name="/l/p", ParameterVersion=1, Labels=["eleventh"])
    assert full.code == "ParameterVersionLabelLimitExceeded"
    assert "maximum 10 labels" in full.message
    ssm.label_parameter_version(Name="/l/p", Labels=["ok"])
    assert ssm.get_parameter(Name="/l/p:ok")["Parameter"]["Value"] == "2"
    answer = ssm.unlabel_parameter_version(Name="/l/p", ParameterVersion=2, Labels=["ok", "l1"])
    assert (answer["RemovedLabels"], answer["InvalidLabels"]) == (["ok"], ["l1"])
    assert refused(ssm.get_parameter, Name="/l/p:ok").code == "ParameterNotFound"
    missing = refused(ssm.unlabel_parameter_version, Name="/l/p", ParameterVersion=7, Labels=["ok"])
    assert missing.code == "ParameterVersionNotFound"


def test_a_path_is_filtered_by_label(ssm):
    for value in ("old", "new"):
        ssm.put_parameter(Name="/f/p", Value=value, Type="String", Overwrite=True)
    ssm.put_parameter(Name="/f/q", Value="none", Type="String")
    ssm.label_parameter_version(Name="/f/p", ParameterVersion=1, Labels=["live"])
    found = ssm.get_parameters_by_path(Path="/f", ParameterFilters=[{"Key": "Label", "Values": ["live"]}])
    assert [(p["Name"], p["Value"], p["Version"]) for p in found["Parameters"]] == [("/f/p", "old", 1)]


def test_the_oldest_version_with_a_label_stops_new_ones(ssm):
    for n in range(100):
        ssm.put_parameter(Name="p", Value=str(n), Type="String", Overwrite=True)
    ssm.label_parameter_version(Name="p", ParameterVersion=1, Labels=["keep"])
    assert refused(ssm.put_parameter, Name="p", Value="x", Overwrite=True).code == "ParameterMaxVersionLimitExceeded"
    ssm.unlabel_parameter_version(Name="p", ParameterVersion=1, Labels=["keep"])
    assert ssm.put_parameter(Name="p", Value="x", Overwrite=True)["Version"] == 101
    assert refused(ssm.get_parameter, Name="p:1").code == "ParameterVersionNotFound"


@pytest.mark.parametrize("name", ["a/b/c", "/a//b//c", "{test}", "/", "/a/", "ssm-x"])
def test_a_name_that_no_parameter_can_have_is_refused_to_readers(ssm, name):
    for call, given in ((ssm.get_parameter, {"Name": name}), (ssm.get_parameters, {"Names": [name]})):
        found = refused(call, **given)
        assert found.code == "ValidationException"
        assert found.message.startswith('Parameter name: can\'t be prefixed with "ssm" (case-insensitive).')


def test_a_root_level_name_has_a_slash_or_none(ssm):
    ssm.put_parameter(Name="flat", Value="v", Type="String")
    assert ssm.get_parameter(Name="/flat")["Parameter"]["Name"] == "/flat"
    assert ssm.get_parameters(Names=["/flat"])["Parameters"][0]["Name"] == "/flat"
    assert [p["Name"] for p in ssm.get_parameters_by_path(Path="/")["Parameters"]] == ["flat"]


def test_a_long_name_is_refused(ssm):
    """The ARN counts, with 1011 characters: the user guide, "Understanding requirements for parameter names"."""
    assert refused(ssm.put_parameter, Name="x" * 1000, Value="v", Type="String").code == "ValidationException"


def test_intelligent_tiering(ssm):
    put = ssm.put_parameter
    tiering = {"Type": "String", "Tier": "Intelligent-Tiering"}
    assert put(Name="small", Value="x", **tiering)["Tier"] == "Standard"
    assert put(Name="large", Value="x" * 4097, **tiering)["Tier"] == "Advanced"
    assert put(Name="large", Value="x", Overwrite=True, **tiering)["Tier"] == "Advanced"
    none = json.dumps(
        [{"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "2", "Unit": "Days"}}]
    )
    assert put(Name="policies", Value="x", Policies=none, **tiering)["Tier"] == "Advanced"
    (shown,) = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["policies"]}])["Parameters"]
    assert shown["Policies"][0]["PolicyType"] == "NoChangeNotification"
    assert shown["Policies"][0]["PolicyStatus"] == "Pending"
    standard = refused(put, Name="standard", Value="x", Type="String", Policies=none)
    assert standard.code == "ValidationException"


def test_the_default_tier_is_a_service_setting(ssm, aws):
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-default-tier.html"""
    setting = "/ssm/parameter-store/default-parameter-tier"
    shown = ssm.get_service_setting(SettingId=setting)["ServiceSetting"]
    assert (shown["SettingValue"], shown["Status"], shown["LastModifiedUser"]) == ("Standard", "Default", "System")
    assert shown["ARN"] == f"arn:aws:ssm:us-east-1:{aws.id}:servicesetting{setting}"
    ssm.update_service_setting(SettingId=shown["ARN"], SettingValue="Advanced")
    assert ssm.put_parameter(Name="p", Value="v", Type="String")["Tier"] == "Advanced"
    assert ssm.get_service_setting(SettingId=setting)["ServiceSetting"]["Status"] == "Customized"
    assert ssm.reset_service_setting(SettingId=setting)["ServiceSetting"]["SettingValue"] == "Standard"
    assert refused(ssm.get_service_setting, SettingId="/ssm/nothing").code == "ServiceSettingNotFound"


def test_a_parameter_expires_on_the_clock(own_cloud):
    aws = own_cloud.account()
    ssm = aws.client("ssm")
    now = own_cloud.app.clock.now()
    ssm.put_parameter(Name="/e/p", Value="v", Type="String", Tier="Advanced", Policies=expiration(now + 3600))
    ssm.put_parameter(Name="/e/q", Value="v", Type="String", Tier="Advanced", Policies=expiration(now + 3600))
    ssm.put_parameter(Name="/e/q", Value="v", Overwrite=True, Policies="[{}]")
    own_cloud.advance(3000)
    assert ssm.get_parameter(Name="/e/p")["Parameter"]["Value"] == "v"
    own_cloud.advance(700)
    assert refused(ssm.get_parameter, Name="/e/p").code == "ParameterNotFound"
    assert ssm.get_parameter(Name="/e/q")["Parameter"]["Value"] == "v"


def test_policies_are_checked():
    with pytest.raises(InvalidPolicyTypeException):
        policies.read('[{"Type": "Other", "Attributes": {}}]')
    notice = '{"Type": "ExpirationNotification", "Attributes": {"Before": "1", "Unit": "Days"}}'
    with pytest.raises(IncompatiblePolicyException):
        policies.read(f"[{notice}]")
    assert policies.read("[{}]") == []


def test_an_advanced_secret_is_an_envelope(ssm):
    """https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html"""
    ssm.put_parameter(Name="s", Value="hidden" * 900, Type="SecureString", Tier="Advanced")
    assert ssm.get_parameter(Name="s", WithDecryption=True)["Parameter"]["Value"] == "hidden" * 900
    assert "hidden" not in ssm.get_parameter(Name="s")["Parameter"]["Value"]


def test_filters_are_checked(ssm):
    """The texts are those that moto's tests record of AWS."""
    describe, below = ssm.describe_parameters, ssm.get_parameters_by_path
    for call, item, code, text in (
        (describe, {"Key": "Label", "Values": ["x"]}, "InvalidFilterKey",
         "The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier]."),
        (describe, {"Key": "Name"}, "InvalidFilterValue",
         "The following filter values are missing : null for filter key Name."),
        (describe, {"Key": "Path", "Option": "Equals", "Values": ["/x"]}, "InvalidFilterOption",
         "The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel]."),
        (describe, {"Key": "Tier", "Values": ["None"]}, "InvalidFilterOption",
         "The following filter value is not valid: None. Valid values include: [Standard, Advanced, "
         "Intelligent-Tiering]."),
        (below, {"Key": "Name", "Values": ["x"]}, "InvalidFilterKey",
         "The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId]."),
    ):  # fmt: skip
        found = refused(call, ParameterFilters=[item], **({"Path": "/x"} if call == below else {}))
        assert (found.code, found.message) == (code, text)
    ssm.put_parameter(Name="/x/abc", Value="v", Type="String")
    for option, value in (("Contains", "b"), ("BeginsWith", "/x/a"), ("Equals", "/x/abc")):
        given = [{"Key": "Name", "Option": option, "Values": [value]}]
        assert [p["Name"] for p in describe(ParameterFilters=given)["Parameters"]] == ["/x/abc"]
    old = describe(Filters=[{"Key": "Name", "Values": ["/x/a"]}])["Parameters"]
    assert [p["Name"] for p in old] == ["/x/abc"]


def test_a_secret_of_secrets_manager_is_read_as_a_parameter(ssm, aws):
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html"""
    secret = aws.client("secretsmanager").create_secret(Name="app/db", SecretString="hidden")
    name = "/aws/reference/secretsmanager/app/db"
    found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (found["Name"], found["Value"], found["Type"], found["Version"]) == (name, "hidden", "SecureString", 0)
    assert found["ARN"] == secret["ARN"]
    assert json.loads(found["SourceResult"])["SecretString"] == "hidden"
    assert refused(ssm.get_parameter, Name=name).message == (
        "WithDecryption flag must be True for retrieving a Secret Manager secret."
    )
    missing = refused(ssm.get_parameter, Name=f"{name}x", WithDecryption=True)
    assert missing.code == "ParameterNotFound"
    assert missing.message.endswith(f"Secret {name}x not found.")
    both = ssm.get_parameters(Names=[name, f"{name}x"], WithDecryption=True)
    assert [p["Value"] for p in both["Parameters"]] == ["hidden"]
    assert both["InvalidParameters"] == [f"{name}x"]
    labelled = ssm.get_parameter(Name=f"{name}:AWSCURRENT", WithDecryption=True)["Parameter"]
    assert labelled["Value"] == "hidden"
    allowed = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})).client("ssm")
    assert refused(user.get_parameter, Name=name, WithDecryption=True).code == "AccessDeniedException"


def test_an_advanced_parameter_is_shared_by_a_policy(cloud, aws, ssm):
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html"""
    other = cloud.account()
    ssm.put_parameter(Name="/shared/p", Value="v", Type="String", Tier="Advanced")
    arn = ssm.get_parameter(Name="/shared/p")["Parameter"]["ARN"]
    assert refused(other.client("ssm").get_parameter, Name=arn).code == "AccessDeniedException"
    document = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": other.id}, "Resource": arn,
        "Action": ["ssm:DescribeParameters", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParameterHistory"],
    }]})  # fmt: skip
    made = ssm.put_resource_policy(ResourceArn=arn, Policy=document)
    assert other.client("ssm").get_parameter(Name=arn)["Parameter"]["ARN"] == arn
    assert [p["ARN"] for p in other.client("ssm").describe_parameters(Shared=True)["Parameters"]] == [arn]
    (shown,) = ssm.get_resource_policies(ResourceArn=arn)["Policies"]
    assert shown == {"PolicyId": made["PolicyId"], "PolicyHash": made["PolicyHash"], "Policy": document}
    stale = refused(ssm.delete_resource_policy, ResourceArn=arn, PolicyId=made["PolicyId"], PolicyHash="x")
    assert stale.code == "ResourcePolicyConflictException"
    ssm.delete_resource_policy(ResourceArn=arn, PolicyId=made["PolicyId"], PolicyHash=made["PolicyHash"])
    assert refused(other.client("ssm").get_parameter, Name=arn).code == "AccessDeniedException"
    ssm.put_parameter(Name="/shared/q", Value="v", Type="String")
    standard = refused(ssm.put_resource_policy, ResourceArn=arn[:-1] + "q", Policy=document)
    assert standard.code == "ResourcePolicyInvalidParameterException"


def test_data_types_are_checked(ssm):
    image = {"Type": "String", "DataType": "aws:ec2:image"}
    ssm.put_parameter(Name="image", Value="ami-0123456789abcdef0", **image)
    assert refused(ssm.put_parameter, Name="other", Value="none", **image).code == "ValidationException"
    assert refused(ssm.put_parameter, Name="o", Value="v", Type="String", DataType="x").code == "ValidationException"


def test_a_new_version_without_a_key_has_the_default_one(ssm, aws):
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (KeyId)"""
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    ssm.put_parameter(Name="s", Value="1", Type="SecureString", KeyId=key)
    ssm.put_parameter(Name="s", Value="2", Type="SecureString", Overwrite=True)
    (found,) = ssm.describe_parameters()["Parameters"]
    assert found["KeyId"] == "alias/aws/ssm"
    assert ssm.get_parameter(Name="s:1", WithDecryption=True)["Parameter"]["Value"] == "1"
