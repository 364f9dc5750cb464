"""AWS::ApiGateway::Resource, Method, Model, RequestValidator, Authorizer, GatewayResponse: the parts of an API."""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, text
from fogbank.core.context import Context

from .cfn_calls import gone, made_once
from .cfn_values import camel, patches
from .records import AUTHORIZERS, MODELS, RESOURCES, VALIDATORS


@resource("AWS::ApiGateway::Resource")
class PathResource:
    """Ref and GetAtt ResourceId: the id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {
            "restApiId": properties["RestApiId"],
            "parentId": properties["ParentId"],
            "pathPart": str(properties["PathPart"]),
        }
        made = await made_once(
            ctx,
            name,
            "CreateResource",
            request,
            RESOURCES,
            request["restApiId"],
            fits=lambda kept: (kept.parent, kept.part) == (request["parentId"], request["pathPart"]),
        )
        return Resource(made, {"ResourceId": made})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"ResourceId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteResource", {"restApiId": properties["RestApiId"], "resourceId": physical_id})


def _bool(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


@resource("AWS::ApiGateway::Method", unbuilt=("Integration/IntegrationTarget",))
class Method:
    """A method with its integration and responses. Create and update write all of them."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await self._put(ctx, properties)
        return Resource(name.physical(), {})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._put(ctx, new)
        return Resource(physical_id, {})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteMethod", self._place(properties))

    @staticmethod
    def _place(properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "restApiId": properties["RestApiId"],
            "resourceId": properties["ResourceId"],
            "httpMethod": str(properties["HttpMethod"]).upper(),
        }

    async def _put(self, ctx: Context, properties: dict[str, Any]) -> None:
        place = self._place(properties)
        await gone(ctx, "DeleteMethod", place)
        request = camel(properties, ("AuthorizationType", "AuthorizerId", "OperationName", "RequestValidatorId",
                                     "ApiKeyRequired", "AuthorizationScopes", "RequestModels"))  # fmt: skip
        request.setdefault("authorizationType", "NONE")
        if properties.get("RequestParameters"):
            parameters = properties["RequestParameters"]
            request["requestParameters"] = {k: _required(v) for k, v in parameters.items()}
        await ctx.call("apigateway", "PutMethod", {**place, **request})
        for response in properties.get("MethodResponses") or ():
            shape: dict[str, Any] = {"statusCode": str(response["StatusCode"])}
            if response.get("ResponseModels"):
                shape["responseModels"] = response["ResponseModels"]
            if response.get("ResponseParameters"):
                shape["responseParameters"] = {k: _required(v) for k, v in response["ResponseParameters"].items()}
            await ctx.call("apigateway", "PutMethodResponse", {**place, **shape})
        integration = properties.get("Integration")
        if integration:
            await self._integrate(ctx, place, integration)

    @staticmethod
    async def _integrate(ctx: Context, place: dict[str, Any], given: dict[str, Any]) -> None:
        request = camel(given, ("Type", "IntegrationHttpMethod", "ConnectionType", "ConnectionId",
                                "PassthroughBehavior", "CacheNamespace", "ContentHandling",
                                "CacheKeyParameters", "ResponseTransferMode"))  # fmt: skip
        for member in ("Uri", "Credentials"):
            if given.get(member):
                request[member[0].lower() + member[1:]] = given[member]
        if given.get("TimeoutInMillis") is not None:
            request["timeoutInMillis"] = int(given["TimeoutInMillis"])
        for member in ("RequestParameters", "RequestTemplates"):
            if given.get(member):
                request[member[0].lower() + member[1:]] = _texts(given[member])
        await ctx.call("apigateway", "PutIntegration", {**place, **request})
        for response in given.get("IntegrationResponses") or ():
            shape: dict[str, Any] = {"statusCode": str(response["StatusCode"])}
            shape |= camel(response, ("SelectionPattern", "ContentHandling"))
            for member in ("ResponseParameters", "ResponseTemplates"):
                if response.get(member):
                    shape[member[0].lower() + member[1:]] = _texts(response[member])
            await ctx.call("apigateway", "PutIntegrationResponse", {**place, **shape})


def _required(value: Any) -> bool:
    """Whether a parameter is required: a flag, or {"Required": true} in newer templates."""
    return _bool(value.get("Required")) if isinstance(value, dict) else _bool(value)


def _texts(given: dict[str, Any]) -> dict[str, str]:
    return {name: text(value) for name, value in given.items()}


