"""Data planes are let in, recorded and kept as calls of an API are: each of them, by real requests."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from fogbank import testing
from fogbank.core import services
from fogbank.store.api import Conflict, StoreError

from .planes import LET_IN, PLANES, Planes


@pytest.fixture(scope="module")
def planes() -> Iterator[Planes]:
    with testing.cloud(durability="full") as cloud:
        yield Planes(cloud)


@pytest.mark.parametrize("plane", PLANES)
def test_what_never_leaves_this_machine_counts_as_encrypted(planes: Planes, plane: str) -> None:
    """As for the API: CDK's buckets (enforceSSL) deny everything else.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
    """
    answer = planes.ask(plane)
    assert answer.status == LET_IN[plane], answer.body


@pytest.mark.parametrize("plane", PLANES)
def test_why_knows_a_visit_by_the_id_in_its_answer(planes: Planes, plane: str) -> None:
    service, header = PLANES[plane]
    answer = planes.ask(plane)
    first, *_ = planes.cloud.why(answer.headers[header])
    assert (first["service"], first["status"]) == (service, answer.status)
    if plane in ("execute-api", "http-api", "lambda-url", "s3-website"):  # whose they are
        assert (first["account"], first["region"]) == (planes.account.id, "us-east-1")
    if plane == "lambda-url":
        assert first["principal"] == f"arn:aws:iam::{planes.account.id}:user/caller"


def test_what_a_stage_calls_is_linked_to_the_visit(planes: Planes) -> None:
    hops = planes.cloud.why(planes.ask("execute-api").headers["x-amzn-requestid"])
    assert [(hop["service"], hop["operation"]) for hop in hops[:2]] == [("apigateway", "Invoke"), ("lambda", "Invoke")]
    assert hops[1]["cause"] == hops[0]["id"]


def test_why_tells_why_a_stage_refused(planes: Planes) -> None:
    answer = planes.send("GET", f"/_aws/execute-api/{planes.api}/dev/elsewhere")
    (hop,) = planes.cloud.why(answer.headers["x-amzn-requestid"])
    assert (answer.status, hop["error"]) == (403, "MISSING_AUTHENTICATION_TOKEN")


def test_why_tells_why_a_function_url_refused(planes: Planes) -> None:
    answer = planes.send("GET", "/_aws/lambda-url/nobodys/")
    (hop,) = planes.cloud.why(answer.headers["x-amzn-requestid"])
    assert (answer.status, hop["status"], hop["error"]) == (403, 403, "AccessDenied")


def test_a_call_of_a_page_is_one_call(planes: Planes) -> None:
    """The endpoint for browsers passes it on to the API, which records it under the same id."""
    answer = planes.send("GET", f"/{planes.bucket}/index.html", {"Origin": "https://example.com"})
    (hop,) = planes.cloud.why(answer.headers["x-amz-request-id"])
    assert (answer.status, hop["operation"]) == (200, "GetObject")


@pytest.mark.parametrize("plane", PLANES)
def test_what_is_answered_is_durable(planes: Planes, plane: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under --durability=full nothing is acknowledged before it is on the disk."""
    store = planes.cloud.app.store
    waited, durable = [], store.durable

    async def counted() -> None:
        waited.append(plane)
        await durable()

    monkeypatch.setattr(store, "durable", counted)
    planes.ask(plane)
    assert waited


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize(
    ("error", "status"), [(StoreError("the disk is full"), 503), (Conflict("again"), 503), (RuntimeError("a bug"), 500)]
)
def test_trouble_is_answered(
    planes: Planes, plane: str, error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk and a bug are answers, in the plane's own form, and in the record."""
    service, header = PLANES[plane]
    loaded = services.load(service)
    assert loaded is not None

    async def fail(visit: object) -> None:
        raise error

    broken = msgspec.structs.replace(loaded.endpoints[plane], call=fail)
    monkeypatch.setitem(loaded.endpoints, plane, broken)
    answer = planes.ask(plane)
    assert answer.status == status
    assert b"a bug" not in answer.body
    (hop,) = planes.cloud.why(answer.headers[header])
    assert hop["status"] == status
    assert hop["error"] in ("ServiceUnavailable", "InternalFailure")
