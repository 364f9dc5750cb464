"""WebSockets where two nodes share a store: a message for a connection is delivered by the node that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.support import refused

from fogbank import testing

from .conftest import Web, until
from .test_websockets import TELL, Client, Talk


@pytest.fixture
def nodes(postgres_url: str, tmp_path: Any) -> Iterator[tuple[Any, Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS fogbank_kv, fogbank_format")
    with (
        testing.cloud(store=postgres_url, data=tmp_path) as one,
        testing.cloud(store=postgres_url, data=tmp_path) as two,
    ):
        yield one, two


def test_a_message_finds_the_node_of_its_connection(nodes: tuple[Any, Any]) -> None:
    one, two = nodes
    web = Web(one, one.account())
    other = Web(two, two.account(web.account.id))
    talk = Talk(web)
    talk.route("$default", web.function(TELL), answers=True)
    talk.deploy()
    client = Client(web)
    client.say("x")
    id = client.hear()["requestContext"]["connectionId"]
    there = other.account.client("apigatewaymanagementapi")
    there.post_to_connection(ConnectionId=id, Data=b"from the other node")
    assert client.hear() == "from the other node"
    assert there.get_connection(ConnectionId=id)["Identity"]["SourceIp"] == "127.0.0.1"
    there.delete_connection(ConnectionId=id)
    assert client.next().code == 1000
    until(lambda: _gone(there, id))


def _gone(client: Any, id: str) -> bool:
    try:
        client.get_connection(ConnectionId=id)
    except client.exceptions.GoneException:
        return True
    return False


def test_connections_of_a_node_that_died_are_gone(nodes: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = nodes
    web = Web(one, one.account())
    talk = Talk(web)
    talk.route("$default", web.function(TELL), answers=True)
    talk.deploy()
    client = Client(web)
    client.say("x")
    id = client.hear()["requestContext"]["connectionId"]
    there = two.account(web.account.id).client("apigatewaymanagementapi")
    there.get_connection(ConnectionId=id)
    clock = two.app.clock
    real = clock.real
    monkeypatch.setattr(clock, "real", lambda: real() + 3600, raising=False)  # its lease has not been renewed since
    assert refused(there.get_connection, ConnectionId=id).code == "GoneException"
