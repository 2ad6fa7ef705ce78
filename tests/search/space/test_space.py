import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_worlds import SPACE

from hydra_llm.search.space.space import Categorical, Float, Integer, Space


def test_numbers_are_compared_as_numbers_and_not_as_text():
    keys = {SPACE.key({"lr": text}) for text in (1e-3, 0.001, "0.001", "1E-03", 0.0010000000000000001)}
    assert len(keys) == 1


def test_an_empty_space_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r"search space is empty.*such as Float\(name="):
        Space(())


@pytest.mark.parametrize("dimensions", [Float(name="x", low=0, high=1), {"x": (0, 1)}, ("x",), 3])
def test_what_are_no_dimensions_is_refused_with_an_example(dimensions):
    with pytest.raises(ValueError, match=r"must be a list of Float, Integer and Categorical, such as \[Float\(name="):
        Space(dimensions)


def test_dimensions_may_be_a_list():
    assert Space(list(SPACE.dimensions)) == SPACE


def test_validate_says_what_is_wrong_with_each_value():
    problems = SPACE.validate({"lr": 2.0, "depth": 2.5, "net": "z", "lrr": 1})
    assert len(problems) == 4
    assert "outside its range 0.0001..1, log scale" in problems[0]
    assert "whole number" in problems[1]
    assert "a, b, c" in problems[2]
    assert "Did you mean lr?" in problems[3]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "abc", None, [1], True])
def test_what_is_no_finite_number_is_no_value_of_a_float(value):
    assert SPACE.validate({"lr": value})


def test_a_default_outside_the_range_is_a_legal_start():
    space = Space((Float(name="x", low=1.0, high=2.0, default=0.0),))
    assert space.baseline() == {"x": 0.0}
    assert space.validate({"x": 0.0}) == []
    assert space.validate({"x": 0.5})


def test_locked_keys_can_not_move_but_may_be_named_with_their_value():
    space = SPACE.with_locks(["lr"], "settled earlier")
    assert space.validate({"lr": 0.3}) == []
    assert "locked (settled earlier)" in space.validate({"lr": 0.1})[0]
    assert all(space.sample(np.random.default_rng(s))["lr"] == 0.3 for s in range(20))


def test_a_lock_covers_keys_outside_the_space_too():
    space = Space(SPACE.dimensions, {"simulation.n_neurons": "fixed by the study"})
    assert "locked" in space.validate({"simulation.n_neurons": 5})[0]


def test_an_inactive_conditional_parameter_is_no_part_of_the_configuration():
    space = Space(
        (
            Categorical(name="net", choices=("mlp", "linear"), default="mlp"),
            Integer(name="width", low=1, high=64, default=8, when={"net": ("mlp",)}),
        )
    )
    assert space.canonical({"net": "linear", "width": 9}) == {"net": "linear"}
    assert space.key({"net": "linear", "width": 9}) == space.key({"net": "linear", "width": 3})
    assert space.key({"net": "mlp", "width": 9}) != space.key({"net": "mlp", "width": 3})


@given(st.integers(0, 10_000))
def test_samples_are_configurations_of_the_space(seed):
    values = SPACE.sample(np.random.default_rng(seed))
    assert SPACE.validate(values) == []
    assert SPACE.canonical(values) == values


@given(st.floats(0, 1), st.sampled_from([SPACE["lr"], SPACE["depth"]]))
def test_numeric_values_survive_the_way_to_the_unit_interval_and_back(position, dimension):
    value = dimension.from_unit(position)
    assert dimension.from_unit(dimension.to_unit(value)) == pytest.approx(value, rel=1e-9)


def test_a_log_scale_measures_decades():
    lr = SPACE["lr"]
    assert lr.distance(1e-4, 1e-3) == pytest.approx(0.25)
    assert lr.neighbours(1e-2, 0.25) == [1e-3, 1e-1]


def test_neighbours_differ_from_the_value_and_stay_in_range():
    for name, value in (("lr", 1e-4), ("depth", 1), ("depth", 20), ("net", "b")):
        for step in (0.01, 0.25, 0.5):
            found = SPACE.neighbours({name: value}, name, step)
            assert value not in found
            assert SPACE.validate({name: found[0]}) == []


def test_ordered_choices_have_neighbours_and_unordered_ones_are_all_equally_far():
    ordered = Categorical(name="n", choices=(1, 2, 4, 8), ordered=True, default=2)
    assert ordered.neighbours(2, 0.3) == [1, 4]
    assert ordered.distance(1, 8) == 1.0
    assert Categorical(name="m", choices=("a", "b", "c")).distance("a", "c") == 1.0


def test_the_hash_ignores_words_and_sees_ranges():
    words = Space((Float(name="x", low=0, high=1, default=0.5, unit="s", help="time"),))
    plain = Space((Float(name="x", low=0, high=1, default=0.5),))
    wider = Space((Float(name="x", low=0, high=2, default=0.5),))
    assert words.hash == plain.hash != wider.hash


def test_booleans_are_not_the_numbers_zero_and_one():
    space = Space((Categorical(name="flag", choices=(True, False), default=True),))
    assert space.canonical({"flag": "true"}) == {"flag": True}
    assert space.validate({"flag": 1})


@pytest.mark.parametrize(
    "bad", [{"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}, {"low": float("nan"), "high": 1}]
)
def test_an_impossible_range_can_not_be_built(bad):
    with pytest.raises(ValueError, match="x: "):
        Float(name="x", **bad)


def test_a_number_too_large_for_a_float_is_no_number_and_no_crash():
    from hydra_llm.search.space.dimension import canonical_number

    assert canonical_number(10**400) is None


@pytest.mark.parametrize("value", [1, 1.0, "1", "1.0", True, "true", 0.1 + 0.2, "0.3", "a", None, (1, 2), [1, 2.0], {}])
def test_a_choice_that_was_found_before_is_found_at_the_same_place(value):
    choices = (0.3, True, 1, "a", (1, 2), False)
    known = Categorical(name="x", choices=choices)
    for other in (*choices, value):
        known.index(other)
    assert known.index(value) == Categorical(name="x", choices=choices).index(value)
    assert known.canonical(value) == Categorical(name="x", choices=choices).canonical(value)
    assert known == Categorical(name="x", choices=choices), "what was found is no part of a dimension"
