"""Mapping templates, by themselves.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
https://velocity.apache.org/engine/1.7/vtl-reference.html
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.apis import vtl
from fogbank.apis.budget import Budget
from fogbank.services.apigateway.dataplane.table import RouteTable


class Request:
    variables = {"url": "http://x"}
    parameters = {"id": "7"}
    multi_headers = {"X-A": ["first", "last"]}
    multi_query = {"q": ["1", "2"], "id": ["no"]}

    def context(self) -> dict[str, Any]:
        return {"stage": "prod", "identity": {"sourceIp": "1.2.3.4"}, "authorizer": {"claims": {"sub": "s"}}}


BODY = b'{"name": "Ann \\"A\\"", "list": [1, 2, 3], "pets": [{"n": "a", "p": 2.5}, {"n": "b", "p": 9}], "no": null}'


def render(template: str, body: bytes = BODY) -> str:
    budget = Budget()
    return vtl.render(template, vtl.variables(Request(), vtl.Document(body), budget), budget)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain # text $ 5.00 #1 #abc", "plain # text $ 5.00 #1 #abc"),
        ("$input.json('$.list')", "[1,2,3]"),
        ("$input.json('$.name')", '"Ann \\"A\\""'),
        ("$input.json('$')", json.dumps(json.loads(BODY), separators=(",", ":"))),
        ("$input.path('$.pets[1].n')$input.path('$.list[-1]')", "b3"),
        ("$input.path('$.pets[*].n')", "[a, b]"),
        ("$input.path('$..n')", "[a, b]"),
        ("$input.path('$.pets[?(@.p > 3)].n')", "[b]"),
        ("$input.path('$.list').size()", "3"),
        ("$input.path('$.none')|$input.json('$.none')|", "||"),
        ("$input.params('id') $input.params('q') $input.params('x-a') $input.params('zz').", "7 2 last ."),
        ("$input.params().querystring.get('q')", "2"),
        ("#foreach($k in $input.params().header.keySet())$k#end", "X-A"),
        ("$context.identity.sourceIp $context.authorizer.claims.sub $context.nothing.", "1.2.3.4 s ."),
        ("$stageVariables.url ${stageVariables.get('url')} $stageVariables['url']", "http://x http://x http://x"),
        ("$util.escapeJavaScript($input.path('$.name'))", 'Ann \\"A\\"'),
        ("$util.urlEncode('a b&c/é')", "a+b%26c%2F%C3%A9"),
        ("$util.urlDecode('a+b%26')", "a b&"),
        ("$util.base64Encode('hi') $util.base64Decode('aGk=')", "aGk= hi"),
        ("$util.parseJson('{\"a\": {\"b\": 1}}').a.b", "1"),
        ("$unknown ${unknown} $!unknown $unknown.member()", "$unknown ${unknown}  $unknown.member()"),
        ("\\$escaped \\#set", "$escaped #set"),
        ("#set($x = 1)$x", "1"),
        ("#set($x = 7 / 2)$x #set($x = 7 % 4)$x #set($x = 2 * (3 + 1) - 1)$x", "3 3 7"),
        ('#set($x = "$context.stage/!")$x', "prod/!"),
        ("#set($x = '$context.stage')$x", "$context.stage"),
        ("#if($input.path('$.no'))yes#{else}no#end", "no"),
        ("#if('' )yes#{else}no#end", "yes"),
        ("#if(1 == 1.0 && !(2 < 1) || false)a#elseif(true)b#{else}c#end", "a"),
        ("#if('a' eq 'a' and 'b' ne 'c' and not false)ok#end", "ok"),
        ("#foreach($i in [1..3])$i#if($foreach.hasNext),#end#end", "1,2,3"),
        ("#foreach($i in [3..1])$i$foreach.index#end", "302112"),
        ("#foreach($i in $input.path('$.list'))#if($i == 2)#break#end$i#end", "1"),
        ("a#stop b", "a"),
        ("#set($m = {'a': 1, 'b': [1, 2]})$m.b.get(1) $m['a'] $m.containsKey('z') $m.size()", "2 1 false 2"),
        ("#set($m = {})#set($m.k = 'v')#set($t = $m.put('l', 2))$m", "{k=v, l=2}"),
        ("#set($l = [])#set($t = $l.add('x'))$l $l.isEmpty()", "[x] false"),
        ("#foreach($e in $input.path('$.pets[0]').entrySet())$e.key=$e.value;#end", "n=a;p=2.5;"),
        ("#set($s = 'Hello World')$s.substring(6) $s.toLowerCase() $s.replaceAll('[lo]+', '_') $s.split(' ')[1]",
         "World hello world He_ W_r_d World"),
        ("#set($s = 'abc')$s.length() $s.indexOf('c') $s.contains('b') $s.startsWith('b')", "3 2 true false"),
        ("#macro(twice $a)$a$a#end#twice('x')#twice($context.stage)", "xxprodprod"),
        ("a## comment\nb#* c *#d #[[ $raw #if ]]#", "abd  $raw #if "),
        ("  #set($x = 1)\nline\n", "line\n"),
        ("{\n  #if(true)\n  a\n  #else\n  b\n  #end\n}", "{\n  a\n}"),
    ],
)  # fmt: skip
def test_templates(template: str, text: str) -> None:
    assert render(template) == text


def test_a_template_may_set_overrides() -> None:
    budget = Budget()
    variables = vtl.variables(Request(), vtl.Document(b""), budget)
    vtl.render("#set($context.responseOverride.status = 404)", variables, budget)
    assert variables["context"]["responseOverride"]["status"] == 404


@pytest.mark.parametrize("template", ["#if(true)", "#set($x = )", "#foreach($x in [1..2])", "#if(1 =", "#set(x = 1)"])
def test_what_is_no_template(template: str) -> None:
    with pytest.raises(vtl.TemplateError):
        render(template)


def test_loops_have_a_limit() -> None:
    """1,000 iterations of #foreach: docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
    assert render("#foreach($i in [1..1000])x#end") == "x" * 1000
    with pytest.raises(vtl.TemplateError):
        render("#foreach($i in [1..1001])x#end")


