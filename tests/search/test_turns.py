"""Each trial is asked for, launched and told, once and in this order; anything else is answered with a sentence."""

import numpy as np
import pytest
from search_worlds import LOST, SPACE

from hydra_llm import Study


@pytest.fixture
def study():
    return Study.in_memory(SPACE, n_trials=8, n_parallel=2)


@pytest.mark.parametrize("number", [99, -1, "0", None, [0], 0.5])
def test_a_trial_that_was_never_asked_for_cannot_be_told_or_put_back(study, number):
    study.ask(2)
    for call in (lambda: study.tell(number, 1.0), lambda: study.put_back(number, "gone")):
        with pytest.raises(ValueError, match=r"was never asked for\. The numbers of those that were: from 0 to 1"):
            call()


def test_before_the_first_question_there_is_no_trial_to_tell(study):
    with pytest.raises(ValueError, match=r"Trial 0 was never asked for\. The numbers of those that were: none"):
        study.tell(0, 1.0)


def test_telling_takes_a_number_and_no_trial(study):
    (trial,) = study.launched(study.ask(1))
    with pytest.raises(ValueError, match=r"got the trial itself\. Give trial\.number, 0"):
        study.tell(trial, 1.0)
    assert study.tell(np.int64(0), 1.0).value == 1.0


def test_a_trial_is_told_once(study):
    study.launched(study.ask(1))
    study.tell(0, 1.0)
    with pytest.raises(ValueError, match=r"Trial 0 was already told as COMPLETED\. Tell each trial once"):
        study.tell(0, 1.0)
    assert study.best.value == 1.0


def test_a_trial_is_launched_once(study):
    trials = study.ask(2)
    study.launched(trials)
    with pytest.raises(ValueError, match=r"Trial 0 was launched already\. Call launched once for what ask gave"):
        study.launched(trials)
    assert [study.state.trials[number].attempt for number in (0, 1)] == [1, 1]
    assert study.tell(0, 1.0).value == 1.0
    with pytest.raises(ValueError, match=r"Trial 0 was already told as COMPLETED\. Launch what ask gives"):
        study.launched(trials)


def test_a_trial_stands_once_in_the_list_of_those_launched(study):
    trials = study.ask(1)
    with pytest.raises(ValueError, match="Trial 0 was launched already"):
        study.launched(trials * 2)
    assert study.launched(trials)[0].attempt == 1


@pytest.mark.parametrize("wrong", [0, [0], None])
def test_what_are_no_trials_cannot_be_launched(study, wrong):
    study.ask(1)
    with pytest.raises(ValueError, match="launched takes the list of trials that ask gave"):
        study.launched(wrong)


def test_one_trial_is_no_list_of_trials(study):
    with pytest.raises(ValueError, match="launched takes the list of trials that ask gave"):
        study.launched(study.ask(1)[0])


def test_a_trial_that_does_not_run_cannot_be_lost(study):
    study.ask(1)
    for call in (lambda: study.tell(0, LOST), lambda: study.put_back(0, "gone")):
        with pytest.raises(ValueError, match="Trial 0 does not run, so it cannot be lost or put back"):
            call()


def test_a_lost_trial_may_be_launched_again():
    study = Study.in_memory(SPACE, n_trials=8, max_infra_retries=1)
    study.launched(study.ask(1))
    study.tell(0, LOST)
    assert study.launched(study.ask(1))[0].attempt == 2


@pytest.mark.parametrize("count", ["2", 1.5, None])
def test_so_many_trials_are_a_whole_number(study, count):
    with pytest.raises(ValueError, match="ask must be given a whole number of trials, got "):
        study.ask(count)


def test_what_is_no_configuration_has_no_expectation(study):
    with pytest.raises(ValueError, match="Did you mean lr"):
        study.expected({"lrr": 1})
