"""Reading the Velocity template language, as API Gateway's mapping templates use it.

https://velocity.apache.org/engine/1.7/vtl-reference.html
A directive that stands alone on its line takes the line with it.
"""

from __future__ import annotations

import re

from .expressions import ExpressionParser
from .nodes import (
    Break,
    Expression,
    ForEach,
    If,
    Macro,
    MacroCall,
    Node,
    Raise,
    Reference,
    SetTo,
    Stop,
    TemplateError,
    Text,
)

_DIRECTIVE = re.compile(r"#(?:\{(\w+)\}|([A-Za-z_]\w*))")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\r)")
_COMMENT = re.compile(r"[^\r\n]*(?:\r?\n|\r)?")
_SIGN = re.compile(r"[\\$#]")
_CLOSERS = ("end", "else", "elseif")
MAX_NESTING = 60  # blocks in blocks and templates in texts; AWS names no limit


def parse(text: str, depth: int = 0) -> list[Node]:
    """The nodes of a template, which may stand in a text of another one. Raises TemplateError."""
    parser = _Parser(text, depth)
    nodes, closer = parser.block(())
    assert not closer
    return nodes


class _Parser:
    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.expressions = ExpressionParser(text, lambda inner: parse(inner, self.depth))
        self._next: Expression | None = None  # the condition of the #elseif that closed a block

    def block(self, until: tuple[str, ...]) -> tuple[list[Node], str]:
        """Nodes up to a closing directive of `until` (its name is returned), or to the end."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise TemplateError("template nested too deeply")
        nodes, closer = self._block(until)
        self.depth -= 1
        return nodes, closer

    def _block(self, until: tuple[str, ...]) -> tuple[list[Node], str]:
        nodes: list[Node] = []
        start = self.at
        text = self.text
        while sign := _SIGN.search(text, self.at):
            self.at = sign.start()
            char = sign[0]
            if char == "\\" and self.at + 1 < len(text) and text[self.at + 1] in "$#":
                _put(nodes, text[start : self.at] + text[self.at + 1])
                self.at += 2
                start = self.at
            elif char == "$":
                found = self._reference()
                if found is None:
                    self.at += 1
                    continue
                reference, end = found
                _put(nodes, text[start : self.at])
                nodes.append(reference)
                self.at = start = end
            elif char == "#":
                place = self.at
                name = self._comment() or self._name(until)
                if name is None:
                    self.at += 1
                    continue
                before = text[start:place]
                if name == "comment":
                    _put(nodes, before)
                elif name == "raw":
                    end = text.find("]]#", place + 3)
                    end = len(text) if end < 0 else end
                    _put(nodes, before + text[place + 3 : end])
                    self.at = min(end + 3, len(text))
                elif name in until:
                    if name == "elseif":
                        self._next = self._condition()
                    _put(nodes, self._gobble(before, place))
                    return nodes, name
                else:
                    self._directive(nodes, name, before, place)
                start = self.at
            else:
                self.at += 1
        self.at = len(text)
        _put(nodes, text[start:])
        if until:
            raise TemplateError("#end is missing")
        return nodes, ""

    def _reference(self) -> tuple[Reference, int] | None:
        return self.expressions.reference(self.at)

    def _comment(self) -> str | None:
        """Skip `##…` and `#*…*#`; recognise `#[[`."""
        text = self.text
        if text.startswith("##", self.at):
            match = _COMMENT.match(text, self.at)
            self.at = match.end() if match else len(text)
            return "comment"
        if text.startswith("#*", self.at):
            end = text.find("*#", self.at + 2)
            self.at = len(text) if end < 0 else end + 2
            return "comment"
        return "raw" if text.startswith("#[[", self.at) else None

    def _name(self, until: tuple[str, ...]) -> str | None:
        """The directive here, past its name; None where # is just a character."""
        match = _DIRECTIVE.match(self.text, self.at)
        if match is None:
            return None
        name = match[1] or match[2]
        end = match.end()
        if not match[1] and name not in _KNOWN:
            # #else and #end may have text right behind them
            for closer in ("elseif", "else", "end"):
                if name.startswith(closer) and closer in until:
                    name, end = closer, self.at + 1 + len(closer)
                    break
        if name in _CLOSERS and name not in until:
            return None
        if name not in _KNOWN and name not in _CLOSERS and not self.text.startswith("(", end):
            return None
        self.at = end
        return name

    def _gobble(self, before: str, place: int) -> str:
        """Take the rest of the directive's line, and the blanks in front when it stands alone there."""
        rest = _REST_OF_LINE.match(self.text, self.at)
        if rest is None:
            return before
        self.at = rest.end()
        line = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]
        alone = not line.strip(" \t") and (len(line) < len(before) or self._at_line_start(place - len(before)))
        return before[: len(before) - len(line)] if alone else before

    def _at_line_start(self, place: int) -> bool:
        return place == 0 or self.text[place - 1] in "\r\n"

    def _directive(self, nodes: list[Node], name: str, before: str, place: int) -> None:
        node: Node
        if name == "set":
            target, value = self._set()
            before = self._gobble(before, place)
            node = SetTo(target, value)
        elif name == "if":
            condition = self._condition()
            before = self._gobble(before, place)
            node = self._if(condition)
        elif name == "foreach":
            variable, over = self._loop()
            before = self._gobble(before, place)
            body, _ = self.block(("end",))
            node = ForEach(variable, over, body)
        elif name == "macro":
            macro, parameters = self._signature()
            before = self._gobble(before, place)
            body, _ = self.block(("end",))
            node = Macro(macro, parameters, body)
        elif name in ("stop", "break"):
            before = self._gobble(before, place)
            node = Raise(Stop if name == "stop" else Break)
        else:
            arguments = self._arguments()
            node = MacroCall(name, arguments, self.text[place : self.at])
            before = self._gobble(before, place)
        _put(nodes, before)
        nodes.append(node)

    def _if(self, condition: Expression) -> If:
        branches: list[tuple[Expression | None, list[Node]]] = []
        current: Expression | None = condition
        while True:
            body, closer = self.block(("elseif", "else", "end") if current is not None else ("end",))
            branches.append((current, body))
            if closer == "end":
                return If(branches)
            current = None if closer == "else" else self._next

    # -- what stands in parentheses ----------------------------------------------------------------------------------

    def _condition(self) -> Expression:
        at = self.expressions.expect(self.at, "(")
        value, at = self.expressions.expression(at)
        self.at = self.expressions.expect(at, ")")
        return value

    def _set(self) -> tuple[Reference, Expression]:
        at = self.expressions.skip(self.expressions.expect(self.at, "("))
        found = self.expressions.reference(at)
        if found is None:
            raise TemplateError("#set needs a reference")
        at = self.expressions.expect(found[1], "=")
        value, at = self.expressions.expression(at)
        self.at = self.expressions.expect(at, ")")
        return found[0], value

    def _loop(self) -> tuple[str, Expression]:
        at = self.expressions.skip(self.expressions.expect(self.at, "("))
        found = self.expressions.reference(at)
        if found is None or found[0].steps:
            raise TemplateError("#foreach needs a variable")
        at = self.expressions.expect(found[1], "in")
        over, at = self.expressions.expression(at)
        self.at = self.expressions.expect(at, ")")
        return found[0].name, over

    def _signature(self) -> tuple[str, list[str]]:
        at = self.expressions.expect(self.at, "(")
        end = self.text.find(")", at)
        if end < 0:
            raise TemplateError("#macro is not closed")
        words = re.split(r"[\s,]+", self.text[at:end].strip())
        self.at = end + 1
        return words[0], [word.lstrip("$!").strip("{}") for word in words[1:] if word]

    def _arguments(self) -> list[Expression]:
        at = self.expressions.expect(self.at, "(")
        arguments: list[Expression] = []
        while True:
            at = self.expressions.skip(at)
            if self.text.startswith(",", at):
                at += 1
                continue
            if self.text.startswith(")", at):
                self.at = at + 1
                return arguments
            value, at = self.expressions.expression(at)
            arguments.append(value)


_KNOWN = frozenset({"set", "if", "foreach", "macro", "stop", "break"})


def _put(nodes: list[Node], text: str) -> None:
    if text:
        nodes.append(Text(text))
