"""The website endpoint: anonymous GET and HEAD requests, with index documents, error documents and redirects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
"""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from fogbank.core.errors import ServiceError
from fogbank.core.http import Response, ResponseBody
from fogbank.core.operation import Access, endpoint
from fogbank.core.visit import Visit
from fogbank.store.api import Reader
from fogbank.wire import hosts

from . import website
from .arns import named_object
from .errors import AccessDenied, MethodNotAllowed, NoSuchBucket, NoSuchConfig, NoSuchKey, NotModified
from .lookups import config
from .permissions import denial, may_list
from .ranges import check_read, parse_range
from .records import BUCKETS, Bucket, Object
from .storage import body, current

_HEADER_OF = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "Expires": "Expires",
}


def refuse(visit: Visit, error: ServiceError) -> Response:
    """Makes the page that S3 shows for an error."""
    code = error.code_for("s3")
    page = website.error_page(error.status, code, error.message, error.members, visit.request_id)
    return Response(error.status, _identity(error), b"" if visit.request.method == "HEAD" else page)


def _identity(error: ServiceError) -> list[tuple[str, str]]:
    return [
        ("x-amz-error-code", error.code_for("s3")),
        ("x-amz-error-message", error.message),
        ("Content-Type", "text/html; charset=utf-8"),
        *error.headers,
    ]


@endpoint("s3-website", refuse=refuse, id_header="x-amz-request-id")
async def serve(visit: Visit) -> Response:
    """Answers a request to BUCKET.s3-website.REGION.…"""
    request = visit.request
    name = hosts.parse(request.host, visit.app.settings.domains).name or hosts.bare(request.host)

    def look(tx: Reader) -> tuple[Bucket | None, dict[str, Any] | None]:
        bucket = tx.get(BUCKETS, (name,))
        return bucket, config(tx, name, "website") if bucket is not None else None

    bucket, chosen = await visit.anonymous().fetch(look)
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(Method=request.method, ResourceType="OBJECT")
    if bucket is None:
        raise NoSuchBucket(name)
    if chosen is None:
        text = "The specified bucket does not have a website configuration"
        raise NoSuchConfig("NoSuchWebsiteConfiguration", text, name)
    visit.reaches(bucket.account, bucket.region, "GetObject")
    return _Site(visit, bucket, chosen).answer()


class _Site:
    """A request to a website."""

    def __init__(self, visit: Visit, bucket: Bucket, chosen: dict[str, Any]) -> None:
        self.visit, self.bucket, self.chosen = visit, bucket, chosen
        self.request = visit.request
        self.ctx = visit.anonymous()

    def answer(self) -> Response:
        request, chosen = self.request, self.chosen
        everything = website.redirect_all(chosen, request.path, request.query, request.scheme)
        if everything is not None:
            return _redirect(everything)
        key = website.key_of_path(request.path, chosen["IndexDocument"]["Suffix"])
        routed = website.routed(chosen, key, request.host, request.scheme)
        if routed is not None:
            return _redirect(routed)
        try:
            return self._page(self._find(key), 200)
        except NotModified as unchanged:
            return Response(304, list(unchanged.headers))
        except ServiceError as error:
            return self._refused(key, error)

    def _find(self, key: str) -> Object:
        """Returns the object of a key.

        Raises NoSuchKey, or AccessDenied when anonymous callers may not read it (or may not learn that it is
        missing).
        """
        ctx, name = self.ctx, self.bucket.name
        denied = denial(ctx, Access("s3:GetObject", named_object(ctx, name, key)))
        if denied is not None:
            raise AccessDenied
        with ctx.read() as tx:
            found = current(tx, name, key)
        if found is None:
            raise NoSuchKey(key) if may_list(ctx, name) else self._absent(key)
        return found

    def _absent(self, key: str) -> ServiceError:
        """Returns the error for a missing page to callers without s3:ListBucket.

        A website answers NoSuchKey even to them when the whole bucket is readable, which a random key tests.
        """
        probe = named_object(self.ctx, self.bucket.name, self.ctx.ids.hex(16))
        return AccessDenied() if denial(self.ctx, Access("s3:GetObject", probe)) is not None else NoSuchKey(key)

    def _page(self, found: Object, status: int) -> Response:
        redirect = found.headers.get("WebsiteRedirectLocation")
        if redirect and status == 200:
            return Response(301, [("Location", redirect)])
        asked = self._conditions() if status == 200 else {}
        headers = [("ETag", f'"{found.etag}"'), ("Last-Modified", formatdate(found.modified, usegmt=True))]
        if check_read(asked, found.etag, found.modified):
            raise NotModified(headers=tuple(headers))
        headers += [("Content-Type", found.content_type)]
        headers += [(_HEADER_OF[name], value) for name, value in found.headers.items() if name in _HEADER_OF]
        headers += [(f"x-amz-meta-{name}", value) for name, value in found.meta.items()]
        first, length = 0, found.size
        span = parse_range(self.request.header("range"), found.size) if status == 200 else None
        if span is not None:
            status, first, length = 206, span[0], span[1] - span[0] + 1
            headers.append(("Content-Range", f"bytes {span[0]}-{span[1]}/{found.size}"))
        if self.request.method == "HEAD":
            return Response(status, [*headers, ("Content-Length", str(length))])
        with self.ctx.read() as tx:
            content: ResponseBody = body(tx, self.ctx, found, first, length)
        if not isinstance(content, bytes) and not hasattr(content, "path"):
            headers.append(("Content-Length", str(length)))
        return Response(status, headers, content)

    def _conditions(self) -> dict[str, Any]:
        from email.utils import parsedate_to_datetime

        found: dict[str, Any] = {}
        if self.request.header("if-none-match"):
            found["IfNoneMatch"] = self.request.header("if-none-match")
        if self.request.header("if-match"):
            found["IfMatch"] = self.request.header("if-match")
        for header, member in (("if-modified-since", "IfModifiedSince"), ("if-unmodified-since", "IfUnmodifiedSince")):
            try:
                found[member] = parsedate_to_datetime(self.request.header(header))
            except (ValueError, TypeError):
                continue  # absent, or not a date: ignored (RFC 9110 13.1.3)
        return found

    def _refused(self, key: str, error: ServiceError) -> Response:
        """Answers a failed request.

        In this order: a redirect to the folder's URL with a slash, a routing rule for the error, the error document,
        the plain error page.
        """
        if error.status in (403, 404) and not key.endswith("/") and not self.request.path.endswith("/"):
            index = f"{key}/{self.chosen['IndexDocument']['Suffix']}"
            try:
                self._find(index)
            except ServiceError:
                pass
            else:
                return Response(302, [("Location", f"{self.request.path}/")])
        routed = website.routed(self.chosen, key, self.request.host, self.request.scheme, error.status)
        if routed is not None:
            return _redirect(routed)
        document = (self.chosen.get("ErrorDocument") or {}).get("Key")
        if document and 400 <= error.status < 500:
            try:
                return self._page(self._find(document), error.status)
            except ServiceError as second:
                page = website.error_page(
                    error.status, error.code, error.message, {**error.members, "Error document": second.message}, "-"
                )
                return Response(error.status, _identity(error), page)
        return self.visit.refuse(error)


def _redirect(target: website.Redirect) -> Response:
    return Response(target.status, [("Location", target.location)])
