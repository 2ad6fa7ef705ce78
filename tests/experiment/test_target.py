"""Every result says what was predicted."""

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

from omegaconf import OmegaConf

from hydra_llm.experiment.target import is_oracle, target_of


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"target": "drift", "difference_order": "forward"}, "oracle derivative"),
        ({"target": "finite_difference", "difference_order": "central"}, "recording, central differences"),
        ({"target": "weak", "difference_order": "auto"}, "recording, weak"),
        ({}, "recording"),
    ],
)
def test_the_target_has_words_and_a_number(keys, words):
    assert target_of(OmegaConf.create(keys)) == words
    assert is_oracle(words) == (words == "oracle derivative")
