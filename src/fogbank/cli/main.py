"""The console script. For `up -d` it starts the server process first, so that both processes load in parallel."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    waiting = None
    if sys.argv[1:2] == ["up"] and {"-d", "--detach"} & set(sys.argv) and not {"-h", "--help"} & set(sys.argv):
        from . import waiting as waiting_server

        waiting = waiting_server.begin()
    try:
        from .commands import app

        app(obj=waiting, prog_name="fogbank")
    finally:
        if waiting is not None:
            waiting.dismiss()


if __name__ == "__main__":
    main()
