"""Fogbank for tests: `with fogbank.testing.cloud() as cloud:`, `@fogbank.testing.with_cloud`, and pytest fixtures.

Importing this costs nothing: the server, boto3 and uvloop are loaded when the first cloud starts.
"""

from __future__ import annotations

from .accounts import Account
from .clouds import cloud
from .decorator import with_cloud
from .handles import Cloud, CloudFailed

__all__ = ["Account", "Cloud", "CloudFailed", "cloud", "with_cloud"]
