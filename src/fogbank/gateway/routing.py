"""From a request to the service and operation it calls: tables built from the models, asked in a fixed order.

1. `/_fogbank/…`                   the control API
2. the host's data plane          execute-api, lambda-url, s3-website; and their path forms
3. X-Amz-Target                   json services
4. the credential scope           every signed request names its service
5. Action and Version in a form   query services
6. the host's service             SERVICE.REGION.amazonaws.com
7. otherwise                      S3, the one service that answers anonymous and SigV2 requests on any path
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

import msgspec

from fogbank.auth.signatures import claims
from fogbank.core import services
from fogbank.core.errors import ServiceError, UnknownOperation
from fogbank.core.http import Addressed, Request
from fogbank.wire import hosts, index, models
from fogbank.wire.codec import EC2, QUERY, Codec
from fogbank.wire.index import signed_as
from fogbank.wire.models import OperationModel, ServiceModel

_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]+)")
_VERSION = re.compile(rb"(?:^|&)Version=([0-9-]+)")
_API_PATH = re.compile(r"/(?:restapis/([a-z0-9]+)/([^/]+)/_user_request_|_aws/execute-api/([a-z0-9]+)/([^/]+))(/.*)?$")
_RPC_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)$")


class Target(msgspec.Struct):
    """Where a request goes. `operation` and its `codec` are None when the service has none of that name or route."""

    service: ServiceModel
    protocol: str
    operation: OperationModel | None
    labels: dict[str, str]
    region: str
    name: str  # the operation as the client named it, for the error
    signing_name: str
    codec: Codec | None


class DataPlane(msgspec.Struct):
    """A request to an endpoint that is no AWS API call."""

    endpoint: str  # the name of a service's @endpoint
    service: str


NAMED_WITHIN = 1 << 20  # bytes of a form in which its Action and Version are looked for: SDKs write them first
KEPT = 10_000  # targets remembered

DATA_PLANES = {"execute-api": "apigateway", "lambda-url": "lambda", "s3-website": "s3"}
DATA_PLANE_PATHS = (  # for clients that cannot resolve the hosts' names
    ("/_aws/cloudformation/", "cloudformation-callback", "cloudformation"),
    ("/_aws/lambda-url/", "lambda-url", "lambda"),
    ("/_aws/sns/SimpleNotificationService.pem", "sns-certificate", "sns"),
)


class Router:
    def __init__(self, domains: tuple[str, ...], region: str) -> None:
        self._domains = domains
        self._region = region
        self._targets: dict[tuple[str, ...], Target] = {}  # of what comes all day
        self._signers: dict[str, list[str]] = {}  # signing name → the services to ask, in order

    def route(self, request: Request, *, passed_on: bool = False) -> Target | DataPlane:
        """Where `request` goes; its body must be here when its target stands in a form.

        `passed_on`: the service's endpoint for browsers has had it.
        """
        given = request.lookup.get
        host = hosts.parse(given("host", ""), self._domains)
        if host.plane and host.service in DATA_PLANES:
            return DataPlane(host.service, DATA_PLANES[host.service])
        path = request.path
        if path != "/" and not host.plane:
            if path.startswith(("/restapis/", "/_aws/execute-api/")) and _API_PATH.match(path):
                return DataPlane("execute-api", "apigateway")
            if path.startswith("/_aws/"):
                for prefix, endpoint, service in DATA_PLANE_PATHS:
                    if path.startswith(prefix):
                        return DataPlane(endpoint, service)
        claim = None
        try:
            claim = claims.read(request)
            scope_region, scope_service = (claim.region, claim.service) if claim is not None else ("", "")
        except ServiceError:  # the verifier will meet it again, and refuse: in the words of the service that was meant
            scope_region, scope_service = claims.meant(request)
        region = scope_region or host.region or self._region
        if host.plane:  # a bucket's own host is S3's, whatever the request was signed for
            return self._rest(request, "s3", host, region, claim, passed_on)
        target = given("x-amz-target")
        if target:
            known = self._targets.get((target, region))
            if known is not None and "smithy-protocol" not in request.lookup:
                return known
            return self._by_target(target, request, region)
        if scope_service == "s3":
            return self._rest(request, "s3", host, region, claim, passed_on)
        rpc = _RPC_PATH.search(path) if "smithy-protocol" in request.lookup else None
        if rpc:
            candidates = index.table().by_target.get(rpc[1]) or signed_as(scope_service)
            return self._named(self._best(candidates), request, rpc[2], region)
        action, version = form_action(request)
        if action:
            signed = scope_service or host.service
            known = self._targets.get((version, action, signed, region))
            if known is not None and "smithy-protocol" not in request.lookup:
                return known
            found = index.table().by_action(version, action)
            if found:
                return self._by_action(found, request, (version, action, signed, region))
            if not scope_service:
                raise UnknownOperation(f"Could not find operation {action} for version {version}")
        return self._rest(request, scope_service or host.service or "s3", host, region, claim, passed_on)

    def _by_target(self, target: str, request: Request, region: str) -> Target:
        prefix, _, name = target.rpartition(".")
        found = self._named(self._best(index.table().by_target.get(prefix, ())), request, name, region)
        if found.operation is not None and found.protocol == "json" and len(self._targets) < KEPT and len(region) < 32:
            self._targets[target, region] = found  # names that clients make up are not worth remembering
        return found

    def _by_action(self, found: Sequence[str], request: Request, asked: tuple[str, str, str, str]) -> Target:
        _, action, signed, region = asked
        named = signed_as(signed)
        target = self._named(self._best([n for n in found if n in named] or found), request, action, region)
        if target.protocol in (QUERY, EC2) and len(self._targets) < KEPT and len(region) < 32 and len(signed) < 32:
            self._targets[asked] = target
        return target

    @staticmethod
    def _best(candidates: Sequence[str]) -> ServiceModel:
        """The first candidate that is built, else the first; UnknownOperation when there is none."""
        if not candidates:
            raise UnknownOperation
        return models.load(next((name for name in candidates if name in services.built()), candidates[0]))

    @staticmethod
    def _named(service: ServiceModel, request: Request, name: str, region: str) -> Target:
        return _target(service, request, service.operations.get(name), {}, region, name)

    def _rest(
        self,
        request: Request,
        signing_name: str,
        host: hosts.Host,
        region: str,
        claim: claims.Claim | None,
        passed_on: bool,
    ) -> Target | DataPlane:
        method = request.method
        asked = signing_name == "s3" and (method in ("POST", "OPTIONS") or "origin" in request.lookup)
        if asked and not passed_on and _of_browser(request):
            return DataPlane("s3-browser", "s3")
        built = self._signers.get(signing_name) or self._signed(signing_name)
        path = request.path
        bucket = ""
        for name in built:
            service = models.load(name)
            if name == "s3" and host.service == "s3" and host.name:
                bucket = host.name
                path = f"/{bucket}{path}"  # virtual-host addressing: the bucket is in the host
            found = service.route(method, path, request.query, request)
            if claim is not None and (claim.version == 2 or (found is not None and found[0].open_body)):
                request.addressed = Addressed(bucket, *((found[0].words, found[0].open_body) if found else ()))
            if found is not None:
                return _target(service, request, found[0], found[1], region, found[0].name)
        return _target(models.load(built[0]), request, None, {}, region, f"{request.method} {request.path}")

    def _signed(self, signing_name: str) -> list[str]:
        """The services that a REST call with this signing name may be of: those that are built, if any is."""
        candidates = signed_as(signing_name)
        built = [name for name in candidates if name in services.built()] or list(candidates)
        if built:  # names that clients make up are not worth remembering
            self._signers[signing_name] = built
        return built or ["s3"]


def _target(
    service: ServiceModel,
    request: Request,
    operation: OperationModel | None,
    labels: dict[str, str],
    region: str,
    name: str,
) -> Target:
    protocol = service.protocol_of(request)
    codec = operation.codec(protocol) if operation is not None else None
    return Target(service, protocol, operation, labels, region, name, service.signing_name, codec)


def _of_browser(request: Request) -> bool:
    """Whether S3 is asked by a page: a preflight, a form, or a call with an Origin whose answer needs CORS headers.

    The service's endpoint answers the first two, and passes the third on.
    """
    if request.method == "OPTIONS":
        return True
    if request.method == "POST" and request.header("content-type").startswith("multipart/form-data"):
        return True
    return bool(request.header("origin"))


def form_action(request: Request) -> tuple[str, str]:
    """Action and Version of a query-protocol request, in the form body or in the URL."""
    if request.content and request.header("content-type").startswith("application/x-www-form-urlencoded"):
        action = _ACTION.search(request.content, 0, NAMED_WITHIN)
        if action:
            version = _VERSION.search(request.content, 0, NAMED_WITHIN)
            return action[1].decode(), version[1].decode() if version else ""
    if "Action=" in request.query:
        query = dict(parse_qsl(request.query))
        return query.get("Action", ""), query.get("Version", "")
    return "", ""
