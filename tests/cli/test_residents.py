"""`fogbank status` says what runs by itself, and why something does not."""

from __future__ import annotations

from fogbank.residents.records import RESIDENTS, ResidentRecord
from fogbank.store.sqlite import SqliteStore


def test_residents_are_shown(shell):
    sqs = shell.client("sqs")
    sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody="m")
    found = {row["kind"]: row for row in shell.json("status")["residents"]}
    assert found["sqs.retention"]["state"] == "running"
    assert "Running: 1 sqs.retention" in shell.run("status").stdout
    shell.run("down")
    store = SqliteStore(shell.folder / ".fogbank")
    with store.write() as tx:
        tx.put(RESIDENTS, ResidentRecord(kind="sqs.unheard", account="111122223333", region="us-east-1", id="x"))
    store.close()
    shell.run("up", "-d")
    said = ""
    for _ in range(50):
        said = shell.run("status").stdout
        if "Failing" in said:
            break
    assert "Failing: 1 sqs.unheard" in said
    assert "sqs.unheard x of 111122223333 in us-east-1, " in said
    assert "there is no resident of kind sqs.unheard" in said
