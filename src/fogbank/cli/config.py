"""Loads the settings from flags, FOGBANK_* variables, fogbank.toml and the defaults, in that order of precedence."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from fogbank.core import arns, quotas, tokens
from fogbank.core.settings import DEFAULT_SECRET, SHORTEST, Settings, is_well_known

FILE = "fogbank.toml"
PREFIX = "FOGBANK_"
NOT_SETTINGS = {"FOGBANK_SETTINGS", tokens.VARIABLE, "FOGBANK_CRASH_ROUNDS", "FOGBANK_FUZZ"}  # the server's, the tests'
# LocalStack's variables, and Fogbank's settings instead
LOCALSTACK = {
    "GATEWAY_LISTEN": "FOGBANK_HOST and FOGBANK_PORT",
    "PERSISTENCE": "nothing: Fogbank keeps its state unless --ephemeral",
    "ENFORCE_IAM": "nothing: Fogbank enforces IAM unless --iam=off",
    "LOCALSTACK_HOST": "FOGBANK_HOST",
    "EDGE_PORT": "FOGBANK_PORT",
    "SERVICES": "nothing: services load when they are first asked for",
    "LOCALSTACK_AUTH_TOKEN": "nothing",
}


LEVELS = ("debug", "info", "warning", "error")
# variables that Kubernetes and container links set for a service named fogbank
INJECTED = re.compile(r"FOGBANK_(SERVICE_(HOST|PORT).*|PORT=tcp://.*|PORT_[0-9]+_.*)", re.DOTALL)
LISTS = ("domains", "allow_origin")  # separated by commas in a variable
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
# checks of settings beyond their types
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "port": (lambda port: 0 <= port <= 65535, "it is a number from 0 (any free port) to 65535"),
    "account": (lambda account: re.fullmatch("[0-9]{12}", account) is not None, "an account has 12 digits"),
    "store": (
        lambda store: not store or store.startswith(("postgresql://", "postgres://")),
        "it is a postgresql:// URL, or empty for a store in the data folder",
    ),
    "log_level": (lambda level: level in LEVELS, f"it is one of {', '.join(LEVELS)}"),
    "data": (lambda data: data.is_dir() or not data.exists(), "that is a file, and it has to be a folder"),
    "init": (lambda init: init is None or init.is_dir(), "there is no such folder"),
    "allow_origin": (
        lambda origins: all(ORIGIN.fullmatch(origin) for origin in origins),
        "it is the whole origin of a page as browsers send it, in lower case and without a path, such as "
        "https://app.example:8443; * is none, since every page that you visit could then act as root",
    ),
    "secret": (
        lambda secret: secret == DEFAULT_SECRET or not is_well_known(secret),
        f"a secret of your own has at least {SHORTEST} characters; leave it out for the one that everybody knows",
    ),
    "max_body": (lambda size: size > 0, "it is a number of bytes above 0"),
}


class BadSetting(Exception):
    """An unknown setting or an invalid value. The text says what to do."""


def load(flags: Mapping[str, Any], environ: Mapping[str, str], folder: Path) -> Settings:
    """Load the settings of a cloud that is started in `folder`. Raises BadSetting."""
    merged: dict[str, Any] = {}
    for source, values in (
        (FILE, _from_file(folder / FILE)),
        ("environment", _from_environment(environ)),
        ("command line", {name: value for name, value in flags.items() if value is not None}),
    ):
        for name, value in values.items():
            _check_name(name, source)
            merged[name] = value
    merged.setdefault("region", arns.MAIN_REGIONS.get(str(merged.get("partition", "aws")), ""))
    try:
        settings = msgspec.convert(merged, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].strip("`").partition("[")[0]
        raise BadSetting(f"the setting {name or '?'} cannot be {merged.get(name)!r}: {_wanted(name)}") from None
    for name, (holds, wanted) in RULES.items():
        value = getattr(settings, name)
        if not holds(value):
            raise BadSetting(f"the setting {name} cannot be {str(value)!r}: {wanted}")
    try:
        quotas.Limits(settings.limits)
    except quotas.BadLimits as error:
        raise BadSetting(
            f"the setting limits cannot be {settings.limits!r}: it is aws, off, or a file; {error}"
        ) from None
    if arns.partition_of(settings.region) != settings.partition:
        others = f"others, such as {arns.MAIN_REGIONS[settings.partition]}"
        raise BadSetting(
            f"the setting region cannot be {settings.region!r}: the partition {settings.partition} has {others}; "
            f"this one is of {arns.partition_of(settings.region)}"
        )
    return settings


def _wanted(name: str) -> str:
    """Describe the valid values of a setting, by its type."""
    kind: Any = get_type_hints(Settings).get(name)
    if get_origin(kind) is Literal:
        return f"it is one of {', '.join(get_args(kind))}"
    kinds = {int: "a whole number", bool: "true or false", str: "a text", tuple[str, ...]: "a list of texts"}
    return f"it is {kinds.get(kind, 'a path')}"


def _path(kind: type, value: Any) -> Any:
    return kind(value)


def _check_name(name: str, source: str) -> None:
    fields = Settings.__struct_fields__
    if name in fields:
        return
    close = difflib.get_close_matches(name, fields, 1)
    shown = PREFIX + name.upper() if source == "environment" else name
    hint = close[0] if close else ""
    if hint and source == "environment":
        hint = PREFIX + hint.upper()
    raise BadSetting(
        f"there is no setting {shown} ({source})" + (f"; did you mean {hint}?" if hint else f": {', '.join(fields)}")
    )


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is not TOML: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings in FOGBANK_* variables. An empty variable counts as not set: compose files leave them empty."""
    found: dict[str, Any] = {}
    for name, value in environ.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS and value and not INJECTED.fullmatch(f"{name}={value}"):
            key = name[len(PREFIX) :].lower()
            found[key] = _listed(value) if key in LISTS else value
    return found


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def hints(environ: Mapping[str, str]) -> list[str]:
    """Hints for variables of another emulator that are set here."""
    return [f"{name} is LocalStack's; here it is {meaning}" for name, meaning in LOCALSTACK.items() if name in environ]
