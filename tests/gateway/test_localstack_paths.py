"""What test suites that were written for LocalStack ask of /_localstack/."""

from __future__ import annotations

import http.client
import json
from typing import Any

from fogbank.core import tokens


def ask(cloud: Any, method: str, path: str, token: str = "") -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.app.port, timeout=30)
    connection.request(method, f"/_localstack/{path}", headers={tokens.HEADER: token})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def queues(cloud: Any) -> list[str]:
    return cloud.account("111122223333").client("sqs").list_queues().get("QueueUrls", [])


def test_state_reset_resets(own_cloud: Any) -> None:
    own_cloud.account("111122223333").client("sqs").create_queue(QueueName="q")
    status, answer = ask(own_cloud, "POST", "state/reset")
    assert status == 403
    assert "nothing was reset" in answer["error"]
    assert "fogbank reset" in answer["error"]
    assert len(queues(own_cloud)) == 1
    assert ask(own_cloud, "GET", "state/reset", own_cloud.token)[0] == 405
    assert len(queues(own_cloud)) == 1
    assert ask(own_cloud, "POST", "state/reset", own_cloud.token) == (200, {"reset": "everything"})
    assert queues(own_cloud) == []


def test_what_is_not_there_says_so(cloud: Any) -> None:
    assert ask(cloud, "GET", "health")[0] == 200
    for method, path in (("GET", "init"), ("POST", "health"), ("GET", "nonsense/xyz"), ("POST", "state/save")):
        status, answer = ask(cloud, method, path, cloud.token)
        assert status == 404
        assert path in answer["error"]
