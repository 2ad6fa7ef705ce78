"""The line of a finished trial says what is true of its value, and nothing twice."""

from search_worlds import LOST, open_study, settings

from hydra_llm.search.space.space import Categorical, Space
from hydra_llm.search.trial.outcome import Outcome, timed_out
from hydra_llm.search.trial.trial import TrialState
from hydra_llm.sweeper.trial_line import trial_line


def told(folder, *ends, **more):
    """(lines as they were printed, study) of a sweep whose trials end so, in order."""
    study = open_study(folder, settings(**more))
    lines = []
    for end in ends:
        outcome = end if isinstance(end, Outcome) else Outcome(TrialState.COMPLETED, end, {"R2": end})
        (trial,) = study.launched(study.ask(1))
        study.tell(trial.number, outcome)
        lines.append(trial_line(study.state.trials[trial.number], study.state, study.settings))
    return lines, study


def test_the_highest_value_is_called_the_best_so_far(tmp_path):
    lines, _ = told(tmp_path, 0.5, 0.4, 0.6)
    assert [", the best so far |" in line for line in lines] == [True, False, True]


def test_a_configuration_that_leads_below_the_value_of_another_is_said_to_be_expected_to(tmp_path, monkeypatch):
    lines, study = told(tmp_path, 0.5, 0.4)
    second = study.state.trials[1]
    monkeypatch.setattr(study.state, "bests", lambda: [second])  # as an expectation from all runs may have it
    line = trial_line(second, study.state, study.settings)
    assert "R2=0.4, expected to be the best so far |" in line
    assert "the best so far" in lines[0]


def test_the_lead_of_an_easier_regime_is_no_lead_over_all(tmp_path):
    regimes = Space((Categorical(name="size", choices=(1, 2), default=1),))
    lines, _ = told(tmp_path, 0.5, 0.4, 0.2, 0.3, n_iter_block=2, block_space=regimes)
    assert "R2=0.3, the best of its regime so far |" in lines[3]


def test_an_ending_is_named_once(tmp_path):
    lines, _ = told(tmp_path, 0.5, LOST, timed_out(2.0), Outcome(TrialState.FAILED))
    assert "trial 1 LOST: killed |" in lines[1]
    assert "trial 2 TIMEOUT: stopped after job_timeout_s=2 s |" in lines[2]
    assert "trial 3 FAILED: no value |" in lines[3]


def test_the_baseline_is_by_nobody(tmp_path):
    lines, _ = told(tmp_path, 0.5, 0.4)
    assert lines[0].endswith("| the baseline")
    assert lines[1].endswith("by rules")
