"""`--init DIR`: the folder's scripts, in order of name, once the cloud answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_scripts(folder: Path, found: dict[str, Any]) -> None:
    """Run every *.py and *.sh of `folder` with the AWS_* variables set; a failing one is said and ends the row."""
    env = os.environ | {
        "AWS_ENDPOINT_URL": found["endpoint"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": found["region"],
    }
    for script in sorted(folder.iterdir()):
        runner = {".py": [sys.executable], ".sh": ["sh"]}.get(script.suffix)
        if runner is None:
            continue
        sys.stderr.write(f"fogbank: running {script}\n")
        done = subprocess.run([*runner, str(script)], env=env, check=False)  # noqa: S603 - the user's own scripts
        if done.returncode:
            sys.stderr.write(f"fogbank: {script} ended with code {done.returncode}\n")
            return
