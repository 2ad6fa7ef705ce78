import itertools
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hydra_llm.llm.tokens import IMAGE_TOKENS, estimate_tokens, image_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), (" ", 1), ("word", 1), ("learning_rate_W", 5), ("0.00123", 4), ("a\n\nb", 3), ("τ ≈ 5 ms", 4)],
)
def test_tokens_are_counted_by_runs_of_letters_and_digits(text, tokens):
    assert estimate_tokens(text) == tokens


@hypothesis_settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_a_longer_text_never_counts_less_and_two_texts_count_no_less_together(first, second):
    together = estimate_tokens(first + second)
    assert together >= max(estimate_tokens(first), estimate_tokens(second)) - 1
    assert estimate_tokens(first) + estimate_tokens(second) >= together - 1


@pytest.mark.parametrize("vocabulary", ["o200k_base", "cl100k_base"])
def test_the_estimate_of_protocols_and_questions_is_high_by_less_than_a_quarter_and_never_low(vocabulary):
    tokenizer = pytest.importorskip("bpe_openai", reason="a tokenizer with its vocabulary").get_encoding(vocabulary)
    root = Path(__file__).parents[2]
    texts = [*(root / "instructions").glob("[!_]*.md"), *(root / "tests" / "search").rglob("prompt_small_tree.md")]
    assert len(texts) > 5
    for path in itertools.chain(texts, [root / "docs" / "llm.md"]):
        text = path.read_text(encoding="utf-8")
        assert 1.0 <= estimate_tokens(text) / len(tokenizer.encode(text)) <= 1.25, path.name


def test_a_picture_costs_what_its_size_says_up_to_a_limit():
    def png(width, height):
        return b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x0dIHDR" + struct.pack(">II", width, height)

    assert image_tokens(png(450, 450)) == 364
    assert image_tokens(png(900, 432)) == 658
    assert image_tokens(png(9000, 9000)) == 2488
    assert image_tokens(b"GIF89a") == IMAGE_TOKENS
