"""Documents: their names, owners, versions and content.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents.html

AWS's own documents (AWS-RunShellScript) are found by their names in every account. Those of this module have the
schema and the parameters of AWS's, and steps of our own: nothing runs them.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fogbank.core import arns, documents
from fogbank.core.context import Context
from fogbank.core.kinds import Kind
from fogbank.store.api import Reader, Record, Table

from .errors import InvalidDocument, InvalidDocumentContent, InvalidDocumentSchemaVersion, InvalidDocumentVersion

AWS, AMAZON = "aws", "Amazon"  # the owner of AWS's documents: in keys, and in answers
PUBLISHED = 1735689600.0  # the date of AWS's documents
RESERVED = ("aws", "amazon", "amzn")  # how the names of AWS's documents begin
_SCHEMAS = {
    "Command": ("1.2", "2.0", "2.2"),
    "Automation": ("0.3",),
    "Automation.ChangeTemplate": ("0.3",),
    "Session": ("1.0",),
    "Policy": ("2.0",),
    "Package": ("2.0",),
}
MAX_BYTES = 64 * 1024


class Document(Record):
    """A document: what its versions have in common. `account` is empty for AWS's own."""

    account: str
    region: str
    name: str
    type: str
    created: float
    default: int = 1
    latest: int = 1
    target_type: str = ""
    display_name: str = ""
    requires: list[dict[str, Any]] = []
    shared: dict[str, str] = {}  # account or "all" -> shared version
    tags: dict[str, str] = {}


class Version(Record):
    """One version. `content` is as it was put, `format` JSON, YAML or TEXT."""

    account: str
    region: str
    name: str
    version: int
    content: str
    format: str
    created: float
    label: str = ""  # VersionName
    schema: str = ""
    description: str = ""
    parameters: list[dict[str, Any]] = []
    platforms: list[str] = []


DOCUMENTS = Table("ssm/document", Document, key=lambda d: (d.account, d.region, d.name))
VERSIONS = Table("ssm/document-version", Version, key=lambda v: (v.account, v.region, v.name, v.version))


def _key(ctx: Context, text: str) -> tuple[str, str, str]:
    """The key that a name or an ARN means. AWS's documents have no account."""
    head, found, name = text.partition(":document/")
    account = ctx.account
    if found:
        account = head.rpartition(":")[2]
        known = not account or arns.ACCOUNT.fullmatch(account)
        if not known or head != ctx.arn("ssm", "", account=account).removesuffix(":"):
            raise InvalidDocument(f"Document with name {text} does not exist.")
    else:
        name = text
    return (AWS if not account or name.lower().startswith(RESERVED) else account), ctx.region, name


def arn(ctx: Context, key: Any, document: Any = None) -> str:
    return ctx.arn("ssm", f"document/{key[2]}", account="" if key[0] == AWS else key[0])


DOCUMENT: Kind[Document] = Kind(
    "document",
    DOCUMENTS,
    key=_key,
    arn=arn,
    missing=lambda ctx, key: InvalidDocument(f"Document with name {key[2]} does not exist."),
    policy=lambda document: _policy(document),  # noqa: PLW0108 - defined below
)


def _policy(document: Document) -> str | None:
    """The permission to read that sharing gives other accounts."""
    if not document.shared:
        return None
    everybody = "all" in document.shared
    actions = ["ssm:DescribeDocument", "ssm:GetDocument", "ssm:ListDocumentVersions", "ssm:SendCommand",
               "ssm:StartAutomationExecution"]  # fmt: skip
    principal = "*" if everybody else {"AWS": sorted(document.shared)}
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# -- content -----------------------------------------------------------------------------------------------------------


def parsed(content: str, format: str) -> dict[str, Any] | None:
    """The content as data; None for text. Raises InvalidDocumentContent."""
    if format == "TEXT":
        return None
    try:
        found = _yaml(content) if format == "YAML" else documents.read(content)
    except ValueError:
        raise InvalidDocumentContent("The content for the document is not valid.") from None
    if not isinstance(found, dict):
        raise InvalidDocumentContent("The content for the document is not valid.")
    return found


