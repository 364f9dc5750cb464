"""Form uploads: a POST to a bucket, authenticated by the form's signed policy instead of request headers.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from fogbank.auth.signatures import policy_access_key, verify_policy
from fogbank.core.context import Context
from fogbank.core.errors import UnrecognizedClient
from fogbank.core.http import Request, Response, is_header
from fogbank.core.principal import Principal, anonymous
from fogbank.core.visit import Visit

from . import arns, events, shapes
from .checksums import SIZES, Expected
from .content import MAX_PUT, Content, copied, drop
from .errors import InvalidArgument, MalformedPOSTRequest, NoSuchBucket
from .forms import Form, Measured, check_conditions
from .lookups import require_bucket
from .object_records import object_of
from .permissions import denial
from .records import BUCKETS, INLINE, Object
from .storage import current, fill, put

# form field → member of PutObject
_MEMBERS = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-type": "ContentType",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "expires": "Expires",
    "x-amz-storage-class": "StorageClass",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    **{f"x-amz-checksum-{name.lower()}": f"Checksum{name}" for name in SIZES},
}


async def post(visit: Visit, name: str) -> Response:
    """Stores a form's file as an object, if the signer of the form's policy may put it there."""
    bucket = await visit.anonymous().fetch(lambda tx: tx.get(BUCKETS, (name,)))
    if bucket is None:
        raise NoSuchBucket(name)
    form = Form(visit.request.header("content-type"), _chunks(visit.request))
    await form.open()
    fields = form.fields
    principal, document = _signed(visit, fields)
    span = check_conditions(document["conditions"], fields, name) if document is not None else None
    key = fields.get("key", "").replace("${filename}", form.filename.replace("\\", "/").rpartition("/")[2])
    if not key:
        raise _no_field("key")
    req = _as_put(fields, name, key, form.file_type)
    tags = _tags(fields.get("tagging", ""))
    if tags:
        req["Tagging"] = urlencode(tags)
    visit.reaches(principal.account or visit.app.settings.account, bucket.region, "PostObject")
    ctx = visit.enter(principal)
    needed = arns.put_object(ctx, req)
    denied = denial(ctx, *(needed if isinstance(needed, list) else [needed]))
    if denied is not None:
        raise denied
    made = object_of(ctx, req, bucket)
    body = Measured(form.file(), span or (0, MAX_PUT))
    await _store(ctx, req, made, body)
    return _answer(ctx, fields, made)


def _no_field(name: str) -> InvalidArgument:
    return InvalidArgument(
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.",
        ArgumentName=name,
        ArgumentValue="",
    )


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    if request.content is not None:
        yield request.content
    elif request.stream is not None:
        async for chunk in request.stream:
            yield chunk


def _signed(visit: Visit, fields: dict[str, str]) -> tuple[Principal, dict[str, Any] | None]:
    """Returns the signer of the form, and the form's policy (None for an anonymous form).

    Raises UnrecognizedClient, SignatureDoesNotMatch, AccessDenied, …
    """
    key = policy_access_key(fields)
    if key is None:
        if "policy" in fields:
            raise _no_field("AWSAccessKeyId")
        return anonymous(), None
    credential = visit.app.authenticator.signer(key, visit.request, "s3")
    if credential is None:
        raise UnrecognizedClient(
            "The AWS Access Key Id you provided does not exist in our records.", AWSAccessKeyId=key
        )
    token = fields.get("x-amz-security-token", "")
    now = visit.app.clock.now()
    if credential.token and (credential.token != token or (credential.expires or now) < now):
        raise UnrecognizedClient("The provided token is malformed or otherwise invalid.")
    return credential.principal, verify_policy(fields, credential.secret, now)


def _as_put(fields: dict[str, str], bucket: str, key: str, file_type: str) -> dict[str, Any]:
    """Converts the form to a PutObject request. Raises InvalidArgument for a field that is not a valid header value.

    Metadata is stored unchecked: on reads, S3 counts entries that no header can carry (x-amz-missing-meta). How S3
    answers line breaks in other fields is not confirmed.
    """
    req: dict[str, Any] = {"Bucket": bucket, "Key": key}
    if not is_header("content-type", file_type):
        raise InvalidArgument("Invalid argument.", ArgumentName="Content-Type", ArgumentValue=file_type)
    for field, member in _MEMBERS.items():
        value = fields.get(field)
        if not value:
            continue
        if not is_header(field, value):
            raise InvalidArgument("Invalid argument.", ArgumentName=field, ArgumentValue=value)
        req[member] = value
    prefix = "x-amz-meta-"
    meta = {name[len(prefix) :]: value for name, value in fields.items() if name.startswith(prefix)}
    if meta:
        req["Metadata"] = meta
    if "ContentType" not in req and file_type:
        req["ContentType"] = file_type
    return req


def _tags(document: str) -> dict[str, str]:
    """Parses the `tagging` field, which holds the XML of a Tagging structure."""
    if not document:
        return {}
    from xml.etree import ElementTree

    from .names import tags_of_set

    if "<!" in document:
        raise MalformedPOSTRequest
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - without declarations there is nothing to expand
    except ElementTree.ParseError:
        raise MalformedPOSTRequest
    found = []
    for tag in root.iter():
        if tag.tag.rpartition("}")[2] == "Tag":
            values = {child.tag.rpartition("}")[2]: child.text or "" for child in tag}
            found.append({"Key": values.get("Key", ""), "Value": values.get("Value", "")})
    return tags_of_set(found, 10)


async def _store(ctx: Context, req: dict[str, Any], made: Object, body: Measured) -> None:
    expected = Expected.of_request(req)
    content = await copied(ctx, body.__aiter__(), expected.algorithm)
    try:
        expected.check(content.md5, content.checksums)
        if content.size <= INLINE and content.blob is not None:
            data = await ctx.blobs.load(content.blob.id)
            await ctx.blobs.discard(content.blob)
            content = Content(content.size, content.md5, content.checksums, data=data)
        made.size, made.etag, made.checksums = content.size, content.md5.hex(), content.checksums
        made.blob = content.blob.id if content.blob is not None else ""
        await ctx.transact(_commit, ctx, made, content)
    except BaseException:
        await drop(ctx, content)
        raise


def _commit(tx: Any, ctx: Context, made: Object, content: Content) -> None:
    bucket = require_bucket(tx, ctx, {"Bucket": made.bucket})
    put(tx, ctx, bucket, made, current(tx, made.bucket, made.key))
    fill(tx, ctx, made, content)
    if bucket.has_notifications:
        events.enqueue(tx, ctx, bucket, made, "ObjectCreated:Post")


def _redirection(url: str) -> SplitResult | None:
    """Parses the URL to which a form redirects; None for an invalid one: "it acts as if the field is not present".

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and is_header("location", parts.geturl()) else None


