from dataclasses import replace

import pytest
from search_worlds import ended, trial

from hydra_llm.search.trial.outcome import Outcome, TrialError, TrialState


def test_a_trial_that_runs_has_no_outcome_and_says_so_in_every_field():
    running = replace(trial(0, None), launched=5.0)
    assert (running.state, running.value, running.metrics, running.error) == (TrialState.RUNNING, None, {}, None)
    assert (running.folder, running.started, running.ended, running.duration) == ("", 5.0, None, None)


def test_a_trial_that_ended_speaks_for_its_outcome():
    outcome = Outcome(TrialState.FAILED, None, {"m": 1.0}, TrialError("E", "x"), "f", 6.0, 8.5)
    told = replace(trial(0, None), outcome=outcome, launched=5.0)
    assert (told.state, told.value, told.metrics, told.error) == (TrialState.FAILED, None, {"m": 1.0}, outcome.error)
    assert (told.folder, told.started, told.ended, told.duration) == ("f", 6.0, 8.5, 2.5)


def test_a_job_that_did_not_tell_when_it_began_began_when_it_was_launched():
    told = replace(ended(trial(0, None, 0.5), ended=8.0), launched=5.0)
    assert (told.started, told.duration) == (5.0, 3.0)


def test_an_outcome_of_a_running_trial_is_refused():
    with pytest.raises(ValueError, match="trials that ended, got RUNNING"):
        Outcome(TrialState.RUNNING)


def test_the_state_of_an_outcome_may_be_text_and_is_one_that_trials_end_in():
    assert Outcome("LOST").state is TrialState.LOST  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"The state of an outcome must be one of RUNNING, COMPLETED.*got 'DONE'"):
        Outcome("DONE")  # type: ignore[arg-type]
