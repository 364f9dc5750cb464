"""AWS::SecretsManager::SecretTargetAttachment: adds a database's connection to the JSON of a secret.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secrettargetattachment.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html

The database is described by its own service. If Fogbank does not have that service, the resource fails and says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core import documents
from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import unless
from fogbank.core.context import Context

from .errors import ResourceNotFoundException

Properties = dict[str, Any]
_MEMBERS = (
    "engine", "host", "port", "dbname", "dbInstanceIdentifier", "dbClusterIdentifier", "namespaceId", "ssl",
)  # fmt: skip
_ENGINES = (  # what begins an engine's name -> what secrets say
    ("aurora-postgresql", "postgres"), ("aurora", "mysql"), ("oracle", "oracle"), ("sqlserver", "sqlserver"),
    ("docdb", "mongo"), ("db2", "db2"),
)  # fmt: skip


def engine(name: str) -> str:
    return next((word for begin, word in _ENGINES if name.startswith(begin)), name)


def _instance(found: Properties) -> Properties:
    end = found.get("Endpoint") or {}
    return {"engine": engine(found["Engine"]), "host": end.get("Address"), "port": end.get("Port"),
            "dbname": found.get("DBName"), "dbInstanceIdentifier": found["DBInstanceIdentifier"]}  # fmt: skip


def _cluster(found: Properties) -> Properties:
    return {"engine": engine(found["Engine"]), "host": found.get("Endpoint"), "port": found.get("Port"),
            "dbname": found.get("DatabaseName"), "dbClusterIdentifier": found["DBClusterIdentifier"]}  # fmt: skip


def _documents(found: Properties) -> Properties:
    return {**_cluster(found), "ssl": True}


def _redshift(found: Properties) -> Properties:
    end = found.get("Endpoint") or {}
    return {"engine": "redshift", "host": end.get("Address"), "port": end.get("Port"), "dbname": found.get("DBName"),
            "dbClusterIdentifier": found["ClusterIdentifier"]}  # fmt: skip


class _Target(msgspec.Struct, frozen=True):
    """How a type is described: the operation, the member that names it, the list in the answer, and what is taken."""

    service: str
    operation: str
    member: str
    listed: str
    connection: Callable[[Properties], Properties]


TARGETS = {
    "AWS::RDS::DBInstance": _Target("rds", "DescribeDBInstances", "DBInstanceIdentifier", "DBInstances", _instance),
    "AWS::RDS::DBCluster": _Target("rds", "DescribeDBClusters", "DBClusterIdentifier", "DBClusters", _cluster),
    "AWS::DocDB::DBInstance": _Target("docdb", "DescribeDBInstances", "DBInstanceIdentifier", "DBInstances", _instance),
    "AWS::DocDB::DBCluster": _Target("docdb", "DescribeDBClusters", "DBClusterIdentifier", "DBClusters", _documents),
    "AWS::Redshift::Cluster": _Target("redshift", "DescribeClusters", "ClusterIdentifier", "Clusters", _redshift),
}


@resource("AWS::SecretsManager::SecretTargetAttachment")
class TargetAttachment:
    """Ref: the ARN of the secret."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        target = TARGETS.get(properties["TargetType"])
        if target is None:
            raise ResourceFailed(f"Fogbank cannot attach a secret to {properties['TargetType']}.")
        answer = await ctx.call(target.service, target.operation, {target.member: properties["TargetId"]})
        found = target.connection(answer[target.listed][0])
        return await _merge(ctx, properties["SecretId"], {name: each for name, each in found.items() if each})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        return await self.create(ctx, Name("", "", "", ""), new)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(_merge(ctx, physical_id, {}), ResourceNotFoundException.code)


async def _merge(ctx: Context, secret: str, connection: Properties) -> Resource:
    """Replace the connection in a secret's JSON, unless it is there already."""
    value = await ctx.call("secretsmanager", "GetSecretValue", {"SecretId": secret})
    try:
        document = documents.read_object(value.get("SecretString") or "")
    except documents.BadDocument:
        raise ResourceFailed("Could not parse SecretString JSON.") from None
    wanted = {name: each for name, each in document.items() if name not in _MEMBERS} | connection
    if wanted != document:
        await ctx.call("secretsmanager", "PutSecretValue", {"SecretId": secret, "SecretString": json.dumps(wanted)})
    return Resource(value["ARN"], {"Id": value["ARN"]})
