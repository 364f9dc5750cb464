"""The registry that container tools speak to: the OCI distribution protocol, version 1.1.

Every request is authenticated by a token of GetAuthorizationToken and authorised like the API's operation of the same
meaning: a pull needs ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, a push needs ecr:BatchCheckLayerAvailability,
ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and ecr:PutImage. Everybody may pull from a public
registry.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html#registry_auth_http
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fogbank.core import arns
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response
from fogbank.core.operation import endpoint
from fogbank.core.principal import anonymous
from fogbank.core.visit import Visit
from fogbank.wire import hosts

from . import door_blobs, door_lists, door_manifests, names, tokens
from .caller import Caller
from .door_errors import API_VERSION, Denied, NameUnknown, Unauthorized, Unsupported, json_response, refuse
from .door_routes import Route, route
from .names import Place
from .tokens import Bearer

_NOBODY = "Basic Og=="  # no name and no password: what skopeo sends without credentials
Answer = Callable[[Caller, Route], Awaitable[Response]]

_ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "manifest"): door_manifests.get,
    ("HEAD", "manifest"): door_manifests.get,
    ("PUT", "manifest"): door_manifests.put,
    ("DELETE", "manifest"): door_manifests.delete,
    ("GET", "blob"): door_blobs.get,
    ("HEAD", "blob"): door_blobs.head,
    ("POST", "uploads"): door_blobs.begin,
    ("GET", "upload"): door_blobs.status,
    ("PATCH", "upload"): door_blobs.append,
    ("PUT", "upload"): door_blobs.complete,
    ("DELETE", "upload"): door_blobs.cancel,
    ("GET", "tags"): door_lists.tags,
    ("GET", "referrers"): door_lists.referrers,
    ("GET", "catalog"): door_lists.catalog,
}


def _refuse(visit: Visit, error: ServiceError) -> Response:
    response = refuse(visit, error)
    if response.status == 401:
        response.headers.append(("Www-Authenticate", _challenge(visit)))
    return response


def _challenge(visit: Visit) -> str:
    """A private registry's own host asks for a password, as AWS's does.

    All other hosts ask for a bearer's token, as AWS's public registry does: then tools that have no password can still
    pull from public repositories.
    """
    request = visit.request
    here = f"{request.scheme}://{request.host}"
    if hosts.parse(request.host, visit.app.settings.domains).plane:
        return f'Basic realm="{here}/",service="ecr.amazonaws.com"'
    return f'Bearer realm="{here}/v2/token/",service="public.ecr.aws",scope="aws"'


def _is_public(visit: Visit) -> bool:
    return hosts.bare(visit.request.host).startswith(f"{names.PUBLIC_HOST}.")


@endpoint("ecr-registry", refuse=_refuse)
async def answer(visit: Visit) -> Response:
    """Answer a request of the distribution protocol."""
    visit.headers.append(API_VERSION)
    request = visit.request
    found = route(request.path)
    if found.about == "token":
        return await _token(visit)
    bearer = await _bearer(visit)
    if found.about == "root":
        if bearer is None:
            raise Unauthorized
        visit.hop.operation = "Ping"
        return json_response(200, {})
    reply = _ANSWERS.get((request.method, found.about))
    if reply is None:
        raise Unsupported
    place = _place(visit, found, bearer)
    if bearer is None and place.region:
        raise Unauthorized
    if not arns.ACCOUNT.fullmatch(place.account):
        raise NameUnknown("The registry does not exist")
    return await reply(Caller(visit, place, bearer.principal if bearer else anonymous()), found)


async def _bearer(visit: Visit) -> Bearer | None:
    """Whom the request's token stands for; None if it has none."""
    authorization = visit.request.header("authorization")
    if not authorization or authorization == _NOBODY:
        return None
    token = tokens.password(authorization)
    if token is None:
        raise Unauthorized
    try:
        return await visit.app.run(lambda: tokens.read(visit.app, token))
    except tokens.ExpiredToken:
        raise Denied("Your authorization token has expired. Reauthenticate and try again.") from None
    except tokens.BadToken:
        raise Unauthorized from None


def _place(visit: Visit, found: Route, bearer: Bearer | None) -> Place:
    """The repository of a path, in the registry that the host or the path names (see `names.py`)."""
    settings = visit.app.settings
    host = hosts.parse(visit.request.host, settings.domains)
    if host.plane:
        return Place(host.name, host.region or settings.region, found.name)
    if _is_public(visit):
        alias, _, name = found.name.partition("/")
        return names.public(alias, name)
    place = names.hosted(found.name)
    if place is not None:
        return place
    if bearer is None:
        raise Unauthorized
    return Place(bearer.principal.account, bearer.region or settings.region, found.name)


async def _token(visit: Visit) -> Response:
    """A bearer's token: the one that the caller has, or one for pulls from public repositories."""
    if visit.request.method != "GET":
        raise Unsupported  # containerd tries POST first
    visit.hop.operation = "GetAuthorizationToken"
    bearer = await _bearer(visit)
    if bearer is None:
        token, ends = tokens.unnamed(visit.app)
    else:
        token, ends = tokens.password(visit.request.header("authorization")) or "", bearer.ends
    return json_response(200, {"token": token, "expires_in": int(ends - visit.app.clock.now())})
