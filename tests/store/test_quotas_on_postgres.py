"""A quota that was raised at one node holds at the other, which had the old value in memory."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest

from fogbank import testing

CONCURRENCY = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
PATIENCE = 60.0


def test_a_granted_value_is_known_at_every_node(postgres_url: str, tmp_path: Any) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS fogbank_kv, fogbank_format")
    with (
        testing.cloud(store=postgres_url, data=tmp_path) as one,
        testing.cloud(store=postgres_url, data=tmp_path) as two,
    ):
        here = one.account()
        clients = [account.client("service-quotas") for account in (here, two.account(here.id))]

        def values() -> list[float]:
            return [client.get_service_quota(**CONCURRENCY)["Quota"]["Value"] for client in clients]

        assert values() == [1000.0, 1000.0]
        clients[0].request_service_quota_increase(**CONCURRENCY, DesiredValue=1500)
        one.advance(61)
        until = time.monotonic() + PATIENCE
        while values() != [1500.0, 1500.0]:
            if time.monotonic() > until:
                pytest.fail(f"the nodes have {values()}")
            time.sleep(0.05)
