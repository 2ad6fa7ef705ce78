import numpy as np
import pytest

from hydra_llm import Categorical, Float, Integer, Space
from hydra_llm.search.space.handwritten import handwritten

OPTIMIZER = Categorical(name="optimizer", choices=("adam", "sgd"))


def momentum(**when):
    return Float(name="momentum", low=0.0, high=0.99, when=when)


def test_what_fits_together_is_kept():
    space = Space((Float(name="lr", low=1e-5, high=0.1, log=True, default=1e-3), OPTIMIZER.with_default("sgd")))
    assert handwritten(space) == space


def test_a_missing_default_is_the_middle_of_the_range_or_the_first_choice():
    space = Space((Float(name="lr", low=1e-4, high=1, log=True), Integer(name="depth", low=1, high=9), OPTIMIZER))
    assert handwritten(space).baseline() == {"lr": 0.01, "depth": 5, "optimizer": "adam"}


def test_none_is_a_default_where_it_is_a_choice():
    space = Space((Categorical(name="clip", choices=(0.1, None)), OPTIMIZER))
    assert handwritten(space).baseline() == {"clip": None, "optimizer": "adam"}


@pytest.mark.parametrize(
    ("dimension", "sentence"),
    [
        (Float(name="x", low=0, high=1, default=2.0), "x=2.0 lies outside its range 0..1. Choose a value inside"),
        (Float(name="x", low=0, high=1, default="auto"), r"x takes a finite number \(0..1\), got 'auto'"),
        (Integer(name="x", low=0, high=9, default=2.5), "x takes a whole number"),
        (Categorical(name="x", choices=("a", "b"), default="c"), "x='c' is not among its choices: a, b"),
    ],
)
def test_a_default_outside_of_its_dimension_is_refused(dimension, sentence):
    with pytest.raises(
        ValueError, match=f"The default of x must be one of its values, since it runs first. {sentence}"
    ):
        handwritten(Space((dimension,)))


def test_a_locked_parameter_keeps_its_value_wherever_that_lies():
    space = Space((Float(name="x", low=0, high=1, default=2.0), OPTIMIZER), {"x": "settled earlier"})
    assert handwritten(space).baseline()["x"] == 2.0


def test_defaults_are_plain_values():
    space = Space(
        (Integer(name="n", low=1, high=4, default=np.int64(2)), Float(name="x", low=0, high=1, default="0.5"))
    )
    assert [type(value) for value in handwritten(space).baseline().values()] == [int, float]


@pytest.mark.parametrize("choices", [("a", "b", "a"), (1, "1"), (1, 1.0), (True, "true")])
def test_choices_differ(choices):
    with pytest.raises(ValueError, match=r"x: choices must differ, got .*, which is the same value as .*Leave it out"):
        handwritten(Space((Categorical(name="x", choices=choices),)))


@pytest.mark.parametrize("choice", [int, float("nan"), np.int64(3), {1}])
def test_choices_are_values_that_a_log_can_hold(choice):
    with pytest.raises(ValueError, match=r"x: choices must be text, numbers of Python.*got .*Give names"):
        handwritten(Space((Categorical(name="x", choices=("a", choice)),)))


def test_values_that_slots_keep_may_be_equal():
    space = Space((Categorical(name="x", choices=("a", "a")), OPTIMIZER), by_slot=("x",))
    assert handwritten(space).baseline()["x"] == "a"


def test_a_condition_on_an_unknown_parameter_is_answered_with_near_names():
    with pytest.raises(ValueError, match=r"momentum could not be active.*optimiser is not.*Did you mean optimizer\?"):
        handwritten(Space((OPTIMIZER, momentum(optimiser=("sgd",)))))


def test_a_condition_on_no_option_is_answered_with_the_options():
    with pytest.raises(ValueError, match=r"momentum could not be active.*'sdg' is not among its choices: adam, sgd"):
        handwritten(Space((OPTIMIZER, momentum(optimizer=("adam", "sdg")))))


def test_a_condition_outside_of_a_range_is_answered_with_the_range():
    with pytest.raises(ValueError, match=r"momentum could not be active.*depth=9 lies outside its range 1..4"):
        handwritten(Space((Integer(name="depth", low=1, high=4), momentum(depth=(9,)))))


def test_a_condition_names_what_was_declared_before():
    with pytest.raises(ValueError, match=r"when names optimizer, which is declared after it\. Put optimizer first"):
        handwritten(Space((momentum(optimizer=("sgd",)), OPTIMIZER)))


def test_no_parameter_is_its_own_condition():
    with pytest.raises(ValueError, match="momentum: when names momentum itself"):
        handwritten(Space((OPTIMIZER, momentum(momentum=(0.5,)))))


@pytest.mark.parametrize("space", [{"lr": (0, 1)}, [OPTIMIZER], None, "lr"])
def test_what_is_no_space_is_answered_with_how_to_write_one(space):
    with pytest.raises(ValueError, match=r"space must be a hydra_llm.Space, got .* Write it as Space\(\[Float\(name="):
        handwritten(space)


def test_a_constraint_that_the_defaults_break_is_refused():
    space = Space((OPTIMIZER,), constraint=lambda values: "adam is broken." if values["optimizer"] == "adam" else None)
    with pytest.raises(ValueError, match="The defaults break the constraint, and they run first: adam is broken"):
        handwritten(space)


def test_a_constraint_is_a_function():
    with pytest.raises(ValueError, match=r"constraint must be a function of the values.*got 'lr < 1'"):
        handwritten(Space((OPTIMIZER,), constraint="lr < 1"))
