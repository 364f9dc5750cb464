"""What the audit keeps, for how long, and what it costs those whom nobody watches."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from fogbank.audit import recorder, records
from fogbank.audit.recorder import Audit
from fogbank.testing.control import ControlError


def request_id(answer) -> str:
    return answer["ResponseMetadata"]["RequestId"]


def failing(call, **kw) -> str:
    with pytest.raises(ClientError) as caught:
        call(**kw)
    return request_id(caught.value.response)


def kept(cloud) -> list[records.Entry]:
    with cloud.app.store.read() as tx:
        return list(tx.scan(records.ENTRIES))


@pytest.fixture
def counted(monkeypatch):
    """The calls that are brought to the audit."""
    calls = []
    take = Audit.record

    def record(self, hop, *rest, **kw):
        calls.append(f"{hop.service}:{hop.operation}")
        take(self, hop, *rest, **kw)

    monkeypatch.setattr(Audit, "record", record)
    return calls


def test_data_events_cost_nothing_while_nobody_asks(own_cloud, counted):
    own = own_cloud.account()
    sqs, s3 = own.client("sqs"), own.client("s3")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    s3.create_bucket(Bucket="b-audit")
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.receive_message(QueueUrl=url)
    s3.put_object(Bucket="b-audit", Key="k", Body=b"x")
    s3.get_object(Bucket="b-audit", Key="k")
    assert counted == ["sqs:CreateQueue", "s3:CreateBucket"]


def test_a_call_waits_for_no_transaction(own_cloud):
    own = own_cloud.account()
    own_cloud.clock.set(own_cloud.clock.now(), freeze=True)  # a second of this clock does not pass
    sqs = own.client("sqs")
    for _ in range(20):
        sqs.list_queues()
    assert not [entry for entry in kept(own_cloud) if entry.name == "ListQueues"]
    own_cloud.advance(1)
    assert len([entry for entry in kept(own_cloud) if entry.name == "ListQueues"]) == 20


def test_many_calls_are_written_before_their_second_is_over(own_cloud, monkeypatch):
    monkeypatch.setattr(recorder, "FULL", 10)
    own_cloud.clock.set(own_cloud.clock.now(), freeze=True)
    sqs, until = own_cloud.account().client("sqs"), time.monotonic() + 30
    for _ in range(12):
        sqs.list_queues()
    while not kept(own_cloud):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_oldest_make_room(own_cloud, monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 30)
    sqs = own_cloud.account().client("sqs")
    for n in range(60):
        sqs.list_queues(QueueNamePrefix=f"q{n}")
        own_cloud.advance(60)
    entries = kept(own_cloud)
    assert len(entries) == 30
    assert f'"q{59}"' in max(entries, key=lambda entry: entry.at_us).event
    with own_cloud.app.store.read() as tx:
        assert tx.get(records.TALLY, ("tally",)).count == 30


def test_why_tells_of_failures_and_of_what_led_to_them_after_kill_9(restarted):
    """A data event is kept when it failed; so is what followed from a management event."""
    own = restarted.account()
    denied = failing(own.client("dynamodb").get_item, TableName="none", Key={"k": {"S": "v"}})
    made = request_id(own.client("sqs").create_queue(QueueName="q"))
    until = time.monotonic() + 30
    while not own.client("cloudtrail").lookup_events()["Events"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    before = [restarted.why(each) for each in (denied, made)]
    restarted.restart()
    assert [restarted.why(each) for each in (denied, made)] == before
    assert before[0][0]["error"] == "ResourceNotFoundException"


def test_what_a_stack_called_is_found_from_either_end(restarted):
    own = restarted.account()
    stacks = own.client("cloudformation")
    body = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    asked = request_id(stacks.create_stack(StackName="s", TemplateBody=body))
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    restarted.advance(2)
    restarted.restart()
    chain = restarted.why(asked)
    calls = [f"{hop['service']}:{hop['operation']}" for hop in chain]
    assert calls[0] == "cloudformation:CreateStack"
    assert "sns:CreateTopic" in calls
    topic = next(hop for hop in chain if hop["operation"] == "CreateTopic")
    assert restarted.why(topic["id"])[0]["id"] == asked


def test_reset_forgets_them(own_cloud):
    own = own_cloud.account()
    made = request_id(own.client("sqs").create_queue(QueueName="q"))
    own_cloud.advance(2)
    own_cloud.reset()
    assert not [entry for entry in kept(own_cloud) if entry.name == "CreateQueue"]
    with pytest.raises(ControlError, match="no call"):
        own_cloud.why(made)


def test_text_that_is_no_text_is_kept_all_the_same(own_cloud):
    """JSON can carry half of a surrogate pair; nothing that a client sends may keep others' calls off the record."""
    sqs = own_cloud.account().client("sqs")
    with pytest.raises(ClientError):
        sqs.create_queue(QueueName="half \ud800")
    with pytest.raises(ClientError):
        sqs.get_queue_url(QueueName="\udfff" * 3)
    sqs.create_queue(QueueName="whole")
    own_cloud.advance(2)
    assert [entry for entry in kept(own_cloud) if '"whole"' in entry.event]
