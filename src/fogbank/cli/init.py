"""`--init DIR`: the folder's scripts, in order of name, once the cloud answers.

They run at each start, on whatever the data folder holds by then: a script that makes things has to bear that they are
there already, or the cloud is `--ephemeral`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class ScriptFailed(Exception):
    """A script ended with another code than 0; the text says which, and what that means for the cloud."""


def run_scripts(folder: Path, variables: Mapping[str, str], umask: int = -1) -> None:
    """Run every *.py and *.sh of `folder` with these variables set; raises ScriptFailed at the first that fails.

    `umask` is the user's own, where this process has another one.
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
