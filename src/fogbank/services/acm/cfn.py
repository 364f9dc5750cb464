"""AWS::CertificateManager::Certificate. Ref: the ARN.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html

CloudFormation makes the records in the hosted zones of DomainValidationOptions, and the certificate is issued. Where
no zone is given, AWS waits until somebody makes the record, or follows the link in the mail; here that counts as done.
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
        await self._make_records(ctx, arn, properties)
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

    @staticmethod
    async def _make_records(ctx: Context, arn: str, properties: Properties) -> None:
        given = properties.get("DomainValidationOptions") or ()
        hosted = {each.get("DomainName"): each["HostedZoneId"] for each in given if each.get("HostedZoneId")}
        if not hosted:
            return
        found = await ctx.call("acm", "DescribeCertificate", {"CertificateArn": arn})
        for each in found["Certificate"]["DomainValidationOptions"]:
            if each["DomainName"] in hosted and (record := each.get("ResourceRecord")):
                wanted = {"Name": record["Name"], "Type": record["Type"], "TTL": 300,
                          "ResourceRecords": [{"Value": record["Value"]}]}  # fmt: skip
                batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": wanted}]}
                request = {"HostedZoneId": hosted[each["DomainName"]], "ChangeBatch": batch}
                await ctx.call("route53", "ChangeResourceRecordSets", request)


def _options(properties: Properties) -> dict[str, str]:
    names = {"CertificateTransparencyLoggingPreference": "CertificateTransparencyLoggingPreference",
             "CertificateExport": "Export"}  # fmt: skip
    return {option: properties[name] for name, option in names.items() if properties.get(name)}
