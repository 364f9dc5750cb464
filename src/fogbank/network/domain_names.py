"""Domain names as Route 53 keeps them: in lower case, with a dot at the end, and octal codes for other characters.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-z0-9_.-]")
_CODE = re.compile(r"\\([0-7]{3})")
WILDCARD = "\\052"  # *


class BadName(ValueError):
    """The text is not a domain name. The error says why."""


def canonical(text: str) -> str:
    """`WWW.Example.com` is www.example.com., and `*.example.com` is \\052.example.com. Raises BadName."""
    name = _escape(text.removesuffix(".")).lower()
    labels = name.split(".")
    if name and not all(labels):
        raise BadName("Domain label is empty")
    if any(len(_CODE.sub("x", label)) > 63 for label in labels):
        raise BadName("Domain label is too long")
    if len(_CODE.sub("x", name)) > 254:
        raise BadName("Domain name is too long")
    return f"{name}."


def _escape(text: str) -> str:
    found: list[str] = []
    at = 0
    while at < len(text):
        code = _CODE.match(text, at)
        if code is not None and int(code[1], 8) < 256:
            character = chr(int(code[1], 8)).lower()
            found.append(character if character != "." and _PLAIN.fullmatch(character) else code[0])
            at = code.end()
            continue
        character = text[at]
        found.append(character if _PLAIN.fullmatch(character.lower()) else "".join(
            f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass")))  # fmt: skip
        at += 1
    return "".join(found)


def order(name: str) -> str:
    """The name with its labels reversed, which is the order of lists: www.example.com. is com.example.www."""
    return ".".join(reversed(name.removesuffix(".").split("."))) + "."


def within(name: str, zone: str) -> bool:
    """Whether a canonical name is a zone's own, or below it."""
    return name == zone or name.endswith(f".{zone}") or zone == "."


def parents(name: str) -> list[str]:
    """The name and all names above it, the longest first."""
    labels = name.removesuffix(".").split(".")
    return [".".join(labels[at:]) + "." for at in range(len(labels))]
