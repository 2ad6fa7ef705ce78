"""A key says what it takes, in words that a sentence can end with."""

import math

import pytest

from hydra_llm.keys.key import Key, check

COUNT = Key(int, 1, "how many", low=1)
SHARE = Key(float, 0.5, "a share", low=0, high=1)
SPAN = Key(float, None, "a span", low=0, open_low=True)
ANY = Key(float, None, "without bounds")
SEVERAL = Key(float, 1.0, "one or several", several=True)
CHOICE = Key(str, "a", "one of two", choices=("a", "b"))
CLASS = Key(str, "a", "one of two, or a class", choices=("a", "b"), dotted=True)
SOME = Key(list, None, "some of two", choices=("a", "b"))
FLAG = Key(bool, False, "a flag")
SLOTS = Key(int, 1, "how many, or a word", low=1, word="auto")
PAUSE = Key(float, 5.0, "may be switched off", low=0, null=True)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        (COUNT, [1, 10**9]),
        (SHARE, [0, 0.0, 1, 0.5]),
        (SPAN, [1e-9, math.inf, None]),
        (ANY, [-math.inf, math.inf, 0, -2.5, None]),
        (CHOICE, ["a", "b"]),
        (CLASS, ["a", "my_package.Mine", object()]),
        (SOME, [[], ["b"], ["a", "b"], None]),
        (FLAG, [True, False]),
        (SLOTS, [3, "auto"]),
        (PAUSE, [0, None]),
        (Key(object, None, "anything"), [[1], {"a": 1}, True]),
    ],
)
def test_a_key_takes_what_it_declares(key, values):
    assert [key.problem(value) for value in values] == [""] * len(values)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (COUNT, 0, "x.k must be at least 1, got 0."),
        (SLOTS, 0, "x.k must be at least 1, or auto, got 0."),
        (SLOTS, "many", "x.k must be a whole number, or auto, got 'many'."),
        (COUNT, 2.0, "x.k must be a whole number, got 2.0."),
        (COUNT, True, "x.k must be a whole number, got True."),
        (COUNT, None, "x.k must be a whole number, got null."),
        (SHARE, 1.2, "x.k must be between 0 and 1, got 1.2."),
        (SHARE, math.nan, "x.k must be between 0 and 1, got nan."),
        (SHARE, "half", "x.k must be a number, got 'half'."),
        (ANY, math.nan, "x.k must be a number, or null, got nan."),
        (SEVERAL, [1.0, math.nan], "x.k must be a number, or a list of such, got [1.0, nan]."),
        (SPAN, 0.0, "x.k must be above 0, or null, got 0.0."),
        (SPAN, "long", "x.k must be a number, or null, got 'long'."),
        (CHOICE, "my_package.Mine", "x.k must be one of a, b, got 'my_package.Mine'."),
        (CLASS, "mine", "x.k must be one of a, b, or the dotted path of a class, got 'mine'."),
        (SOME, ["a", "c"], "x.k must be a list of a, b, or null, got ['a', 'c']."),
        (FLAG, 1, "x.k must be true or false, got 1."),
    ],
)
def test_a_sentence_says_what_is_required_and_what_was_given(key, value, sentence):
    with pytest.raises(ValueError) as raised:
        check({"k": key}, {"k": value}, "x.")
    assert str(raised.value) == sentence


def test_names_that_are_not_in_a_table_are_left_alone():
    check({"k": COUNT}, {"k": 1, "other": object()})
