"""Parses form-encoded requests: `a.b.1=x&c=y` becomes a tree, with limits on its size and depth."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from fogbank.core.errors import MalformedQueryString

MAX_PARAMETERS = 20_000
MAX_PARTS = 40  # dot-separated parts of a parameter's name

Tree = dict[str, Any]  # name part -> Tree or text; if a name has both, its own text is under ""


def decode(text: str) -> str:
    """Decode a form value: + is a space, %XX a byte of UTF-8. Raises MalformedQueryString for invalid UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedQueryString("The query string contains bytes that are not valid UTF-8.") from error


def pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query string or form body, in order."""
    found = []
    for piece in text.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            found.append((decode(name), decode(value)))
    if len(found) > MAX_PARAMETERS:
        raise MalformedQueryString("The request has too many parameters.")
    return found


def body_text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedQueryString("The request body is not valid UTF-8.") from error


def tree(parameters: list[tuple[str, str]]) -> Tree:
    """Arrange parameters by the dotted parts of their names. If a name is repeated, its last value counts."""
    root: Tree = {}
    for name, value in parameters:
        if "." not in name:
            inner = root.get(name)
            if type(inner) is dict:
                inner[""] = value
            else:
                root[name] = value
            continue
        parts = name.split(".")
        if len(parts) > MAX_PARTS:
            raise MalformedQueryString("A parameter's name has too many parts.")
        node = root
        for part in parts[:-1]:
            inner = node.get(part)
            if type(inner) is not dict:
                created: Tree = {} if inner is None else {"": inner}
                node[part] = inner = created
            node = inner
        inner = node.get(parts[-1])
        if type(inner) is dict:
            inner[""] = value
        else:
            node[parts[-1]] = value
    return root


def indexed(node: Tree) -> list[Any]:
    """The elements `1`, `2`, … of a list, in order. The numbers may have gaps."""
    found = [(int(key), item) for key, item in node.items() if key.isascii() and key.isdigit() and len(key) <= 9]
    found.sort(key=lambda pair: pair[0])
    return [item for _, item in found]
