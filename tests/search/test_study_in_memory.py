"""`hydra_llm.Study` as a library: no folder, no files, plain results."""

import math

import pytest
from search_worlds import SPACE, bowl

from hydra_llm import Float, Objective, Space, Study


def finish(study, task=lambda trial: bowl(trial)["R2"], slots=1):
    while trials := study.ask(slots):
        for trial in study.launched(trials):
            study.tell(trial.number, task(trial))
    return study


def test_a_search_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = finish(Study.in_memory(SPACE, n_trials=8))
    assert len(study.state.trials) == 8
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [0, -1])
def test_asking_for_no_trial_does_not_end_the_search(count):
    study = Study.in_memory(SPACE, n_trials=3)
    assert study.ask(count) == []
    assert [trial.number for trial in study.ask(1)] == [0]


def test_numbers_mappings_and_exceptions_are_results():
    study = Study.in_memory(SPACE, Objective("R2"), n_trials=3)
    told = []
    for result in ({"R2": 0.5, "loss": 2.0}, ValueError("diverged"), {"R2": math.nan}):
        (trial,) = study.launched(study.ask(1))
        told.append(study.tell(trial.number, result))
    assert [t.state for t in told] == ["COMPLETED", "FAILED", "INVALID"]
    assert told[0].metrics == {"R2": 0.5, "loss": 2.0}
    assert str(told[1].error) == "ValueError: diverged"


def test_the_same_seed_gives_the_same_trials_and_another_one_others():
    runs = [
        [t.values for t in finish(Study.in_memory(SPACE, n_trials=9, seed=s)).state.trials.values()] for s in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_the_best_is_what_is_recommended_and_its_expectation_surrounds_its_value():
    study = finish(Study.in_memory(SPACE, n_trials=20))
    median, low, high = study.expected(study.best.values)
    assert low <= median <= high
    assert median == pytest.approx(study.best.value, abs=0.1)


def test_nothing_is_expected_before_anything_ran():
    study = Study.in_memory(SPACE, n_trials=4)
    assert study.best is None
    assert study.expected(SPACE.baseline()) is None


def test_a_study_in_memory_says_that_it_has_no_folder():
    with pytest.raises(ValueError, match="has no folder"):
        _ = Study.in_memory(SPACE, n_trials=1).folder


def test_a_setting_that_cannot_be_is_a_sentence():
    with pytest.raises(ValueError, match="n_trials must be"):
        Study.in_memory(SPACE, n_trials=0)
    with pytest.raises(ValueError, match="proposer must be one of"):
        Study.in_memory(SPACE, n_trials=1, proposer="magic")


@pytest.mark.parametrize("proposer", ["rules", "random", "tpe"])
def test_every_proposer_works_in_memory(proposer):
    assert len(finish(Study.in_memory(SPACE, n_trials=6, proposer=proposer), slots=2).state.trials) == 6


@pytest.mark.parametrize("proposer", ["bayes", "rules", "random"])
def test_a_constraint_that_raises_is_named_itself_and_no_proposer_is_blamed(proposer):
    def ordered(values):
        return None if values["x"] == 0.5 else values["y"] < values["x"]

    space = Space((Float(name="x", low=0.0, high=1.0, default=0.5),), constraint=ordered)
    study = Study.in_memory(space, n_trials=4, proposer=proposer)
    while trials := study.ask(1):
        for trial in study.launched(trials):
            study.tell(trial.number, 0.5)
    assert study.failure.startswith("The constraint ordered raised KeyError: 'y' for {'x': ")
    assert "It must return None, or a sentence that says what is wrong. Mend it" in study.failure
    assert "proposer" not in study.failure


def test_a_constraint_that_raises_for_the_defaults_is_a_sentence_before_anything_runs():
    def ordered(values):
        return values["y"] < values["x"]

    space = Space((Float(name="x", low=0.0, high=1.0),), constraint=ordered)
    with pytest.raises(ValueError, match=r"The constraint ordered raised KeyError: 'y' for \{'x': 0\.5\}"):
        Study.in_memory(space, n_trials=4)


def test_a_loop_that_takes_the_values_of_a_trial_apart_does_not_change_what_the_study_knows():
    def pops(trial):
        return trial.values.pop("lr") + trial.values.pop("depth")

    study, same = Study.in_memory(SPACE, n_trials=8), Study.in_memory(SPACE, n_trials=8)
    finish(study, task=pops)
    finish(same, task=lambda trial: trial.values["lr"] + trial.values["depth"])
    assert [t.values for t in study.state.trials.values()] == [t.values for t in same.state.trials.values()]
    assert study.best is not None
    study.best.values.clear()
    assert study.best.values == same.best.values
