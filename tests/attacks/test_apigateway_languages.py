"""Languages that users of API Gateway write end within their budget, with AWS's error, and hold nobody else up.

Quotas: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.apis import patterns, vtl
from fogbank.apis.budget import STEPS, Budget, OverBudget
from fogbank.apis.vtl import texts
from fogbank.services.apigateway.dataplane import mapping

HANG = 60  # seconds that no answer takes, however busy the machine: only to catch what does not end
INTERNAL = (500, {"message": "Internal server error"})
JSON = {"Content-Type": "application/json"}


class Door:
    """An account's API, and its stage's door."""

    def __init__(self, aws: Any) -> None:
        self.client = aws.client("apigateway")
        self.sts = aws.client("sts")
        self.endpoint = aws.endpoint
        self.id = ""

    def open(self, operation: dict[str, Any], **more: Any) -> None:
        """Deploy an API with the one method POST /a."""
        document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": operation}}}
        self.id = self.client.import_rest_api(body=json.dumps({**document, **more}))["id"]
        self.client.create_deployment(restApiId=self.id, stageName="dev")

    def ask(self, body: bytes = b"{}", headers: dict[str, str] = JSON) -> tuple[int, Any]:
        url = f"{self.endpoint}/_aws/execute-api/{self.id}/dev/a"
        request = urllib.request.Request(url, method="POST", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=HANG) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@pytest.fixture
def door(aws: Any) -> Iterator[Door]:
    """While a test runs, another service is asked again and again, and answers each time."""
    found = Door(aws)
    done, answered, failed = threading.Event(), [0.0], []

    def others() -> None:
        while not done.is_set():
            began = time.monotonic()
            try:
                found.sts.get_caller_identity()
            except Exception as error:  # reported by the test that it belongs to
                failed.append(error)
                return
            answered.append(time.monotonic() - began)
            done.wait(0.02)

    thread = threading.Thread(target=others)
    thread.start()
    yield found
    done.set()
    thread.join()
    assert not failed
    assert max(answered) < HANG / 3


def mock(template: str, response: str = '{"n": 1}') -> dict[str, Any]:
    return {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": template},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": response}}},
        },
    }


OK = '{"statusCode": 200}'
LOOP = "#foreach($i in [1..1000])"
BOMBS = {
    "three loops": f"{LOOP}{LOOP}{LOOP}#set($x = $i)#end#end#end{OK}",
    "three empty loops": f"{LOOP}{LOOP}{LOOP}#end#end#end{OK}",
    "a text that doubles": '#set($a = "aaaaaaaa")' + '#foreach($i in [1..64])#set($a = "$a$a")#end' + OK,
    "a sum that doubles": '#set($a = "aaaaaaaa")' + "#foreach($i in [1..64])#set($a = $a + $a)#end" + OK,
    "a text that concat doubles": '#set($a = "aa")' + "#foreach($i in [1..64])#set($a = $a.concat($a))#end" + OK,
    "a text that replace grows": '#set($a = "a")#foreach($i in [1..64])#set($a = $a.replace("a", "aaaa"))#end' + OK,
    "a text that replaceAll grows": (
        '#set($a = "aa")' + '#foreach($i in [1..64])#set($a = $a.replaceAll("(a)", "$1$1$1$1"))#end' + OK
    ),
    "a text that repeats": '#set($a = "aa")' + "#foreach($i in [1..64])#set($a = $a.repeat(1000000))#end" + OK,
    "a list that doubles": '#set($l = ["a"])' + "#foreach($i in [1..64])#set($x = $l.addAll($l))#end" + OK,
    "a list of itself twice": "#set($l = [1])#foreach($i in [1..64])#set($l = [$l, $l])#end$l",
    "lists of themselves that are compared": (
        "#set($l = [1])#set($m = [1])#foreach($i in [1..64])#set($l = [$l, $l])#set($m = [$m, $m])#end"
        f"#if($l == $m)y#end{OK}"
    ),
    "a list of itself as JSON": (
        "#set($d = $input.path('$'))#foreach($i in [1..64])#set($d.a = [$d.a, $d.a])#end$input.json('$')"
    ),
    "a map in itself": f'#set($m = {{}})#set($x = $m.put("m", $m))$m{OK}',
    "a body in itself": "#set($d = $input.path('$'))#set($x = $d.put('d', $d))$input.json('$')",
    "squares": f"#set($n = 9)#foreach($i in [1..64])#set($n = $n * $n)#end{OK}",
    "macros that call themselves": f"#macro(m)#m()#m()#end#m(){OK}",
    "descent upon descent": "#set($x = $input.path('$..*..*..*..*'))" + OK,
    "an output beyond 10 MB": f"#set($a = $input.body){LOOP}$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a$a#end",
    "blocks in blocks": "#if(true)" * 5000 + "#end" * 5000 + OK,
    "parentheses": "#set($x = " + "(" * 5000 + "1" + ")" * 5000 + ")" + OK,
    "a long sum": "#set($x = 1" + " + 1" * 20000 + ")" + OK,
    "a number of many digits": "#set($x = " + "9" * 5000 + ")" + OK,
    "look-ahead that backtracks": (
        f"#set($a = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'){LOOP}$a.matches('(?=(a|aa)+$)(a|aa)+')#end{OK}"
    ),
    "overrides without end": (
        f"#set($o = $context.requestOverride.path){LOOP}{LOOP}"
        '#set($o["$i.$foreach.index.$foreach.parent.index"] = 1)#end#end' + OK
    ),
}  # fmt: skip
DEEP = json.loads("[" * 300 + "]" * 300)
BODY = json.dumps({"a": DEEP, "t": "x" * 500}).encode()


@pytest.mark.parametrize("name", BOMBS)
def test_a_template_that_does_not_end_is_a_500(door: Door, name: str) -> None:
    door.open(mock(BOMBS[name]))
    assert door.ask(BODY) == INTERNAL


@pytest.mark.parametrize("name", ["a list that doubles", "squares", "three loops"])
def test_the_same_in_a_response(door: Door, name: str) -> None:
    door.open(mock(OK, BOMBS[name]))
    assert door.ask(BODY) == INTERNAL


def test_the_log_says_which_transformation_failed(door: Door) -> None:
    door.open(mock(BOMBS["squares"]))
    resources = door.client.get_resources(restApiId=door.id)["items"]
    resource = next(found["id"] for found in resources if found["path"] == "/a")
    tested = door.client.test_invoke_method(restApiId=door.id, resourceId=resource, httpMethod="POST", body="{}")
    assert tested["status"] == 500
    assert "Execution failed due to configuration error: Unable to transform request" in tested["log"]


HARMLESS = {
    "nested quantifiers": "#if($input.body.matches('.*(a+)+b'))x#end",
    "nested quantifiers that replace": "#set($x = $input.body.replaceAll('(x+x+)+y', ''))",
    "fifty thousand matches": "#set($x = $input.body.replaceAll('x', 'y').length())",
    "keys of one hash": (
        "#set($m = {})#set($k = 2305843009213693951)#foreach($i in [1..1000])#set($n = $k * $i)#set($m[$n] = 1)#end"
    ),
    "wrong arguments": "$input.path(1, 2, 3)$util.urlEncode()$input.params(1)$m.get([])#set($m = {})$m.get([])",
    "a range of nothing": "#foreach($i in ['a'..{}])#end",
    "an index that is none": "#set($l = [1])#set($x = $l[$l])#set($m = {})#set($m[[1]] = 2)#set($x = $m[[1]])",
    "an override of another type": "#set($context.requestOverride = 'x')",
    "no context": "#set($context = 7)",
    "a broken expression": "#set($x = 'a')#set($x = $x.matches('('))",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_template_that_only_looks_dangerous_is_rendered(door: Door, name: str) -> None:
    door.open(mock(HARMLESS[name] + OK))
    assert door.ask(json.dumps({"text": "a" * 40 + "x" * 50_000}).encode()) == (200, {"n": 1})


def test_signs_that_are_no_directives_are_read_in_one_go() -> None:
    budget = Budget()
    text = "# " * 150_000 + "$" * 7_000
    assert vtl.render(text, {}, budget) == text
    assert budget.steps > STEPS - 1_000


@pytest.mark.parametrize("status", ["'abc'", "99999", "100", "[1]", "-1", "$context"])
def test_an_override_that_is_no_status(door: Door, status: str) -> None:
    door.open(mock(OK, f"#set($context.responseOverride.status = {status}){{}}"))
    assert door.ask() == INTERNAL


@pytest.mark.parametrize("header", ["'a b'", "'ok'"])
def test_an_override_that_is_no_header(door: Door, header: str) -> None:
    value = '"a$util.urlDecode("%0d%0aX: y")"' if header == "'ok'" else "1"
    door.open(mock(OK, f"#set($h = $context.responseOverride.header)#set($x = $h.put({header}, {value})){{}}"))
    assert door.ask() == INTERNAL


# -- JSONPath ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "$..*..*..*..*",
        "$..[?(@.a == @.b)]..[?(@.a)]..*..*",
        "$[*][*][*]..*..*..*",
        "$..*[?(@ =~ /(?=(a|aa)+$)(a|aa)+/)]",
    ],
)
def test_a_path_costs_what_it_visits(path: str) -> None:
    value: Any = ["a" * 40 + "!"] * 10
    for _ in range(40):
        value = [value, {"a": value, "b": "a" * 40 + "!"}]
    with pytest.raises(OverBudget):
        vtl.find(value, path, Budget())


def test_a_path_is_bounded_in_length() -> None:
    assert vtl.find([], "$" + "[?(@.a" + " " * 100_000 + ")]", Budget()) is None


# -- regular expressions -----------------------------------------------------------------------------------------------


def test_nested_quantifiers_take_no_time() -> None:
    budget = Budget(quick=True)
    assert not patterns.whole("(a+)+", "a" * 1000 + "!", budget)
    assert budget.steps > 0


def test_what_may_take_long_is_not_for_the_event_loop() -> None:
    for pattern, text in (("(?=(a|aa)+$)a", "aa"), ("[ab]*a[ab]{900}c", "ab" * 5000), ("[\\pL]" * 1000, "a")):
        with pytest.raises(OverBudget):
            patterns.whole(pattern, text, Budget(quick=True))


def test_a_token_against_nested_quantifiers(door: Door) -> None:
    function = "arn:aws:lambda:us-east-1:123456789012:function:none"
    scheme = {
        "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "token", "identityValidationExpression": "(a+)+",
            "authorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
        },
    }  # fmt: skip
    door.open({**mock(OK), "security": [{"auth": []}]}, components={"securitySchemes": {"auth": scheme}})
    assert door.ask(headers={"Authorization": "a" * 60 + "!"}) == (401, {"message": "Unauthorized"})


def test_a_selection_pattern_of_nested_quantifiers() -> None:
    assert not mapping._matches("(a+)+b", "a" * 10_000, Budget(quick=True))


# -- models ------------------------------------------------------------------------------------------------------------


def validated(door: Door, schema: dict[str, Any], **others: Any) -> None:
    operation = {
        **mock(OK),
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/M"}}}},
        "x-amazon-apigateway-request-validator": "all",
    }
    door.open(
        operation,
        components={"schemas": {"M": schema, **others}},
        **{"x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}}},
    )


DRAFT_4 = "http://json-schema.org/draft-04/schema#"
REFUSED = (400, {"message": "Invalid request body"})
FINE = (200, {"n": 1})
DOUBLING = {
    **{f"d{i}": {"allOf": [{"$ref": f"#/definitions/d{i + 1}"}] * 2} for i in range(40)},
    "d40": {"type": "object"},
}


@pytest.mark.parametrize(
    ("schema", "body", "answer"),
    [
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 60 + "!", REFUSED),
        ({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {"a" * 60 + "!": 1}, REFUSED),
        ({"uniqueItems": True}, [{"a": i} for i in range(20_000)], FINE),
        ({"uniqueItems": True}, [{"a": i} for i in range(20_000)] + [{"a": 1.0}], REFUSED),
        ({"uniqueItems": True}, [i * (2**61 - 1) for i in range(20_000)], FINE),
        ({"uniqueItems": True}, [True, 1, "1", None, [1], {"a": 1}], FINE),
        ({"definitions": DOUBLING, "allOf": [{"$ref": "#/definitions/d0"}]}, {}, INTERNAL),
        ({"allOf": [{"$ref": "#"}]}, {}, INTERNAL),
        ({"$ref": "#/definitions/none"}, {}, INTERNAL),
        ({"properties": {"a": {"$ref": "#"}}}, {"a": {"a": {}}}, FINE),
        ({"type": "number", "multipleOf": 0.1}, 0.3, FINE),
        ({"type": "number", "multipleOf": 1e-300}, 1e300, FINE),
        ({"type": "number", "multipleOf": 0.01}, 1.005, REFUSED),
        ({"type": "number", "multipleOf": 3}, 10**400, REFUSED),
        ({"items": {"enum": [[i] for i in range(3000)]}}, [[1]] * 3000, INTERNAL),
        ({"allOf": [{"type": "string"}] * 2000}, ["x" * 1000] * 1000, INTERNAL),
        ({"required": True}, {}, INTERNAL),
        ({"type": "none"}, {}, INTERNAL),
        (
            {"$schema": DRAFT_4, "properties": {"p": {"$schema": DRAFT_4, "pattern": "^(a+)+$"}}},
            {"p": "a" * 60 + "!"},
            REFUSED,
        ),
    ],
)  # fmt: skip
def test_a_model_and_a_body(door: Door, schema: dict[str, Any], body: Any, answer: Any) -> None:
    validated(door, schema)
    assert door.ask(json.dumps(body).encode()) == answer


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900 + b"]" * 900, b"9" * 100_000, b"\xff"])
def test_a_body_that_is_deep_or_long(door: Door, body: bytes) -> None:
    validated(door, {"type": "object"})
    assert door.ask(body) == REFUSED


def test_a_body_of_ten_megabytes_is_read_beside_others(door: Door) -> None:
    validated(door, {"type": "array", "maxItems": 1})
    assert door.ask(b"[" + b"[]," * 400_000 + b"[]]") == REFUSED


# -- MOCK --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"- {a: b, c: [1, 2]}\n" * 250_000, b"a: &a [x]\n", b"statusCode: 200\n", b"{" * 5_000_000]
)
def test_a_body_that_is_no_json_is_nothing_to_a_mock(door: Door, body: bytes) -> None:
    operation = mock(OK)
    del operation["x-amazon-apigateway-integration"]["requestTemplates"]
    door.open(operation)
    assert door.ask(body) == INTERNAL


@pytest.mark.parametrize(
    "template", ["{statusCode: 200}", "{'statusCode': '200'}", '{ "statusCode" : 200, }', '{"statusCode": "200"}']
)
def test_a_mock_reads_its_template_leniently(door: Door, template: str) -> None:
    door.open(mock(template))
    assert door.ask() == FINE


# -- OpenAPI -----------------------------------------------------------------------------------------------------------

BODY_B = "#/components/requestBodies/B"
HEAD = "openapi: 3.0.1\ninfo: {title: t, version: '1'}\n"


def laughs(width: int, levels: int) -> str:
    first = f"x0: &x0 [{','.join(['a'] * width)}]\n"
    return first + "".join(f"x{i}: &x{i} [{','.join([f'*x{i - 1}'] * width)}]\n" for i in range(1, levels))


DOCUMENTS = {
    "aliases of aliases": HEAD + laughs(9, 9),
    "aliases that double": HEAD + laughs(2, 25),
    "many aliases": HEAD + "x: &x {a: 1}\n" + "".join(f"y{i}: *x\n" for i in range(60)),
    "merges that double": HEAD
    + "m0: &m0 {a: 1}\n"
    + "".join(f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}]}}\n" for i in range(1, 24)),
    "a list in itself": HEAD + "x: &x [*x]\n",
    "depth": HEAD + "x: " + "[" * 500 + "]" * 500,
    "indentation": HEAD + "x:\n" + "- " * 100_000,
    "depth of JSON": '{"openapi": "3.0.1", "info": {"title": "t"}, "x": ' + "[" * 500 + "]" * 500 + "}",
    "a set": HEAD + "x: !!set {a, b}\n",
    "a reference to itself": HEAD + "paths: {/a: {$ref: '#/paths/~1a'}}\n",
    "a path without end": json.dumps(
        {"openapi": "3.0.1", "info": {"title": "t"}, "paths": {"/a" * 400_000: {"get": {}}}}
    ),
    "a schema that each method repeats": json.dumps(
        {
            "openapi": "3.0.1",
            "info": {"title": "t"},
            "components": {
                "requestBodies": {"B": {"content": {"application/json": {"schema": {"enum": ["x" * 500_000]}}}}}
            },
            "paths": {f"/p{i}": {"post": {"operationId": f"{i}", "requestBody": {"$ref": BODY_B}}} for i in range(200)},
        }
    ),
    "more models than an API has": json.dumps(
        {"openapi": "3.0.1", "info": {"title": "t"}, "components": {"schemas": {f"M{i}": {} for i in range(20_000)}}}
    ),
    "parts of other types": json.dumps({"openapi": "3.0.1", "info": "t", "paths": {}}),
    "paths that are a list": json.dumps({"openapi": "3.0.1", "info": {"title": "t"}, "paths": [1]}),
    "an operation that is a text": HEAD + "paths: {/a: {get: x}}",
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_makes_too_much_of_itself_is_refused(door: Door, name: str) -> None:
    with pytest.raises(ClientError) as caught:
        door.client.import_rest_api(body=DOCUMENTS[name].encode())
    error = caught.value.response["Error"]
    assert error["Code"] == ("LimitExceededException" if name == "a path without end" else "BadRequestException"), error


def test_a_large_document_in_yaml_is_read_beside_others(door: Door) -> None:
    text = HEAD + "x-large:\n" + "".join(f"- {{a: {i}, b: [c, d]}}\n" for i in range(8_000))
    assert door.client.import_rest_api(body=text.encode())["name"] == "t"


def test_a_document_has_at_most_six_megabytes(door: Door) -> None:
    with pytest.raises(ClientError) as caught:
        door.client.import_rest_api(body=HEAD.encode() + b"#" * (6 * 1024 * 1024))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_template_has_at_most_300_kilobytes(door: Door) -> None:
    door.open(mock(OK))
    resources = door.client.get_resources(restApiId=door.id)["items"]
    resource = next(found["id"] for found in resources if found["path"] == "/a")
    with pytest.raises(ClientError) as caught:
        door.client.put_integration(restApiId=door.id, resourceId=resource, httpMethod="POST", type="MOCK",
                                    requestTemplates={"application/json": "x" * (300 * 1024 + 1)})  # fmt: skip
    assert caught.value.response["Error"]["Code"] == "BadRequestException"


# -- gateway responses: variables are put in, nothing is run -----------------------------------------------------------


def test_a_gateway_response_is_no_program(door: Door) -> None:
    """AWS runs no Velocity here, only puts variables in: "A GatewayResponse mapping template isn't processed by the
    Velocity Template Language (VTL) engine."
    """
    template = '{"m": $context.error.messageString, "s": "$stageVariables.none", "v": "#set($a = 1) ${context.stage}"}'
    response = {"DEFAULT_4XX": {"responseTemplates": {"application/json": template}}}
    door.open(mock(OK), **{"x-amazon-apigateway-gateway-responses": response})
    url = f"{door.endpoint}/_aws/execute-api/{door.id}/dev/none"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=HANG)
    answer = json.loads(caught.value.read())
    assert answer == {"m": "Missing Authentication Token", "s": "", "v": "#set($a = 1) dev"}


# -- anything else -----------------------------------------------------------------------------------------------------

_VALUES = st.sampled_from(
    ["1", "-7", "2.5", "'a'", '"$x"', "[1, 'b']", "{'k': 1}", "$x", "$input.path('$')", "$input.path('$.a')", "$input",
     "$util", "$context", "$stageVariables", "null", "true", "$x.k", "$x[0]", "$x['k']", "$foreach", "[1..3]",
     "9999999999999999999999", "$input.body", "$input.params()", "$util.parseJson($input.body)"]
)  # fmt: skip
_NAMES = st.sampled_from(
    [*texts.METHODS, "get", "put", "add", "addAll", "remove", "size", "entrySet", "keySet", "values", "subList", "set",
     "contains", "indexOf", "putAll", "containsValue", "toString", "equals", "hashCode", "intValue", "path", "json",
     "params", "parseJson", "urlEncode", "urlDecode", "base64Encode", "base64Decode", "escapeJavaScript", "getKey"]
)  # fmt: skip
_FORMS = st.sampled_from(
    ["#set($x = {v})", "#set($x.k = {v})", "#set($x[{v}] = 1)", "$x.{n}({a})", "#set($y = $x.{n}({a}))$y",
     "#set($x = $x.{n}({a}))", "#foreach($i in {v})$i#end", "#if($x == {v})a#elseif($x < {v})b#end",
     "#set($x = {v} + $x)", "#set($x = {v} / $x)", "#set($x = {v} * $x)", "#set($x = {v} % $x)",
     "#set($context.responseOverride.status = {v})", "#set($context.responseOverride.header.h = {v})",
     "#set($context.responseOverride = {v})", "#set($context = {v})", "$input.json({v})$!x", "$input.{n}({a})",
     "$util.{n}({a})"]
)  # fmt: skip


@st.composite
def _statement(draw: Any) -> str:
    arguments = ", ".join(draw(st.lists(_VALUES, max_size=3)))
    form: str = draw(_FORMS)
    return form.replace("{v}", draw(_VALUES)).replace("{n}", draw(_NAMES)).replace("{a}", arguments)


_BODIES = st.sampled_from(
    ["", "{}", "[]", "null", "7", '"t"', "no json", '{"a": [1, {"b": null}]}', '{"a": 123456789012345678901234567890}',
     '{"a": 1e308, "b": [[[]]]}', '"\\ud800"', "[" * 2000, "\x00", "ä€😀"]
)  # fmt: skip


def test_no_template_and_no_body_is_an_internal_failure(aws: Any) -> None:
    """Whatever is rendered, the answer is API Gateway's: its own status or a 500 of the method, not of the server."""
    client = aws.client("apigateway")
    api = client.create_rest_api(name="sweep")
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "POST"}
    client.put_method(**where, authorizationType="NONE")
    client.put_method_response(**where, statusCode="200")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(_statement(), min_size=1, max_size=5), _BODIES)
    def sweep(statements: list[str], body: str) -> None:
        template = "".join(statements)
        client.put_integration(
            **where, type="MOCK", requestTemplates={"application/json": f"{OK}#if(false){template}#end"}
        )
        client.put_integration_response(**where, statusCode="200", responseTemplates={"application/json": template})
        assert client.test_invoke_method(**where, body=body)["status"] in range(200, 600)
        client.put_integration(**where, type="MOCK", requestTemplates={"application/json": template + body[:50]})
        assert client.test_invoke_method(**where, body=body)["status"] in range(200, 600)

    sweep()
