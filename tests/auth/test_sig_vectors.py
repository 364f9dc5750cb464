"""AWS's own Signature Version 4 test suite, read from beside the repository (it is not copied into it)."""

from __future__ import annotations

import calendar
from pathlib import Path

import pytest

from fogbank.auth.signatures import canonical, read, verify
from fogbank.core.errors import InvalidSignature
from fogbank.core.http import Request

CASES = Path(__file__).resolve().parents[2] / ".." / "shared" / "sigv4-cases"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = calendar.timegm((2015, 8, 30, 12, 36, 0))

paths = sorted(CASES.rglob("*.authz")) if CASES.exists() else []


def parse(text: str) -> Request:
    """A case's .req as the gateway would deliver it; folded header lines are joined, as RFC 9112 5.2 has it."""
    head, _, body = text.partition("\n\n")
    first, *lines = head.split("\n")
    method, _, rest = first.partition(" ")
    target = rest.rpartition(" ")[0]
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
        elif line:
            name, _, value = line.partition(":")
            headers.append((name, value))
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body.encode("latin-1"))


@pytest.mark.skipif(not paths, reason="the SigV4 test suite is not beside the repository")
@pytest.mark.parametrize("authz", paths, ids=lambda p: p.stem)
def test_case(authz: Path) -> None:
    text = authz.with_suffix(".req").read_bytes().decode("latin-1").replace("\r\n", "\n")
    request = parse(text)
    authorization = authz.read_text().strip()
    expected = authz.with_suffix(".creq").read_bytes().decode("latin-1").replace("\r\n", "\n")
    signed = expected.split("\n")[-2]
    for line in expected.split("\n"):
        if line.startswith("x-amz-security-token:") and not request.header("x-amz-security-token"):
            request.set_headers([*request.headers, ("X-Amz-Security-Token", line.partition(":")[2])])
    names = canonical.signed_headers(signed)
    assert canonical.request_text(request, names, expected.rsplit("\n", 1)[1], s3=False) == expected

    request.set_headers([*request.headers, ("Authorization", authorization)])
    claim = read(request)
    assert claim is not None
    assert claim.access_key == "AKIDEXAMPLE"
    verify(claim, request, SECRET, NOW, service="service")
    request.method = "PATCH"
    with pytest.raises(InvalidSignature):
        verify(claim, request, SECRET, NOW, service="service")
