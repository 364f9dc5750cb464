"""The filter pattern language, after the examples of
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.logs.errors import InvalidParameterException
from fogbank.services.logs.patterns import compile_pattern, extracted

EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another"],
        "n": 404,
        "objectList": [{"name": "a", "id": 1}],
        "SomeObject": None,
        "ThisFlag": True,
    }
)
LINE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] bad", True),
        ("ERROR", "error", False),
        ("ERROR ARGUMENTS", "ERROR in ARGUMENTS", True),
        ("ERROR ARGUMENTS", "ERROR", False),
        ("?ERROR ?ARGUMENTS", "ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "neither", False),
        ("ERROR -ARGUMENTS", "ERROR", True),
        ("ERROR -ARGUMENTS", "ERROR ARGUMENTS", False),
        ('"INTERNAL SERVER ERROR"', "an INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR SERVER", False),
        ("%ERROR-4[0-9]{2}%".replace("{2}", "[0-9]"), "ERROR-404", True),
        ('{ $.eventType = "UpdateTrail" }', EVENT, True),
        ('{ $.eventType = "Update*" }', EVENT, True),
        ('{ $.eventType != "UpdateTrail" }', EVENT, False),
        ("{ $.sourceIPAddress != 123.123.* }", EVENT, True),
        ('{ $.arrayKey[0] = "value" }', EVENT, True),
        ("{ $.objectList[0].id = 1 }", EVENT, True),
        ("{ $.n >= 400 && $.n < 500 }", EVENT, True),
        ("{ $.n = 4 || ($.n > 400 && $.ThisFlag IS TRUE) }", EVENT, True),
        ("{ $.SomeObject IS NULL }", EVENT, True),
        ("{ $.SomeOtherObject NOT EXISTS }", EVENT, True),
        ("{ $.missing = 1 }", EVENT, False),
        ("{ $.eventType = %Trail$% }", EVENT, True),
        ("{ $.n = 404 }", "not json", False),
        ("[ip, user, username, timestamp, request, status_code, bytes]", LINE, True),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes > 1000]", LINE, True),
        ("[ip, user, username, timestamp, request, status_code = 5*, bytes]", LINE, False),
        ("[..., status_code = 404, bytes]", LINE, True),
        ("[ip, ..., request = *html*, status_code, bytes]", LINE, True),
        ("[ip, user]", LINE, False),
    ],
)
def test_examples(pattern, message, matches):
    assert (compile_pattern(pattern)(message) is not None) is matches


@pytest.mark.parametrize("pattern", ["{ $.a }", "{ $.a = }", "{ = 1 }", "[a", "{ $.a = 1", "[a, ..., b, ...]"])
def test_refused(pattern):
    with pytest.raises(InvalidParameterException):
        compile_pattern(pattern)


def test_values_are_extracted():
    values = compile_pattern("[ip, ..., status, bytes]")(LINE)
    assert extracted(values, "$bytes") == "1534"
    assert extracted(compile_pattern("{ $.n = * }")(EVENT), "$.n") == 404
    assert extracted(compile_pattern("{ $.n = * }")(EVENT), "$.nowhere") is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_else_is_raised(pattern, message):
    with contextlib.suppress(InvalidParameterException):
        compile_pattern(pattern)(message)


@given(st.lists(st.text(alphabet="abcXYZ019", min_size=1, max_size=5), min_size=1, max_size=4), st.text(max_size=40))
def test_terms_mean_every_one_of_them(terms, message):
    assert (compile_pattern(" ".join(terms))(message) is not None) == all(term in message for term in terms)
