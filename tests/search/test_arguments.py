"""What `Study.in_memory` is given: everything that cannot be is answered with a sentence."""

import numpy as np
import pytest
from search_worlds import SPACE

from hydra_llm import Study
from hydra_llm.search.space.space import Categorical, Float, Integer, Space


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"seed": "x"}, "seed must be a whole number, got 'x'"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": None}, "seed must be a whole number, got null"),
        ({"n_trials": 2.5}, r"n_trials must be a whole number, got 2\.5"),
        ({"n_parallel": "auto"}, "n_parallel must be a whole number in memory"),
        ({"objective": "R2"}, r"objective must be a hydra_llm.Objective or Objectives, such as Objective\('R2'\)"),
        ({"objective": ("a", "b")}, "objective must be a hydra_llm.Objective or Objectives"),
        ({"proposer": "llm"}, 'proposer="llm" needs settings of a model'),
        ({"proposer": 5}, "proposer must be a name"),
        ({"selection": 5}, "selection must be a name"),
        ({"validate": "no"}, "validate must be a function"),
        ({"seed_keys": "seed"}, r"seed_keys must be a list, such as \['seed'\], got 'seed'"),
        ({"seedkeys": ("seed",)}, "seedkeys is not a setting of a study. Did you mean seed_keys"),
        ({"zzzz": 1}, "zzzz is not a setting of a study. Known: space, objective"),
        ({"enqueue": {"lr": 0.2}}, r"enqueue must be a list, such as \[\{'lr': 0.2\}\]"),
        ({"enqueue": ["lr"]}, r"enqueue\[0\] must be a mapping of parameters to values, got 'lr'"),
        ({"enqueue": [{"lr": 0.2}, {"lrr": 1}]}, r"enqueue\[1\] cannot run: lrr is not a parameter.*Did you mean lr\?"),
        ({"enqueue": [{"lr": 9}]}, r"enqueue\[0\] cannot run: lr=9 lies outside its range"),
        ({"confirmation": 3}, "confirmation must be a hydra_llm.search.settings.Confirmation, got 3"),
        ({"block_space": {"n": 3}}, "block_space must be a hydra_llm.Space"),
        ({"space": {"lr": (0, 1)}}, "space must be a hydra_llm.Space"),
        ({"seed_keys": ["seed", 1]}, r"seed_keys\[1\] must be a text, got 1"),
        ({"focus": ["loss"]}, r"focus\[0\] must be a hydra_llm.search.triggers.MetricTrigger, got 'loss'"),
        ({"promote": "x"}, "promote must be a whole number, or null, got 'x'"),
        ({"promote": -1}, "promote must be at least 0, or null, got -1"),
        ({"ceiling": "x"}, "ceiling must be a number, or null, got 'x'"),
        ({"ceiling": float("nan")}, "ceiling must be a number, or null, got nan"),
        ({"fresh_seeds": "no"}, "fresh_seeds must be true or false, got 'no'"),
        ({"seeds_move": "noise"}, "seeds_move must be one of data, training, both, got 'noise'"),
        ({"description": 3}, "description must be text, or null, got 3"),
        ({"task": None}, "task must be a text, got None"),
        ({"slot_params": ["gpu"]}, r"slot_params must be a mapping, got \['gpu'\]"),
        ({"thresholds": 0.9}, "thresholds must be a hydra_llm.search.context.Thresholds or None, got 0.9"),
        ({"log_format": "short"}, "log_format must be a hydra_llm.search.log_format.Format, got 'short'"),
    ],
)
def test_an_argument_that_cannot_be_is_answered_with_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Study.in_memory(**{"space": SPACE, "n_trials": 3, **arguments})


def test_numbers_of_numpy_and_lists_are_taken():
    study = Study.in_memory(SPACE, n_trials=np.int64(3), seed=np.int32(5), seed_keys=["seed"])
    assert (study.settings.n_trials, study.settings.seed, study.settings.seed_keys) == (3, 5, ("seed",))


def test_the_first_trial_runs_no_none_where_defaults_are_missing():
    space = Space(
        (Float(name="x", low=0, high=1), Integer(name="n", low=1, high=9), Categorical(name="c", choices=["a"]))
    )
    study = Study.in_memory(space, n_trials=2)
    assert study.ask(1)[0].values == {"x": 0.5, "n": 5, "c": "a"} == study.settings.space.baseline()


@pytest.mark.parametrize(
    "name", ["n_iter_block", "start", "promote", "description", "seed_keys", "enqueue", "focus", "meaning", "show"]
)
def test_none_stands_for_the_default_where_null_does_in_a_configuration(name):
    default = getattr(Study.in_memory(SPACE, n_trials=3).settings, name)
    assert default is not None
    assert getattr(Study.in_memory(SPACE, n_trials=3, **{name: None}).settings, name) == default


def test_none_is_the_reward_that_the_proposer_asks_for():
    assert Study.in_memory(SPACE, n_trials=3, reward=None).settings.reward == "posterior"
