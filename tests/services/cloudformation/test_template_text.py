"""Reading template text. User Guide, "CloudFormation template format"; error texts as users report them from AWS."""

import pytest

from fogbank.services.cloudformation.template.errors import TemplateError
from fogbank.services.cloudformation.template.parse import MAX_DEPTH, parse, parse_snippet


def test_short_tags_become_functions():
    document = parse("""
A: !Ref B
C: !GetAtt D.E.F
G: !GetAtt [H, I]
J: !Sub ['${K}', {K: !Ref L}]
M: !If [N, !Join ['-', [a, b]], !Ref AWS::NoValue]
O: !And [!Condition P, !Not [!Equals [a, b]]]
Q: !Base64
  Fn::Sub: text
""")
    assert document["A"] == {"Ref": "B"}
    assert document["C"] == {"Fn::GetAtt": ["D", "E.F"]}
    assert document["G"] == {"Fn::GetAtt": ["H", "I"]}
    assert document["J"] == {"Fn::Sub": ["${K}", {"K": {"Ref": "L"}}]}
    assert document["M"] == {"Fn::If": ["N", {"Fn::Join": ["-", ["a", "b"]]}, {"Ref": "AWS::NoValue"}]}
    assert document["O"] == {"Fn::And": [{"Condition": "P"}, {"Fn::Not": [{"Fn::Equals": ["a", "b"]}]}]}
    assert document["Q"] == {"Fn::Base64": {"Fn::Sub": "text"}}


def test_scalars_keep_what_numbers_would_lose():
    document = parse("""
date: 2010-09-09
account: 012345678901
mode: 0755
version: 3.10
exact: 3.11
count: 7
yes: true
time: 12:30
quoted: '7'
nothing:
""")
    assert document["date"] == "2010-09-09"
    assert document["account"] == "012345678901"
    assert document["mode"] == "0755"
    assert document["version"] == "3.10"
    assert document["exact"] == 3.11
    assert document["count"] == 7
    assert document["yes"] is True
    assert document["time"] == "12:30"
    assert document["quoted"] == "7"
    assert document["nothing"] is None


def test_aliases_are_refused_so_nothing_can_multiply():
    """ "Template error: YAML aliases are not allowed in CloudFormation templates" is AWS's answer."""
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
    with pytest.raises(TemplateError, match="YAML aliases are not allowed in CloudFormation templates"):
        parse(bomb)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"JSON not well-formed. \(line 1, column 2\)"),
        ('{"a": 1,}', r"JSON not well-formed. \(line 1, column \d\)"),
        ('{"a": NaN}', "JSON not well-formed"),
        ("a: [", "YAML not well-formed"),
        ("a: b: c", r"YAML not well-formed. \(line 1, column 5\)"),
        ("- a\n- b", "unsupported structure"),
        ("hello", "unsupported structure"),
        ("<html></html>", "unsupported structure"),
        ("", "unsupported structure"),
        ("[" * 60_000, "YAML not well-formed"),
        ('{"a":' * 60_000, "JSON not well-formed"),
        ("a: 1\n---\nb: 2", "YAML not well-formed"),
        ("a: !!binary aGVsbG8=", "YAML not well-formed"),
        ("? [a, b]\n: c", "YAML not well-formed"),
    ],
)
def test_what_is_not_well_formed(text, message):
    with pytest.raises(TemplateError, match=message):
        parse(text)


def test_nesting_has_a_bound_in_both_languages():
    deep = MAX_DEPTH + 1
    with pytest.raises(TemplateError):
        parse('{"a":' + "[" * deep + "]" * deep + "}")
    with pytest.raises(TemplateError):
        parse("a: " + "[" * deep + "]" * deep)
    fine = MAX_DEPTH - 2
    assert parse('{"a":' + "[" * fine + "]" * fine + "}") == parse("a: " + "[" * fine + "]" * fine)


def test_the_last_of_two_equal_keys_counts():
    """Reported of AWS: duplicate keys are no error, only its Designer warned of them."""
    assert parse("a: 1\na: 2") == {"a": 2}
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


def test_a_byte_order_mark_is_no_text():
    assert parse('\ufeff{"a": 1}') == {"a": 1}


def test_a_snippet_may_be_anything():
    assert parse_snippet("- a\n- !Ref B") == ["a", {"Ref": "B"}]
    assert parse_snippet('{"a": [1]}') == {"a": [1]}
