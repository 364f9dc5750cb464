"""A table against a Python dict: random writes, then every way to read, over HTTP.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
"""

import itertools
import os
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

DEEP = bool(os.environ.get("FOGBANK_FUZZ"))
NAMES = itertools.count()
partitions = st.sampled_from(["p", "q", "ä"])
numbers = st.one_of(st.integers(-3, 3), st.sampled_from(["1E2", "-0.5", "0.10", "1.0"])).map(str)
groups = st.one_of(st.none(), st.sampled_from(["g1", "g2"]))
counts = st.integers(-4, 4)


def machine_of(client):
    class Table(RuleBasedStateMachine):
        @initialize()
        def create(self):
            self.name = f"model-{next(NAMES)}"
            self.model = {}
            kinds = {"pk": "S", "sk": "N", "g": "S", "n": "N"}
            client.create_table(
                TableName=self.name,
                AttributeDefinitions=[{"AttributeName": k, "AttributeType": t} for k, t in kinds.items()],
                KeySchema=keys("pk", "sk"),
                BillingMode="PAY_PER_REQUEST",
                GlobalSecondaryIndexes=[
                    {"IndexName": "by-g", "KeySchema": keys("g", "n"), "Projection": {"ProjectionType": "ALL"}}
                ],
                LocalSecondaryIndexes=[
                    {"IndexName": "by-n", "KeySchema": keys("pk", "n"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
                ],
            )

        def teardown(self):
            if hasattr(self, "name"):
                client.delete_table(TableName=self.name)

        @rule(pk=partitions, sk=numbers, g=groups, n=st.one_of(st.none(), counts))
        def put(self, pk, sk, g, n):
            item = {"pk": {"S": pk}, "sk": {"N": sk}}
            if g is not None:
                item["g"] = {"S": g}
            if n is not None:
                item["n"] = {"N": str(n)}
            old = client.put_item(TableName=self.name, Item=item, ReturnValues="ALL_OLD").get("Attributes")
            assert old == self.model.get((pk, Decimal(sk)))
            self.model[pk, Decimal(sk)] = {**item, "sk": {"N": canonical(sk)}}

        @rule(pk=partitions, sk=numbers, g=groups, by=counts)
        def update(self, pk, sk, g, by):
            key = {"pk": {"S": pk}, "sk": {"N": sk}}
            expression = "ADD n :by REMOVE g" if g is None else "SET g = :g ADD n :by"
            given = {":by": {"N": str(by)}} | ({} if g is None else {":g": {"S": g}})
            new = client.update_item(
                TableName=self.name, Key=key, UpdateExpression=expression, ExpressionAttributeValues=given,
                ReturnValues="ALL_NEW",
            )["Attributes"]  # fmt: skip
            item = dict(self.model.get((pk, Decimal(sk)), {"pk": {"S": pk}, "sk": {"N": canonical(sk)}}))
            item["n"] = {"N": str(int(item.get("n", {"N": "0"})["N"]) + by)}
            item.pop("g", None)
            if g is not None:
                item["g"] = {"S": g}
            assert new == item
            self.model[pk, Decimal(sk)] = item

        @rule(pk=partitions, sk=numbers)
        def delete(self, pk, sk):
            key = {"pk": {"S": pk}, "sk": {"N": sk}}
            old = client.delete_item(TableName=self.name, Key=key, ReturnValues="ALL_OLD").get("Attributes")
            assert old == self.model.pop((pk, Decimal(sk)), None)

        @rule(pk=partitions, sk=numbers, other=numbers, least=counts)
        def transact(self, pk, sk, other, least):
            """A put and a delete of neighbours, only if a third item's count is large enough."""
            if Decimal(sk) == Decimal(other):
                return
            item = {"pk": {"S": pk}, "sk": {"N": sk}, "n": {"N": "1"}}
            gone = {"pk": {"S": pk}, "sk": {"N": other}}
            held = self.model.get((pk, Decimal(other)), {}).get("n")
            allowed = held is not None and int(held["N"]) >= least
            request = [
                {"Put": {"TableName": self.name, "Item": item}},
                {"Delete": {
                    "TableName": self.name, "Key": gone, "ConditionExpression": "n >= :least",
                    "ExpressionAttributeValues": {":least": {"N": str(least)}},
                }},
            ]  # fmt: skip
            if allowed:
                client.transact_write_items(TransactItems=request)
                self.model[pk, Decimal(sk)] = {**item, "sk": {"N": canonical(sk)}}
                del self.model[pk, Decimal(other)]
                return
            with pytest.raises(ClientError) as caught:
                client.transact_write_items(TransactItems=request)
            assert [r["Code"] for r in caught.value.response["CancellationReasons"]] == [
                "None",
                "ConditionalCheckFailed",
            ]

        @rule(pk=partitions, sk=numbers)
        def get(self, pk, sk):
            found = client.get_item(TableName=self.name, Key={"pk": {"S": pk}, "sk": {"N": sk}})
            assert found.get("Item") == self.model.get((pk, Decimal(sk)))

        @rule(pk=partitions, low=counts, high=counts, forward=st.booleans(), limit=st.integers(1, 4))
        def query(self, pk, low, high, forward, limit):
            if low > high:
                low, high = high, low
            found = pages(
                client.query, TableName=self.name, Limit=limit, ScanIndexForward=forward,
                KeyConditionExpression="pk = :p AND sk BETWEEN :l AND :h",
                ExpressionAttributeValues={":p": {"S": pk}, ":l": {"N": str(low)}, ":h": {"N": str(high)}},
            )  # fmt: skip
            wanted = [self.model[key] for key in sorted(self.model) if key[0] == pk and low <= key[1] <= high]
            assert found == (wanted if forward else wanted[::-1])

        @rule(g=st.sampled_from(["g1", "g2"]), above=counts, forward=st.booleans(), limit=st.integers(1, 4))
        def query_global(self, g, above, forward, limit):
            found = pages(
                client.query, TableName=self.name, IndexName="by-g", Limit=limit, ScanIndexForward=forward,
                KeyConditionExpression="g = :g AND n > :a",
                ExpressionAttributeValues={":g": {"S": g}, ":a": {"N": str(above)}},
            )  # fmt: skip
            wanted = [i for i in self.model.values() if i.get("g") == {"S": g} and "n" in i and count(i) > above]
            assert by_key(found) == by_key(wanted)
            assert [count(i) for i in found] == sorted((count(i) for i in found), reverse=not forward)

        @rule(pk=partitions, limit=st.integers(1, 4))
        def query_local(self, pk, limit):
            found = pages(
                client.query, TableName=self.name, IndexName="by-n", Limit=limit, Select="ALL_ATTRIBUTES",
                KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": pk}},
            )  # fmt: skip
            wanted = [i for key, i in self.model.items() if key[0] == pk and "n" in i]
            assert by_key(found) == by_key(wanted)
            assert [count(i) for i in found] == sorted(count(i) for i in found)

        @rule(segments=st.integers(1, 3), least=counts, limit=st.integers(1, 5))
        def scan(self, segments, least, limit):
            found = []
            for segment in range(segments):
                found += pages(
                    client.scan, TableName=self.name, Segment=segment, TotalSegments=segments, Limit=limit,
                    FilterExpression="n >= :n", ExpressionAttributeValues={":n": {"N": str(least)}},
                )  # fmt: skip
            wanted = [i for i in self.model.values() if "n" in i and count(i) >= least]
            assert by_key(found) == by_key(wanted)

        @invariant()
        def counted(self):
            if hasattr(self, "name"):
                table = client.describe_table(TableName=self.name)["Table"]
                indexed = sum("g" in i and "n" in i for i in self.model.values())
                assert table["ItemCount"] == len(self.model)
                assert table["GlobalSecondaryIndexes"][0]["ItemCount"] == indexed

    return Table


def keys(*names):
    return [{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=True)]


def canonical(text):
    return {"1E2": "100", "0.10": "0.1", "1.0": "1"}.get(text, text)


def count(item):
    return int(item["n"]["N"])


def by_key(found):
    return sorted(found, key=lambda item: (item["pk"]["S"], Decimal(item["sk"]["N"])))


def pages(call, **request):
    found = []
    while True:
        page = call(**request)
        assert len(page["Items"]) <= request["Limit"]
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def test_a_table_is_a_sorted_dict(aws):
    run_state_machine_as_test(
        machine_of(aws.client("dynamodb")),
        settings=settings(
            max_examples=200 if DEEP else 25,
            stateful_step_count=60 if DEEP else 25,
            deadline=None,
            derandomize=not DEEP,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
