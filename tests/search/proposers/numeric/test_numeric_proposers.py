"""Numeric proposers: the contract of every proposer, better than chance, resumed exactly, honest about what lacks."""

from dataclasses import replace
from importlib.util import find_spec

import pytest
from search_worlds import SPACE, bowl, comparable, lose_running, open_study, run_study, settings

from hydra_llm.search.optuna_bridge.node_points import NodePoints
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.numeric import cmaes, gp
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.testing.proposals import ProposerConformance
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState
from programs import imported

needs_cmaes = pytest.mark.skipif(find_spec("cmaes") is None, reason="the package cmaes is not installed")
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
KINDS = ["tpe", pytest.param("cmaes", marks=needs_cmaes)]


class TestTpe(ProposerConformance):
    def make(self) -> Proposer:
        return make_proposer("tpe", {})


@needs_cmaes
class TestCmaEs(ProposerConformance):
    def make(self) -> Proposer:
        return make_proposer("cmaes", {})


@needs_torch
class TestGp(ProposerConformance):
    def make(self) -> Proposer:
        return make_proposer("gp", {})


def late_mean(folder, proposer, seed):
    """Mean value of the last 15 of 45 trials."""
    trials = run_study(open_study(folder, settings(n_trials=45, seed=seed), proposer))
    return sum(t.value for t in trials[-15:]) / 15


@pytest.mark.parametrize("kind", KINDS)
def test_a_numeric_proposer_beats_chance_on_a_bowl(tmp_path, kind):
    for seed in range(3):
        assert late_mean(tmp_path / f"{kind}{seed}", kind, seed) > late_mean(tmp_path / f"r{seed}", "random", seed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [3, 11, 17])
