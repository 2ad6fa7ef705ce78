"""What a study in memory says names no key of Hydra, which its user may not have."""

import pytest
from search_worlds import SPACE

from hydra_llm import Objective, Objectives, Proposer, Space, Study
from hydra_llm.search.settings import Confirmation


class Broken(Proposer):
    def propose(self, context):
        raise RuntimeError("out of order")


def told(result, objective=None, **more):
    study = Study.in_memory(SPACE, objective, n_trials=6, **more)
    for _ in range(2):
        for trial in study.launched(study.ask(1)):
            study.tell(trial.number, result)
    return study


@pytest.mark.parametrize("objective", [None, Objective("R2"), Objectives(("minimize", "maximize"), ("a", "b"))])
@pytest.mark.parametrize("result", [None, "high", {"loss": 1.0, "acc": 0.5}, (1.0, 2.0, 3.0), ()])
def test_a_result_without_the_metric(result, objective):
    study = told(result, objective)
    assert study.state.trials[0].error is not None
    assert "no trial can have a score" in study.must_stop
    assert "hydra" not in study.must_stop.lower()


def test_the_same_failure_again_and_again():
    study = told(ValueError("diverged"), fail_fast=2)
    assert study.must_stop.endswith("Mend its cause, or let fail_fast=0 pass over it")
    assert "hydra" not in study.must_stop


def test_a_proposer_that_fails():
    study = Study.in_memory(SPACE, n_trials=6, proposer=Broken())
    for trial in study.launched(study.ask(1)):
        study.tell(trial.number, 1.0)
    assert study.ask(1) == []
    assert "out of order" in study.failure
    assert "hydra" not in study.failure


@pytest.mark.parametrize(
    "make",
    [
        lambda: Space(()),
        lambda: Objective("R2", "target"),
        lambda: Study.in_memory(SPACE, n_trials=3, confirmation=Confirmation(2)),
    ],
)
def test_what_cannot_be_built(make):
    with pytest.raises(ValueError) as refused:
        make()
    assert "hydra" not in str(refused.value).lower()
