"""One metric or several: what the keys of a sweep and of the application say together."""

import logging

import pytest
from toy_specs import spec_of

from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.sweeper.errors import SweepError

TWO = ("hydra.sweeper.direction=[Minimize,maximize]", "hydra.sweeper.metric=[loss,speed]")


def test_a_list_of_directions_is_several_objectives_and_what_is_of_one_metric_is_left_out(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        found = spec_of(tmp_path, *TWO).settings
    assert found.objectives == Objectives(("minimize", "maximize"), ("loss", "speed"))
    assert found.reads is found.objectives
    assert (found.promote, found.confirmation.n_seeds) == (0, 0)
    assert "these keys of the application's search node have no meaning and are left out: confirm." in caplog.text


def test_lists_of_one_are_one_metric_with_its_direction(tmp_path):
    found = spec_of(tmp_path, "hydra.sweeper.direction=[minimize]", "hydra.sweeper.metric=[loss]").settings
    assert found.objectives is None
    assert (found.objective.metric, found.objective.direction) == ("loss", "minimize")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("hydra.sweeper.metric=[a,b,c]",), r"metric must name 2 different numbers"),
        (("hydra.sweeper.direction=[minimize,target]",), r"each of several directions must be one of maximize, min"),
        (("hydra.sweeper.direction=[minimize,up]",), r"hydra\.sweeper\.direction must be one of .*, or a list of such"),
        (("hydra.sweeper.direction=minimize",), r"metric names 2 objectives \(loss, speed\), and there is one direct"),
        (("hydra.sweeper.target=0.5",), r"target must be null with several directions, got 0\.5"),
        (("hydra.sweeper.stop.target_value=0.5",), r"stop\.target_value compares values of one metric"),
        (("hydra.sweeper.pruning.rule=median",), r"pruning compares values of one metric"),
        (("hydra.sweeper.promote=2",), r"promote compares values of one metric"),
        (("hydra.sweeper.confirm.n_seeds=2",), r"confirm\.n_seeds compares values of one metric"),
        (("hydra.sweeper.code_evolution.enabled=true",), r"code_evolution judges code by one metric"),
    ],
)
def test_what_has_no_meaning_with_several_objectives_is_refused_in_a_sentence(tmp_path, words, sentence):
    with pytest.raises((SweepError, ValueError), match=sentence):
        spec_of(tmp_path, *TWO, *words)