def test_a_resumed_sweep_proposes_what_the_uninterrupted_one_would_have(tmp_path, kind, cut):
    wanted = settings(n_trials=22, n_parallel=2, max_infra_retries=9)
    whole = run_study(open_study(tmp_path / "whole", wanted, kind))
    run_study(open_study(tmp_path / "cut", wanted, kind), stop_after=cut)
    study = open_study(tmp_path / "cut", wanted, kind)
    assert comparable(run_study(lose_running(study))) == comparable(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_every_trial_after_the_baseline_says_who_proposed_it_and_hangs_under_the_nearest_node(tmp_path, kind):
    study = open_study(tmp_path, settings(n_trials=15, n_parallel=3), kind)
    trials = run_study(study)
    assert {str(t.proposal.provenance) for t in trials} == {kind}
    assert trials[0].values == SPACE.baseline()
    moved = [t for t in trials if "so that node is the parent" in t.proposal.note]  # a reversion has its own parent
    for trial in [t for t in trials[3:] if t not in moved]:  # the first batch was asked on an empty tree
        earlier = [t for t in trials if t.number < 3 * (trial.number // 3)]
        nearest = min(SPACE.distance(trial.values, t.values) for t in earlier)
        parent = study.state.trials[trial.proposal.parent]
        assert SPACE.distance(trial.values, parent.values) == pytest.approx(nearest)


def test_a_region_of_failures_is_avoided(tmp_path):
    """A large lr raises; after the start-up draws most trials stay out of there."""

    def task(trial):
        if trial.values["lr"] > 0.05:
            return Outcome(TrialState.FAILED, error=TrialError("Error", "diverged"))
        return bowl(trial)

    late = run_study(open_study(tmp_path, settings(n_trials=40), "tpe"), task)[15:]
    assert sum(t.state is TrialState.FAILED for t in late) < len(late) / 4  # by chance: a third of the range


def test_a_baseline_outside_the_declared_range_does_not_stop_the_sampler(tmp_path):
    space = Space((Float(name="x", low=0.0, high=1.0, default=5.0), Integer(name="n", low=1, high=4, default=2)))
    study = open_study(tmp_path, settings(space=space, n_trials=14), "tpe")
    trials = run_study(study, lambda trial: {"R2": -trial.values["x"]})
    assert {str(t.proposal.provenance) for t in trials} == {"tpe"}
    assert trials[0].values["x"] == 5.0


def test_conditional_parameters_are_left_out_where_they_are_inactive(tmp_path):
    net = Categorical(name="net", choices=("a", "b"), default="a")
    width = Integer(name="width", low=1, high=64, default=8, when={"net": ("b",)})
    lr = Float(name="lr", low=1e-3, high=1.0, log=True, default=0.1)
    study = open_study(tmp_path, settings(space=Space((net, width, lr)), n_trials=20), "tpe")
    trials = run_study(study, lambda trial: {"R2": trial.values.get("width", 0) / 64})
    assert {"width" in t.values for t in trials if t.values["net"] == "a"} == {False}
    assert {str(t.proposal.provenance) for t in trials} == {"tpe"}


def test_choices_that_are_lists_can_be_sampled(tmp_path):
    space = Space((Categorical(name="layers", choices=([1, 2], [4], [8, 8]), default=[4]), SPACE["lr"]))
    trials = run_study(open_study(tmp_path, settings(space=space, n_trials=9), "tpe"), lambda t: {"R2": t.values["lr"]})
    assert all(t.values["layers"] in ([1, 2], [4], [8, 8]) for t in trials)


def test_an_exhausted_space_ends_in_the_rules_and_a_sentence_and_never_in_a_loop(tmp_path):
    space = Space((Categorical(name="a", choices=(1, 2), default=1), Categorical(name="b", choices=(1, 2), default=1)))
    study = open_study(tmp_path, settings(space=space, n_trials=9), "tpe")
    run_study(study, lambda trial: {"R2": 1.0})
    assert study.search_over == "every configuration was run"
    assert len({str(t.values) for t in study.state.trials.values()}) == 4


def test_one_proposer_object_serves_two_sweeps_without_mixing_them():
    case = TestTpe()
    shared = case.make()
    contexts = [case.context(scores, slots=2, role="exploit") for scores in ([0.3, 0.5], [0.9, 0.1, 0.4], [0.3, 0.5])]
    assert [shared.propose(c) for c in contexts] == [case.make().propose(c) for c in contexts]


def test_parallel_slots_of_one_decision_get_different_configurations():
    context = TestTpe().context([0.1 * i for i in range(9)], slots=4, role="exploit")
    keys = [context.space.key(p.values) for p in make_proposer("tpe", {}).propose(context)]
    assert len(set(keys)) == 4


@needs_cmaes
def test_cmaes_moves_its_mean_towards_the_better_configurations(tmp_path):
    space = Space(tuple(Float(name=n, low=0.0, high=1.0, default=0.9) for n in ("x", "y")))
    study = open_study(tmp_path, settings(space=space, n_trials=80), "cmaes")
    trials = run_study(study, lambda t: {"R2": -((t.values["x"] - 0.2) ** 2) - (t.values["y"] - 0.3) ** 2})
    late = [t.value for t in trials[-20:]]
    assert sum(late) / len(late) > -0.02  # at the start: about -0.85


@needs_cmaes
def test_cmaes_without_two_numeric_parameters_says_so_and_the_rules_go_on(tmp_path):
    space = Space((SPACE["lr"], SPACE["net"]))
    trials = run_study(open_study(tmp_path, settings(space=space, n_trials=4), "cmaes"), lambda t: {"R2": 1.0})
    assert "CMA-ES needs at least 2 numeric" in trials[-1].proposal.provenance.fallback_reason


@pytest.mark.parametrize(("module", "package"), [(gp, "torch"), (cmaes, "cmaes")])
def test_a_missing_package_is_a_sentence_that_names_it_and_a_way_out(monkeypatch, module, package):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=rf"needs .*{package}.*pip install .*{package}.*proposer=tpe"):
        module.build({})


def test_making_numeric_proposers_imports_neither_optuna_nor_torch():
    code = "from hydra_llm.search.proposers.registry import make_proposer; make_proposer('tpe', {})"
    assert imported(code, "optuna", "torch", "scipy") == []


def test_the_nearest_node_counts_an_unordered_choice_as_equal_or_not():
    context = TestTpe().context([0.1, 0.2])
    tree = context.tree
    values = {**tree.nodes[1].values, "net": "c"}
    assert NodePoints(context.space).nearest(tree, values) is tree.nodes[1]


def test_the_mirror_tells_scores_so_a_minimised_metric_works(tmp_path):
    objective = replace(settings().objective, direction="minimize")
    study = open_study(tmp_path, settings(objective=objective, n_trials=40), "tpe")
    run_study(study, lambda trial: {"R2": -bowl(trial)["R2"]})
    assert study.state.tree.best().mean > 0.9
