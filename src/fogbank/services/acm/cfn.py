"""AWS::CertificateManager::Certificate. Ref: the ARN.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html

On AWS, CloudFormation makes the record in the hosted zone of DomainValidationOptions, and waits until the certificate
is issued. Route 53 is not built, so the record cannot be made: CloudFormation counts it as made, and the certificate is
issued.
"""

from __future__ import annotations

import hashlib
from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import given, retag, unless
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context

from .errors import ResourceNotFoundException
from .validation import approve

Properties = dict[str, Any]


@resource("AWS::CertificateManager::Certificate", unbuilt=("CertificateAuthorityArn",))
class CertificateResource:
    """GetAtt: CertificateArn."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = given(properties, "DomainName", "SubjectAlternativeNames", "ValidationMethod", "KeyAlgorithm")
        mail = [each for each in properties.get("DomainValidationOptions") or () if each.get("ValidationDomain")]
        if mail:
            request["DomainValidationOptions"] = [given(each, "DomainName", "ValidationDomain") for each in mail]
        if options := _options(properties):
            request["Options"] = options
        if tags_of(properties):
            request["Tags"] = tags.to_list(tags_of(properties))
        token = hashlib.sha256(f"{name.stack_id}/{name.logical_id}/{name.token}".encode()).hexdigest()[:32]
        answer = await ctx.call("acm", "RequestCertificate", {**request, "IdempotencyToken": token})
        arn = str(answer["CertificateArn"])
        await approve(ctx, (ctx.account, ctx.region, arn.rpartition("/")[2]))
        return Resource(arn, {"CertificateArn": arn})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        if _options(new) != _options(old):
            request = {"CertificateArn": physical_id, "Options": _options(new)}
            await ctx.call("acm", "UpdateCertificateOptions", request)

        def change(operation: str, listed: list[dict[str, str]]) -> Any:
            return ctx.call("acm", operation, {"CertificateArn": physical_id, "Tags": listed})

        await retag(
            tags_of(old),
            tags_of(new),
            lambda keys: change("RemoveTagsFromCertificate", [{"Key": key} for key in keys]),
            lambda more: change("AddTagsToCertificate", tags.to_list(more)),
        )
        return Resource(physical_id, {"CertificateArn": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("acm", "DeleteCertificate", {"CertificateArn": physical_id})
        await unless(call, ResourceNotFoundException.code)


def _options(properties: Properties) -> dict[str, str]:
    names = {"CertificateTransparencyLoggingPreference": "CertificateTransparencyLoggingPreference",
             "CertificateExport": "Export"}  # fmt: skip
    return {option: properties[name] for name, option in names.items() if properties.get(name)}
