"""A word that must be one of a few."""

import pytest

from hydra_llm.choice import check_choice


def test_every_choice_passes_from_any_iterable():
    for value in ("tanh", "relu"):
        check_choice("phi", value, {"tanh": 1, "relu": 2})
        check_choice("phi", value, (name for name in ("tanh", "relu")))


@pytest.mark.parametrize(("value", "given"), [("sin", "'sin'"), ("", "''"), (None, "None"), (1, "1")])
def test_a_stranger_is_refused_with_what_is_required_and_what_was_given(value, given):
    with pytest.raises(ValueError) as raised:
        check_choice("phi", value, ("tanh", "relu"))
    assert str(raised.value) == f"phi must be one of tanh, relu, got {given}."
