"""The beginning of a text."""

import pytest

from hydra_llm.search.proposers.excerpt import excerpt

TEXT = "The rate helps by 0.25. With a longer run it does not. Nobody knows why it should."


def test_a_text_that_has_room_is_whole_on_one_line():
    assert excerpt("a\n b  c", 5) == "a b c"


def test_whole_sentences_stay_where_they_fill_half_the_room():
    assert excerpt(TEXT, 60) == "The rate helps by 0.25. With a longer run it does not. …"
    assert excerpt(TEXT, 40) == "The rate helps by 0.25. …"


def test_else_it_ends_with_a_whole_word():
    assert excerpt("Nobody. " + "word " * 40, 33) == "Nobody. word word word word …"


@pytest.mark.parametrize("limit", range(3, 90))
def test_it_is_never_longer_than_its_limit_and_says_that_it_was_cut(limit):
    found = excerpt(TEXT, limit)
    assert len(found) <= limit
    assert found == TEXT or found.endswith("…")
    assert TEXT.startswith(found.removesuffix(" …"))


def test_a_word_that_is_too_long_is_cut_inside():
    assert excerpt("x" * 30, 10) == "x" * 8 + " …"
