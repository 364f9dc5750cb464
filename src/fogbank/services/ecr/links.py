"""The links of GetDownloadUrlForLayer, which work for an hour without credentials.

AWS's are presigned URLs of S3. How long those work is not documented; an hour is what they have been seen to have.
"""

from __future__ import annotations

from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit
from fogbank.store.blobs import BlobMissing

from .records import Layer

PATH = "/_aws/ecr/layer/"
SECONDS = 3600
_SCOPE = "ecr/layer"


class Forbidden(ServiceError):
    code = "AccessDenied"
    status = 403


class Gone(ServiceError):
    code = "NoSuchKey"
    status = 404
    default = "The layer was deleted."


def make(ctx: Context, layer: Layer) -> str:
    token = paging.encode(ctx.app.secret, _SCOPE, [layer.blob, ctx.now() + SECONDS])
    return f"{ctx.endpoint}{PATH}{token}"


@endpoint("ecr-layer")
async def answer(visit: Visit) -> Response:
    """Answer a request for a link with the bytes of the layer."""
    visit.hop.operation = "GetLayer"
    try:
        blob, ends = paging.decode(visit.app.secret, _SCOPE, visit.request.path.removeprefix(PATH))
    except ValueError:
        raise Forbidden("This is no link of GetDownloadUrlForLayer.") from None
    if visit.app.clock.now() > ends:
        raise Forbidden("Request has expired")
    try:
        return Response(200, [("content-type", "application/octet-stream")], visit.app.blobs.slice(blob))
    except BlobMissing:
        raise Gone from None
