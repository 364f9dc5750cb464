"""AWS::Lambda::Function, Version, Alias, Permission and Url.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import create_once, everything, given, text, unless, without_system
from fogbank.core.cfn_tables import Tags, change_tags, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader
from fogbank.wire.timestamps import epoch

from .cfnresponse import inline_package
from .records import VERSIONS

GONE = "ResourceNotFoundException"
TAKEN = "ResourceConflictException"
SETTLE_LIMIT = 120.0  # seconds on the cloud's clock that a function may take to become active
_CONFIG = (
    "Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "VpcConfig", "DeadLetterConfig",
    "Environment", "TracingConfig", "Layers", "FileSystemConfigs", "ImageConfig", "EphemeralStorage", "SnapStart",
    "LoggingConfig", "DurableConfig",
)  # fmt: skip
_TAGS = Tags(
    untag=("UntagResource", lambda ctx, arn, keys: {"Resource": arn, "TagKeys": keys}),
    tag=("TagResource", lambda ctx, arn, tags: {"Resource": arn, "Tags": tags}),
)


def _configuration(properties: dict[str, Any]) -> dict[str, Any]:
    """Returns the configuration properties of a function. The schema leaves variables untyped, so they become text."""
    found = given(properties, *_CONFIG)
    variables = (found.get("Environment") or {}).get("Variables")
    if variables is not None:
        found["Environment"] = {"Variables": {key: text(value) for key, value in variables.items()}}
    return found


async def _settled(ctx: Context, name: str) -> dict[str, Any]:
    """Waits until a function accepts further changes. Returns its configuration."""
    deadline = ctx.now() + SETTLE_LIMIT
    while True:
        config = await ctx.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
        if config["State"] == "Active" and config["LastUpdateStatus"] == "Successful":
            return config
        if ctx.now() > deadline:
            raise ResourceFailed(f"The function {name} did not become active: {config.get('StateReason', '')}")
        await ctx.clock.sleep(0.02)


def _function_made(tx: Reader, ctx: Context, name: Name, function: str) -> bool:
    latest = tx.get(VERSIONS, (ctx.account, ctx.region, function, 0))
    return latest is not None and name.made(latest.modified)


@resource(
    "AWS::Lambda::Function",
    unbuilt=(
        "CapacityProviderConfig",
        "Code/S3ObjectStorageMode",
        "Code/SourceKMSKeyArn",
        "CodeSigningConfigArn",
        "FunctionScalingConfig",
        "PublishToLatestPublished",
    ),
)
class FunctionResource:
    """Ref: the name. GetAtt: Arn, SnapStartResponse.*"""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("FunctionName") or name.physical(limit=64)
        code = _code(properties)
        request = {
            "FunctionName": chosen,
            "Code": code,
            **_configuration(properties),
            **given(properties, "Architectures", "PackageType", "TenancyConfig"),
        }
        if "ImageUri" in code:
            request["PackageType"] = "Image"
        if properties.get("KmsKeyArn"):
            request["KMSKeyArn"] = properties["KmsKeyArn"]
        if tags_of(properties):
            request["Tags"] = tags_of(properties)

        async def found() -> dict[str, Any] | None:
            return {} if await ctx.fetch(_function_made, ctx, name, chosen) else None

        await create_once(name, lambda: ctx.call("lambda", "CreateFunction", request), found)
        await _settled(ctx, chosen)
        await self._concurrency(ctx, chosen, {}, properties)
        await self._recorded(ctx, chosen, properties)
        return await self._made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await _settled(ctx, physical_id)
        if old.get("Code") != new.get("Code") or old.get("Architectures") != new.get("Architectures"):
            request = {"FunctionName": physical_id, **_code(new), **given(new, "Architectures")}
            await ctx.call("lambda", "UpdateFunctionCode", request)
            await _settled(ctx, physical_id)
        names = (*_CONFIG, "KmsKeyArn")
        if any(old.get(name) != new.get(name) for name in names):
            await ctx.call("lambda", "UpdateFunctionConfiguration", _changed_configuration(physical_id, old, new))
            await _settled(ctx, physical_id)
        await self._concurrency(ctx, physical_id, old, new)
        await self._recorded(ctx, physical_id, new)
        made = await self._made(ctx, physical_id)
        await change_tags(ctx, "lambda", _TAGS, made.attributes["Arn"], old, new)
        return made

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("lambda", "DeleteFunction", {"FunctionName": physical_id}), GONE)

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None:
        request = {"FunctionName": physical_id}
        config = await unless(ctx.call("lambda", "GetFunctionConfiguration", request), GONE)
        if config is None:
            return None
        found = {name: config.get(name) for name in ("Runtime", "Role", "Handler", "Timeout", "MemorySize",
                 "TracingConfig", "EphemeralStorage", "Architectures", "FunctionName", "PackageType")}  # fmt: skip
        variables = (config.get("Environment") or {}).get("Variables")
        own = await ctx.call("lambda", "ListTags", {"Resource": config["FunctionArn"]})
        tags = without_system([{"Key": key, "Value": value} for key, value in (own.get("Tags") or {}).items()])
        return {
            **found,
            "Description": config.get("Description") or None,
            "Environment": {"Variables": variables} if variables else None,
            "Layers": [layer["Arn"] for layer in config.get("Layers") or ()] or None,
            "Tags": tags or None,
        }

    async def list(self, ctx: Context) -> list[str]:
        found = await everything(lambda more: ctx.call("lambda", "ListFunctions", more), "Functions")
        return [function["FunctionName"] for function in found]

    @staticmethod
    async def _concurrency(ctx: Context, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        amount = new.get("ReservedConcurrentExecutions")
        if amount is not None:
            request = {"FunctionName": name, "ReservedConcurrentExecutions": amount}
            await ctx.call("lambda", "PutFunctionConcurrency", request)
        elif old.get("ReservedConcurrentExecutions") is not None:
            await ctx.call("lambda", "DeleteFunctionConcurrency", {"FunctionName": name})

    @staticmethod
    async def _recorded(ctx: Context, name: str, properties: dict[str, Any]) -> None:
        if properties.get("RecursiveLoop"):
            request = {"FunctionName": name, "RecursiveLoop": properties["RecursiveLoop"]}
            await ctx.call("lambda", "PutFunctionRecursionConfig", request)
        management = properties.get("RuntimeManagementConfig")
        if management:
            await ctx.call("lambda", "PutRuntimeManagementConfig", {"FunctionName": name, **management})

    @staticmethod
    async def _made(ctx: Context, name: str) -> Resource:
        config = await ctx.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
        snap = config.get("SnapStart") or {}
        attributes: dict[str, Any] = {"Arn": config["FunctionArn"], "SnapStartResponse": snap}
        attributes |= {f"SnapStartResponse.{key}": value for key, value in snap.items()}
        return Resource(name, attributes)


def _code(properties: dict[str, Any]) -> dict[str, Any]:
    """Converts Code to CreateFunction's form: a template's ZipFile is the text of a single file."""
    code = dict(properties.get("Code") or {})
    if code.get("ZipFile") is not None:
        text = code["ZipFile"]
        return {"ZipFile": inline_package(properties.get("Runtime") or "", text)}
    return {key: code[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri") if code.get(key)}


def _changed_configuration(name: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Builds UpdateFunctionConfiguration's request.

    Properties that the template no longer has return to their defaults.
    """
    defaults: dict[str, Any] = {
        "Description": "", "Timeout": 3, "MemorySize": 128, "Environment": {"Variables": {}}, "Layers": [],
        "TracingConfig": {"Mode": "PassThrough"}, "DeadLetterConfig": {"TargetArn": ""}, "FileSystemConfigs": [],
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}, "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None"}, "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }  # fmt: skip
    request = {"FunctionName": name, **_configuration(new)}
    for member, value in defaults.items():
        if old.get(member) is not None and new.get(member) is None:
            request[member] = value
    if old.get("KmsKeyArn") != new.get("KmsKeyArn"):
        request["KMSKeyArn"] = new.get("KmsKeyArn") or ""
    return request


