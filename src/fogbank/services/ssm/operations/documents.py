"""Documents: created, versioned, shared, and read in either format."""

from __future__ import annotations

import re
from typing import Any

from fogbank.auth import quotas
from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import documents, things
from ..documents import AMAZON, AWS, DOCUMENT, DOCUMENTS, VERSIONS, Document, Version
from ..errors import (
    DocumentAlreadyExists,
    DocumentLimitExceeded,
    DocumentVersionLimitExceeded,
    DuplicateDocumentContent,
    DuplicateDocumentVersionName,
    InvalidDocument,
    InvalidDocumentOperation,
    InvalidNextToken,
    MaxDocumentSizeExceeded,
)

QUOTA = "L-60D2045D"
MOST_VERSIONS = 1000
_NAME = re.compile(r"[a-zA-Z0-9_\-.]{3,128}")
_by_name = DOCUMENT.of("Name")


def _created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    found = DOCUMENT.name(ctx, req["Name"])
    return [Access(action, found) for action in ("", *(["ssm:AddTagsToResource"] if req.get("Tags") else []))]


def _refuse_own(ctx: Context, text: str) -> None:
    """AWS's documents cannot be changed."""
    if DOCUMENT.key(ctx, text)[0] == AWS:
        raise InvalidDocument(f"Document with name {text} does not exist.")


def _version(ctx: Context, req: dict[str, Any], number: int, type: str) -> Version:
    if len(req["Content"].encode()) > documents.MAX_BYTES:
        raise MaxDocumentSizeExceeded
    made = Version(
        account=ctx.account, region=ctx.region, name=str(DOCUMENT.key(ctx, req["Name"])[2]), version=number,
        content=req["Content"], format=req.get("DocumentFormat") or "JSON", created=ctx.now(),
        label=req.get("VersionName") or "",
    )  # fmt: skip
    return documents.read(made, type)


def describe(document: Document, version: Version, status: str = "Active") -> dict[str, Any]:
    """A `DocumentDescription`."""
    shown: dict[str, Any] = {
        "Hash": documents.digest(version.content),
        "HashType": "Sha256",
        "Name": document.name,
        "Owner": document.account or AMAZON,
        "CreatedDate": version.created,
        "Status": status,
        "DocumentVersion": str(version.version),
        "Parameters": version.parameters,
        "PlatformTypes": version.platforms,
        "DocumentType": document.type,
        "LatestVersion": str(document.latest),
        "DefaultVersion": str(document.default),
        "DocumentFormat": version.format,
        "Tags": tags.to_list(document.tags),
    }
    more = {
        "DisplayName": document.display_name, "VersionName": version.label, "Description": version.description,
        "SchemaVersion": version.schema, "TargetType": document.target_type, "Requires": document.requires,
    }  # fmt: skip
    return shown | {name: value for name, value in more.items() if value}


