"""What the records leave open near the leader."""

from dataclasses import replace

from llm_sweeps import small

from hydra_llm.search.statistics import openings
from hydra_llm.search.tree.tree import Tree


def without(context, *numbers):
    """The same sweep, where some trials were never run."""
    left = [trial for trial in context.trials if trial.number not in numbers]
    return replace(context, trials=tuple(left), tree=Tree(context.space, context.objective, left))


def test_values_never_tried_are_choices_and_sides_of_the_start_that_no_configuration_took():
    assert openings.never_tried(small()) == ["training.batch_size below 8"], "lr went both ways, act took both choices"


def test_a_parameter_that_never_moved_is_listed_as_such_and_not_value_by_value():
    context = small()
    assert openings.never_moved(without(context, 4, 5)) == ["training.batch_size", "model.act"]
    assert openings.never_tried(without(context, 4, 5)) == []


def test_a_start_at_an_end_of_its_range_has_one_side_only():
    context = small()
    edge = tuple(replace(d, low=8) if d.name == "training.batch_size" else d for d in context.space.dimensions)
    assert openings.never_tried(replace(context, space=type(context.space)(edge))) == []


def test_a_parameter_that_only_fell_has_its_upper_side_open():
    found = openings.never_tried(without(small(), 3))
    assert "training.lr above 0.01" in found


def test_values_of_the_leader_at_the_edge_name_the_side():
    context = small()
    edge = tuple(replace(d, low=8) if d.name == "training.batch_size" else d for d in context.space.dimensions)
    found = openings.at_an_edge(replace(context, space=type(context.space)(edge)))
    assert "training.batch_size=8 (the lowest)" in found


def test_a_configuration_without_a_parameter_took_no_value_of_it():
    context = small()
    context.tree.nodes[-1].values.pop("training.batch_size")  # as where its condition does not hold
    assert openings.never_tried(context) == ["training.batch_size below 8"]
