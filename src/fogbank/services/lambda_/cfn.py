"""AWS::Lambda::Function, Version, Alias, Permission, Url, EventSourceMapping, EventInvokeConfig, LayerVersion,
LayerVersionPermission.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .cfnresponse import inline_package

GONE = "ResourceNotFoundException"
SETTLE_LIMIT = 120.0  # seconds of the clock that a function may take to become active
_CONFIG = (
    "Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "VpcConfig", "DeadLetterConfig",
    "Environment", "TracingConfig", "Layers", "FileSystemConfigs", "ImageConfig", "EphemeralStorage", "SnapStart",
    "LoggingConfig", "DurableConfig",
)  # fmt: skip
_NUMBERS = frozenset({
    "Timeout", "MemorySize", "Size", "ReservedConcurrentExecutions", "BatchSize", "MaximumBatchingWindowInSeconds",
    "MaximumConcurrency", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "MaxAge", "ParallelizationFactor",
    "MaximumRecordAgeInSeconds", "TumblingWindowInSeconds", "ProvisionedConcurrentExecutions",
})  # fmt: skip
_BOOLEANS = frozenset({
    "Enabled", "AllowCredentials", "BisectBatchOnFunctionError", "Ipv6AllowedForDualStack", "InvokedViaFunctionUrl"
})  # fmt: skip


def typed(value: Any, name: str = "") -> Any:
    """Properties as the API takes them: CloudFormation hands numbers and booleans on as text where a template does."""
    if isinstance(value, dict):
        if name == "Variables":
            return {key: _text(held) for key, held in value.items()}
        return {key: typed(held, key) for key, held in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if name in _NUMBERS and not isinstance(value, int):
        return int(float(value))
    if name in _BOOLEANS and isinstance(value, str):
        return value.lower() == "true"
    return value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _given(properties: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: typed(properties[name], name) for name in names if properties.get(name) is not None}


def _tags(properties: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags") or ()}


async def _if_there(call: Awaitable[dict[str, Any]]) -> dict[str, Any] | None:
    """The answer of a call, or None when what it names is gone."""
    try:
        return await call
    except ServiceError as error:
        if error.code != GONE:
            raise
        return None


async def _settled(ctx: Context, name: str) -> dict[str, Any]:
    """Wait until a function takes further changes; its configuration."""
    deadline = ctx.now() + SETTLE_LIMIT
    while True:
        config = await ctx.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
        if config["State"] == "Active" and config["LastUpdateStatus"] == "Successful":
            return config
        if ctx.now() > deadline:
            raise ResourceFailed(f"The function {name} did not become active: {config.get('StateReason', '')}")
        await ctx.clock.sleep(0.02)


@resource("AWS::Lambda::Function")
class Function:
    """Ref: the name. GetAtt: Arn, SnapStartResponse.*"""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("FunctionName") or name.physical(limit=64)
        code = _code(properties)
        request = {
            "FunctionName": chosen,
            "Code": code,
            **_given(properties, *_CONFIG, "Architectures", "PackageType"),
        }
        if "ImageUri" in code:
            request["PackageType"] = "Image"
        if properties.get("KmsKeyArn"):
            request["KMSKeyArn"] = properties["KmsKeyArn"]
        if _tags(properties):
            request["Tags"] = _tags(properties)
        try:
            await ctx.call("lambda", "CreateFunction", request)
        except ServiceError as error:
            # an earlier try of this very create may have got this far: generated names are nobody else's
            if error.code != "ResourceConflictException" or properties.get("FunctionName"):
                raise
        await _settled(ctx, chosen)
        await self._concurrency(ctx, chosen, {}, properties)
        await self._recorded(ctx, chosen, properties)
        return await self._made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await _settled(ctx, physical_id)
        if old.get("Code") != new.get("Code") or old.get("Architectures") != new.get("Architectures"):
            request = {"FunctionName": physical_id, **_code(new), **_given(new, "Architectures")}
            await ctx.call("lambda", "UpdateFunctionCode", request)
            await _settled(ctx, physical_id)
        names = (*_CONFIG, "KmsKeyArn")
        if any(old.get(name) != new.get(name) for name in names):
            await ctx.call("lambda", "UpdateFunctionConfiguration", _changed_configuration(physical_id, old, new))
            await _settled(ctx, physical_id)
        await self._concurrency(ctx, physical_id, old, new)
        await self._recorded(ctx, physical_id, new)
        made = await self._made(ctx, physical_id)
        await _retag(ctx, made.attributes["Arn"], old, new)
        return made

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await _if_there(ctx.call("lambda", "DeleteFunction", {"FunctionName": physical_id}))

    @staticmethod
    async def _concurrency(ctx: Context, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        amount = new.get("ReservedConcurrentExecutions")
        if amount is not None:
            request = {"FunctionName": name, "ReservedConcurrentExecutions": int(amount)}
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
    """Code as CreateFunction takes it: in a template, ZipFile is the text of the one file."""
    code = dict(properties.get("Code") or {})
    if code.get("ZipFile") is not None:
        text = code["ZipFile"]
        return {"ZipFile": inline_package(properties.get("Runtime") or "", text)}
    return {key: code[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri") if code.get(key)}


def _changed_configuration(name: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """UpdateFunctionConfiguration's request: what a template no longer says goes back to its default."""
    defaults: dict[str, Any] = {
        "Description": "", "Timeout": 3, "MemorySize": 128, "Environment": {"Variables": {}}, "Layers": [],
        "TracingConfig": {"Mode": "PassThrough"}, "DeadLetterConfig": {"TargetArn": ""}, "FileSystemConfigs": [],
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}, "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None"}, "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }  # fmt: skip
    request = {"FunctionName": name, **_given(new, *_CONFIG)}
    for member, value in defaults.items():
        if old.get(member) is not None and new.get(member) is None:
            request[member] = value
    if old.get("KmsKeyArn") != new.get("KmsKeyArn"):
        request["KMSKeyArn"] = new.get("KmsKeyArn") or ""
    return request


