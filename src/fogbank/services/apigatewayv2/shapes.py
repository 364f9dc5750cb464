"""The structures of answers, made of records."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fogbank.core.context import Context
from fogbank.wire import hosts

from .records import HTTP, Api, Deployment, Stage, VpcLink


def host_of(ctx: Context, label: str) -> str:
    """LABEL.execute-api.REGION.DOMAIN:PORT, where this cloud answers; on AWS without a port, under amazonaws.com."""
    here = urlsplit(ctx.endpoint)
    name = here.hostname or "localhost"
    domains = (*ctx.app.settings.domains, "amazonaws.com")
    domain = next((d for d in sorted(domains, key=len, reverse=True) if name == d or name.endswith(f".{d}")), name)
    if hosts.address(domain) is not None or ":" in domain:
        domain = "localhost"
    return f"{label}.execute-api.{ctx.region}.{domain}{f':{here.port}' if here.port else ''}"


def shown_api(ctx: Context, api: Api) -> dict[str, Any]:
    scheme = urlsplit(ctx.endpoint).scheme
    scheme = scheme if api.protocol == HTTP else {"http": "ws", "https": "wss"}[scheme]
    return {
        **api.shape,
        "ApiId": api.id,
        "ApiEndpoint": f"{scheme}://{host_of(ctx, api.id)}",
        "CreatedDate": api.created,
        "Tags": api.tags,
    }


def shown_stage(stage: Stage) -> dict[str, Any]:
    shape = {name: value for name, value in stage.shape.items() if name != "AutoDeploy" or value}
    return {
        **shape,
        "StageName": stage.name,
        "CreatedDate": stage.created,
        "LastUpdatedDate": stage.updated,
        "Tags": stage.tags,
    }


def shown_deployment(deployment: Deployment) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "AutoDeployed": deployment.automatic,
        "CreatedDate": deployment.created,
        "DeploymentId": deployment.id,
        "DeploymentStatus": "DEPLOYED",
    }
    if deployment.description:
        shown["Description"] = deployment.description
    return shown


def shown_link(link: VpcLink) -> dict[str, Any]:
    return {
        "CreatedDate": link.created,
        "Name": link.name,
        "SecurityGroupIds": link.groups,
        "SubnetIds": link.subnets,
        "Tags": link.tags,
        "VpcLinkId": link.id,
        "VpcLinkStatus": "AVAILABLE",
        "VpcLinkStatusMessage": "VPC link is ready to route traffic",
        "VpcLinkVersion": "V2",
    }
