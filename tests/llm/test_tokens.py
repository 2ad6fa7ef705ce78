import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hydra_llm.llm.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), (" ", 1), ("word", 1), ("learning_rate_W", 6), ("0.00123", 4), ("a\n\nb", 3), ("τ ≈ 5 ms", 4)],
)
def test_tokens_are_counted_by_runs_of_letters_and_digits(text, tokens):
    assert estimate_tokens(text) == tokens


@hypothesis_settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_a_longer_text_never_counts_less_and_two_texts_count_no_less_together(first, second):
    together = estimate_tokens(first + second)
    assert together >= max(estimate_tokens(first), estimate_tokens(second)) - 1
    assert estimate_tokens(first) + estimate_tokens(second) >= together - 1
