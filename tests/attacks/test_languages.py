"""Languages inside requests have a budget: what exceeds it ends in time, with the service's own error."""

from __future__ import annotations

import json
import time

import pytest

DEEP = 5_000  # levels: what a recursive reader does not survive


def deep_json(levels: int = DEEP) -> str:
    return '{"a":' * levels + "1" + "}" * levels


# -- CloudWatch Logs ------------------------------------------------------------------------------------------------

LONG = "a" * 200_000


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("%" + "a*" * 200 + "b%", LONG),
        ("%" + "a?" * 200 + "a" * 200 + "%", "a" * 300 + "b" * 100_000),
        ("%" + "[a-z]+" * 100 + "[0-9]%", LONG),
        ("%[ab]{1,500}[ab]{1,500}c%", LONG),
        ('{ $.x = "' + "*a" * 400 + '*b" }', json.dumps({"x": LONG})),
        ('{ $.x != "' + "*a" * 400 + '*b" }', json.dumps({"x": LONG})),
        ("[x=" + "*a" * 400 + "*b]", LONG),
        ("[" + "x," * 300 + "..., y]", "[ " * 100_000),
        ("[..., y]", '" [' * 60_000),
        ("{ $.x = 1 }", '{"x":' + "[" * 100_000),
        ("{ $.x = 1 }", deep_json()),
        ("{ $.x > 1 }", '{"x": 1e400}'),
        ("{ $.x > 1 }", '{"x": ' + "9" * 400 + "}"),
        (" ".join(["?ab"] * 250), LONG),
    ],
)
def test_patterns_of_logs_are_linear(aws, attack, pattern, message):
    logs = aws.client("logs")
    attack.answered(logs.test_metric_filter, filterPattern=pattern, logEventMessages=[message, "short"])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        # https://github.com/ministryofjustice/modernisation-platform-environments/pull/5137
        ("%(a+)+b%", "Invalid character(s) in term"),
        (r"%\(a\)%", "Invalid character(s) in term"),
        ("%something!%", "Invalid character(s) in term"),  # the example of the user guide
        (r"%(?=a)b%", "Invalid character(s) in term"),
        (r"%a\1%", "Invalid character(s) in term"),
        ("%a% %b% %c%", "Invalid filter pattern"),  # two regular expressions at most
        ("{ $.a = %a% || $.a = %b% || $.a = %c% }", "Invalid filter pattern"),
        ("[a=%a%, b=%b%, c=%c%]", "Invalid filter pattern"),
        ("%a{1000}{1000}%", "Invalid filter pattern"),
        ("{" + "(" * 500 + "$.a = 1" + ")" * 500 + "}", "Invalid filter pattern"),
    ],
)
def test_patterns_of_logs_that_are_refused(aws, attack, pattern, text):
    logs = aws.client("logs")
    assert attack.refused(
        "InvalidParameterException", logs.test_metric_filter, filterPattern=pattern, logEventMessages=["a"]
    ) == text  # fmt: skip


def test_regular_expressions_of_logs_are_those_of_the_user_guide(aws):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html"""
    logs = aws.client("logs")

    def matches(pattern: str, message: str) -> bool:
        return bool(logs.test_metric_filter(filterPattern=pattern, logEventMessages=[message])["matches"])

    assert matches(r"%\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}%", "from 10.0.0.1 on")
    assert matches("%[Ee]rror|[Ff]ail%", "it did fail")
    assert matches("%^[hc]at%", "cat")
    assert not matches("%^[hc]at%", "a cat")
    assert matches(r"%\x28\d\x29%", "(1)")
    assert matches(r"[ip=%127\.0\.[0-9]{1,3}\.1%, ...]", "127.0.10.1 x")
    assert matches("{ $.eventType = %Trail$% }", '{"eventType": "UpdateTrail"}')


def test_many_events_are_looked_at_in_slices_and_all_are_found(aws, attack):
    """Two streams whose batches overlap, more than one slice of them, and pages that go on where the last one ended."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/big")
    now = int(time.time()) * 1000
    for stream in ("one", "two"):
        logs.create_log_stream(logGroupName="/big", logStreamName=stream)
        for batch in range(4):
            events = [
                {"timestamp": now - 100_000 + number * 10 + batch, "message": f"{stream} {number} " + "x" * 700}
                for number in range(1000)
            ]
            logs.put_log_events(logGroupName="/big", logStreamName=stream, logEvents=events)
    with attack.ends():
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/big", filterPattern="?one ?two")
        found = [event for page in pages for event in page["events"]]
    assert len(found) == 8000
    assert (
        len({event["eventId"] for event in found}) == 8000
        or len({(e["eventId"], e["logStreamName"]) for e in found}) == 8000
    )
    assert [event["timestamp"] for event in found] == sorted(event["timestamp"] for event in found)
    rare = logs.get_paginator("filter_log_events").paginate(logGroupName="/big", filterPattern='"two 999 "')
    assert sum(len(page["events"]) for page in rare) == 4


