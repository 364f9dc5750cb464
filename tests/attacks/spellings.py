"""Other ways to write a name or an ARN: none of them may lead to the thing past a policy that speaks of its ARN."""

from __future__ import annotations

from collections.abc import Iterator


def of_arn(arn: str) -> Iterator[str]:
    """An ARN in other partitions, services, regions, accounts, letter case and white space."""
    _, partition, service, region, account, resource = arn.split(":", 5)

    def written(**other: str) -> str:
        parts = {"partition": partition, "service": service, "region": region, "account": account,
                 "resource": resource} | other  # fmt: skip
        return ":".join(("arn", *parts.values()))

    for other in ("aws-cn", "aws-us-gov", "aws-x", "AWS", "", "*"):
        yield written(partition=other)
    yield written(service=service.upper())
    for other in ("us-east-1", "eu-west-1", "cn-north-1", "", "US-EAST-1", "*"):
        if other != region:
            yield written(region=other)
    for other in ("", "aws", "*", account.translate({ord("0") + n: 0xFF10 + n for n in range(10)})):
        if other != account:
            yield written(account=other)
    for other in of_name(resource):
        yield written(resource=other)
    yield f"ARN{arn[3:]}"
    yield f" {arn}"
    yield f"{arn} "
    yield f"{arn}\n"
    yield arn.replace(":", "%3A")


def of_name(name: str) -> Iterator[str]:
    """A name in other letter case, with paths, separators, white space and encodings around it."""
    for other in (name.upper(), name.lower(), name.title(), name.swapcase()):
        if other != name:
            yield other
    head, slash, last = name.rpartition("/")
    yield from (f"{name}/", f"/{name}", f"//{name}", f"./{name}", f"{name}:", f"{name}*", f"{name}%20", f"{name}\0")
    yield from (f" {name}", f"{name} ", f"{name}\n", f"\u200b{name}", f"x/../{name}", f"{head}{slash}x/{last}")
    yield "".join(f"%{ord(char):02X}" for char in name)
    if "/" in name:
        yield name.replace("/", "//")
        yield name.replace("/", ":")
        yield name.rpartition("/")[2]
    if ":" in name:
        yield name.replace(":", "/")
        yield name.rpartition(":")[2]


def of(text: str) -> Iterator[str]:
    """Either, whatever it is."""
    yield from of_arn(text) if text.startswith("arn:") and text.count(":") >= 5 else of_name(text)
