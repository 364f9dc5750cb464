"""Documents of Systems Manager.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""

import json

import pytest
import yaml
from tests.support import refused

SCRIPT = {
    "schemaVersion": "2.2",
    "description": "Say it.",
    "parameters": {"text": {"type": "String", "description": "What.", "default": "hello"}},
    "mainSteps": [{"action": "aws:runShellScript", "name": "say", "inputs": {"runCommand": ["echo {{ text }}"]}}],
}


@pytest.fixture
def ssm(aws):
    return aws.client("ssm")


def test_a_document_is_created_and_read(ssm, aws):
    made = ssm.create_document(
        Name="Say", Content=json.dumps(SCRIPT), DocumentType="Command", Tags=[{"Key": "a", "Value": "b"}]
    )["DocumentDescription"]
    assert (made["Status"], made["DocumentVersion"], made["HashType"]) == ("Creating", "1", "Sha256")
    found = ssm.describe_document(Name="Say")["Document"]
    assert found["Status"] == "Active"
    assert found["Owner"] == aws.id
    assert found["PlatformTypes"] == ["Linux", "MacOS"]
    assert found["Parameters"] == [{"Name": "text", "Type": "String", "Description": "What.", "DefaultValue": "hello"}]
    assert (found["SchemaVersion"], found["Description"], found["DefaultVersion"]) == ("2.2", "Say it.", "1")
    assert json.loads(ssm.get_document(Name="Say")["Content"]) == SCRIPT
    as_yaml = ssm.get_document(Name="Say", DocumentFormat="YAML")
    assert (yaml.safe_load(as_yaml["Content"]), as_yaml["DocumentFormat"]) == (SCRIPT, "YAML")
    again = refused(ssm.create_document, Name="Say", Content=json.dumps(SCRIPT), DocumentType="Command")
    assert (again.code, again.message) == ("DocumentAlreadyExists", "The specified document already exists.")
    tags = ssm.list_tags_for_resource(ResourceType="Document", ResourceId="Say")["TagList"]
    assert tags == [{"Key": "a", "Value": "b"}]
    ssm.delete_document(Name="Say")
    missing = refused(ssm.get_document, Name="Say")
    assert (missing.code, missing.message) == ("InvalidDocument", "Document with name Say does not exist.")


def test_versions(ssm):
    ssm.create_document(Name="Doc", Content=yaml.safe_dump(SCRIPT), DocumentFormat="YAML", DocumentType="Command")
    new = json.dumps({**SCRIPT, "description": "Other."})
    made = ssm.update_document(Name="Doc", Content=new, DocumentVersion="$LATEST", VersionName="two")
    assert made["DocumentDescription"]["LatestVersion"] == "2"
    again = refused(ssm.update_document, Name="Doc", Content=new, DocumentVersion="$LATEST")
    assert again.code == "DuplicateDocumentContent"
    assert ssm.get_document(Name="Doc")["DocumentVersion"] == "1"
    assert ssm.get_document(Name="Doc", DocumentVersion="$LATEST")["DocumentVersion"] == "2"
    assert ssm.get_document(Name="Doc", VersionName="two")["DocumentVersion"] == "2"
    assert refused(ssm.get_document, Name="Doc", DocumentVersion="9").code == "InvalidDocumentVersion"
    changed = ssm.update_document_default_version(Name="Doc", DocumentVersion="2")["Description"]
    assert (changed["DefaultVersion"], changed["DefaultVersionName"]) == ("2", "two")
    listed = ssm.list_document_versions(Name="Doc")["DocumentVersions"]
    assert [(each["DocumentVersion"], each["IsDefaultVersion"]) for each in listed] == [("2", True), ("1", False)]
    assert refused(ssm.delete_document, Name="Doc", DocumentVersion="2").code == "InvalidDocumentOperation"
    ssm.delete_document(Name="Doc", DocumentVersion="1")
    assert len(ssm.list_document_versions(Name="Doc")["DocumentVersions"]) == 1


@pytest.mark.parametrize(
    ("content", "type", "code"),
    [
        ("no json", "Command", "InvalidDocumentContent"),
        ("[]", "Command", "InvalidDocumentContent"),
        ("{}", "Command", "InvalidDocumentContent"),
        (json.dumps({**SCRIPT, "schemaVersion": "9.9"}), "Command", "InvalidDocumentSchemaVersion"),
        (json.dumps(SCRIPT), "Automation", "InvalidDocumentSchemaVersion"),
        (json.dumps({"schemaVersion": "0.3"}), "Automation", "InvalidDocumentContent"),
        ("x" * 65537, "Command", "MaxDocumentSizeExceeded"),
    ],
)
def test_content_is_checked(ssm, content, type, code):
    assert refused(ssm.create_document, Name="Bad", Content=content, DocumentType=type).code == code


def test_names_of_aws_are_reserved(ssm):
    for name in ("AWS-Mine", "amazon-x", "amzn.y"):
        found = refused(ssm.create_document, Name=name, Content=json.dumps(SCRIPT), DocumentType="Command")
        assert found.code == "ValidationException"
    assert refused(ssm.delete_document, Name="AWS-RunShellScript").code == "InvalidDocument"


def test_documents_of_aws_are_there(ssm):
    found = ssm.describe_document(Name="AWS-RunShellScript")["Document"]
    assert (found["Owner"], found["DocumentType"], found["SchemaVersion"]) == ("Amazon", "Command", "2.2")
    assert "commands" in [each["Name"] for each in found["Parameters"]]
    assert ssm.get_document(Name="AWS-RunPowerShellScript")["Status"] == "Active"
    assert refused(ssm.describe_document, Name="AWS-NoSuchThing").code == "InvalidDocument"


def test_lists_are_filtered(ssm):
    ssm.create_document(Name="Mine", Content=json.dumps(SCRIPT), DocumentType="Command")

    def names(**filters):
        given = [{"Key": key, "Values": values} for key, values in filters.items()]
        pages = ssm.get_paginator("list_documents").paginate(Filters=given, PaginationConfig={"PageSize": 5})
        return [each["Name"] for page in pages for each in page["DocumentIdentifiers"]]

    assert names(Owner=["Self"]) == ["Mine"]
    assert "AWS-RunShellScript" in names(Owner=["Amazon"])
    assert "AWS-StartEC2Instance" in names(DocumentType=["Automation"])
    assert names(Name=["Min"]) == ["Mine"]
    assert names(Owner=["Self"], DocumentType=["Automation"]) == []


def test_a_document_is_shared(ssm, cloud, aws):
    ssm.create_document(Name="Shared", Content=json.dumps(SCRIPT), DocumentType="Command")
    other = cloud.account()
    arn = f"arn:aws:ssm:us-east-1:{aws.id}:document/Shared"
    assert refused(other.client("ssm").describe_document, Name=arn).code == "AccessDeniedException"
    ssm.modify_document_permission(Name="Shared", PermissionType="Share", AccountIdsToAdd=[other.id])
    found = ssm.describe_document_permission(Name="Shared", PermissionType="Share")
    assert found["AccountIds"] == [other.id]
    assert found["AccountSharingInfoList"] == [{"AccountId": other.id, "SharedDocumentVersion": "$DEFAULT"}]
    assert other.client("ssm").describe_document(Name=arn)["Document"]["Name"] == "Shared"
    assert refused(ssm.delete_document, Name="Shared").code == "InvalidDocumentOperation"
    ssm.modify_document_permission(Name="Shared", PermissionType="Share", AccountIdsToRemove=[other.id])
    assert refused(other.client("ssm").describe_document, Name=arn).code == "AccessDeniedException"
    ssm.delete_document(Name="Shared")