# -- SNS ------------------------------------------------------------------------------------------------------------


NESTED = {"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}, "f": [1, 2, 3]}  # 4 x 3 levels x 3 x 2 levels x 3


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (deep_json(), "failed to parse JSON."),
        ('{"a": [NaN]}', "failed to parse JSON."),
        (json.dumps({"a": ["x" * 300_000]}), "Filter policy is too large"),
        # https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
        (json.dumps({name: ["x"] for name in "abcdef"}), "Filter policy can not have more than 5 keys"),
        (json.dumps({"a": ["x"] * 151}), "Filter policy is too complex"),
        (json.dumps({"a": ["x"] * 13, "b": ["x"] * 12}), "Filter policy is too complex"),
        (json.dumps(NESTED), "Filter policy is too complex"),
        (json.dumps({"$or": [{"a": ["x"] * 100}, {"b": ["x"] * 100}]}), "Filter policy is too complex"),
    ],
)  # fmt: skip
def test_filter_policies_keep_to_their_constraints(aws, attack, policy, text):
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    assert text in attack.refused(
        "InvalidParameter", sns.subscribe, TopicArn=topic, Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:{aws.id}:q", Attributes={"FilterPolicy": policy},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "body"),
    [
        ({"a": [{"wildcard": "*a" * 500 + "*b"}]}, {"a": "a" * 200_000}),
        ({"a": [{"wildcard": "*" + "a" * n + "*b"} for n in range(1, 151)]}, {"a": ["a" * 100] * 2000}),
        ({"a": [{"numeric": [">", n]} for n in range(150)]}, {"a": [0] * 80_000}),
        ({"a": [{"anything-but": {"prefix": [str(n) for n in range(1000)]}}]}, {"a": ["x"] * 50_000}),
        ({"a": ["x"]}, deep_json()),
        ({"a": ["x"]}, "[" * 100_000),
    ],
)
def test_messages_are_filtered_within_a_budget(aws, attack, policy, body):
    sns, sqs = aws.client("sns"), aws.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    attack.answered(
        sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{aws.id}:q",
        Attributes={"FilterPolicy": json.dumps(policy), "FilterPolicyScope": "MessageBody"},
    )  # fmt: skip
    attack.answered(
        sns.publish, TopicArn=topic, Message=body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    )
    assert "Messages" not in sqs.receive_message(QueueUrl=queue) or isinstance(body, dict)


def test_a_filter_of_a_thousand_values_works(aws, attack):
    sns, sqs = aws.client("sns"), aws.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(
        {"Version": "2012-10-17", "Statement": [allow]})})  # fmt: skip
    topic = sns.create_topic(Name="t")["TopicArn"]
    policy = {"kind": [{"anything-but": [f"k{n}" for n in range(1000)]}], "color": ["red"] * 100}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={
        "FilterPolicy": json.dumps(policy), "FilterPolicyScope": "MessageBody", "RawMessageDelivery": "true",
    })  # fmt: skip
    sns.publish(TopicArn=topic, Message='{"kind": "k999", "color": "red"}')
    sns.publish(TopicArn=topic, Message='{"kind": ["x"], "color": ["blue", "red"]}')
    received = attack.answered(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=10)
    assert [message["Body"] for message in received["Messages"]] == ['{"kind": ["x"], "color": ["blue", "red"]}']


@pytest.mark.parametrize("name", ["Policy", "DeliveryPolicy"])
def test_deep_settings_of_a_topic_are_refused(aws, attack, name):
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    attack.refused(
        "InvalidParameter", sns.set_topic_attributes, TopicArn=topic, AttributeName=name, AttributeValue=deep_json()
    )
    attack.refused("InvalidParameter", sns.publish, TopicArn=topic, Message=deep_json(), MessageStructure="json")
    attack.refused(
        "InvalidParameter", sns.subscribe, TopicArn=topic, Protocol="application",
        Endpoint="arn:a:sns:" + ":endpoint/" * 50_000 + "\n",
    )  # fmt: skip


# -- Systems Manager ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "value", "code"),
    [
        ("(a+)+", "a" * 4000 + "b", "ParameterPatternMismatchException"),
        ("(a|aa)*c", "a" * 4000, "ParameterPatternMismatchException"),
        ("(?=a)(a+)+b", "a" * 4000, "InvalidAllowedPatternException"),  # with look-ahead it is given up
        ("(", "a", "InvalidAllowedPatternException"),
        ("((a{900}){900}){900}", "a", "InvalidAllowedPatternException"),
    ],
)
def test_allowed_patterns_of_parameters(aws, attack, pattern, value, code):
    ssm = aws.client("ssm")
    attack.refused(code, ssm.put_parameter, Name="p", Value=value, Type="String", AllowedPattern=pattern)
    ssm.put_parameter(Name="p", Value="Passw0rds", Type="String", AllowedPattern=r"^(?=.*[A-Z])(?=.*\d).{8,}$")