@resource("AWS::Lambda::Version", unbuilt=("FunctionScalingConfig", "RuntimePolicy"))
class VersionResource:
    """Ref: the ARN of the version. GetAtt: Version, FunctionArn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await _settled(ctx, properties["FunctionName"])
        request = given(properties, "FunctionName", "CodeSha256", "Description")
        made = await ctx.call("lambda", "PublishVersion", request)
        config = properties.get("ProvisionedConcurrencyConfig")
        await _provision(ctx, properties["FunctionName"], made["Version"], config)
        arn = made["FunctionArn"]
        return Resource(arn, {"Version": made["Version"], "FunctionArn": arn})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Version": physical_id.rsplit(":", 1)[1], "FunctionArn": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        name, _, version = physical_id.rpartition(":")
        await unless(ctx.call("lambda", "DeleteFunction", {"FunctionName": name, "Qualifier": version}), GONE)


async def _provision(ctx: Context, function: str, qualifier: str, config: dict[str, Any] | None) -> None:
    if config:
        request = {"FunctionName": function, "Qualifier": qualifier, **config}
        await ctx.call("lambda", "PutProvisionedConcurrencyConfig", request)


@resource("AWS::Lambda::Alias")
class AliasResource:
    """Ref: the ARN of the alias. GetAtt: AliasArn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        async def make() -> str:
            return str((await ctx.call("lambda", "CreateAlias", self._request(properties)))["AliasArn"])

        async def found() -> str | None:
            """Finds the alias of an earlier try.

            Aliases have no creation time; it is enough that no other resource owns this one.
            """
            request = given(properties, "FunctionName", "Name")
            kept = await unless(ctx.call("lambda", "GetAlias", request), GONE)
            return kept["AliasArn"] if kept is not None and name.claim(kept["AliasArn"]) else None

        arn = await create_once(name, make, found)
        await _provision(
            ctx, properties["FunctionName"], properties["Name"], properties.get("ProvisionedConcurrencyConfig")
        )
        return Resource(arn, {"AliasArn": arn})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        made = await ctx.call("lambda", "UpdateAlias", {"RoutingConfig": {}, "Description": "", **self._request(new)})
        await _provision(ctx, new["FunctionName"], new["Name"], new.get("ProvisionedConcurrencyConfig"))
        return Resource(made["AliasArn"], {"AliasArn": made["AliasArn"]})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        function, _, alias = physical_id.rpartition(":")
        await unless(ctx.call("lambda", "DeleteAlias", {"FunctionName": function, "Name": alias}), GONE)

    @staticmethod
    def _request(properties: dict[str, Any]) -> dict[str, Any]:
        request = given(properties, "FunctionName", "Name", "FunctionVersion", "Description")
        weights = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        if weights is not None:
            shares = {item["FunctionVersion"]: item["FunctionWeight"] for item in weights}
            request["RoutingConfig"] = {"AdditionalVersionWeights": shares}
        return request