@given(st.text(max_size=200))
def test_any_text_renders_or_is_refused(text: str) -> None:
    with contextlib.suppress(vtl.TemplateError):
        render(text)


@given(st.text(alphabet="#$(){}[]!.,'\"\\ \nifset1x=&|<>-foreachend", max_size=60))
def test_any_mixture_of_signs_renders_or_is_refused(text: str) -> None:
    with contextlib.suppress(vtl.TemplateError):
        render(text)


@given(st.text().filter(lambda t: "$" not in t and "#" not in t and "\\" not in t))
def test_text_without_signs_is_itself(text: str) -> None:
    assert render(text) == text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@given(_JSON)
def test_json_of_the_whole_body_is_the_body(value: Any) -> None:
    assert json.loads(render("$input.json('$')", json.dumps(value).encode())) == value


_SEGMENT = st.text(alphabet="abc", min_size=1, max_size=2)


@given(st.lists(st.lists(_SEGMENT | st.just("{x}"), max_size=3), max_size=6), st.lists(_SEGMENT, max_size=3))
def test_the_table_finds_what_fits(routes: list[list[str]], path: list[str]) -> None:
    """A path is found exactly when some route fits it, and a static one is preferred where it fits from the left."""
    table: RouteTable[str] = RouteTable()
    for route in routes:
        table.add("/" + "/".join(route), {"GET": "/" + "/".join(route)})
    fitting = [r for r in routes if len(r) == len(path) and all(a in (b, "{x}") for a, b in zip(r, path, strict=True))]
    found = table.find("GET", "/" + "/".join(path))
    assert (found is None) == (not fitting)
    if found is not None:
        best = min(fitting, key=lambda route: [part == "{x}" for part in route])
        assert found[0] == "/" + "/".join(best)