@resource("AWS::ApiGateway::Model")
class Model:
    """Ref: the model's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        token = "".join(c for c in name.physical() if c.isalnum())
        model = properties.get("Name") or token
        request = {
            "restApiId": properties["RestApiId"],
            "name": model,
            "contentType": properties.get("ContentType") or "application/json",
            "schema": text(properties.get("Schema") or {}),
        }
        if properties.get("Description"):
            request["description"] = properties["Description"]

        async def found() -> dict[str, Any] | None:
            """Look for the model of an earlier try. Models have no creation time, so compare their contents."""
            place = (ctx.account, ctx.region, request["restApiId"], model)
            kept = await ctx.fetch(lambda tx: tx.get(MODELS, place))
            same = kept is not None and all(kept.shape.get(key) == request[key] for key in ("contentType", "schema"))
            return {} if same else None

        await create_once(name, lambda: ctx.call("apigateway", "CreateModel", request), found)
        return Resource(model, {})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before = {"schema": text(old.get("Schema") or {}), "description": old.get("Description")}
        after = {"schema": text(new.get("Schema") or {}), "description": new.get("Description")}
        operations = patches(before, after, ("schema", "description"))
        if operations:
            request = {"restApiId": new["RestApiId"], "modelName": physical_id, "patchOperations": operations}
            await ctx.call("apigateway", "UpdateModel", request)
        return Resource(physical_id, {})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteModel", {"restApiId": properties["RestApiId"], "modelName": physical_id})


@resource("AWS::ApiGateway::RequestValidator")
class RequestValidator:
    """Ref and GetAtt RequestValidatorId: the id."""

    _MEMBERS = ("ValidateRequestBody", "ValidateRequestParameters")

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {"restApiId": properties["RestApiId"], "name": properties.get("Name") or name.physical()}
        request |= camel(properties, self._MEMBERS)
        made = await made_once(ctx, name, "CreateRequestValidator", request, VALIDATORS, request["restApiId"])
        return Resource(made, {"RequestValidatorId": made})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        names = ("validateRequestBody", "validateRequestParameters")
        before, after = camel(old, self._MEMBERS), camel(new, self._MEMBERS)
        operations = patches({n: before.get(n, False) for n in names}, {n: after.get(n, False) for n in names}, names)
        if operations:
            request = {"restApiId": new["RestApiId"], "requestValidatorId": physical_id, "patchOperations": operations}
            await ctx.call("apigateway", "UpdateRequestValidator", request)
        return Resource(physical_id, {"RequestValidatorId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"restApiId": properties["RestApiId"], "requestValidatorId": physical_id}
        await gone(ctx, "DeleteRequestValidator", request)


@resource("AWS::ApiGateway::Authorizer")
class Authorizer:
    """Ref and GetAtt AuthorizerId: the id."""

    _MEMBERS = ("Type", "AuthType", "IdentitySource", "IdentityValidationExpression", "ProviderARNs")

    def _request(self, properties: dict[str, Any]) -> dict[str, Any]:
        request = camel(properties, self._MEMBERS)
        for member in ("Name", "AuthorizerUri", "AuthorizerCredentials"):
            if properties.get(member):
                request[member[0].lower() + member[1:]] = properties[member]
        if properties.get("AuthorizerResultTtlInSeconds") is not None:
            request["authorizerResultTtlInSeconds"] = int(properties["AuthorizerResultTtlInSeconds"])
        return request

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {"name": name.physical(), **self._request(properties), "restApiId": properties["RestApiId"]}
        made = await made_once(ctx, name, "CreateAuthorizer", request, AUTHORIZERS, properties["RestApiId"])
        return Resource(made, {"AuthorizerId": made})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = self._request(old), self._request(new)
        names = ("name", "type", "authType", "authorizerUri", "authorizerCredentials", "identitySource",
                 "identityValidationExpression", "authorizerResultTtlInSeconds")  # fmt: skip
        operations = [
            o if o["value"] or o["path"] not in ("/identitySource", "/authorizerCredentials")
            else {"op": "remove", "path": o["path"]}
            for o in patches(before, after, names)
        ]  # fmt: skip
        held, wanted = before.get("providerARNs") or [], after.get("providerARNs") or []
        operations += [{"op": "add", "path": "/providerARNs", "value": arn} for arn in wanted if arn not in held]
        operations += [{"op": "remove", "path": "/providerARNs", "value": arn} for arn in held if arn not in wanted]
        if operations:
            request = {"restApiId": new["RestApiId"], "authorizerId": physical_id, "patchOperations": operations}
            await ctx.call("apigateway", "UpdateAuthorizer", request)
        return Resource(physical_id, {"AuthorizerId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteAuthorizer", {"restApiId": properties["RestApiId"], "authorizerId": physical_id})


@resource("AWS::ApiGateway::GatewayResponse")
class GatewayResponse:
    """Ref and GetAtt Id: a generated id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await self._put(ctx, properties)
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._put(ctx, new)
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"restApiId": properties["RestApiId"], "responseType": properties["ResponseType"]}
        await gone(ctx, "DeleteGatewayResponse", request)

    @staticmethod
    async def _put(ctx: Context, properties: dict[str, Any]) -> None:
        request = {"restApiId": properties["RestApiId"], "responseType": properties["ResponseType"]}
        if properties.get("StatusCode"):
            request["statusCode"] = str(properties["StatusCode"])
        for member in ("ResponseParameters", "ResponseTemplates"):
            if properties.get(member):
                request[member[0].lower() + member[1:]] = _texts(properties[member])
        await ctx.call("apigateway", "PutGatewayResponse", request)
