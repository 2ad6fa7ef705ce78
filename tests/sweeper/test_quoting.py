import math

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from hydra_llm.sweeper.quoting import encode, encode_option

PARSER = OverridesParser.create()

HOSTILE = [
    *(None, True, False, 0, -3, 1.5, 1e-05, -1e300, float("inf")),
    *("", " ", "a b", "a,b", "a=b", "{x:1}", "[1,2]", "null", "true", "1e-3", "'", '"', "\\", "a\\", "\\'", "it's"),
    *("line\nbreak", "tab\there", "ünï", "=", ":", "#", "a/b", "@x", "~y", "+z", "$", "(", "choice(a,b)", "a, b"),
    *([], [1, "a,b", None], [[1], [2.5]], {"a": 1, "b": "x y"}, {"deep": {"er": [True]}}),
]


def read_back(value):
    (override,) = PARSER.parse_overrides([f"key={encode(value)}"])
    assert not override.is_sweep_override()
    return override.value()


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_hydra_reads_back_exactly_the_value(value):
    read = read_back(value)
    assert read == value
    assert type(read) is type(value)


def test_nan_is_read_back_as_nan():
    read = read_back(float("nan"))
    assert isinstance(read, float)
    assert math.isnan(read)


@given(st.text(max_size=30).filter(lambda text: "${" not in text))
def test_any_text_survives(text):
    assert read_back(text) == text


@given(st.floats(allow_nan=False) | st.integers(-(10**12), 10**12))
def test_any_number_survives(number):
    assert read_back(number) == number


@pytest.mark.parametrize("value", ["${oc.env:HOME}", ["a", "${b}"], {"k": "x${y}"}])
def test_an_interpolation_is_refused_wherever_it_hides(value):
    with pytest.raises(ValueError, match="interpolation"):
        encode(value)


@pytest.mark.parametrize("value", [{"a b": 1}, {1: 2}, object(), {1, 2}])
def test_what_an_override_can_not_carry_is_refused_with_a_sentence(value):
    with pytest.raises(ValueError, match=r"\."):
        encode(value)


@pytest.mark.parametrize("option", ["a,b", "x=1", "a b", "${x}", "choice(a,b)", ""])
def test_a_group_option_is_a_plain_name(option):
    with pytest.raises(ValueError, match="config-group option"):
        encode_option(option)
    assert encode_option("net/deep-2.5") == "net/deep-2.5"
