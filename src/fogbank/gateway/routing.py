"""Routes a request to its service and operation, by tables built from the models and in this order:

1. `/_fogbank/…`                   the control API
2. the host's data plane          execute-api, lambda-url, s3-website; and their path forms (`core.doors`)
3. X-Amz-Target                   json services
4. the credential scope           every signed request names its service
5. Action and Version in a form   query services
6. the host's service             SERVICE.REGION.amazonaws.com
7. otherwise                      S3, the only service that accepts anonymous and SigV2 requests on any path
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from typing import cast
from urllib.parse import parse_qsl

import msgspec

from fogbank.auth.signatures import claims
from fogbank.core import doors, services
from fogbank.core.context import Cloud
from fogbank.core.errors import ServiceError, UnknownOperation
from fogbank.core.http import Addressed, Request
from fogbank.core.operation import Chooser
from fogbank.wire import hosts, index, models
from fogbank.wire.codec import EC2, QUERY, Codec
from fogbank.wire.index import signed_as
from fogbank.wire.models import OperationModel, ServiceModel

_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]+)")
_VERSION = re.compile(rb"(?:^|&)Version=([0-9-]+)")
_RPC_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)$")


class Target(msgspec.Struct):
    """The service and operation of a request. `operation` and `codec` are None if the service has no such operation."""

    service: ServiceModel
    protocol: str
    operation: OperationModel | None
    labels: dict[str, str]
    region: str
    name: str  # the operation as the client named it, for error texts
    signing_name: str
    codec: Codec | None


class DataPlane(msgspec.Struct):
    """The data plane endpoint of a request that is no AWS API call."""

    endpoint: str  # the name of a service's @endpoint
    service: str


NAMED_WITHIN = 1 << 20  # bytes of a form that are searched for Action and Version: SDKs write them first
CHOSEN_WITHIN = 1 << 16  # bytes of a form that are parsed to choose between APIs
S3_CONTROL, S3_CONTROL_PATHS = "s3control", "/v20180820/"
KEPT = 10_000  # entries in the cache of targets


class Router:
    def __init__(self, domains: tuple[str, ...], region: str, cloud: Cloud | None = None) -> None:
        self._cloud = cloud
        self._domains = domains
        self._region = region
        # caches of routing results by (X-Amz-Target, region) and by (Version, Action, service, region)
        self._targets: dict[tuple[str, ...], Target] = {}
        self._signers: dict[str, list[str]] = {}  # cache: signing name → the candidate services, in order
        declared = doors.table()
        self._hosts = {host.label: DataPlane(host.endpoint, door.service)
                       for door in declared for host in door.host if host.endpoint}  # fmt: skip
        self._paths = [(path.pattern, DataPlane(path.endpoint, door.service), path.unsigned)
                       for door in declared for path in door.path]  # fmt: skip
        self._starts = (S3_CONTROL_PATHS, *{path.start for door in declared for path in door.path})
        self._signers[S3_CONTROL] = [S3_CONTROL]
        self._browsers = {door.service: DataPlane(door.browser, door.service) for door in declared if door.browser}

    def route(self, request: Request, visit_id: str = "") -> Target | DataPlane:
        """Find the target of a request. If its body is a form, the body must have arrived.

        `visit_id` is set if the browser endpoint passes the request on to the API: it is not sent there again.
        """
        given = request.lookup.get
        host = hosts.parse(given("host", ""), self._domains)
        if host.plane and host.service in self._hosts:
            return self._hosts[host.service]
        path = request.path
        if path != "/" and not host.plane and path.startswith(self._starts):
            for pattern, plane, unsigned in self._paths:
                if pattern.fullmatch(path) and not (unsigned and _is_signed(request)):
                    return plane
            if path.startswith(S3_CONTROL_PATHS) and "x-amz-account-id" in request.lookup:
                return self._to_control(request, host, visit_id)
        claim = None
        try:
            claim = claims.read(request)
            scope_region, scope_service = (claim.region, claim.service) if claim is not None else ("", "")
        except ServiceError:  # authentication will raise it again, in the error format of the service that was meant
            scope_region, scope_service = claims.meant(request)
        region = scope_region or host.region or self._region
        if host.plane:  # a bucket's own host means S3, whatever service the request was signed for
            return self._rest(request, "s3", host, region, claim, visit_id)
        target = given("x-amz-target")
        if target:
            known = self._targets.get((target, region))
            if known is not None and "smithy-protocol" not in request.lookup:
                return known
            return self._by_target(target, request, region)
        if scope_service == "s3":
            return self._rest(request, "s3", host, region, claim, visit_id)
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
        return self._rest(request, scope_service or host.service or "s3", host, region, claim, visit_id)

    def _to_control(self, request: Request, host: hosts.Host, visit_id: str) -> Target | DataPlane:
        """Route a request to S3 Control: signed for S3, it has paths of its own and names its account in a header.

        SDKs put the account before the endpoint's host (ACCOUNT.s3-control.REGION.DOMAIN, ACCOUNT.localhost), but a
        client may also ask the endpoint itself.
        """
        try:
            claim = claims.read(request)
            region = claim.region if claim is not None else ""
        except ServiceError:  # as in `route`
            claim, region = None, claims.meant(request)[0]
        return self._rest(request, S3_CONTROL, host, region or host.region or self._region, claim, visit_id)

    def _by_target(self, target: str, request: Request, region: str) -> Target:
        prefix, _, name = target.rpartition(".")
        found = self._named(self._best(index.table().by_target.get(prefix, ())), request, name, region)
        if found.operation is not None and found.protocol == "json" and len(self._targets) < KEPT and len(region) < 32:
            self._targets[target, region] = found  # only valid ones, so that clients cannot fill the cache
        return found

    def _by_action(self, found: Sequence[str], request: Request, asked: tuple[str, str, str, str]) -> Target:
        _, action, signed, region = asked
        named = signed_as(signed)
        candidates = _preferred([name for name in found if name in named] or found, signed)
        chooser = _chooser(candidates)
        if chooser is not None and self._cloud is not None:
            meant = chooser.call(self._cloud, action, _form(request))
            return self._named(models.load(meant), request, action, region)
        target = self._named(self._best(candidates), request, action, region)
        if target.protocol in (QUERY, EC2) and len(self._targets) < KEPT and len(region) < 32 and len(signed) < 32:
            self._targets[asked] = target
        return target

    @staticmethod
    def _best(candidates: Sequence[str]) -> ServiceModel:
        """The first candidate that is built, else the first one. Raises UnknownOperation if there is none."""
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
        visit_id: str,
    ) -> Target | DataPlane:
        method = request.method
        browser = self._browsers.get(signing_name)
        asked = browser is not None and (method in ("POST", "OPTIONS") or "origin" in request.lookup)
        if asked and not visit_id and _of_browser(request):
            return cast(DataPlane, browser)
        candidates = self._signers.get(signing_name) or self._signed(signing_name)
        path = request.path
        bucket = ""
        for name in candidates:
            service = models.load(name)
            if name == "s3" and host.service == "s3" and host.name:
                bucket = host.name
                path = f"/{bucket}{path}"  # virtual-host addressing: the bucket is in the host
            found = service.route(method, path, request.query, request)
            if claim is not None and (claim.version == 2 or (found is not None and found[0].open_body)):
                request.addressed = Addressed(bucket, *((found[0].words, found[0].open_body) if found else ()))
            if found is not None:
                return _target(service, request, found[0], found[1], region, found[0].name)
        nearest = candidates[0]
        if len(candidates) > 1:
            nearest = max(candidates, key=lambda name: _likeness(name, request.path))
        return _target(models.load(nearest), request, None, {}, region, f"{request.method} {request.path}")

    def _signed(self, signing_name: str) -> list[str]:
        """The services that a REST call with this signing name may be for; those that are built come first."""
        candidates = _preferred(signed_as(signing_name), signing_name)
        candidates.sort(key=lambda name: name not in services.built())
        if candidates:  # only known names, so that clients cannot fill the cache
            self._signers[signing_name] = candidates
        return candidates or ["s3"]


def _preferred(names: Sequence[str], signing_name: str) -> list[str]:
    """Sort the service whose name equals the signing name to the front: rds before neptune and docdb."""
    return sorted(names, key=lambda name: name != signing_name)


def _chooser(candidates: Sequence[str]) -> Chooser | None:
    """The function that chooses between the candidates, if more than one of them is built."""
    built = [name for name in candidates if name in services.built()]
    service = services.load(built[0]) if len(built) > 1 else None
    return service.chooser if service is not None else None


def _form(request: Request) -> dict[str, str]:
    """The parameters of a query call, from its form and its URL."""
    content = (request.content or b"")[:CHOSEN_WITHIN].decode("utf-8", "replace")
    return dict(parse_qsl(f"{request.query}&{content}"))


@cache
def _paths(name: str) -> tuple[list[str], ...]:
    operations = models.load(name).operations.values()
    return tuple(operation.raw.http.request_uri.partition("?")[0].split("/") for operation in operations)


def _likeness(name: str, path: str) -> int:
    """How many leading segments the path shares with any path of the API.

    For paths that match no operation: clients may be newer than the models.
    """
    asked = path.split("/")
    return max(sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(asked, known, strict=False)))
               for known in _paths(name))  # fmt: skip


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
    """Whether a web page sent this: a preflight, a form, or a call with an Origin whose response needs CORS headers.

    The service's browser endpoint answers the first two, and passes the third on to the API.
    """
    if request.method == "OPTIONS":
        return True
    if request.method == "POST" and request.header("content-type").startswith("multipart/form-data"):
        return True
    return bool(request.header("origin"))


def _is_signed(request: Request) -> bool:
    """Whether the request looks as if it had AWS's signature: enough to tell an API's path from a data plane's."""
    return request.header("authorization").startswith("AWS") or "X-Amz-" in request.query


def form_action(request: Request) -> tuple[str, str]:
    """Find Action and Version of a query-protocol request, in the form body or in the URL."""
    if request.content and request.header("content-type").startswith("application/x-www-form-urlencoded"):
        action = _ACTION.search(request.content, 0, NAMED_WITHIN)
        if action:
            version = _VERSION.search(request.content, 0, NAMED_WITHIN)
            return action[1].decode(), version[1].decode() if version else ""
    if "Action=" in request.query:
        query = dict(parse_qsl(request.query))
        return query.get("Action", ""), query.get("Version", "")
    return "", ""