@resource("AWS::Lambda::Permission")
class PermissionResource:
    """Ref and GetAtt Id: the statement id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        sid = name.physical(limit=100)
        request = {
            "StatementId": sid,
            **given(
                properties, "FunctionName", "Action", "Principal", "SourceArn", "SourceAccount", "EventSourceToken",
                "PrincipalOrgID", "FunctionUrlAuthType", "InvokedViaFunctionUrl",
            ),
        }  # fmt: skip
        # the statement id is this resource's own: when it is taken, an earlier try added it
        await unless(ctx.call("lambda", "AddPermission", request), TAKEN)
        return Resource(sid, {"Id": sid})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"FunctionName": properties["FunctionName"], "StatementId": physical_id}
        await unless(ctx.call("lambda", "RemovePermission", request), GONE)


@resource("AWS::Lambda::Url")
class UrlResource:
    """Ref: the function's ARN. GetAtt: FunctionArn, FunctionUrl."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = self._request(properties)

        async def found() -> dict[str, Any] | None:
            kept = await unless(ctx.call("lambda", "GetFunctionUrlConfig", _url(properties)), GONE)
            made = kept is not None and name.made(epoch(kept["CreationTime"]))
            return kept if made else None

        made = await create_once(name, lambda: ctx.call("lambda", "CreateFunctionUrlConfig", request), found)
        return self._made(made)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = self._request(new)
        if old.get("Cors") and not new.get("Cors"):
            request["Cors"] = {}
        return self._made(await ctx.call("lambda", "UpdateFunctionUrlConfig", request))

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("lambda", "DeleteFunctionUrlConfig", _url(properties)), GONE)

    @staticmethod
    def _request(properties: dict[str, Any]) -> dict[str, Any]:
        return {**_url(properties), **given(properties, "AuthType", "Cors", "InvokeMode")}

    @staticmethod
    def _made(answer: dict[str, Any]) -> Resource:
        arn = answer["FunctionArn"]
        return Resource(arn, {"FunctionArn": arn, "FunctionUrl": answer["FunctionUrl"]})


def _url(properties: dict[str, Any]) -> dict[str, Any]:
    return {"FunctionName": properties["TargetFunctionArn"], **given(properties, "Qualifier")}
