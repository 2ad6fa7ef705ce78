"""Budgets: each rule ends the sweep in its own words, and only when it is due."""

import pytest
from search_worlds import bowl, open_study, run_study, settings

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search import budget
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.settings import Stop
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState


def failing(trial):
    return Outcome(TrialState.FAILED, error=TrialError("E", f"number {trial.number}"))


def test_the_number_of_failures_ends_a_sweep(tmp_path):
    study = open_study(tmp_path, settings(n_trials=20, stop=Stop(max_failures=2)))
    assert len(run_study(study, failing)) == 3
    assert "3 trials failed, more than stop.max_failures=2" in study.must_stop


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (Stop(max_llm_tokens=1000), "used 1200 tokens"),
        (Stop(max_llm_cost=0.25), r"cost 0\.3 \(stop\.max_llm_cost=0\.25\)"),
    ],
)
def test_what_the_language_model_used_ends_a_sweep(tmp_path, stop, words):
    study = open_study(tmp_path, settings(n_trials=20, stop=stop))

    class Metered(RulesProposer):
        calls = 0

        @property
        def spent(self):
            return TotalUsage(self.calls, 200 * self.calls, 100 * self.calls, 0.075 * self.calls)

        def propose(self, context):
            self.calls += 1
            return super().propose(context)

    study._proposals.proposer = Metered()
    assert len(run_study(study)) == 4
    with pytest.raises(AssertionError, match=words):
        assert not study.search_over, study.search_over


def test_a_proposer_without_a_model_has_no_model_budget(tmp_path):
    study = open_study(tmp_path, settings(n_trials=3, stop=Stop(max_llm_tokens=0, max_llm_cost=0.0)))
    assert len(run_study(study)) == 3


def test_the_wall_clock_patience_and_target_each_say_so(tmp_path):
    wanted = settings(n_trials=50, stop=Stop(max_hours=1.0))
    study = open_study(tmp_path / "a", wanted)
    assert "time limit of 1 h" in budget.search_done(study.state, wanted, 3600.0)
    study = open_study(tmp_path / "b", settings(n_trials=50, stop=Stop(patience=4)))
    run_study(study, lambda trial: {"R2": -trial.number})
    assert (len(study.state.search), "patience 4" in study.search_over) == (5, True)
    study = open_study(tmp_path / "c", settings(n_trials=50, stop=Stop(target_value=0.9)))
    run_study(study, bowl)
    assert len(study.state.search) < 50
    assert "the target R2 = 0.9" in study.search_over


@pytest.mark.parametrize("name", ["max_hours", "patience", "max_failures", "max_llm_tokens", "max_llm_cost"])
def test_a_negative_limit_is_refused(name):
    with pytest.raises(ValueError, match=rf"stop\.{name} must be at least 0, or null, got -1"):
        Stop(**{name: -1})
