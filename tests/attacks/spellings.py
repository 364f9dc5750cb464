"""Every other way to write an ARN or a name, for somebody tolerant to take it for the thing itself.

Operations take turns with them, so that a run tries each spelling on some operation; with FOGBANK_ATTACKS=1 in the
environment (make test-attacks) it tries each on every one, which takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from urllib.parse import quote

OTHER_ACCOUNT = "999999999999"
LONG = bool(os.environ.get("FOGBANK_ATTACKS"))


def spellings(arn: str, name: str) -> Iterator[str]:
    """Of the thing whose ARN and name these are; neither of the two as it is, and nothing twice."""
    seen = {arn, name, ""}
    for text in (*_arns(arn), *_names(name), *_parts(arn)):
        if text not in seen:
            seen.add(text)
            yield text


def turn(texts: Iterable[str], number: int, of: int = 6) -> list[str]:
    """Those of the texts that the operation of this number tries."""
    return [text for index, text in enumerate(texts) if LONG or index % of == number % of]


def of(text: str) -> Iterator[str]:
    """Of a text that is an ARN or a name."""
    if text.startswith("arn:") and text.count(":") >= 5:
        yield from spellings(text, text.rpartition(":")[2])
    else:
        yield from dict.fromkeys(other for other in _names(text) if other not in ("", text))


def _arns(arn: str) -> Iterator[str]:
    head, partition, service, region, account, resource = arn.split(":", 5)

    def made(**changes: str) -> str:
        parts = {"partition": partition, "service": service, "region": region, "account": account} | changes
        return ":".join([changes.get("head", head), *list(parts.values())[:4], changes.get("resource", resource)])

    for other in ("aws-cn", "aws-us-gov", "aws-x", "AWS", "*", ""):
        yield made(partition=other)
    for other in (service.upper(), "", "s3"):
        yield made(service=other)
    for other in ("", "eu-west-1", "us-gov-west-1", region.upper(), "*", "us-east-1a"):
        yield made(region=other)
    fullwidth = "".join(chr(ord(digit) + 0xFEE0) for digit in account)
    for other in ("", OTHER_ACCOUNT, fullwidth, account[1:], account + "0", "*", "aws", "root"):
        yield made(account=other)
    for other in ("ARN", "", "arn arn"):
        yield made(head=other)
    for other in _resources(resource):
        yield made(resource=other)
    yield from _dressed(arn)


def _resources(resource: str) -> Iterator[str]:
    yield from (resource.upper(), resource.lower(), resource.swapcase(), "path/" + resource, "/" + resource)
    yield from (":" + resource, quote(resource[:1]) + resource[1:], _escaped(resource), "*")
    if "/" in resource:
        kind, _, rest = resource.partition("/")
        yield from (rest, f"{kind.upper()}/{rest}", f"{kind}:{rest}", f"{kind}//{rest}", f"{kind}/path/{rest}")
        yield from (f"{kind}/./{rest}", f"{kind}/{kind}/{rest}", f"{kind}%2F{rest}", f"{kind}/../{kind}/{rest}")


def _names(name: str) -> Iterator[str]:
    yield from (name.upper(), name.lower(), name.swapcase(), name.title())
    yield from ("./" + name, name + "/.", quote(name, safe=""), _escaped(name))
    yield from (name.lstrip("/"), "/" + name, "//" + name, name.replace("/", "//"), name[:-1] + "*")
    yield from _dressed(name)


def _escaped(text: str) -> str:
    """With its first character percent-encoded."""
    return f"%{ord(text[0]):02x}{text[1:]}" if text else ""


def _parts(arn: str) -> Iterator[str]:
    """Partial ARNs, as some services take them."""
    parts = arn.split(":")
    for start in range(1, len(parts)):
        yield ":".join(parts[start:])


def _dressed(text: str) -> Iterator[str]:
    yield from (text + "/", text + ":", text + ":1", " " + text, text + " ", text + "\n", "\t" + text, text + "\u200b")
    yield from (f'"{text}"', text + "?", text + "#x")
