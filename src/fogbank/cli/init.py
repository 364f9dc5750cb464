"""`--init DIR`: runs the folder's scripts, in order of their names, once the cloud answers.

They run at each start, on the existing data: unless the cloud is `--ephemeral`, a script must accept that the things
that it creates exist already.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class ScriptFailed(Exception):
    """A script ended with a code other than 0. The text says which, and what that means for the cloud."""


def run_scripts(folder: Path, variables: Mapping[str, str], umask: int = -1) -> None:
    """Run all *.py and *.sh in `folder` with these variables. Raises ScriptFailed at the first that fails.

    `umask` is the user's, if this process has changed its own.
    """
    env = os.environ | variables
    runners = {".py": [sys.executable], ".sh": ["sh"]}
    scripts = [script for script in sorted(folder.iterdir()) if script.suffix in runners]
    for number, script in enumerate(scripts, 1):
        sys.stderr.write(f"fogbank: running {script}\n")
        command = [*runners[script.suffix], str(script)]
        done = subprocess.run(command, env=env, umask=umask, check=False)  # noqa: S603 - the user's own scripts
        if done.returncode:
            left = len(scripts) - number
            raise ScriptFailed(
                f"{script} ended with code {done.returncode}"
                + (f"; the {left} after it did not run" if left else "")
                + ". The cloud runs, with what the scripts made so far"
            )
