"""The settings of a private registry that are kept and shown; what they do is tested with images."""

from __future__ import annotations

from tests.services.ecr.registry import make, make_index
from tests.support import refused

NAME = {"repositoryName": "team/app"}
PROFILE = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/profile"


def test_account_settings(ecr):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAccountSetting.html"""
    assert ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "AWS_NATIVE"
    assert ecr.get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V2"
    assert ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V2")["value"] == "V2"
    assert (
        refused(ecr.put_account_setting, name="REGISTRY_POLICY_SCOPE", value="V9").code == "InvalidParameterException"
    )
    assert refused(ecr.get_account_setting, name="NONE").code == "InvalidParameterException"


def test_the_scanning_of_a_registry(aws, ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html"""
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}
    filters = [{"filter": "team", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}]
    put = ecr.put_registry_scanning_configuration(scanType="BASIC", rules=rules)["registryScanningConfiguration"]
    assert put == {"scanType": "BASIC", "rules": rules}
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == put
    found = ecr.batch_get_repository_scanning_configuration(repositoryNames=["team/app", "none"])
    assert found["scanningConfigurations"] == [
        {
            "repositoryArn": f"arn:aws:ecr:us-east-1:{aws.id}:repository/team/app",
            "repositoryName": "team/app",
            "scanOnPush": True,
            "scanFrequency": "SCAN_ON_PUSH",
            "appliedScanFilters": filters,
        }
    ]
    assert [each["failureCode"] for each in found["failures"]] == ["REPOSITORY_NOT_FOUND"]
    wrong = [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": []}]
    assert refused(ecr.put_registry_scanning_configuration, rules=wrong).code == "InvalidParameterException"
    registry.push(make())
    (shown,) = ecr.describe_images(**NAME)["imageDetails"]
    assert shown["imageScanStatus"]["status"] == "FINDINGS_UNAVAILABLE"


def test_a_scan_finds_nothing_and_says_why(ecr, registry):
    asked = {**NAME, "imageId": {"imageTag": "latest"}}
    assert refused(ecr.start_image_scan, **asked).code == "ImageNotFoundException"
    image = make()
    registry.push(image)
    assert refused(ecr.describe_image_scan_findings, **asked).code == "ScanNotFoundException"
    begun = ecr.start_image_scan(**asked)
    assert begun["imageId"] == {"imageDigest": image.digest, "imageTag": "latest"}
    found = ecr.describe_image_scan_findings(**asked)
    assert found["imageScanStatus"] == {
        "status": "FINDINGS_UNAVAILABLE",
        "description": "Fogbank does not scan images: it has no vulnerability data.",
    }
    assert "imageScanFindings" not in found
    assert found["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-fidelity"] == "recorded"
    assert refused(ecr.start_image_scan, **asked).code == "LimitExceededException"
    index = make_index(image)
    registry.push(index, "multi")
    assert refused(ecr.start_image_scan, **NAME, imageId={"imageTag": "multi"}).code == "UnsupportedImageTypeException"


def test_signing_is_recorded(ecr, registry):
    assert refused(ecr.get_signing_configuration).code == "SigningConfigurationNotFoundException"
    given = {"rules": [{"signingProfileArn": PROFILE}]}
    assert ecr.put_signing_configuration(signingConfiguration=given)["signingConfiguration"] == given
    assert ecr.get_signing_configuration()["signingConfiguration"] == given
    registry.push(make())
    assert ecr.describe_image_signing_status(**NAME, imageId={"imageTag": "latest"})["signingStatuses"] == []
    assert ecr.delete_signing_configuration()["signingConfiguration"] == given
    assert refused(ecr.delete_signing_configuration).code == "SigningConfigurationNotFoundException"