async def _retag(ctx: Context, arn: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    gone = sorted(set(_tags(old)) - set(_tags(new)))
    if gone:
        await ctx.call("lambda", "UntagResource", {"Resource": arn, "TagKeys": gone})
    if _tags(new) and _tags(new) != _tags(old):
        await ctx.call("lambda", "TagResource", {"Resource": arn, "Tags": _tags(new)})


@resource("AWS::Lambda::Version", immutable=("FunctionName", "CodeSha256", "Description"))
class Version:
    """Ref: the ARN of the version. GetAtt: Version, FunctionArn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await _settled(ctx, properties["FunctionName"])
        request = _given(properties, "FunctionName", "CodeSha256", "Description")
        made = await ctx.call("lambda", "PublishVersion", request)
        await self._provision(ctx, properties, made["Version"])
        arn = made["FunctionArn"]
        return Resource(arn, {"Version": made["Version"], "FunctionArn": arn})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        version = physical_id.rsplit(":", 1)[1]
        await self._provision(ctx, new, version)
        return Resource(physical_id, {"Version": version, "FunctionArn": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        name, _, version = physical_id.rpartition(":")
        await _if_there(ctx.call("lambda", "DeleteFunction", {"FunctionName": name, "Qualifier": version}))

    @staticmethod
    async def _provision(ctx: Context, properties: dict[str, Any], qualifier: str) -> None:
        await _provision(ctx, properties["FunctionName"], qualifier, properties.get("ProvisionedConcurrencyConfig"))


async def _provision(ctx: Context, function: str, qualifier: str, config: dict[str, Any] | None) -> None:
    if config:
        request = {"FunctionName": function, "Qualifier": qualifier, **typed(config)}
        await ctx.call("lambda", "PutProvisionedConcurrencyConfig", request)


@resource("AWS::Lambda::Alias")
class Alias:
    """Ref: the ARN of the alias. GetAtt: AliasArn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        made = await ctx.call("lambda", "CreateAlias", self._request(properties))
        await _provision(
            ctx, properties["FunctionName"], properties["Name"], properties.get("ProvisionedConcurrencyConfig")
        )
        return Resource(made["AliasArn"], {"AliasArn": made["AliasArn"]})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        made = await ctx.call("lambda", "UpdateAlias", {"RoutingConfig": {}, "Description": "", **self._request(new)})
        await _provision(ctx, new["FunctionName"], new["Name"], new.get("ProvisionedConcurrencyConfig"))
        return Resource(made["AliasArn"], {"AliasArn": made["AliasArn"]})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        function, _, alias = physical_id.rpartition(":")
        await _if_there(ctx.call("lambda", "DeleteAlias", {"FunctionName": function, "Name": alias}))

    @staticmethod
    def _request(properties: dict[str, Any]) -> dict[str, Any]:
        request = _given(properties, "FunctionName", "Name", "FunctionVersion", "Description")
        weights = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        if weights is not None:
            shares = {str(item["FunctionVersion"]): float(item["FunctionWeight"]) for item in weights}
            request["RoutingConfig"] = {"AdditionalVersionWeights": shares}
        return request


@resource("AWS::Lambda::Permission")
class Permission:
    """Ref and GetAtt Id: the statement id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        sid = name.physical(limit=100)
        request = {
            "StatementId": sid,
            **_given(
                properties, "FunctionName", "Action", "Principal", "SourceArn", "SourceAccount", "EventSourceToken",
                "PrincipalOrgID", "FunctionUrlAuthType", "InvokedViaFunctionUrl",
            ),
        }  # fmt: skip
        if "SourceAccount" in request:
            request["SourceAccount"] = str(request["SourceAccount"])
        try:
            await ctx.call("lambda", "AddPermission", request)
        except ServiceError as error:
            if error.code != "ResourceConflictException":  # an earlier try added it
                raise
        return Resource(sid, {"Id": sid})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"FunctionName": properties["FunctionName"], "StatementId": physical_id}
        await _if_there(ctx.call("lambda", "RemovePermission", request))


@resource("AWS::Lambda::Url")
class Url:
    """Ref: the function's ARN. GetAtt: FunctionArn, FunctionUrl."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        try:
            made = await ctx.call("lambda", "CreateFunctionUrlConfig", self._request(properties))
        except ServiceError as error:
            if error.code != "ResourceConflictException":
                raise
            made = await ctx.call("lambda", "UpdateFunctionUrlConfig", self._request(properties))
        return self._made(made)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = self._request(new)
        if old.get("Cors") and not new.get("Cors"):
            request["Cors"] = {}
        return self._made(await ctx.call("lambda", "UpdateFunctionUrlConfig", request))

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"FunctionName": properties["TargetFunctionArn"], **_given(properties, "Qualifier")}
        await _if_there(ctx.call("lambda", "DeleteFunctionUrlConfig", request))

    @staticmethod
    def _request(properties: dict[str, Any]) -> dict[str, Any]:
        more = _given(properties, "Qualifier", "AuthType", "Cors", "InvokeMode")
        return {"FunctionName": properties["TargetFunctionArn"], **more}

    @staticmethod
    def _made(answer: dict[str, Any]) -> Resource:
        arn = answer["FunctionArn"]
        return Resource(arn, {"FunctionArn": arn, "FunctionUrl": answer["FunctionUrl"]})