def _answer(ctx: Context, fields: dict[str, str], made: Object) -> Response:
    """Makes the response: 204 unless the form asks for another status or for a redirect."""
    location = shapes.location(ctx, made.bucket, made.key)
    headers = [("ETag", f'"{made.etag}"'), ("Location", location)]
    if made.version_id != "null":
        headers.append(("x-amz-version-id", made.version_id))
    parts = _redirection(fields.get("success_action_redirect") or fields.get("redirect") or "")
    if parts is not None:
        told = [("bucket", made.bucket), ("key", made.key), ("etag", f'"{made.etag}"')]
        query = urlencode([*parse_qsl(parts.query), *told], quote_via=quote)
        headers = [pair for pair in headers if pair[0] != "Location"]
        return Response(303, [*headers, ("Location", parts._replace(query=query).geturl())])
    status = fields.get("success_action_status", "204")
    if status == "201":
        from fogbank.wire.xml_write import DECLARATION, element

        xml = "".join(
            element(name, value)
            for name, value in (
                ("Location", location),
                ("Bucket", made.bucket),
                ("Key", made.key),
                ("ETag", f'"{made.etag}"'),
            )
        )
        headers.append(("Content-Type", "application/xml"))
        return Response(201, headers, f"{DECLARATION}<PostResponse>{xml}</PostResponse>".encode())
    return Response(200 if status == "200" else 204, headers)
