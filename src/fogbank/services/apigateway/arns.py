"""The operations of REST APIs, as `fogbank.apis.control` authorises them."""

from __future__ import annotations

from functools import partial

from fogbank.apis.control import control_call, resource

__all__ = ["call", "resource"]
call = partial(control_call, "apigateway")
