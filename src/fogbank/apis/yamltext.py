"""YAML of users, read with bounds on what its aliases make of it.

The events come from libyaml one at a time, and what they say is put together in Python, so that other threads run in
between. Aliases of lists and maps are limited as the parser of Java limits them:
https://bitbucket.org/snakeyaml/snakeyaml/wiki/Changes (1.26, maxAliasesForCollections)
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_ALIASES = 50  # of lists and maps, a limit of SnakeYAML
MAX_DEPTH = 100
MAX_NODES = 300_000  # with those that aliases repeat
MAX_INTEGER = 40  # characters; longer ones stay text
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one of libyaml, where PyYAML was built with it


class NotYaml(ValueError):
    """The text is not YAML, or makes too much of itself."""


def load(text: bytes) -> Any:
    """The one document of a text. Raises NotYaml. Takes a while for a large one: not for the event loop."""
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotYaml(str(error)) from None


class _Composer(yaml.composer.Composer):
    """Counts what it composes."""

    check_event: Any

    def __init__(self) -> None:
        yaml.composer.Composer.__init__(self)
        self._depth = 0
        self._aliases = 0
        self._made = 0
        self._sizes: dict[int, int] = {}  # of finished lists and maps, by identity

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One node: a part of the document, or another one again by its alias."""
        if self.check_event(yaml.AliasEvent):
            return self._alias(super().compose_node(parent, index))
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotYaml("the document is nested too deeply")
        before = self._made
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._add(1)
        if not isinstance(node, yaml.ScalarNode):
            self._sizes[id(node)] = self._made - before
        return node

    def _alias(self, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            self._add(1)
            return node
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise NotYaml(f"Number of aliases for non-scalar nodes exceeds the specified max={MAX_ALIASES}")
        if id(node) not in self._sizes:
            raise NotYaml("an alias stands inside of what it repeats")
        self._add(self._sizes[id(node)])
        return node

    def _add(self, count: int) -> None:
        self._made += count
        if self._made > MAX_NODES:
            raise NotYaml(f"the document has more than {MAX_NODES} values")


class _Loader(_Composer, _Base):  # type: ignore[misc]
    """YAML whose dates stay text: `version: 2020-01-01` is a name."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in entries if tag != "tag:yaml.org,2002:timestamp"]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: bytes) -> None:
        _Base.__init__(self, stream)
        _Composer.__init__(self)

    get_single_node = yaml.composer.Composer.get_single_node

    def construct_yaml_int(self, node: Any) -> Any:
        """An integer; as text where it is too long, as the time that a base of 60 takes grows with its square."""
        if len(node.value) > MAX_INTEGER:
            return node.value
        return super().construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