@operation("ssm", "CreateDocument", resource=_created)
def create_document(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a document with its first version.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
    """
    name = req["Name"]
    if not _NAME.fullmatch(name) or name.lower().startswith(documents.RESERVED):  # the text is not confirmed
        raise ValidationError(f"The document name {name} is not valid: it can't begin with aws, amazon or amzn.")
    type = req.get("DocumentType") or "Command"
    version = _version(ctx, req, 1, type)
    with ctx.write() as tx:
        if DOCUMENT.find(tx, ctx, name) is not None:
            raise DocumentAlreadyExists
        if quotas.reached(tx, ctx, "ssm", QUOTA, DOCUMENTS, (ctx.account, ctx.region)) is not None:
            raise DocumentLimitExceeded
        document = Document(
            account=ctx.account, region=ctx.region, name=name, type=type, created=ctx.now(),
            target_type=req.get("TargetType") or "", display_name=req.get("DisplayName") or "",
            requires=req.get("Requires") or [], tags=tags.from_list(req.get("Tags")),
        )  # fmt: skip
        tx.put(DOCUMENTS, document)
        tx.put(VERSIONS, version)
    if req.get("Attachments"):
        ctx.recorded("Attachments")
    return {"DocumentDescription": describe(document, version, "Creating")}


@operation("ssm", "UpdateDocument", resource=_by_name)
def update_document(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add a version, which becomes the latest one; the default one stays."""
    _refuse_own(ctx, req["Name"])
    with ctx.write() as tx:
        document = DOCUMENT.require(tx, ctx, req["Name"])
        there = documents.versions(tx, document)
        if req.get("DocumentVersion"):
            documents.chosen(tx, document, req["DocumentVersion"])
        if any(each.content == req["Content"] for each in there):
            raise DuplicateDocumentContent
        if req.get("VersionName") and any(each.label == req["VersionName"] for each in there):
            raise DuplicateDocumentVersionName
        if len(there) >= MOST_VERSIONS:
            raise DocumentVersionLimitExceeded
        version = _version(ctx, req, document.latest + 1, document.type)
        document.latest = version.version
        document.target_type = req.get("TargetType") or document.target_type
        document.display_name = req.get("DisplayName") or document.display_name
        tx.put(DOCUMENTS, document)
        tx.put(VERSIONS, version)
    return {"DocumentDescription": describe(document, version, "Updating")}


@operation("ssm", "UpdateDocumentDefaultVersion", resource=_by_name)
def update_document_default_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Choose the default version."""
    _refuse_own(ctx, req["Name"])
    with ctx.write() as tx:
        document = DOCUMENT.require(tx, ctx, req["Name"])
        version = documents.chosen(tx, document, req["DocumentVersion"])
        document.default = version.version
        tx.put(DOCUMENTS, document)
    shown = {"Name": document.name, "DefaultVersion": str(document.default)}
    return {"Description": shown | ({"DefaultVersionName": version.label} if version.label else {})}


@operation("ssm", "DescribeDocument", resource=_by_name)
def describe_document(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A document and one of its versions, without the content."""
    with ctx.read() as tx:
        document = documents.require(tx, ctx, req["Name"])
        version = documents.chosen(tx, document, req.get("DocumentVersion"), req.get("VersionName"))
    return {"Document": describe(document, version)}


@operation("ssm", "GetDocument", resource=_by_name)
def get_document(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The content of a version, in its own format or in the one that is asked for."""
    with ctx.read() as tx:
        document = documents.require(tx, ctx, req["Name"])
        version = documents.chosen(tx, document, req.get("DocumentVersion"), req.get("VersionName"))
    format = req.get("DocumentFormat") or version.format
    shown = {
        "Name": document.name,
        "CreatedDate": version.created,
        "DocumentVersion": str(version.version),
        "Status": "Active",
        "Content": documents.converted(version.content, version.format, format),
        "DocumentType": document.type,
        "DocumentFormat": format,
    }
    more = {"VersionName": version.label, "DisplayName": document.display_name, "Requires": document.requires}
    return shown | {name: value for name, value in more.items() if value}


@operation("ssm", "DeleteDocument", resource=_by_name)
def delete_document(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a document, or one version that is not the default one. A shared document stays."""
    _refuse_own(ctx, req["Name"])
    with ctx.write() as tx:
        document = DOCUMENT.require(tx, ctx, req["Name"])
        if req.get("DocumentVersion") or req.get("VersionName"):
            version = documents.chosen(tx, document, req.get("DocumentVersion"), req.get("VersionName"))
            if version.version == document.default:
                raise InvalidDocumentOperation("Default version of the document can't be deleted.")
            tx.delete(VERSIONS, VERSIONS.key(version))
            left = documents.versions(tx, document)
            document.latest = left[-1].version
            tx.put(DOCUMENTS, document)
            return {}
        if document.shared:
            raise InvalidDocumentOperation("Must unshare document before deletion")  # not confirmed
        for version in documents.versions(tx, document):
            tx.delete(VERSIONS, VERSIONS.key(version))
        tx.delete(DOCUMENTS, DOCUMENTS.key(document))
    return {}


@operation("ssm", "ListDocumentVersions", resource=_by_name)
def list_document_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The versions, the newest first."""
    with ctx.read() as tx:
        document = documents.require(tx, ctx, req["Name"])
        there = list(reversed(documents.versions(tx, document)))
    pages = Pages(ctx, InvalidNextToken, f"{document.account}/{document.name}/versions")
    found, more = pages.by_position(there, req.get("NextToken"), req.get("MaxResults") or 50)
    return {
        "DocumentVersions": [
            {
                "Name": document.name,
                "DocumentVersion": str(each.version),
                "CreatedDate": each.created,
                "IsDefaultVersion": each.version == document.default,
                "DocumentFormat": each.format,
                "Status": "Active",
                **({"VersionName": each.label} if each.label else {}),
            }
            for each in found
        ],
        **more,
    }


# -- lists -------------------------------------------------------------------------------------------------------------


def _identifier(tx: Reader, document: Document) -> dict[str, Any]:
    version = documents.chosen(tx, document, None)
    names = ("Name", "DisplayName", "Owner", "VersionName", "PlatformTypes", "DocumentVersion", "DocumentType",
             "SchemaVersion", "DocumentFormat", "TargetType", "Tags", "Requires")  # fmt: skip
    described = describe(document, version)
    shown = {name: described[name] for name in names if name in described}
    return {**shown, "CreatedDate": document.created}


def _filters(req: dict[str, Any]) -> dict[str, list[str]]:
    """The filters of both kinds, the older ones with one value each."""
    old = {each["key"]: [each["value"]] for each in req.get("DocumentFilterList") or ()}
    return old | things.filters(req)


def _held(shown: dict[str, Any], key: str, account: str) -> set[str]:
    """The values of a document that a filter may name, in lower case."""
    if key.startswith("tag:"):
        return {tag["Value"].lower() for tag in shown.get("Tags", ()) if tag["Key"] == key[4:]}
    if key == "Owner":
        return {"all", shown["Owner"].lower(), "self" if shown["Owner"] == account else "public"}
    value = shown.get(key, "")
    return {each.lower() for each in value} if isinstance(value, list) else {str(value).lower()}


def _passes(shown: dict[str, Any], filters: dict[str, list[str]], account: str) -> bool:
    for key, values in filters.items():
        wanted = {value.lower() for value in values}
        if key == "Name":
            if not shown["Name"].lower().startswith(tuple(wanted)):
                return False
        elif not wanted & _held(shown, key, account):
            return False
    return True


@operation("ssm", "ListDocuments", resource="*")
def list_documents(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The documents of the account and those of AWS, in the order of their names."""
    wanted = _filters(req)
    with ctx.read() as tx:
        mine = list(tx.scan(DOCUMENTS, (ctx.account, ctx.region)))
        shown = [_identifier(tx, each) for each in (*documents.owned(ctx.region), *mine)]
    there = sorted((each for each in shown if _passes(each, wanted, ctx.account)), key=lambda each: str(each["Name"]))
    pages = Pages(ctx, InvalidNextToken)
    size = req.get("MaxResults") or 50
    found, more = pages.by_key(there, req.get("NextToken"), size, lambda each: str(each["Name"]))
    return {"DocumentIdentifiers": found, **more}


# -- sharing -----------------------------------------------------------------------------------------------------------


@operation("ssm", "ModifyDocumentPermission", resource=_by_name)
def modify_document_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Share a document with accounts or with all, or take that back."""
    _refuse_own(ctx, req["Name"])
    version = req.get("SharedDocumentVersion") or "$DEFAULT"
    with ctx.write() as tx:
        document = DOCUMENT.require(tx, ctx, req["Name"])
        if version not in ("$DEFAULT", "$LATEST", "$ALL"):
            documents.chosen(tx, document, version)
        gone = {each.lower() for each in req.get("AccountIdsToRemove") or ()}
        added = {each.lower(): version for each in req.get("AccountIdsToAdd") or ()}
        document.shared = {id: kept for id, kept in document.shared.items() if id not in gone} | added
        tx.put(DOCUMENTS, document)
    return {}


@operation("ssm", "DescribeDocumentPermission", resource=_by_name)
def describe_document_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """With whom a document is shared."""
    _refuse_own(ctx, req["Name"])
    with ctx.read() as tx:
        document = DOCUMENT.require(tx, ctx, req["Name"])
    pages = Pages(ctx, InvalidNextToken, f"{document.account}/{document.name}/shared")
    there = sorted(document.shared.items())
    found, more = pages.by_key(there, req.get("NextToken"), req.get("MaxResults") or 20, lambda pair: pair[0])
    return {
        "AccountIds": [id for id, _ in found],
        "AccountSharingInfoList": [{"AccountId": id, "SharedDocumentVersion": version} for id, version in found],
        **more,
    }
