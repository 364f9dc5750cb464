"""The variables that point SDKs, tools and this command to a cloud, in the syntax of each shell."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fogbank.core import exposure, tokens

from . import client, config


def _powershell(name: str, value: str) -> str:
    escaped = re.sub(r'([`$"])', r"`\1", value)
    return f'$env:{name} = "{escaped}"'


def _posix(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


SHELLS: dict[str, Callable[[str, str], str]] = {
    "bash": _posix,
    "zsh": _posix,
    "sh": _posix,
    "fish": lambda name, value: f"set -gx {name} {shlex.quote(value)};",
    "powershell": _powershell,
    "pwsh": _powershell,
}


def variables(found: Mapping[str, Any], secret: str, token: str = "") -> dict[str, str]:
    """Make the variables. `found` is a cloud's health, `secret` the secret of its root keys."""
    given = {
        "AWS_ENDPOINT_URL": found["endpoint"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": found["region"],
    }
    return given | ({tokens.VARIABLE: token} if token else {})


def of_running(port: int) -> dict[str, str]:
    """The variables of the cloud on a port.

    A cloud does not reveal its secret, so it comes from the settings where this command runs. If it cannot be known,
    a message on stderr says so.
    """
    found = client.running(port)
    settings, token = config.load({}, os.environ, Path.cwd()), ""
    try:
        runs, token = client.owned(port, "GET", "config")
        if runs["secret"] != exposure.shown(settings, token)["secret"]:
            sys.stderr.write(
                "fogbank: this cloud was started with a different secret than the one set here: AWS_SECRET_ACCESS_KEY "
                "must be the cloud's own (set FOGBANK_SECRET, or secret in fogbank.toml)\n"
            )
    except client.Refused as error:
        sys.stderr.write(f"fogbank: {tokens.VARIABLE} is left out: {error}\n")
    return variables(found, settings.secret, token)


def lines(pairs: Mapping[str, str], shell: str) -> str:
    """Format the variables for a shell to evaluate. Without a name, for the user's shell."""
    form = SHELLS.get(shell or Path(os.environ.get("SHELL", "")).name, _posix)
    return "\n".join(form(name, value) for name, value in pairs.items())
