import numpy as np
import pytest

from hydra_llm import Categorical, Float, Integer


@pytest.mark.parametrize("when", ["optimizer", ("optimizer",), 3, {1: ("sgd",)}])
def test_a_condition_is_a_mapping_by_name(when):
    with pytest.raises(ValueError, match=r"momentum: when must map the name of another parameter.*such as \{.*got "):
        Float(name="momentum", low=0, high=1, when=when)


@pytest.mark.parametrize("options", ["sgd", 3, (), None, {"sgd": 1}])
def test_a_condition_lists_values(options):
    with pytest.raises(ValueError, match=r"momentum: when must list at least one value of optimizer, such as \{'opt"):
        Float(name="momentum", low=0, high=1, when={"optimizer": options})


def test_a_text_is_no_list_of_choices():
    with pytest.raises(ValueError, match=r"opt: choices must be a list, such as \['adam', \.\.\.\], got 'adam'"):
        Categorical(name="opt", choices="adam")


@pytest.mark.parametrize("choices", [{"adam": 1}, {1, 2}, 3, None])
def test_what_has_no_order_or_no_values_is_no_list_of_choices(choices):
    with pytest.raises(ValueError, match="opt: choices must be a list"):
        Categorical(name="opt", choices=choices)


def test_an_empty_list_of_choices_is_refused():
    with pytest.raises(ValueError, match="opt: a choice needs at least one value"):
        Categorical(name="opt", choices=[])


def test_a_list_of_choices_is_as_good_as_a_tuple():
    assert Categorical(name="opt", choices=["a", "b"]) == Categorical(name="opt", choices=("a", "b"))
    assert Categorical(name="n", choices=range(3)).choices == (0, 1, 2)


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("value", ["1e-4", None, True, float("nan"), float("inf"), 10**400, 1j, [1]])
@pytest.mark.parametrize("kind", [Float, Integer])
def test_an_end_of_a_range_is_a_finite_number(kind, end, value):
    with pytest.raises(ValueError, match=f"x: {end} must be a finite number, got "):
        kind(**{"name": "x", "low": 1, "high": 2, end: value})


@pytest.mark.parametrize("bounds", [{"low": 1.5, "high": 4}, {"low": 1, "high": 4.5}])
def test_a_range_of_whole_numbers_has_whole_ends(bounds):
    with pytest.raises(ValueError, match=r"n: (low|high) of a whole-number range must be a whole number, got .*float"):
        Integer(name="n", **bounds)


def test_whole_numbers_written_as_real_ones_are_whole():
    assert list(Integer(name="n", low=1.0, high=1e1).options) == list(range(1, 11))


def test_numbers_of_numpy_are_kept_as_plain_ones():
    dimension = Integer(name="n", low=np.int64(1), high=np.int32(4))
    assert (type(dimension.low), type(dimension.high)) == (int, int)
    assert type(Float(name="x", low=np.float32(0.5), high=1).low) is float


@pytest.mark.parametrize("name", [None, 3, ""])
def test_a_parameter_has_a_name(name):
    with pytest.raises(ValueError, match="name of a parameter must be text"):
        Float(name=name, low=0, high=1)
