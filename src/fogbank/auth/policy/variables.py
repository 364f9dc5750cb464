"""Policy variables in Resource elements and condition values: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`.

`${*}`, `${?}` and `${$}` are the literal characters. Only policies of version 2012-10-17 have variables.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re

import msgspec

from .context import Facts
from .patterns import Pieces, join, split

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'(.*)'\s*")
_CHARACTERS = "*?$"


class Variable(msgspec.Struct, frozen=True):
    key: str  # lower case
    default: str | None


class Template(msgspec.Struct, frozen=True):
    """A pattern with variables. `fixed` is the whole pattern when there are none."""

    parts: tuple[Pieces | Variable, ...]
    fixed: Pieces | None

    def fill(self, facts: Facts) -> Pieces | None:
        """The pattern for this request. None when a variable has neither a single value nor a default."""
        if self.fixed is not None:
            return self.fixed
        filled: list[Pieces] = []
        for part in self.parts:
            if not isinstance(part, Variable):
                filled.append(part)
                continue
            values = facts.get(part.key)
            if values is not None and len(values) == 1:
                filled.append((values[0],) if values[0] else ())
            elif values is None and part.default is not None:
                filled.append((part.default,) if part.default else ())
            else:
                return None
        return join(*filled)


def template(text: str, *, variables: bool) -> Template:
    """Parse the pattern in `text`. `variables` is false for policies of an older version, where `${` has no meaning."""
    if not variables or "${" not in text:
        pieces = split(text)
        return Template((pieces,), pieces)
    parts: list[Pieces | Variable] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        parts.append(split(text[at : found.start()]))
        parts.append(_hole(found.group(1)))
        at = found.end()
    parts.append(split(text[at:]))
    if any(isinstance(part, Variable) for part in parts):
        return Template(tuple(parts), None)
    pieces = join(*(part for part in parts if not isinstance(part, Variable)))
    return Template((pieces,), pieces)


def _hole(inside: str) -> Pieces | Variable:
    if inside and inside in _CHARACTERS and len(inside) == 1:
        return (inside,)
    with_default = _WITH_DEFAULT.fullmatch(inside)
    if with_default:
        return Variable(with_default.group(1).lower(), with_default.group(2))
    return Variable(inside.strip().lower(), None)
