"""Engines: real programs that run beside the server as supervised child processes."""