def _yaml(content: str) -> Any:
    from fogbank.apis import yamltext

    return yamltext.load(content.encode())


def converted(content: str, old: str, new: str) -> str:
    """The content in another format, as GetDocument gives it."""
    if old == new or "TEXT" in (old, new):
        return content
    data = parsed(content, old)
    if new == "JSON":
        return json.dumps(data, indent=2)
    import yaml

    return str(yaml.safe_dump(data, sort_keys=False))


def read(version: Version, type: str) -> Version:
    """Check a version's content, and fill in what it tells. Raises InvalidDocumentContent and -SchemaVersion."""
    data = parsed(version.content, version.format)
    if data is None:
        return version
    version.schema = str(data.get("schemaVersion", ""))
    allowed = _SCHEMAS.get(type)
    if allowed and not version.schema:
        raise InvalidDocumentContent("The document content must have a schemaVersion.")  # not confirmed
    if allowed and version.schema not in allowed:
        raise InvalidDocumentSchemaVersion
    steps = data.get("mainSteps")
    if version.schema in ("0.3", "2.0", "2.2") and type in ("Command", "Automation") and not _are_steps(steps):
        raise InvalidDocumentContent("The document content must have mainSteps, a list of actions.")  # not confirmed
    version.description = str(data.get("description") or "")
    version.parameters = _parameters(data.get("parameters"))
    version.platforms = _platforms(type, [str(step["action"]) for step in steps or ()] if _are_steps(steps) else [])
    return version


def _are_steps(steps: Any) -> bool:
    return isinstance(steps, list) and bool(steps) and all(
        isinstance(step, dict) and step.get("action") and step.get("name") for step in steps)  # fmt: skip


