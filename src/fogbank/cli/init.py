"""`--init DIR`: the folder's scripts, in order of name, once the cloud answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run_scripts(folder: Path, variables: Mapping[str, str], umask: int = -1) -> None:
    """Run every *.py and *.sh of `folder` with these variables set; a failing one is said and ends the row.

    `umask` is the user's own, where this process has another one.
    """
    env = os.environ | variables
    for script in sorted(folder.iterdir()):
        runner = {".py": [sys.executable], ".sh": ["sh"]}.get(script.suffix)
        if runner is None:
            continue
        sys.stderr.write(f"fogbank: running {script}\n")
        command = [*runner, str(script)]
        done = subprocess.run(command, env=env, umask=umask, check=False)  # noqa: S603 - the user's own scripts
        if done.returncode:
            sys.stderr.write(f"fogbank: {script} ended with code {done.returncode}\n")
            return
