import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_llm.llm.base import JsonSource
from hydra_llm.llm.json_extraction import extract_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=4))
def test_every_object_survives_bare_fenced_and_between_sentences(data):
    text = json.dumps(data)
    assert extract_json(text, JsonSource.SCHEMA) == (data, JsonSource.SCHEMA, None)
    fenced = f"Here it is.\n```json\n{text}\n```\n"
    assert extract_json(fenced, JsonSource.SCHEMA)[:2] == (data, JsonSource.EXTRACTED)
    assert extract_json(f"I chose {text} as agreed.", JsonSource.TEXT)[:2] == (data, JsonSource.EXTRACTED)


@given(st.text(max_size=200))
def test_no_text_raises_and_whatever_is_returned_is_an_object_or_a_reason(text):
    parsed, source, problem = extract_json(text, JsonSource.TEXT)
    assert isinstance(parsed, dict) == (problem is None) == (source is not JsonSource.NONE)


def test_an_object_that_is_cut_off_is_not_replaced_by_what_it_holds():
    cut = '{"slots": [{"slot": 0, "key": "lr"}, {"slot": 1, "ke'
    for text in (cut, "Sure:\n" + cut):
        parsed, _, problem = extract_json(text, JsonSource.SCHEMA)
        assert parsed is None
        assert "cut off" in problem


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": Infinity}', '{"a": 1,}', "{'a': 1}"])
def test_what_is_not_json_is_not_repaired(text):
    assert extract_json(text, JsonSource.SCHEMA)[0] is None


def test_braces_in_prose_are_stepped_over():
    assert extract_json('The set {a, b} gives {"a": 1}.', JsonSource.TEXT)[0] == {"a": 1}


def test_a_nest_too_deep_for_the_parser_is_a_reason():
    parsed, _, problem = extract_json('{"a":' * 100_000 + "1" + "}" * 100_000, JsonSource.TEXT)
    assert parsed is None
    assert problem


@pytest.mark.parametrize("text", ["```json" + "\n" * 400_000, "```\n" * 100_000, "``` \n x" * 50_000 + '{"a": 1}'])
def test_a_model_in_a_loop_is_read_in_time_linear_in_what_it_says(text):
    found = extract_json(text, JsonSource.TEXT)[0]
    assert found == ({"a": 1} if text.endswith("}") else None)


def test_a_fence_of_another_language_is_passed_over_whole():
    text = 'First\n```python\nx = {"no": 1}\n```\nthen\n``` JSON \n\n{"yes": 1}\n```'
    assert extract_json(text, JsonSource.TEXT)[0] == {"yes": 1}