def _parameters(given: Any) -> list[dict[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, dict) or not all(isinstance(each, dict) for each in given.values()):
        raise InvalidDocumentContent("The parameters of the document are not valid.")  # not confirmed
    found = []
    for name, each in given.items():
        shown = {"Name": name, "Type": str(each.get("type", "String")), "Description": str(each.get("description", ""))}
        default = each.get("default")
        if default is not None:
            shown["DefaultValue"] = default if isinstance(default, str) else json.dumps(default)
        found.append({key: value for key, value in shown.items() if value})
    return found


def _platforms(type: str, actions: list[str]) -> list[str]:
    """The platforms of a document: a shell script runs on Linux and macOS."""
    if actions and all(action == "aws:runShellScript" for action in actions):
        return ["Linux", "MacOS"]
    return [] if type == "ApplicationConfigurationSchema" else ["Windows", "Linux", "MacOS"]


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


# -- look-up -----------------------------------------------------------------------------------------------------------


def require(tx: Reader, ctx: Context, text: str) -> Document:
    """A document by name: one of the account, one of AWS, or one that is shared."""
    key = DOCUMENT.key(ctx, text)
    if key[0] == AWS:
        found = own(ctx.region, str(key[2]))
        if found is None:
            raise DOCUMENT.missing(ctx, key)
        return found[0]
    return DOCUMENT.require(tx, ctx, text)


def versions(tx: Reader, document: Document) -> list[Version]:
    """Every version, the oldest first."""
    if not document.account:
        known = own(document.region, document.name)
        return [known[1]] if known else []
    return list(tx.scan(VERSIONS, DOCUMENTS.key(document)))


def chosen(tx: Reader, document: Document, asked: str | None, label: str | None = None) -> Version:
    """The version that a request names: a number, $LATEST, $DEFAULT (also without any), or a VersionName."""
    number = {"$LATEST": document.latest, "$DEFAULT": document.default, None: document.default, "": document.default}
    there = versions(tx, document)
    if label and not asked:
        found = next((each for each in there if each.label == label), None)
    else:
        wanted = number.get(asked) or (int(asked) if asked and asked.isdecimal() and len(asked) < 9 else 0)
        found = next((each for each in there if each.version == wanted), None)
    if found is None:
        raise InvalidDocumentVersion("The document version is not valid or does not exist.")
    return found


# -- AWS's own ---------------------------------------------------------------------------------------------------------

_COMMANDS = {  # name: (description, action, parameters)
    "AWS-RunShellScript": ("Run a shell script or specify the commands to run.", "aws:runShellScript",
                           ("commands", "workingDirectory", "executionTimeout")),
    "AWS-RunPowerShellScript": ("Run a PowerShell script or specify the paths to scripts to run.",
                                "aws:runPowerShellScript", ("commands", "workingDirectory", "executionTimeout")),
    "AWS-UpdateSSMAgent": ("Update the Amazon SSM Agent to the latest version or specified version.",
                           "aws:updateSsmAgent", ("version", "allowDowngrade")),
    "AWS-ConfigureAWSPackage": ("Install or uninstall a package.", "aws:configurePackage",
                                ("action", "name", "version")),
    "AWS-RunPatchBaseline": ("Scans for or installs patches from a patch baseline.", "aws:runShellScript",
                             ("Operation", "SnapshotId", "InstallOverrideList", "RebootOption")),
    "AWS-GatherSoftwareInventory": ("Collect software inventory from managed nodes.", "aws:softwareInventory",
                                    ("applications", "awsComponents", "networkConfig", "files")),
    "AWS-RunRemoteScript": ("Execute scripts stored in a remote location.", "aws:runShellScript",
                            ("sourceType", "sourceInfo", "commandLine")),
    "AWS-ApplyAnsiblePlaybooks": ("Run Ansible playbooks.", "aws:runShellScript",
                                  ("SourceType", "SourceInfo", "PlaybookFile", "Check")),
    "AmazonCloudWatch-ManageAgent": ("Send commands to the Amazon CloudWatch agent.", "aws:runShellScript",
                                     ("action", "mode", "optionalConfigurationSource")),
}  # fmt: skip
_AUTOMATIONS = {
    "AWS-StartEC2Instance": ("Start EC2 instances.", "aws:changeInstanceState", ("InstanceId", "AutomationAssumeRole")),
    "AWS-StopEC2Instance": ("Stop EC2 instances.", "aws:changeInstanceState", ("InstanceId", "AutomationAssumeRole")),
    "AWS-RestartEC2Instance": ("Restart EC2 instances.", "aws:executeAwsApi", ("InstanceId", "AutomationAssumeRole")),
    "AWS-CreateImage": ("Create an image of an EC2 instance.", "aws:createImage", ("InstanceId", "NoReboot")),
    "AWS-CreateSnapshot": ("Create a snapshot of an EBS volume.", "aws:executeAwsApi", ("VolumeId", "Description")),
}


def own(region: str, name: str) -> tuple[Document, Version] | None:
    """One of AWS's documents, and its version."""
    automation = name in _AUTOMATIONS
    described = _AUTOMATIONS.get(name) or _COMMANDS.get(name)
    if described is None:
        return None
    description, action, parameters = described
    type, schema = ("Automation", "0.3") if automation else ("Command", "2.2")
    content = {
        "schemaVersion": schema,
        "description": description,
        "parameters": {
            each: {"type": "StringList" if each == "commands" else "String", "description": f"The {each}."}
            for each in parameters
        },
        "mainSteps": [{"action": action, "name": "step", "inputs": {each: f"{{{{ {each} }}}}" for each in parameters}}],
    }
    document = Document(account="", region=region, name=name, type=type, created=PUBLISHED)
    version = Version(account="", region=region, name=name, version=1, content=json.dumps(content, indent=2),
                      format="JSON", created=PUBLISHED)  # fmt: skip
    return document, read(version, type)


def owned(region: str) -> list[Document]:
    """All of AWS's documents."""
    found = (own(region, name) for name in sorted((*_COMMANDS, *_AUTOMATIONS)))
    return [each[0] for each in found if each is not None]
