"""Configurations of Hydra's other sweepers, as their own documentation shows them."""

import pytest
from optuna.samplers import NSGAIISampler, TPESampler

from hydra_llm.keys.sweeper import SWEEPER
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.migration import translated


def of(**options):
    return translated(options, SWEEPER)


def test_own_options_stay_as_they_are_and_are_not_spoken_of():
    options = {"n_trials": 12, "proposer": "bayes", "params": {"x": "interval(0, 1)"}, "max_failure_rate": 0.1}
    assert of(**options) == (options, [])


def test_the_keys_of_optuna_become_ours_and_what_has_no_meaning_is_one_remark():
    sampler = {"name": "tpe", "seed": 123, "n_startup_trials": 5, "constant_liar": None}
    options, remarks = of(
        sampler=sampler, n_jobs=2, study_name="sphere", storage="sqlite:///a.db", direction=["minimize"], n_trials=20
    )
    assert options == {"proposer": "tpe", "seed": 123, "n_parallel": 2, "direction": "minimize", "n_trials": 20}
    assert remarks == [
        "hydra.sweeper.sampler=tpe is read as hydra.sweeper.proposer=tpe.",
        "the seed of hydra.sweeper.sampler is read as hydra.sweeper.seed=123.",
        "Options of hydra.sweeper.sampler are left to their defaults: n_startup_trials.",
        "hydra.sweeper.n_jobs=2 is read as hydra.sweeper.n_parallel=2.",
        "hydra.sweeper.study_name has no meaning here: a sweep is known by its folder, hydra.sweep.dir.",
        "hydra.sweeper.storage has no meaning here: a sweep is stored in its folder, hydra.sweep.dir, and resumes from "
        "there.",
    ]


def test_a_sampler_for_several_objectives_is_left_aside_and_its_seed_is_read():
    options, remarks = of(direction=["minimize", "maximize"], sampler={"name": "nsgaii", "seed": 123})
    assert options == {"direction": ["minimize", "maximize"], "seed": 123}
    assert remarks[0].startswith("hydra.sweeper.sampler=nsgaii is left aside: with several objectives llm_ucb")
    assert of(direction=["minimize", "maximize"], sampler=NSGAIISampler())[0] == {"direction": ["minimize", "maximize"]}


def test_a_sampler_that_hydra_has_built_is_known_by_its_class():
    options, remarks = of(sampler=TPESampler(seed=1))
    assert options == {"proposer": "tpe"}
    assert remarks[-1] == "Options of hydra.sweeper.sampler are left to their defaults: all."


def test_a_storage_of_null_is_not_spoken_of_and_all_cores_are_auto():
    options, remarks = of(storage=None, n_jobs=-1, direction="maximize")
    assert options == {"n_parallel": "auto", "direction": "maximize"}
    assert len(remarks) == 1


@pytest.mark.parametrize(
    "given", [{"optim": {"budget": 3}}, {"ax_config": {"max_trials": 3}}, {"study_name": "mine", "n_trials": 3}]
)
def test_what_another_sweeper_minimises_because_nothing_is_said_is_minimised(given):
    options, remarks = of(**given)
    assert options["direction"] == "minimize"
    assert any(remark.startswith("No direction, which hydra-") for remark in remarks)
    assert of(**given, direction="maximize")[0]["direction"] == "maximize"


def test_the_search_space_of_optuna_1_1_becomes_params_and_params_win():
    space = {
        "x": {"type": "float", "low": -5.5, "high": 5.5, "step": 0.5},
        "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
        "n": {"type": "int", "low": 1, "high": 9, "step": 4},
        "y": {"type": "categorical", "choices": [-5, 0, 5]},
    }
    options, _ = of(search_space=space, params={"y": "choice(1, 2)"})
    assert options["params"]["x"]["choices"][:3] == [-5.5, -5.0, -4.5]
    assert len(options["params"]["x"]["choices"]) == 23
    assert options["params"]["lr"] == space["lr"]
    assert options["params"]["n"] == {"type": "choice", "ordered": True, "choices": [1, 5, 9]}
    assert options["params"]["y"] == "choice(1, 2)"


def test_a_key_of_ours_that_is_set_wins_over_its_translation():
    options, remarks = of(n_parallel=3, n_jobs=2)
    assert options["n_parallel"] == 3
    assert remarks == ["hydra.sweeper.n_jobs=2 is left aside, because hydra.sweeper.n_parallel is set."]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"custom_search_space": "package.configure"}, r"Declare them in hydra\.sweeper\.params"),
        (
            {"sampler": NSGAIISampler()},
            r"must be one of TPESampler, .* got NSGAIISampler",
        ),
        ({"search_space": {"x": {"type": "float", "low": 0, "high": 1, "step": 0}}}, r"step .* got 0\. Without a step"),
    ],
)
def test_what_changes_the_question_is_an_error_with_a_remedy(options, sentence):
    with pytest.raises(SweepError, match=sentence):
        of(**options)


def test_the_example_of_nevergrad_is_understood():
    optim = {
        "optimizer": "OnePlusOne",
        "budget": 100,
        "num_workers": 10,
        "noisy": False,
        "maximize": True,
        "seed": None,
    }
    parametrization = {
        "db": ["mnist", "cifar"],
        "lr": {"init": 0.02, "step": 2.0, "log": True, "lower": 0.001, "upper": 1.0},
        "dropout": {"lower": 0.0, "upper": 1.0},
        "batch_size": {"lower": 4, "upper": 16, "integer": True},
    }
    options, remarks = of(optim=optim, parametrization=parametrization)
    assert options == {
        "n_trials": 100,
        "n_parallel": 10,
        "direction": "maximize",
        "params": {
            "db": ["mnist", "cifar"],
            "lr": {"type": "float", "low": 0.001, "high": 1.0, "log": True},
            "dropout": {"type": "float", "low": 0.0, "high": 1.0, "log": False},
            "batch_size": {"type": "int", "low": 4, "high": 16, "log": False},
        },
    }
    assert "Options of hydra.sweeper.optim have no meaning here: noisy, optimizer." in remarks


def test_the_example_of_ax_is_understood():
    ax_config = {
        "max_trials": 20,
        "early_stop": {"minimize": True, "max_epochs_without_improvement": 10},
        "experiment": {"minimize": True},
        "client": {"verbose_logging": False, "random_seed": 1},
        "params": {
            "banana.x": {"type": "range", "bounds": [-5, 5]},
            "banana.y": {"type": "range", "bounds": [-5, 10.1]},
            "lr": {"type": "range", "bounds": [0.001, 1.0], "log_scale": True},
            "act": {"type": "choice", "values": ["relu", "tanh"]},
            "depth": {"type": "fixed", "value": 3},
        },
    }
    options, remarks = of(ax_config=ax_config)
    assert {name: options[name] for name in ("n_trials", "direction", "seed")} == {
        "n_trials": 20,
        "direction": "minimize",
        "seed": 1,
    }
    assert options["params"]["banana.x"] == {"type": "int", "low": -5, "high": 5, "log": False}
    assert options["params"]["banana.y"]["type"] == "float"
    assert options["params"]["lr"]["log"]
    assert options["params"]["act"]["choices"] == ["relu", "tanh"]
    assert options["params"]["depth"] == 3
    assert "Options of hydra.sweeper.ax_config have no meaning here: early_stop." in remarks