# -- policies -------------------------------------------------------------------------------------------------------

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _deep_policy() -> str:
    return '{"Version": "2012-10-17", "Statement": [' * 500 + "]}" * 500


def _deep_condition() -> str:
    statement = json.dumps({**ALLOW, "Condition": {"StringEquals": {"aws:x": "@"}}})
    policy = f'{{"Version": "2012-10-17", "Statement": {statement}}}'
    return policy.replace('"@"', "[" * 200 + "]" * 200)


@pytest.mark.parametrize(
    "document",
    [
        _deep_policy(),
        _deep_condition(),
        json.dumps({"Version": "2012-10-17", "Statement": ALLOW}).replace('"*"', "1" * 5000, 1),
        json.dumps({"Version": "2012-10-17", "Statement": ALLOW, "Id": "@"}).replace('"@"', "NaN"),
        json.dumps({"Version": "2012-10-17", "Statement": {**ALLOW, "Sid": "@"}}).replace("@", r"\ud800"),
    ],
)
def test_policy_documents_that_nobody_means(aws, attack, document):
    iam, kms, sqs, s3 = (aws.client(name) for name in ("iam", "kms", "sqs", "s3"))
    attack.refused("MalformedPolicyDocument", iam.create_policy, PolicyName="p", PolicyDocument=document)
    attack.refused("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=document)
    attack.refused("InvalidInput", iam.simulate_custom_policy, PolicyInputList=[document], ActionNames=["s3:GetObject"])
    attack.refused("MalformedPolicyDocumentException", kms.create_key, Policy=document)
    attack.refused("InvalidAttributeValue", sqs.create_queue, QueueName="q", Attributes={"Policy": document})
    s3.create_bucket(Bucket=f"b-{aws.id}")
    attack.refused("MalformedPolicy", s3.put_bucket_policy, Bucket=f"b-{aws.id}", Policy=document)


@pytest.mark.parametrize(
    ("statement", "context"),
    [
        ({"Resource": "arn:aws:s3:::" + "*a" * 2000 + "*b"}, []),
        ({"Resource": "arn:*:" + "*a" * 2000 + "*:x"}, []),
        ({"Resource": "arn:aws:s3:::b/" + "*a?" * 1000 + "b"}, []),
        ({"Condition": {"StringLike": {"aws:x": "*a" * 2000 + "*b"}}}, ["a" * 100_000]),
        ({"Condition": {"StringLike": {"aws:x": "*" + "a?" * 1000 + "b*c"}}}, ["a" * 20_000]),
        (
            {"Condition": {"ArnLike": {"aws:x": "arn:*:*a*a*a*b:*:*:" + "*a" * 1000 + "*b"}}},
            ["arn:aws:" + "a" * 50_000],
        ),
        ({"Condition": {"StringEquals": {"aws:x": "${" * 3000}}}, ["a"]),
        ({"Condition": {"StringEquals": {"aws:x": "${aws:username, '" + "' " * 1500 + "}"}}}, ["a"]),
        ({"Condition": {"NumericLessThan": {"aws:x": "1"}}}, ["9" * 100_000]),
        ({"Condition": {"DateLessThan": {"aws:x": "2020-01-01T00:00:00Z"}}}, ["2020-01-01T00:00:00." + "0" * 100_000]),
        ({"Condition": {"IpAddress": {"aws:x": "10.0.0.0/8"}}}, ["1." * 100_000]),
        ({"Condition": {"BinaryEquals": {"aws:x": "QUJD"}}}, ["A" * 100_001]),
    ],
)
def test_policies_are_evaluated_in_time(aws, attack, statement, context):
    iam = aws.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": {**ALLOW, **statement}})
    entries = [{"ContextKeyName": "aws:x", "ContextKeyValues": context, "ContextKeyType": "string"}] if context else []
    found = attack.answered(
        iam.simulate_custom_policy, PolicyInputList=[document], ActionNames=["s3:GetObject"], ContextEntries=entries,
        ResourceArns=["arn:aws:s3:::b/" + ":".join(["a" * 500] * 3)],
    )  # fmt: skip
    assert found["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"


# -- S3 -------------------------------------------------------------------------------------------------------------


def test_wildcards_of_cross_origin_rules(aws, attack):
    s3 = aws.client("s3")
    bucket = f"b-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["http://" + "a" * 500 + "*b"], "AllowedHeaders": ["x-*-y"]}
    attack.answered(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    two = {**rule, "AllowedOrigins": ["http://*.*.example"]}
    attack.refused("InvalidRequest", s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": [two]})
